package emulator

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"sync"
	"time"

	"gitlab.com/rackn/provision/v4/models"
)

const day = 24 * time.Hour

// CertificateOptions describes a certificate; the zero value is what DRP makes for itself on its
// first start: self-signed, P-384, one year, organisation "Acme Co" without a common name.
type CertificateOptions struct {
	NotBefore, NotAfter time.Time // now, and 365 days later
	DNSNames            []string  // nil: "greg.fill.in" and "localhost"
	IPAddresses         []net.IP  // nil: every address of this host's interfaces
}

// NewCertificate makes a self-signed certificate.
func NewCertificate(o CertificateOptions) (tls.Certificate, error) {
	if o.NotBefore.IsZero() {
		o.NotBefore = time.Now()
	}
	if o.NotAfter.IsZero() {
		o.NotAfter = o.NotBefore.Add(365 * day)
	}
	if o.DNSNames == nil {
		o.DNSNames = []string{"greg.fill.in", "localhost"}
	}
	if o.IPAddresses == nil {
		o.IPAddresses = interfaceAddresses()
	}
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 128))
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{Organization: []string{"Acme Co"}},
		NotBefore:             o.NotBefore,
		NotAfter:              o.NotAfter,
		KeyUsage:              x509.KeyUsageKeyEncipherment | x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		DNSNames:              o.DNSNames,
		IPAddresses:           o.IPAddresses,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// interfaceAddresses are the addresses that DRP writes into its certificate at first start.
func interfaceAddresses() []net.IP {
	var ips []net.IP
	addresses, _ := net.InterfaceAddrs() // without any, the certificate has names only
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok {
			ips = append(ips, n.IP)
		}
	}
	return ips
}

// certBox holds the certificate of a listener.
type certBox struct {
	mu   sync.Mutex
	cert *tls.Certificate
}

func (b *certBox) set(c tls.Certificate) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cert = &c
}

func (b *certBox) get() *tls.Certificate {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.cert
}

// config serves whatever certificate the box holds at the time of each handshake, after what
// before does to delay it.
func (b *certBox) config(before func()) *tls.Config {
	return &tls.Config{
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			before()
			return b.get(), nil
		},
		MinVersion:             tls.VersionTLS12,
		SessionTicketsDisabled: true, // a resumed session would show no new certificate
	}
}

// SetCertificate replaces the certificate of the API port for all new connections.
func (e *Endpoint) SetCertificate(c tls.Certificate) { e.api.certBox.set(c) }

// SetFileCertificate replaces the certificate of the HTTPS file port.
func (e *Endpoint) SetFileCertificate(c tls.Certificate) { e.secureFiles.certBox.set(c) }

// Certificate is what the API port serves now.
func (e *Endpoint) Certificate() tls.Certificate { return *e.api.certBox.get() }

// certPair is the body of system/cert and static/cert: PEM, which JSON carries as base64.
type certPair struct{ Cert, Key []byte }

// serveCert answers GET and POST of a listener's certificate. As on a real server, GET hands out
// the private key.
func (c *call) serveCert(b *certBox) {
	if !c.need("system", "*", "*") {
		return
	}
	switch c.r.Method {
	case http.MethodGet:
		pair, err := encodePair(b.get())
		if err != nil {
			c.fail(&models.Error{Code: http.StatusInternalServerError, Messages: []string{err.Error()}})
			return
		}
		c.reply(http.StatusOK, pair)
	case http.MethodPost:
		var pair certPair
		if !c.decode(&pair) {
			return
		}
		cert, err := tls.X509KeyPair(pair.Cert, pair.Key)
		if err != nil {
			c.fail(&models.Error{Code: http.StatusBadRequest, Messages: []string{err.Error()}})
			return
		}
		b.set(cert)
		c.reply(http.StatusNoContent, nil)
	default:
		c.noRoute()
	}
}

func encodePair(cert *tls.Certificate) (certPair, error) {
	var pair certPair
	for _, der := range cert.Certificate {
		pair.Cert = append(pair.Cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	pair.Key = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	return pair, err
}
