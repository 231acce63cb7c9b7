package diagnose

import (
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"ws-diagnose/plugin/trace"
)

// leaf is the server's own certificate; nil when none was seen.
func (s *scene) leaf() *trace.Cert {
	if s.Certificate == nil || s.Certificate.Leaf.Certificate == nil {
		return nil
	}
	return &s.Certificate.Leaf
}

func certExpired(s *scene) []sighting {
	leaf := s.leaf()
	if leaf == nil || !s.now().After(leaf.NotAfter) {
		return nil
	}
	return []sighting{{
		detail: "valid until " + stamp(leaf.NotAfter) + ", checked at " + stamp(s.now()),
		values: values{"ago": span(s.now().Sub(leaf.NotAfter)), "date": date(leaf.NotAfter)},
	}}
}

func certExpiring(s *scene) []sighting {
	leaf := s.leaf()
	if leaf == nil || s.now().After(leaf.NotAfter) || s.now().Before(leaf.NotBefore) {
		return nil
	}
	left := leaf.NotAfter.Sub(s.now())
	lifetime := leaf.NotAfter.Sub(leaf.NotBefore)
	level := LevelWarn
	switch {
	case left < min(days(s.policy.ErrorDays), lifetime/10):
		level = LevelError
	case left >= min(days(s.policy.WarnDays), lifetime/3):
		return nil
	}
	return []sighting{{
		level:  level,
		detail: fmt.Sprintf("valid until %s, %s of %s are left", stamp(leaf.NotAfter), span(left), span(lifetime)),
		values: values{"left": span(left), "date": date(leaf.NotAfter)},
	}}
}

func days(n int) time.Duration { return time.Duration(n) * day }

// stamp spells a moment as logs do, in UTC.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// certNotYetValid hints at a clock where the server's Date header disagrees with ours.
func certNotYetValid(s *scene) []sighting {
	leaf := s.leaf()
	if leaf == nil || !s.now().Before(leaf.NotBefore) {
		return nil
	}
	detail := "valid from " + stamp(leaf.NotBefore) + ", checked at " + stamp(s.now())
	if skew, ok := serverSkew(s); ok && (skew > maxSkew || skew < -maxSkew) {
		detail += fmt.Sprintf("; the server's clock is %s %s the one here: one of the two is wrong, and the certificate "+
			"may be right", span(skew), direction(skew, "ahead of", "behind"))
	}
	return []sighting{{
		detail: detail,
		values: values{"left": span(leaf.NotBefore.Sub(s.now())), "date": date(leaf.NotBefore)},
	}}
}

func certNoSAN(s *scene) []sighting {
	leaf := s.leaf()
	if leaf == nil || leaf.HasSAN {
		return nil
	}
	return []sighting{{detail: "subject " + quote(leaf.Subject.String()) + ", no subjectAltName extension"}}
}

// certNameMismatch lists every name that users type and the certificate does not cover.
func certNameMismatch(s *scene) []sighting {
	leaf := s.leaf()
	if leaf == nil || s.Target.NamesUnknown {
		return nil
	}
	var names, reasons []string
	for _, n := range s.Certificate.Names {
		if !n.Covered && n.Why != trace.NameConstrained { // the chain is at fault there
			names = append(names, n.Name)
			reasons = append(reasons, plain(n.Name)+" "+whyUncovered(n.Why))
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []sighting{{
		detail: listedWith("; ", reasons) + "; the certificate names " + namesOf(*leaf),
		values: values{"uncovered": listed(names)},
	}}
}

// whyUncovered puts one of the trace.Name* constants in words.
func whyUncovered(why string) string {
	switch why {
	case trace.NameIPAsDNS:
		return "stands as a DNS name, where browsers do not look for an address: it must be an IP entry"
	case trace.NameWildcardDeep:
		return "is too deep for the wildcard, which covers one label only"
	case trace.NameWildcardApex:
		return "is the bare domain, which its wildcard does not cover"
	case trace.NameWildcardTLD:
		return "is covered only by a wildcard of a whole top-level domain, which browsers refuse"
	case trace.NameNoSAN:
		return "is not covered: there are no subject alternative names"
	}
	return "is not among its names"
}

// namesOf lists the names and addresses in a certificate.
func namesOf(c trace.Cert) string {
	if c.Certificate == nil {
		return "nothing"
	}
	var names []string
	for _, n := range c.DNSNames {
		names = append(names, plain(n))
	}
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return "no host"
	}
	return listed(names)
}

func certSelfSigned(s *scene) []sighting {
	leaf := s.leaf()
	if leaf == nil || !leaf.SelfSigned || s.trusted() {
		return nil
	}
	return []sighting{{
		level:  s.untrustedLevel(LevelInfo),
		detail: "issuer and subject are " + quote(leaf.Subject.String()) + ", SHA-256 " + leaf.SHA256,
	}}
}

// trusted says that a chain to a trusted root was found.
func (s *scene) trusted() bool { return s.Certificate.Trusted || s.Certificate.AnchorLeaf }

// untrustedLevel is the level of an untrusted certificate that browsers can be told to accept.
func (s *scene) untrustedLevel(usual Level) Level {
	if s.policy.RequireTrusted {
		return LevelError
	}
	return usual
}

// certRevoked trusts what the server itself staples; nothing else is asked.
func certRevoked(s *scene) []sighting {
	if s.leaf() == nil || s.Certificate.StapleStatus != "revoked" {
		return nil
	}
	return []sighting{{detail: "the OCSP answer that the server staples says that its certificate is revoked"}}
}

func certWrongUsage(s *scene) []sighting {
	leaf := s.leaf()
	if leaf == nil {
		return nil
	}
	var seen []sighting
	for _, fault := range []string{extKeyUsageFault(leaf), keyUsageFault(leaf, s.Certificate.KeyExchange)} {
		if fault != "" {
			seen = append(seen, sighting{detail: fault, values: values{"fault": fault}})
		}
	}
	return seen
}

// extKeyUsageFault says why the extended key usage forbids a server; "" when it does not.
func extKeyUsageFault(leaf *trace.Cert) string {
	if !leaf.HasEKU {
		return ""
	}
	anyUsage := false
	for _, u := range leaf.ExtKeyUsage {
		switch u {
		case x509.ExtKeyUsageServerAuth:
			return ""
		case x509.ExtKeyUsageAny:
			anyUsage = true
		}
	}
	if anyUsage {
		return "ExtKeyUsage has anyExtendedKeyUsage alone, which Firefox refuses: serverAuth is missing"
	}
	return "ExtKeyUsage lacks serverAuth"
}

// keyUsageFault says why the key usage forbids the key exchange; "" when it does not.
func keyUsageFault(leaf *trace.Cert, exchange string) string {
	if !leaf.HasKeyUsage {
		return ""
	}
	need, name := x509.KeyUsageDigitalSignature, "digitalSignature"
	if exchange == "RSA" {
		need, name = x509.KeyUsageKeyEncipherment, "keyEncipherment"
	}
	if exchange == "" || leaf.KeyUsage&need != 0 {
		return ""
	}
	return strings.TrimSpace("KeyUsage lacks " + name + ", which " + exchange + " key exchange needs")
}
