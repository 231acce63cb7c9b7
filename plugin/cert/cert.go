// Package cert learns the facts of the certificates that a server sent: each by itself, and the
// chain to a trusted root, every fault at once. Go's verifier stops at the first fault, in the order
// date, name, authority; browsers show another one first. So nothing here calls Verify.
//
// All bytes but the given roots come from an untrusted server. The work on them is bounded: in
// size, in number of certificates, in signatures checked and in names compared.
package cert

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"ws-diagnose/plugin/trace"
)

// Bounds on what a server may send. Go's own TLS client takes a certificate message of 256 KiB.
const (
	maxSent = 100     // certificates looked at
	maxSize = 1 << 18 // bytes of one certificate
)

// Options say against what the certificates are looked at.
type Options struct {
	Roots       *Roots    // nil: the system's alone
	Names       []string  // names and addresses that users type
	Time        time.Time // now
	KeyExchange string    // "RSA" or "ECDHE"
	Stapled     []byte    // OCSP response, nil when none
	// Fetch gets the missing issuer from an AIA address; nil: not asked for. See FetchIssuer.
	Fetch func(ctx context.Context, url string) ([]byte, error)
}

// Examine returns the facts of raw, the DER certificates as sent, the leaf first. It is an error
// when the leaf cannot be parsed; another certificate that cannot be is counted in Unparsed.
func Examine(ctx context.Context, raw [][]byte, o Options) (*trace.Certificate, error) {
	if len(raw) == 0 {
		return nil, fmt.Errorf("the server sent no certificate")
	}
	leaf, err := parse(raw[0])
	if err != nil {
		return nil, fmt.Errorf("the server's certificate cannot be parsed: %w", err)
	}
	if o.Roots == nil {
		o.Roots = new(Roots)
	}
	out := &trace.Certificate{KeyExchange: o.KeyExchange}
	sent := []*x509.Certificate{leaf}
	for _, der := range raw[1:min(len(raw), maxSent)] {
		if c, err := parse(der); err == nil {
			sent = append(sent, c)
		} else {
			out.Unparsed++
		}
	}
	out.Leaf = factsOf(leaf)
	for _, c := range sent {
		out.Sent = append(out.Sent, factsOf(c))
	}
	s := newSearch(sent, o.Roots, o.Time)
	best := s.run(leaf)
	describe(out, best, s)
	complete(ctx, out, best, s, o)
	out.Names = checkNames(best.certs, o.Names)
	readStaple(out, o.Stapled, o.Time)
	return out, nil
}

// describe puts the path found into out.
func describe(out *trace.Certificate, best path, s *search) {
	for _, c := range best.certs {
		out.Chain = append(out.Chain, factsOf(c))
	}
	out.Trusted = best.trusted()
	out.AnchorLeaf = out.Trusted && len(best.certs) == 1
	out.Faults = best.faults
	out.MissingIssuer = !best.anchored && !best.closed
	out.SearchCut = s.cut
	out.Error = s.roots.problem()
}

// complete looks for what is missing at the end of the chain.
func complete(ctx context.Context, out *trace.Certificate, best path, s *search, o Options) {
	if !out.MissingIssuer {
		return
	}
	last := best.certs[len(best.certs)-1]
	out.PublicIssuer = publicIssuer(last, s.roots)
	if o.Fetch == nil {
		return
	}
	issuer := fetchIssuer(ctx, last, o.Fetch)
	if issuer == nil {
		return
	}
	again := newSearch(append(slices.Clone(s.sent), issuer), s.roots, o.Time)
	out.FetchedTrusted = again.run(best.certs[0]).trusted()
}

// Verified says whether a client that is strict would send secrets to the server under this name:
// the chain is trusted, every link is in date at now, the leaf covers name, which is among the names
// that Examine was asked about, and may serve, and no fault of any kind was found.
func Verified(c *trace.Certificate, name string, now time.Time) bool {
	if c == nil || !c.Trusted || len(c.Faults) > 0 {
		return false
	}
	for _, link := range c.Chain {
		if now.Before(link.NotBefore) || now.After(link.NotAfter) {
			return false
		}
	}
	covered := slices.ContainsFunc(c.Names, func(n trace.NameCheck) bool {
		return n.Name == name && n.Covered
	})
	return covered && allowsServer(c.Leaf.Certificate)
}

// allowsServer says whether the extended key usage lets c be a server's (RFC 5280 section 4.2.1.12).
func allowsServer(c *x509.Certificate) bool {
	return len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage) == 0 ||
		slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageServerAuth) ||
		slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny)
}
