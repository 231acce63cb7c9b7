package diagnose

import (
	"crypto/x509"
	"fmt"
	"slices"
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

func certUnknownIssuer(s *scene) []sighting {
	leaf := s.leaf()
	if leaf == nil || leaf.SelfSigned || s.trusted() || s.hasFault(trace.FaultSignature) {
		return nil
	}
	detail := "issued by " + quote(s.lastIssuer())
	if s.Certificate.MissingIssuer {
		detail += "; this issuer was not sent, so a missing intermediate is possible"
	}
	if s.Certificate.Error != "" {
		detail += "; the system's roots could not be read: " + plain(s.Certificate.Error)
	}
	return []sighting{{
		level: s.untrustedLevel(LevelWarn), detail: detail, values: values{"issuer": s.lastIssuer()},
	}}
}

// hasFault says whether a link of the chain has a fault of that kind.
func (s *scene) hasFault(kind trace.ChainFaultKind) bool {
	return slices.ContainsFunc(s.Certificate.Faults, func(f trace.ChainFault) bool { return f.Kind == kind })
}

// lastIssuer names the issuer where the chain breaks off.
func (s *scene) lastIssuer() string {
	chain := s.Certificate.Chain
	if len(chain) > 0 && chain[len(chain)-1].Certificate != nil {
		return chain[len(chain)-1].Issuer.String()
	}
	return s.Certificate.Leaf.Issuer.String()
}

func certChainIncomplete(s *scene) []sighting {
	c := s.Certificate
	if s.leaf() == nil || s.trusted() || !c.MissingIssuer {
		return nil
	}
	v := values{"issuer": s.lastIssuer(), "aia": ""}
	switch {
	case c.FetchedTrusted:
		if urls := c.Leaf.IssuingCertificateURL; len(urls) > 0 && strings.HasPrefix(urls[0], "http") {
			v["aia"] = urls[0]
		}
		return []sighting{{detail: "the address in the certificate delivers " + quote(s.lastIssuer()) +
			", and with it the chain is complete", values: v}}
	case c.PublicIssuer:
		return []sighting{{detail: quote(s.lastIssuer()) + " is a public CA's, and was not sent", values: v}}
	}
	return nil
}

// chainKinds are the faults that make a chain invalid, in words.
var chainKinds = map[trace.ChainFaultKind]string{
	trace.FaultNotCA:          "it issues certificates and is no CA",
	trace.FaultPathLen:        "more CAs are below it than its path length allows",
	trace.FaultNameConstraint: "it may not issue for these names",
	trace.FaultSignature:      "its signature does not fit the issuer's key",
	trace.FaultCritical:       "it has a critical extension that nobody knows",
	trace.FaultCAUsage:        "it issues certificates and its key usage lacks keyCertSign",
	trace.FaultEKUNesting:     "it issues certificates, but not for servers",
	trace.FaultVersion:        "it is of an old version of X.509",
}

// oddKinds are those that browsers let pass.
var oddKinds = map[trace.ChainFaultKind]string{
	trace.FaultCertSignAsLeaf: "it is marked for a CA's use (keyCertSign)",
}

// certChainInvalid also finds a name that the certificate has and its issuer may not give, and
// certificates that are too many. A server's certificate that is marked for signing others is odd, and
// browsers let it pass.
func certChainInvalid(s *scene) []sighting {
	seen := slices.Concat(
		chainFaults(s, func(f trace.ChainFault) string { return chainKinds[f.Kind] }),
		constrainedNames(s), chainSize(s))
	for _, odd := range chainFaults(s, func(f trace.ChainFault) string { return oddKinds[f.Kind] }) {
		odd.level = LevelInfo
		seen = append(seen, odd)
	}
	return seen
}

// constrainedNames are the names outside an issuer's constraints, where no link is blamed for them.
func constrainedNames(s *scene) []sighting {
	if s.leaf() == nil || s.hasFault(trace.FaultNameConstraint) {
		return nil
	}
	var seen []sighting
	for _, n := range s.Certificate.Names {
		if !n.Covered && n.Why == trace.NameConstrained {
			words := "its issuer may not issue for " + plain(n.Name)
			seen = append(seen, sighting{detail: words, values: values{"fault": words}})
		}
	}
	return seen
}

// maxChain is how many bytes of certificates Chromium takes (BoringSSL's max_cert_list).
const maxChain = 100 << 10

// chainSize finds more certificates than browsers, or we ourselves, take.
func chainSize(s *scene) []sighting {
	t := s.TLS
	if t == nil {
		return nil
	}
	size := 0
	for _, raw := range t.Raw {
		size += len(raw)
	}
	if t.Sent > len(t.Raw) { // not all were kept; nearly all that was received are certificates
		size = int(t.Read)
	}
	switch {
	case !t.Done && chainRefused(t):
		words := "the server sends more certificates than browsers take"
		return []sighting{{stage: trace.StageTLS, detail: plain(t.Error), values: values{"fault": words}}}
	case size > maxChain:
		words := fmt.Sprintf("the server sends %d KiB of certificates, Chromium takes %d", size>>10, maxChain>>10)
		return []sighting{{detail: words, values: values{"fault": words}}}
	}
	return nil
}

// certRevoked trusts what the server itself staples; nothing else is asked.
func certRevoked(s *scene) []sighting {
	if s.leaf() == nil || s.Certificate.StapleStatus != "revoked" {
		return nil
	}
	return []sighting{{detail: "the OCSP answer that the server staples says that its certificate is revoked"}}
}

func certChainExpired(s *scene) []sighting {
	return chainFaults(s, func(f trace.ChainFault) string {
		switch {
		case f.Index == 0:
			return "" // the server's own has findings of its own
		case f.Kind == trace.FaultExpired:
			return "it has expired"
		case f.Kind == trace.FaultNotYetValid:
			return "it is not valid yet"
		}
		return ""
	})
}

func certWeakSignature(s *scene) []sighting {
	return chainFaults(s, func(f trace.ChainFault) string {
		if f.Kind != trace.FaultWeakSignature {
			return ""
		}
		return weakness(f, "MD5 or SHA-1")
	})
}

// certWeakKey is an error where the key is so short that our own handshake ended over it.
func certWeakKey(s *scene) []sighting {
	seen := chainFaults(s, func(f trace.ChainFault) string {
		if f.Kind != trace.FaultWeakKey {
			return ""
		}
		return weakness(f, "a key that browsers refuse")
	})
	if t := s.TLS; t != nil && !t.Done && weakKeyRefused(t) {
		refusal := sighting{level: LevelError, stage: trace.StageTLS, detail: plain(t.Error),
			values: values{"fault": "the handshake was given up over it"}}
		seen = append([]sighting{refusal}, seen...)
	}
	return seen
}

// weakness is what is weak, as the trace has it.
func weakness(f trace.ChainFault, otherwise string) string {
	if f.Detail == "" {
		return otherwise
	}
	return plain(f.Detail)
}

// chainFaults makes a sighting of each fault of the chain that judge has words for.
func chainFaults(s *scene, judge func(trace.ChainFault) string) []sighting {
	if s.leaf() == nil {
		return nil
	}
	var seen []sighting
	for _, f := range s.Certificate.Faults {
		words := judge(f)
		if words == "" {
			continue
		}
		detail := quote(f.Subject) + ": " + words
		if f.Detail != "" && words != plain(f.Detail) {
			detail += " (" + plain(f.Detail) + ")"
		}
		seen = append(seen, sighting{detail: detail, values: values{"subject": f.Subject, "fault": words}})
	}
	return seen
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
