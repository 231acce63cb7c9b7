package probe

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"ws-diagnose/plugin/cert"
	"ws-diagnose/plugin/trace"
)

// needCertificate: certificates are looked at wherever some came, be the handshake finished or not.
func (w *walk) needCertificate() string {
	if !w.target.Secure() {
		return "not spoken over TLS"
	}
	if w.tr.TLS == nil || certificateOf(w.tr.TLS) == nil {
		return "no certificate was seen"
	}
	return ""
}

// certificateOf is the handshake whose certificates are looked at: the first, or, where that got
// none, one of those for the same name that were made to tell why. nil when there is none.
func certificateOf(t *trace.TLS) *trace.Handshake {
	if len(t.Raw) > 0 {
		return &t.Handshake
	}
	for i, h := range t.Retries {
		if len(h.Raw) > 0 && h.Offer != trace.OfferNoSNI {
			return &t.Retries[i]
		}
	}
	return nil
}

// certificate learns the facts of the server's certificates.
func (w *walk) certificate(ctx context.Context) error {
	h := certificateOf(w.tr.TLS)
	facts, err := w.examine(ctx, h, w.names(), w.opts.FetchIssuer)
	if err != nil {
		if w.tr.TLS.BadCert == "" {
			w.tr.TLS.BadCert = cut(err.Error(), maxError)
		}
		return err
	}
	w.tr.Certificate = facts
	return w.refusal(facts)
}

// examine returns the facts of the certificates of h; fetch allows to ask for a missing issuer.
func (w *walk) examine(ctx context.Context, h *trace.Handshake, names []string, fetch bool) (*trace.Certificate, error) {
	o := cert.Options{
		Roots:       w.opts.Roots,
		Names:       names,
		Time:        time.Now(),
		KeyExchange: "ECDHE",
		Stapled:     h.Stapled,
	}
	if rsaKeyExchange(h) {
		o.KeyExchange = "RSA"
	}
	if fetch {
		o.Fetch = cert.FetchIssuer
	}
	return cert.Examine(ctx, h.Raw, o)
}

func rsaKeyExchange(h *trace.Handshake) bool {
	return h.Done && h.Version < tls.VersionTLS13 && h.Group == 0
}

// names are those that the certificate must cover: what users type, or else the target's own.
func (w *walk) names() []string {
	if len(w.target.Names) > 0 || w.target.NamesUnknown {
		return w.target.Names
	}
	return []string{w.sni()}
}

// refusal says why every browser refuses the certificate, whoever issued it: by date, by name, or
// by a fault of its chain. That nobody vouches for it is not among these.
func (w *walk) refusal(c *trace.Certificate) error {
	now := w.tr.Time
	switch leaf := c.Leaf.Certificate; {
	case leaf == nil:
		return errors.New("the certificate could not be read")
	case now.After(leaf.NotAfter):
		return fmt.Errorf("the certificate expired on %s", leaf.NotAfter.UTC().Format(time.RFC3339))
	case now.Before(leaf.NotBefore):
		return fmt.Errorf("the certificate is valid only from %s on", leaf.NotBefore.UTC().Format(time.RFC3339))
	}
	if !w.target.NamesUnknown {
		for _, n := range c.Names {
			if !n.Covered {
				return fmt.Errorf("the certificate does not cover %s", n.Name)
			}
		}
	}
	for _, f := range c.Faults {
		if !tolerated(f.Kind) {
			return fmt.Errorf("%s in the chain: %s", f.Kind, f.Subject)
		}
	}
	return nil
}

// tolerated faults are those that at least one browser lets pass.
func tolerated(k trace.ChainFaultKind) bool {
	return slices.Contains([]trace.ChainFaultKind{trace.FaultWeakKey, trace.FaultCertSignAsLeaf}, k)
}

// peer says who is at the other end of l, for the decision about credentials. The certificates of
// a second connection are looked at anew unless they are the first's, byte for byte.
func (w *walk) peer(ctx context.Context, l *link, h *trace.Handshake) Peer {
	p := Peer{Loopback: w.target.Proxy == "" && isLoopback(l)}
	if h == nil || len(h.Raw) == 0 {
		return p
	}
	sum := sha256.Sum256(h.Raw[0])
	p.SHA256 = hex.EncodeToString(sum[:])
	facts, name := w.tr.Certificate, w.sni()
	same := w.tr.TLS != nil && slices.EqualFunc(h.Raw, w.tr.TLS.Raw, bytes.Equal)
	if !same || !slices.Contains(w.names(), name) {
		facts, _ = w.examine(ctx, h, []string{name}, false) // what had to be fetched verifies nobody
	}
	p.Verified = cert.Verified(facts, name, time.Now())
	return p
}

func isLoopback(l *link) bool {
	a, err := netip.ParseAddrPort(l.wire.RemoteAddr().String())
	return err == nil && a.Addr().Unmap().IsLoopback()
}
