package cert

import (
	"crypto/x509"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/idna"

	"ws-diagnose/plugin/trace"
)

// checkNames says for each name whether the leaf of chain covers it.
func checkNames(chain []*x509.Certificate, names []string) []trace.NameCheck {
	var checks []trace.NameCheck
	for _, name := range names {
		why := uncovered(chain[0], name)
		if why == "" && constrained(chain[1:], name) {
			why = trace.NameConstrained
		}
		checks = append(checks, trace.NameCheck{Name: name, Covered: why == "", Why: why})
	}
	return checks
}

// uncovered says why leaf does not cover name, as browsers judge it (RFC 6125 section 6 and RFC
// 9525): by the subject's alternative names alone, an address by the addresses alone. "" when it does.
func uncovered(leaf *x509.Certificate, name string) string {
	if len(leaf.DNSNames)+len(leaf.IPAddresses) == 0 {
		return trace.NameNoSAN
	}
	if addr, ok := address(name); ok {
		return addressUncovered(leaf, addr)
	}
	host, ok := hostName(name)
	if !ok {
		return trace.NameOther
	}
	why := trace.NameOther
	for _, san := range leaf.DNSNames {
		switch w := matchDNS(strings.ToLower(san), host); w {
		case "":
			return ""
		case trace.NameOther:
		default:
			why = w
		}
	}
	return why
}

func addressUncovered(leaf *x509.Certificate, addr netip.Addr) string {
	for _, ip := range leaf.IPAddresses {
		if san, ok := netip.AddrFromSlice(ip); ok && san.Unmap() == addr {
			return ""
		}
	}
	if slices.ContainsFunc(leaf.DNSNames, func(san string) bool {
		misplaced, ok := address(san)
		return ok && misplaced == addr
	}) {
		return trace.NameIPAsDNS
	}
	return trace.NameOther
}

// matchDNS compares one DNS name of the certificate with a host, both in lower case: "" when it
// covers it, else why not. A wildcard is the whole left-most label and stands for exactly one label;
// "*.tld" stands for nothing.
func matchDNS(san, host string) string {
	base, wild := strings.CutPrefix(san, "*.")
	if !wild {
		if san == host {
			return ""
		}
		return trace.NameOther
	}
	if base == host && strings.Contains(base, ".") {
		return trace.NameWildcardApex
	}
	below, ok := strings.CutSuffix(host, "."+base)
	switch {
	case !ok:
		return trace.NameOther
	case !strings.Contains(base, "."):
		return trace.NameWildcardTLD
	case strings.Contains(below, "."):
		return trace.NameWildcardDeep
	}
	return ""
}

// address reads an IP address as users type it: with or without brackets, with or without a zone,
// an IPv4 address also as IPv6-mapped.
func address(name string) (netip.Addr, bool) {
	if inner, ok := strings.CutPrefix(name, "["); ok {
		name = strings.TrimSuffix(inner, "]")
	}
	addr, err := netip.ParseAddr(name)
	return addr.WithZone("").Unmap(), err == nil
}

// hostName brings a host into the form that stands in certificates: lower case, international
// labels in punycode, without the dot of a fully qualified name. False when it is none.
func hostName(name string) (string, bool) {
	host, err := toASCII(strings.TrimSuffix(name, "."))
	if err != nil {
		return "", false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || label[0] == '-' || strings.Trim(label, labelBytes) != "" {
			return "", false
		}
	}
	return host, true
}

// labelBytes may stand in a host's label. No DNS host name has underscores, and yet some networks do.
const labelBytes = "abcdefghijklmnopqrstuvwxyz0123456789-_"

// toASCII maps as browsers do (UTS #46, non-transitional).
func toASCII(name string) (string, error) {
	if isASCII(name) {
		return strings.ToLower(name), nil
	}
	return idnaProfile.ToASCII(name)
}

var idnaProfile = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false))

func isASCII(s string) bool {
	return !slices.ContainsFunc([]byte(s), func(b byte) bool { return b >= 0x80 })
}

// constrained says whether one of the issuers may not issue for name.
func constrained(issuers []*x509.Certificate, name string) bool {
	addr, isAddr := address(name)
	host, _ := hostName(name)
	for _, c := range issuers {
		if isAddr && ipConstrained(addr.AsSlice(), c) != "" || !isAddr && dnsConstrained(host, c) != "" {
			return true
		}
	}
	return false
}
