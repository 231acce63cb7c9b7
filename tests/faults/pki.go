package faults

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"
)

// PKI is a certificate authority in memory: one trusted root, and whatever the cases need below
// it. Keys are made at first use and shared, because that is what takes time.
type PKI struct {
	Root *Identity // RSA 2048; the one that checks and browsers are to trust
	Now  time.Time // all validities are relative to it

	tb     testing.TB
	mu     sync.Mutex
	keys   map[string]crypto.Signer
	serial int64
	leaf   *Identity
}

// Identity is a certificate with its key.
type Identity struct {
	*x509.Certificate        // nil when the DER cannot be parsed
	DER               []byte // as served
	Key               crypto.Signer
}

// Spec is what a certificate is made from.
type Spec struct {
	x509.Certificate                       // the template
	KeyKind          string                // of the subject's key: "p256", "rsa2048", ...
	KeyName          string                // tells keys of one kind apart
	Weak             crypto.Hash           // MD5 or SHA-1: signed with it
	Change           func(*tbsCertificate) // last touch on the structure, before it is signed
	now              time.Time
}

// Edit changes a Spec.
type Edit func(*Spec)

// NewPKI makes the authority.
func NewPKI(tb testing.TB) *PKI {
	tb.Helper()
	p := &PKI{tb: tb, keys: map[string]crypto.Signer{}, Now: time.Now().Truncate(time.Second)}
	p.Root = p.Mint(nil, ca("zoo root"), key("rsa2048"))
	p.leaf = p.Mint(p.Root)
	return p
}

// Roots is the trusted root as PEM.
func (p *PKI) Roots() []byte { return p.Root.PEM() }

// Leaf is a faultless server certificate for zoo.test, names below it, localhost and loopback.
func (p *PKI) Leaf() *Identity { return p.leaf }

// Key returns the key of that kind and name, the same at each call.
func (p *PKI) Key(kind, name string) crypto.Signer {
	p.mu.Lock()
	defer p.mu.Unlock()
	id := kind + "/" + name
	if p.keys[id] == nil {
		k, err := newKey(kind)
		if err != nil {
			p.tb.Fatalf("faults: key %s: %v", id, err)
		}
		p.keys[id] = k
	}
	return p.keys[id]
}

func newKey(kind string) (crypto.Signer, error) {
	curves := map[string]elliptic.Curve{
		"p224": elliptic.P224(), "p256": elliptic.P256(), "p384": elliptic.P384(), "p521": elliptic.P521(),
	}
	bits := map[string]int{"rsa1024": 1024, "rsa2047": 2047, "rsa2048": 2048, "rsa3072": 3072, "rsa4096": 4096}
	switch {
	case curves[kind] != nil:
		return ecdsa.GenerateKey(curves[kind], rand.Reader)
	case bits[kind] != 0:
		return rsa.GenerateKey(rand.Reader, bits[kind])
	case kind == "rsa512":
		return newTinyRSA()
	}
	_, k, err := ed25519.GenerateKey(rand.Reader)
	return k, err
}

// Mint makes a certificate signed by parent, or by itself when parent is nil. Unedited it is a
// faultless server certificate for zoo.test, P-256, valid from yesterday for 300 days.
func (p *PKI) Mint(parent *Identity, edits ...Edit) *Identity {
	s := p.spec()
	for _, e := range edits {
		e(s)
	}
	own := p.Key(s.KeyKind, s.KeyName)
	issuer, signer := &s.Certificate, own
	if parent != nil {
		issuer, signer = parent.Certificate, parent.Key
	}
	der, err := x509.CreateCertificate(rand.Reader, &s.Certificate, issuer, own.Public(), signer)
	if err != nil {
		p.tb.Fatalf("faults: certificate %s: %v", s.Subject, err)
	}
	if s.Change != nil || s.Weak != 0 {
		der = p.resign(der, s, signer)
	}
	c, _ := x509.ParseCertificate(der)
	return &Identity{Certificate: c, DER: der, Key: own}
}

func (p *PKI) spec() *Spec {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.serial++
	return &Spec{KeyKind: "p256", KeyName: "leaf", now: p.Now, Certificate: x509.Certificate{
		SerialNumber:          big.NewInt(p.serial + 1<<40),
		Subject:               pkix.Name{CommonName: DefaultHost},
		NotBefore:             p.Now.AddDate(0, 0, -1),
		NotAfter:              p.Now.AddDate(0, 0, 299),
		DNSNames:              []string{DefaultHost, "*." + DefaultHost, "localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}}
}

// Intermediate makes a CA below the root, named so that no two cases share one: browsers remember
// the intermediates that they have seen.
func (p *PKI) Intermediate(name string, edits ...Edit) *Identity {
	return p.Mint(p.Root, append([]Edit{ca("zoo intermediate " + name)}, edits...)...)
}

// PEM is the certificate as PEM.
func (id *Identity) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: id.DER})
}

// Serve makes the identity what a TLS server needs, the chain sent after it.
func (id *Identity) Serve(chain ...*Identity) tls.Certificate {
	c := tls.Certificate{Certificate: [][]byte{id.DER}, PrivateKey: id.Key}
	for _, link := range chain {
		c.Certificate = append(c.Certificate, link.DER)
	}
	return c
}

// config is a TLS configuration with a certificate and the protocol of websockets.
func config(c tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{c}, NextProtos: []string{"http/1.1"}}
}
