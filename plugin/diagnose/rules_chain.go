package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"ws-diagnose/plugin/trace"
)

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
	v := values{"issuer": s.lastIssuer(), "aia": "", "is_bundle": ""}
	switch {
	case c.FetchedTrusted:
		if urls := c.Leaf.IssuingCertificateURL; len(urls) > 0 && strings.HasPrefix(urls[0], "http") {
			v["aia"] = urls[0]
			lower := strings.ToLower(urls[0])
			v.set("is_bundle", strings.HasSuffix(lower, ".p7c") || strings.HasSuffix(lower, ".p7b"))
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
	for i, link := range seen {
		if link.values["fault"] == chainKinds[trace.FaultSignature] {
			seen[i].cause = "The CA was made anew under its old name, and the server or the roots here have the other one; " +
				"or the certificate was changed after it was signed."
		}
		if link.values["subject"] != "" {
			link.values["fault"] = link.values["subject"] + ": " + link.values["fault"]
		}
	}
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

// oversized is what is said of that.
var oversized = sighting{
	cause: "The file that the server was given holds more than its own chain: a whole bundle of CA certificates, likely.",
	remedy: append([]string{
		"openssl s_client -connect {dial} -servername {name} -showcerts </dev/null | grep -c BEGIN",
		"Leave only the server's certificate and the intermediates above it in the file, and install that.",
	}, installChain...),
}

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
		seen := oversized
		seen.stage, seen.detail = trace.StageTLS, plain(t.Error)
		seen.values = values{"fault": "the server sends more certificates than browsers take"}
		return []sighting{seen}
	case size > maxChain:
		words := fmt.Sprintf("the server sends %d KiB of certificates, Chromium takes %d", size>>10, maxChain>>10)
		seen := oversized
		seen.detail, seen.values = words, values{"fault": words}
		return []sighting{seen}
	}
	return nil
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
