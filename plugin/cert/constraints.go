package cert

import (
	"crypto/x509"
	"fmt"
	"net"
	"strings"
)

// maxCompared bounds the comparisons of names with constraints in one search: thousands of each fit
// into certificates of the size that TLS allows.
const maxCompared = 250_000

// constraintFaults says which names of leaf stand outside what issuer may issue for (RFC 5280
// section 4.2.1.10). DNS names and addresses are compared, which are what a browser asks for.
func (s *search) constraintFaults(leaf, issuer *x509.Certificate) []string {
	dns := len(issuer.PermittedDNSDomains) + len(issuer.ExcludedDNSDomains)
	ips := len(issuer.PermittedIPRanges) + len(issuer.ExcludedIPRanges)
	if dns+ips == 0 {
		return nil
	}
	s.names += dns*len(leaf.DNSNames) + ips*len(leaf.IPAddresses)
	if s.names > maxCompared {
		return []string{"more names and constraints than can be compared"}
	}
	var outside []string
	for _, name := range leaf.DNSNames {
		if why := dnsConstrained(name, issuer); why != "" {
			outside = append(outside, why)
		}
	}
	for _, ip := range leaf.IPAddresses {
		if why := ipConstrained(ip, issuer); why != "" {
			outside = append(outside, why)
		}
	}
	if len(outside) > maxNamed {
		rest := len(outside) - maxNamed
		outside = append(outside[:maxNamed], fmt.Sprintf("and %d more names", rest))
	}
	return outside
}

// maxNamed is how many names outside the constraints are told one by one.
const maxNamed = 8

// dnsConstrained says why issuer may not issue for name; "" when it may.
func dnsConstrained(name string, issuer *x509.Certificate) string {
	for _, c := range issuer.ExcludedDNSDomains {
		if inDomain(name, c) || matchDNS(strings.ToLower(name), strings.ToLower(c)) == "" {
			// The latter: a wildcard that can stand for a name inside.
			return fmt.Sprintf("%s is excluded by %s", name, c)
		}
	}
	for _, c := range issuer.PermittedDNSDomains {
		if inDomain(name, c) {
			return ""
		}
	}
	if len(issuer.PermittedDNSDomains) == 0 {
		return ""
	}
	return fmt.Sprintf("%s is not within %s", name, some(issuer.PermittedDNSDomains))
}

// ipConstrained says why issuer may not issue for ip; "" when it may.
func ipConstrained(ip net.IP, issuer *x509.Certificate) string {
	for _, c := range issuer.ExcludedIPRanges {
		if c.Contains(ip) {
			return fmt.Sprintf("%s is excluded by %s", ip, c)
		}
	}
	for _, c := range issuer.PermittedIPRanges {
		if c.Contains(ip) {
			return ""
		}
	}
	if len(issuer.PermittedIPRanges) == 0 {
		return ""
	}
	return fmt.Sprintf("%s is not within %s", ip, some(issuer.PermittedIPRanges))
}

// inDomain says whether name is constraint itself or below it. A constraint with a leading dot, an
// odd but common spelling, takes in only what is below; an empty one everything.
func inDomain(name, constraint string) bool {
	name, constraint = strings.ToLower(name), strings.ToLower(constraint)
	if constraint == "" {
		return true
	}
	if rest, ok := strings.CutPrefix(constraint, "."); ok {
		return strings.HasSuffix(name, "."+rest)
	}
	return name == constraint || strings.HasSuffix(name, "."+constraint)
}

// some lists the first few of what may be thousands.
func some[T any](all []T) string {
	const most = 3
	text := strings.Trim(fmt.Sprint(all[:min(len(all), most)]), "[]")
	text = strings.ReplaceAll(text, " ", ", ")
	if len(all) > most {
		text += ", ..."
	}
	return text
}
