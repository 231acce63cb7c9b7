package cert

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// Roots are the trusted roots: the system's, and those given. The system's are read at first need,
// and by new Roots again once their files have changed: make Roots for every run, they cost
// nothing. The zero value trusts the system's alone. Safe for use by several goroutines.
type Roots struct {
	given  store
	system atomic.Pointer[systemStore] // nil until needed
}

// LoadRoots adds the certificates in extra, PEM text, to the system's roots; it is an error when
// extra is not empty and holds no certificate, or one that cannot be parsed. Whatever else stands
// there, say a private key, is passed over.
func LoadRoots(extra []byte) (*Roots, error) {
	r := new(Roots)
	if len(bytes.TrimSpace(extra)) == 0 {
		return r, nil
	}
	n := 0
	for block, rest := pem.Decode(extra); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		n++
		if _, err := parse(block.Bytes); err != nil {
			return nil, fmt.Errorf("certificate %d of the given roots cannot be parsed: %w", n, err)
		}
		r.given.add(block.Bytes)
	}
	if n == 0 {
		return nil, errors.New("no certificate among the given roots:" +
			" expected PEM text with a line -----BEGIN CERTIFICATE-----")
	}
	return r, nil
}

// find returns the trusted roots of that subject; the system's only when they are asked for.
func (r *Roots) find(subject []byte, system bool) []*x509.Certificate {
	found := r.given.find(subject)
	if system {
		found = append(found, r.systemRoots().find(subject)...)
	}
	return found
}

// systemRoots returns the system's roots, read at the first call.
func (r *Roots) systemRoots() *systemStore {
	s := r.system.Load()
	if s == nil {
		s = currentSystem()
		r.system.Store(s)
	}
	return s
}

// problem says why the system's roots could not be read; "" when they could or were not needed.
func (r *Roots) problem() string {
	if s := r.system.Load(); s != nil {
		return s.problem
	}
	return ""
}

// contains says whether c, byte for byte, is among certs.
func contains(certs []*x509.Certificate, c *x509.Certificate) bool {
	for _, other := range certs {
		if bytes.Equal(other.Raw, c.Raw) {
			return true
		}
	}
	return false
}

// store finds certificates by their subject. It parses only what is found.
type store struct {
	bySubject map[string][]*lazyCert
}

// lazyCert is a certificate that is parsed at first use.
type lazyCert struct {
	der  []byte
	once sync.Once
	cert *x509.Certificate // nil when it cannot be parsed
}

// add takes a certificate in, unless it is there already or is none.
func (s *store) add(der []byte) {
	subject, ok := rawSubject(der)
	if !ok {
		return
	}
	if s.bySubject == nil {
		s.bySubject = map[string][]*lazyCert{}
	}
	same := s.bySubject[string(subject)]
	for _, l := range same {
		if bytes.Equal(l.der, der) {
			return
		}
	}
	s.bySubject[string(subject)] = append(same, &lazyCert{der: der})
}

// find returns the certificates of that subject.
func (s *store) find(subject []byte) []*x509.Certificate {
	var found []*x509.Certificate
	for _, l := range s.bySubject[string(subject)] {
		l.once.Do(func() { l.cert, _ = parse(l.der) })
		if l.cert != nil {
			found = append(found, l.cert)
		}
	}
	return found
}
