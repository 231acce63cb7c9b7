package cert

import (
	"crypto/x509"
	encoding "encoding/asn1"
	"encoding/pem"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// maxBundle is how many certificates of one answer are looked at.
const maxBundle = 16

// oidSignedData marks PKCS #7 signed data (RFC 5652 section 5.1).
var oidSignedData = encoding.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}

// bundle returns the certificates in what an issuer's address delivered: one in DER as RFC 5280
// section 4.2.2.1 has it, several as PKCS #7 without signatures, or PEM, which Chromium takes too.
// What is none of that holds none.
func bundle(b []byte) []*x509.Certificate {
	raw := certsOnly(b)
	if len(raw) == 0 {
		raw = append(pemCertificates(b), b)
	}
	var certs []*x509.Certificate
	for _, der := range raw[:min(len(raw), maxBundle)] {
		if c, err := parse(der); err == nil {
			certs = append(certs, c)
		}
	}
	return certs
}

func pemCertificates(b []byte) [][]byte {
	var raw [][]byte
	for len(raw) < maxBundle {
		block, rest := pem.Decode(b)
		switch {
		case block == nil:
			return raw
		case block.Type == "CERTIFICATE":
			raw = append(raw, block.Bytes)
		case block.Type == "PKCS7":
			raw = append(raw, certsOnly(block.Bytes)...)
		}
		b = rest
	}
	return raw
}

// certsOnly takes the certificates, DER, out of PKCS #7 signed data (RFC 5652 section 5.1). Whoever
// may have signed what does not matter: each certificate is checked by itself.
func certsOnly(b []byte) [][]byte {
	tag := asn1.Tag(0).Constructed().ContextSpecific()
	input := cryptobyte.String(b)
	var info, content, signed, certs, one cryptobyte.String
	var kind encoding.ObjectIdentifier
	var present bool
	ok := input.ReadASN1(&info, asn1.SEQUENCE) &&
		info.ReadASN1ObjectIdentifier(&kind) && kind.Equal(oidSignedData) &&
		info.ReadASN1(&content, tag) &&
		content.ReadASN1(&signed, asn1.SEQUENCE) &&
		signed.SkipASN1(asn1.INTEGER) && // version
		signed.SkipASN1(asn1.SET) && // digest algorithms
		signed.SkipASN1(asn1.SEQUENCE) && // what was signed
		signed.ReadOptionalASN1(&certs, &present, tag)
	var raw [][]byte
	for ok && len(raw) < maxBundle && certs.ReadASN1Element(&one, asn1.SEQUENCE) {
		raw = append(raw, one)
	}
	return raw
}
