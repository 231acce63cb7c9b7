package diagnose

import (
	"cmp"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"ws-diagnose/plugin/trace"
)

// maxValidity is the limit that Apple set for all server certificates issued since July 2019.
const maxValidity = 825 * day

func certValidityTooLong(s *scene) []sighting {
	leaf := s.leaf()
	if leaf == nil {
		return nil
	}
	lifetime := leaf.NotAfter.Sub(leaf.NotBefore)
	if lifetime <= maxValidity {
		return nil
	}
	return []sighting{{
		detail: "valid from " + date(leaf.NotBefore) + " to " + date(leaf.NotAfter) + ", " + span(lifetime),
		values: values{"lifetime": span(lifetime)},
	}}
}

func certCAAsLeaf(s *scene) []sighting {
	leaf := s.leaf()
	if leaf == nil || !leaf.BasicConstraintsValid || !leaf.IsCA {
		return nil
	}
	level := LevelInfo
	if s.trusted() {
		level = LevelWarn
	}
	return []sighting{{level: level, detail: "basic constraints of " + quote(leaf.Subject.String()) + " say CA:TRUE"}}
}

func certMustStaple(s *scene) []sighting {
	leaf := s.leaf()
	if leaf == nil || !leaf.MustStaple || s.Certificate.StapleStatus == "good" {
		return nil
	}
	return []sighting{{detail: "no answer was stapled"}}
}

// certStapleInvalid leaves a revoked certificate to certRevoked.
func certStapleInvalid(s *scene) []sighting {
	if s.leaf() == nil {
		return nil
	}
	fault := ""
	switch c := s.Certificate; {
	case c.StapleError != "":
		fault = plain(c.StapleError)
	case c.StapleStatus == "unknown":
		fault = "the CA's responder does not know this certificate"
	default:
		return nil
	}
	return []sighting{{
		detail: "OCSP answer stapled to the handshake: " + fault + "; checked at " + stamp(s.now()),
		values: values{"fault": fault},
	}}
}

// hstsNoException: HSTS holds for names, not for addresses (RFC 6797 section 8.1.1).
func hstsNoException(s *scene) []sighting {
	a := s.answer()
	if s.leaf() == nil || a == nil || s.acceptable() {
		return nil
	}
	header := a.Header.Get("Strict-Transport-Security")
	_, err := netip.ParseAddr(hostOnly(s.Target))
	if err == nil || !hstsInForce(header) {
		return nil
	}
	return []sighting{{detail: "Strict-Transport-Security: " + quote(header)}}
}

// hstsInForce says that the header asks for a policy, rather than for its end with max-age=0.
func hstsInForce(header string) bool {
	for directive := range strings.SplitSeq(header, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		if strings.EqualFold(strings.TrimSpace(name), "max-age") {
			age, err := strconv.Atoi(strings.Trim(strings.TrimSpace(value), `"`))
			return err == nil && age > 0
		}
	}
	return false
}

// acceptable says that a browser takes the certificate without being told to: trusted, in date and
// with the right names.
func (s *scene) acceptable() bool {
	leaf := s.leaf()
	if !s.trusted() || s.now().After(leaf.NotAfter) || s.now().Before(leaf.NotBefore) {
		return false
	}
	return len(certNameMismatch(s)) == 0 && leaf.HasSAN
}

func certChanged(s *scene) []sighting {
	leaf := s.leaf()
	known, ok := s.evidence.Known[s.Target.ID()]
	if leaf == nil || !ok || known.SHA256 == "" || known.SHA256 == leaf.SHA256 {
		return nil
	}
	level := LevelInfo
	if !s.trusted() {
		level = LevelWarn
	}
	return []sighting{{
		level:  level,
		detail: "SHA-256 was " + plain(known.SHA256) + ", is " + leaf.SHA256,
		values: values{"seen": date(known.Seen)},
	}}
}

// certStaticDiffers stands in the report of the file port and in that of the API port.
func certStaticDiffers(s *scene) []sighting {
	leaf, other := s.leaf(), s.otherPort()
	if leaf == nil || other == nil || other.Certificate.Leaf.SHA256 == leaf.SHA256 {
		return nil
	}
	return []sighting{{detail: plain(s.Target.ID()) + " has SHA-256 " + leaf.SHA256 + ", " +
		plain(other.Target.ID()) + " has " + other.Certificate.Leaf.SHA256}}
}

// otherPort is, for the endpoint's file port, its API port, and the other way round; nil for other
// targets, and where no certificate was seen there.
func (s *scene) otherPort() *trace.Trace {
	var api, static *trace.Trace
	for _, t := range s.evidence.Traces {
		switch {
		case t == nil || t.Certificate == nil:
		case t.Target.Role == trace.RoleStatic:
			static = cmp.Or(static, t)
		default:
			api = cmp.Or(api, t)
		}
	}
	switch s.Trace {
	case api:
		return static
	case static:
		return api
	}
	return nil
}

// maxSkew is how far the server's clock may be off before it is worth a word.
const maxSkew = 5 * time.Minute

// serverSkew is how far the server's clock is ahead of ours, by the Date header of its answer.
func serverSkew(s *scene) (time.Duration, bool) {
	a := s.answer()
	if a == nil || a.Received.IsZero() {
		return 0, false
	}
	sent, err := http.ParseTime(a.Header.Get("Date"))
	if err != nil {
		return 0, false
	}
	return sent.Sub(a.Received), true
}

func clockSkew(s *scene) []sighting {
	skew, ok := serverSkew(s)
	if !ok || (skew <= maxSkew && skew >= -maxSkew) {
		return nil
	}
	return []sighting{{
		detail: "Date: " + quote(s.answer().Header.Get("Date")) + ", received at " + stamp(s.answer().Received),
		values: values{"skew": span(skew), "direction": direction(skew, "ahead", "behind")},
	}}
}

// direction chooses the word for the sign of a duration.
func direction(d time.Duration, ahead, behind string) string {
	if d > 0 {
		return ahead
	}
	return behind
}

// browserLocalNetwork concerns users' browsers, which open neither the server's own loopback nor,
// for a socket, its file port.
func browserLocalNetwork(s *scene) []sighting {
	role := s.Target.Role
	address := s.address()
	if role == trace.RoleLoopback || role == trace.RoleStatic || !address.IsValid() {
		return nil
	}
	if isPublic(address) || !publicSite(s.policy.PortalURL) {
		return nil
	}
	return []sighting{{
		detail: "the page comes from " + plain(s.policy.PortalURL) + ", the endpoint's address is " + address.String(),
		values: values{"address": address.String()},
	}}
}

// carrierNAT is the shared address space of RFC 6598, local to Chromium.
var carrierNAT = netip.MustParsePrefix("100.64.0.0/10")

func isPublic(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsGlobalUnicast() && !a.IsPrivate() && !carrierNAT.Contains(a)
}

// publicSite says whether a page comes from the internet, as far as its address tells: a host name
// of one label, or of a domain for private use, does not.
func publicSite(page string) bool {
	u, err := url.Parse(page)
	if err != nil || u.Hostname() == "" {
		return false
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if a, err := netip.ParseAddr(host); err == nil {
		return isPublic(a)
	}
	for _, private := range []string{".localhost", ".local", ".internal", ".lan", ".home.arpa", ".test"} {
		if strings.HasSuffix(host, private) {
			return false
		}
	}
	return strings.Contains(host, ".")
}
