package browser

import (
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"ws-diagnose/plugin/trace"
)

// leafDER is the server's certificate as sent, in whichever handshake it could be read off the
// wire; nil when there is none.
func leafDER(t *trace.TLS) []byte {
	if len(t.Raw) > 0 {
		return t.Raw[0]
	}
	for _, r := range t.Retries {
		if len(r.Raw) > 0 {
			return r.Raw[0]
		}
	}
	return nil
}

// fieldsBeforeKey are the fields of a TBSCertificate up to the public key (RFC 5280 section 4.1):
// serial number, signature algorithm, issuer, validity, subject.
var fieldsBeforeKey = []asn1.Tag{asn1.INTEGER, asn1.SEQUENCE, asn1.SEQUENCE, asn1.SEQUENCE, asn1.SEQUENCE}

// fromKey walks a certificate that Go cannot parse to its public key and returns what begins there;
// false where the structure before is broken, or bytes stand behind.
func fromKey(der []byte) (cryptobyte.String, bool) {
	s := cryptobyte.String(der)
	var whole, tbs cryptobyte.String
	if !s.ReadASN1(&whole, asn1.SEQUENCE) || !s.Empty() || !whole.ReadASN1(&tbs, asn1.SEQUENCE) ||
		!tbs.SkipOptionalASN1(asn1.Tag(0).ContextSpecific().Constructed()) {
		return nil, false
	}
	for _, tag := range fieldsBeforeKey {
		if !tbs.SkipASN1(tag) {
			return nil, false
		}
	}
	return tbs, true
}

// keyReadable says whether the public key can be taken out of a certificate.
func keyReadable(der []byte) bool {
	rest, ok := fromKey(der)
	var key cryptobyte.String
	return ok && rest.ReadASN1(&key, asn1.SEQUENCE)
}

// doubledExtension says whether a certificate has an extension twice (RFC 5280 section 4.2 forbids
// that).
func doubledExtension(der []byte) bool {
	rest, ok := fromKey(der)
	var block, list cryptobyte.String
	var present bool
	if !ok || !rest.SkipASN1(asn1.SEQUENCE) || !rest.SkipOptionalASN1(asn1.Tag(1).ContextSpecific()) ||
		!rest.SkipOptionalASN1(asn1.Tag(2).ContextSpecific()) ||
		!rest.ReadOptionalASN1(&block, &present, asn1.Tag(3).ContextSpecific().Constructed()) || !present ||
		!block.ReadASN1(&list, asn1.SEQUENCE) {
		return false
	}
	seen := map[string]bool{}
	for !list.Empty() {
		var extension, id cryptobyte.String
		if !list.ReadASN1(&extension, asn1.SEQUENCE) || !extension.ReadASN1(&id, asn1.OBJECT_IDENTIFIER) {
			return false
		}
		if seen[string(id)] {
			return true
		}
		seen[string(id)] = true
	}
	return false
}
