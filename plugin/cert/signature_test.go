package cert

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"os"
	"testing"
)

// rsaKey makes an RSA key of any size; Go refuses the small ones, which are what is to be tested.
func rsaKey(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	if bits < 1024 {
		t.Setenv("GODEBUG", "rsa1024min=0")
		defer t.Setenv("GODEBUG", "")
	}
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// signedObject is the outer form of a certificate.
type signedObject struct {
	TBS       asn1.RawValue
	Algorithm asn1.RawValue
	Signature asn1.BitString
}

// resign replaces the signature of c by one of key with the given hash; id is the last number of
// the algorithm's identifier 1.2.840.113549.1.1.id.
func resign(t testing.TB, c *entity, key *rsa.PrivateKey, hash crypto.Hash, id byte) *entity {
	t.Helper()
	var o signedObject
	if _, err := asn1.Unmarshal(c.Raw, &o); err != nil {
		t.Fatal(err)
	}
	pkcs1 := []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01}
	swap := func(der []byte) []byte {
		return bytes.Replace(der, append(pkcs1[:8:8], 11), append(pkcs1[:8:8], id), 1)
	}
	o.TBS.FullBytes, o.Algorithm.FullBytes = swap(o.TBS.FullBytes), swap(o.Algorithm.FullBytes)
	h := hash.New()
	h.Write(o.TBS.FullBytes)
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, hash, h.Sum(nil))
	if err != nil {
		t.Fatal(err)
	}
	o.Signature = asn1.BitString{Bytes: sig, BitLength: len(sig) * 8}
	der, err := asn1.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return reparse(t, der, c.key)
}

func reparse(t testing.TB, der []byte, key crypto.Signer) *entity {
	t.Helper()
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &entity{c, key}
}

// corrupt flips one bit of the signature.
func corrupt(t testing.TB, e *entity) *entity {
	t.Helper()
	der := bytes.Clone(e.Raw)
	der[len(der)-1] ^= 1
	return reparse(t, der, e.key)
}

// fixture reads a self-signed certificate that openssl made (req -new -x509), of a kind that Go
// does not make. Dates do not matter where they are used.
func fixture(t testing.TB, name string) *x509.Certificate {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Every algorithm that Go parses is checked, the weak ones as well, and a flipped bit is seen.
func TestSignatures(t *testing.T) {
	big2048, small := rsaKey(t, 2048), rsaKey(t, 512)
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	p521, _ := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	p224, _ := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	with := func(key crypto.Signer, alg x509.SignatureAlgorithm) *entity {
		c := caTemplate("self")
		c.SignatureAlgorithm = alg
		return issue(t, c, key, nil)
	}
	small512 := func() *entity {
		t.Setenv("GODEBUG", "rsa1024min=0")
		defer t.Setenv("GODEBUG", "")
		return with(small, x509.SHA256WithRSA)
	}()
	cases := []struct {
		name string
		e    *entity
		key  string
	}{
		{"RSA", with(big2048, x509.SHA256WithRSA), "RSA 2048"},
		{"RSA SHA-384", with(big2048, x509.SHA384WithRSA), "RSA 2048"},
		{"RSA SHA-512", with(big2048, x509.SHA512WithRSA), "RSA 2048"},
		{"RSA SHA-1", with(big2048, x509.SHA1WithRSA), "RSA 2048"},
		{"RSA MD5", resign(t, with(big2048, x509.SHA256WithRSA), big2048, crypto.MD5, 4), "RSA 2048"},
		{"RSA 512", small512, "RSA 512"},
		{"PSS SHA-256", with(big2048, x509.SHA256WithRSAPSS), "RSA 2048"},
		{"PSS SHA-384", with(big2048, x509.SHA384WithRSAPSS), "RSA 2048"},
		{"PSS SHA-512", with(big2048, x509.SHA512WithRSAPSS), "RSA 2048"},
		{"P-224", with(p224, x509.ECDSAWithSHA256), "ECDSA P-224"},
		{"P-256", with(keys[0], x509.ECDSAWithSHA256), "ECDSA P-256"},
		{"P-256 SHA-1", with(keys[0], x509.ECDSAWithSHA1), "ECDSA P-256"},
		{"P-384", with(p384, x509.ECDSAWithSHA384), "ECDSA P-384"},
		{"P-521", with(p521, x509.ECDSAWithSHA512), "ECDSA P-521"},
		{"Ed25519", with(ed, x509.PureEd25519), "Ed25519"},
		{"DSA", &entity{fixture(t, "dsa.pem"), nil}, "DSA 2048"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := factsOf(c.e.Certificate); !got.SelfSigned || got.Key != c.key {
				t.Errorf("key %q, self-signed %v; want %q, true",
					got.Key, got.SelfSigned, c.key)
			}
			broken := corrupt(t, c.e)
			if signed(broken.Certificate, c.e.Certificate) {
				t.Error("a signature with a flipped bit fits")
			}
		})
	}
}

// A key of another kind than the signature's never fits, and never panics.
func TestSignatureOfAnotherKind(t *testing.T) {
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	entities := []*entity{
		issue(t, caTemplate("rsa"), rsaKey(t, 1024), nil),
		issue(t, caTemplate("ecdsa"), keys[0], nil),
		issue(t, caTemplate("ed"), ed, nil),
		{fixture(t, "dsa.pem"), nil},
		{fixture(t, "ed448.pem"), nil},
	}
	for i, child := range entities {
		for j, parent := range entities {
			fits := i == j && child.Subject.CommonName != "ed448"
			if got := signed(child.Certificate, parent.Certificate); got != fits {
				t.Errorf("%v signed by %v: %v, want %v", child.Subject, parent.Subject, got, fits)
			}
		}
	}
}

// An RSA signature under the name of another algorithm does not fit.
func TestMislabelledSignature(t *testing.T) {
	c := *issue(t, caTemplate("rsa"), rsaKey(t, 1024), nil).Certificate
	for _, alg := range []x509.SignatureAlgorithm{x509.ECDSAWithSHA256, x509.DSAWithSHA256, x509.PureEd25519, x509.MD2WithRSA} {
		c.SignatureAlgorithm = alg
		if checkSignature(&c, c.PublicKey) {
			t.Errorf("fits as %v", alg)
		}
	}
}

// What crypto/rsa would refuse in a signature is refused for small keys as well.
func TestSmallRSAIsStrict(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	key := rsaKey(t, 505) // leaves room for the modulus to be added
	t.Setenv("GODEBUG", "rsa1024min=0")
	digest := sha256.Sum256([]byte("text"))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	fits := func(sig []byte) bool { return checkSmallRSA(&key.PublicKey, crypto.SHA256, digest[:], sig) }
	larger := new(big.Int).SetBytes(sig)
	larger.Add(larger, key.N)
	if !fits(sig) {
		t.Error("a right signature does not fit")
	}
	if fits(append([]byte{0}, sig...)) || fits(larger.FillBytes(make([]byte, len(sig)))) {
		t.Error("a signature with the same remainder fits")
	}
	if checkSmallRSA(&key.PublicKey, crypto.SHA384, digest[:], sig) {
		t.Error("fits for a digest that the key has no room for")
	}
}

// Keys that Go cannot read are named by their kind all the same.
func TestOtherKeys(t *testing.T) {
	for file, want := range map[string]string{"ed448.pem": "Ed448", "rsa-pss.pem": "RSA-PSS"} {
		if got, bits := describeKey(fixture(t, file)); got != want || bits != 0 {
			t.Errorf("%s: %q of %d bits, want %q of 0", file, got, bits, want)
		}
	}
	for spki, want := range map[string]string{"": "unknown", "\x30\x05\x30\x03\x06\x01\x2a": "unknown (1.2)"} {
		if got := otherKey([]byte(spki)); got != want {
			t.Errorf("%x: %q, want %q", spki, got, want)
		}
	}
}

// A modulus of a size nobody uses is not computed with.
func TestHugeKeyIsNotComputedWith(t *testing.T) {
	huge := new(big.Int).Lsh(big.NewInt(1), maxRSABits+1)
	pub := &rsa.PublicKey{N: huge.Add(huge, big.NewInt(1)), E: 3}
	c := &x509.Certificate{SignatureAlgorithm: x509.SHA256WithRSA, Signature: make([]byte, maxRSABits/8+1)}
	if checkSignature(c, pub) {
		t.Error("fits")
	}
}

// The memory of signatures stays bounded.
func TestSignatureMemory(t *testing.T) {
	e := issue(t, leafTemplate(), keys[0], nil)
	for i := range maxSignatures + 10 {
		c := *e.Certificate
		c.Raw = append([]byte{byte(i), byte(i >> 8)}, e.Raw...)
		signed(&c, e.Certificate)
	}
	if n := len(signatures.known); n > maxSignatures {
		t.Errorf("%d signatures remembered, want at most %d", n, maxSignatures)
	}
}
