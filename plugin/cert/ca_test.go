package cert

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain takes the machine's own roots away: no test may depend on them.
func TestMain(m *testing.M) {
	os.Setenv("SSL_CERT_FILE", "testdata/none.pem")
	os.Setenv("SSL_CERT_DIR", "testdata/none")
	goleak.VerifyTestMain(m)
}

// now is when all tests take place.
var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// entity is a certificate with its key.
type entity struct {
	*x509.Certificate
	key crypto.Signer
}

// keys are made once: tests need many certificates, but no distinct keys beyond these.
var keys = func() (k [24]*ecdsa.PrivateKey) {
	for i := range k {
		k[i], _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	return k
}()

var serial int64

// template is a certificate in date, to be changed by the tests.
func template(name string) *x509.Certificate {
	serial++
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.AddDate(0, 0, -30),
		NotAfter:     now.AddDate(0, 0, 60),
	}
}

// caTemplate is a template of a certificate that may sign others.
func caTemplate(name string) *x509.Certificate {
	c := template(name)
	c.IsCA, c.BasicConstraintsValid = true, true
	c.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	return c
}

// leafTemplate is a template of a server's certificate for drp.example.com and 10.0.0.5.
func leafTemplate() *x509.Certificate {
	c := template("drp")
	c.BasicConstraintsValid = true
	c.KeyUsage = x509.KeyUsageDigitalSignature
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	c.DNSNames = []string{"drp.example.com"}
	c.IPAddresses = []net.IP{net.IPv4(10, 0, 0, 5)}
	return c
}

// issue signs t with by's key; by nil signs it with its own.
func issue(t testing.TB, c *x509.Certificate, key crypto.Signer, by *entity) *entity {
	t.Helper()
	parent, signer := c, key
	if by != nil {
		parent, signer = by.Certificate, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &entity{made, key}
}

// rootsOf trusts exactly these; the system's roots are none, see TestMain.
func rootsOf(t testing.TB, trusted ...*entity) *Roots {
	t.Helper()
	var text []byte
	for _, e := range trusted {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: e.Raw})...)
	}
	roots, err := LoadRoots(text)
	if err != nil {
		t.Fatal(err)
	}
	return roots
}

// rawOf is what a server sends.
func rawOf(sent ...*entity) [][]byte {
	var raw [][]byte
	for _, e := range sent {
		raw = append(raw, e.Raw)
	}
	return raw
}
