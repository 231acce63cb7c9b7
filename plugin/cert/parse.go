package cert

import (
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// parse reads one certificate and says in words why it could not.
func parse(der []byte) (*x509.Certificate, error) {
	switch {
	case len(der) == 0:
		return nil, errors.New("it is empty")
	case len(der) > maxSize:
		return nil, fmt.Errorf("it is %d bytes long, over the limit of %d", len(der), maxSize)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, explainParse(err)
	}
	return c, nil
}

// parseHints say what Go's parser means where its words do not. Some of these certificates pass in
// a browser or in openssl, and the reader wonders why they do not here.
var parseHints = []struct{ has, hint string }{
	{"negative serial number", "RFC 5280 section 4.1.2.2 wants a positive serial; reissue it with one"},
	{"unsupported elliptic curve", "its key is on none of P-224, P-256, P-384 and P-521; browsers refuse it too"},
	{"inner and outer signature algorithm", "the algorithm stands there twice and differs: edited or forged after signing"},
	{"duplicate extension", "RFC 5280 section 4.2 allows each extension once"},
	{"cannot parse IP address of length", "an address among its names has neither 4 nor 16 bytes"},
	{"RSA key missing NULL", "its RSA key is encoded against RFC 3279 section 2.3.1"},
	{"invalid RDNSequence", "a name in it holds characters that its string type does not allow"},
	{"trailing data", "more bytes follow the certificate: files put together by hand?"},
	{"malformed certificate", "this is no DER certificate, or it is cut short"},
}

// explainParse adds a hint to an error of crypto/x509.
func explainParse(err error) error {
	text := strings.TrimPrefix(err.Error(), "x509: ")
	for _, h := range parseHints {
		if strings.Contains(text, h.has) {
			return fmt.Errorf("%s (%s)", text, h.hint)
		}
	}
	return errors.New(text)
}

// rawSubject finds the subject in a DER certificate without parsing the rest, some fifty times
// faster than doing so: enough to look a root up among hundreds.
func rawSubject(der []byte) ([]byte, bool) {
	input := cryptobyte.String(der)
	var cert, tbs, subject cryptobyte.String
	ok := input.ReadASN1(&cert, asn1.SEQUENCE) &&
		cert.ReadASN1(&tbs, asn1.SEQUENCE) &&
		tbs.SkipOptionalASN1(asn1.Tag(0).Constructed().ContextSpecific()) && // version
		tbs.SkipASN1(asn1.INTEGER) && // serial
		tbs.SkipASN1(asn1.SEQUENCE) && // signature algorithm
		tbs.SkipASN1(asn1.SEQUENCE) && // issuer
		tbs.SkipASN1(asn1.SEQUENCE) && // validity
		tbs.ReadASN1Element(&subject, asn1.SEQUENCE)
	return subject, ok
}
