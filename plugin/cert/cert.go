// Package cert learns the facts of the certificates that a server sent: each by itself, and the
// chain to a trusted root, every fault at once. Go's verifier stops at the first fault, in the order
// date, name, authority; browsers show another one first. So nothing here calls Verify.
package cert

import (
	"context"
	"time"

	"ws-diagnose/plugin/trace"
)

// Options say against what the certificates are looked at.
type Options struct {
	Roots       *Roots
	Names       []string  // names and addresses that users type
	Time        time.Time // now
	KeyExchange string    // "RSA" or "ECDHE"
	Stapled     []byte    // OCSP response, nil when none
	// Fetch gets the missing issuer from an AIA address; nil: not asked for. See FetchIssuer.
	Fetch func(ctx context.Context, url string) ([]byte, error)
}

// Roots are the trusted roots: the system's, and those given.
type Roots struct{}

// LoadRoots reads the system's roots and adds those in extra, PEM text; it is an error when extra
// is not empty and holds no certificate.
func LoadRoots(extra []byte) (*Roots, error) { return &Roots{}, nil }

// Examine returns the facts of raw, the DER certificates as sent, the leaf first. It is an error
// when the leaf cannot be parsed.
func Examine(ctx context.Context, raw [][]byte, o Options) (*trace.Certificate, error) {
	return nil, nil
}
