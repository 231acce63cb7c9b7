package diagnose

import (
	"net"
	"strconv"

	"ws-diagnose/plugin/trace"
)

// acceptOf says where and how a user accepts a certificate that browsers do not take by themselves;
// nil when they take it, or when there is none.
func acceptOf(s *scene) *Accept {
	if s.leaf() == nil || s.acceptable() {
		return nil
	}
	text := "Open each address, accept the certificate, and load the portal again. " +
		"Chromium remembers the certificate for all ports of a host, until one of them shows a certificate that it " +
		"trusts; Firefox remembers it for one port of a host. " +
		"It holds for this browser profile only, not in private windows, and must be done anew after each change " +
		"of the certificate, its expiry included."
	if len(hstsNoException(s)) > 0 {
		text = "A browser that has once had this host's Strict-Transport-Security over a connection that it trusts offers " +
			"no way to proceed: there, only a certificate that it trusts helps. " + text
	}
	if s.refusedByRule() {
		text = "Chromium offers no link to proceed for this certificate (net::ERR_CERT_INVALID): it must be replaced. " + text
	}
	return &Accept{Open: acceptAddresses(s), Text: text}
}

// refusedByRule says that the certificate breaks a rule for which Chromium allows no exception.
func (s *scene) refusedByRule() bool {
	return len(certChainInvalid(s)) > 0 || len(certWeakSignature(s)) > 0 ||
		(s.leaf().HasEKU && extKeyUsageFault(s.leaf()) != "")
}

// acceptAddresses are the pages to open: for each name that users type the API port, and the file
// port where it is known, for Firefox asks for each.
func acceptAddresses(s *scene) []string {
	ports := []int{s.Target.Port}
	if p := s.filePort(); p > 0 && s.drp() && p != s.Target.Port {
		ports = append(ports, p)
	}
	open := []string{}
	for _, name := range acceptNames(s) {
		for _, port := range ports {
			open = append(open, "https://"+plain(net.JoinHostPort(name, strconv.Itoa(port)))+"/")
		}
	}
	return open
}

// acceptNames are the hosts to open, at most four. Loopback is no address for a user's browser: the
// endpoint's own stands in for it where no names are known.
func acceptNames(s *scene) []string {
	onServer := s.Target.Role == trace.RoleLoopback || s.Target.Role == trace.RoleStatic
	if !onServer || s.Target.NamesUnknown || len(s.Target.Names) == 0 {
		if onServer && s.Info != nil && s.Info.Address != "" {
			return []string{s.Info.Address}
		}
		return []string{s.Target.Host}
	}
	return s.Target.Names[:min(4, len(s.Target.Names))]
}

// filePort is the HTTPS file port of the endpoint; 0 when it is not known.
func (s *scene) filePort() int {
	if s.Info != nil {
		return s.Info.SecureFilePort
	}
	return 0
}

// notesOf says what the check could not see.
func notesOf(s *scene) []string {
	if s.leaf() == nil {
		return []string{}
	}
	notes := []string{"A check from here does not see what a user's browser trusts, a proxy that it uses, or TLS " +
		"inspection and security software on its side."}
	if n := s.Certificate.Unparsed; n > 0 {
		notes = append(notes, "The server sends "+count(n, "more certificate", "more certificates")+" that cannot be read.")
	}
	if s.Certificate.SearchCut {
		notes = append(notes, "So many of the certificates that the server sends issue one another that the search for a chain "+
			"was given up: there may be a better one.")
	}
	if s.Certificate.Error != "" {
		notes = append(notes, "The system's trusted roots could not be read: "+plain(s.Certificate.Error))
	}
	return notes
}
