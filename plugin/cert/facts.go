package cert

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"ws-diagnose/plugin/trace"
)

var (
	oidSAN             = asn1.ObjectIdentifier{2, 5, 29, 17}
	oidKeyUsage        = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidEKU             = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidNameConstraints = asn1.ObjectIdentifier{2, 5, 29, 30}
	oidTLSFeature      = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}
)

// factsOf returns what c says of itself.
func factsOf(c *x509.Certificate) trace.Cert {
	sum := sha256.Sum256(c.Raw)
	f := trace.Cert{
		Certificate: c,
		SHA256:      hex.EncodeToString(sum[:]),
		SelfSigned:  selfSigned(c),
	}
	f.Key, _ = describeKey(c)
	for _, e := range c.Extensions {
		switch {
		case e.Id.Equal(oidSAN):
			f.HasSAN = true
		case e.Id.Equal(oidKeyUsage):
			f.HasKeyUsage = true
		case e.Id.Equal(oidEKU):
			f.HasEKU = true
		case e.Id.Equal(oidTLSFeature):
			f.MustStaple = asksStaple(e.Value)
		}
	}
	return f
}

// asksStaple says whether a TLS feature extension holds status_request, number 5 (RFC 7633).
func asksStaple(value []byte) bool {
	var features []int
	rest, err := asn1.Unmarshal(value, &features)
	return err == nil && len(rest) == 0 && slices.Contains(features, 5)
}

// describeKey names the public key, and gives its size in bits where it has one that matters.
func describeKey(c *x509.Certificate) (name string, bits int) {
	switch k := c.PublicKey.(type) {
	case *rsa.PublicKey:
		bits = k.N.BitLen()
		return fmt.Sprintf("RSA %d", bits), bits
	case *ecdsa.PublicKey:
		p := k.Curve.Params()
		return "ECDSA " + p.Name, p.BitSize
	case ed25519.PublicKey:
		return "Ed25519", 256
	case *dsaKey:
		bits = k.P.BitLen()
		return fmt.Sprintf("DSA %d", bits), bits
	case *ecdh.PublicKey:
		return "X25519", 256
	}
	return otherKey(c.RawSubjectPublicKeyInfo), 0
}

// keyNames are the kinds of key that Go does not read, by object identifier.
var keyNames = map[string]string{
	"1.2.840.113549.1.1.10":   "RSA-PSS",
	"1.3.101.113":             "Ed448",
	"2.16.840.1.101.3.4.3.17": "ML-DSA-44",
	"2.16.840.1.101.3.4.3.18": "ML-DSA-65",
	"2.16.840.1.101.3.4.3.19": "ML-DSA-87",
}

// otherKey names a key by the object identifier of its algorithm.
func otherKey(spki []byte) string {
	input := cryptobyte.String(spki)
	var info, alg cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !input.ReadASN1(&info, cbasn1.SEQUENCE) || !info.ReadASN1(&alg, cbasn1.SEQUENCE) ||
		!alg.ReadASN1ObjectIdentifier(&oid) {
		return "unknown"
	}
	if name := keyNames[oid.String()]; name != "" {
		return name
	}
	return "unknown (" + oid.String() + ")"
}
