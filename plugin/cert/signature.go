package cert

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	_ "crypto/md5" // MD5 signatures are to be recognised
	"crypto/rsa"
	_ "crypto/sha1" // and SHA-1 ones
	"crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
	"math/big"
	"sync"
)

// maxRSABits bounds what is computed with: a hostile key beyond it would cost seconds.
const maxRSABits = 16384

// signatures remembers which signatures fit: the same few certificates are looked at run after run,
// and a check with a P-384 key costs as much as the rest of the examination.
var signatures = struct {
	sync.Mutex
	known map[[sha256.Size]byte]bool
}{known: map[[sha256.Size]byte]bool{}}

// maxSignatures bounds that memory; when full it starts anew.
const maxSignatures = 1024

// signed says whether the signature on child fits parent's key. Names, dates and usages do not
// matter here, nor does the strength of the algorithm. Of all algorithms that Go parses only MD2
// cannot be checked: such a signature does not fit.
func signed(child, parent *x509.Certificate) bool {
	h := sha256.New()
	h.Write(parent.RawSubjectPublicKeyInfo)
	h.Write(child.Raw) // both begin with their length: no other pair hashes alike
	id := [sha256.Size]byte(h.Sum(nil))
	signatures.Lock()
	fits, ok := signatures.known[id]
	signatures.Unlock()
	if ok {
		return fits
	}
	fits = checkSignature(child, parent.PublicKey)
	signatures.Lock()
	defer signatures.Unlock()
	if len(signatures.known) >= maxSignatures {
		clear(signatures.known)
	}
	signatures.known[id] = fits
	return fits
}

// selfSigned says whether c is its own issuer.
func selfSigned(c *x509.Certificate) bool {
	return bytes.Equal(c.RawIssuer, c.RawSubject) && signed(c, c)
}

// hashes of the signature algorithms; Ed25519 has none, and MD2 is nowhere in Go.
var hashes = map[x509.SignatureAlgorithm]crypto.Hash{
	x509.MD5WithRSA:       crypto.MD5,
	x509.SHA1WithRSA:      crypto.SHA1,
	x509.SHA256WithRSA:    crypto.SHA256,
	x509.SHA384WithRSA:    crypto.SHA384,
	x509.SHA512WithRSA:    crypto.SHA512,
	x509.SHA256WithRSAPSS: crypto.SHA256,
	x509.SHA384WithRSAPSS: crypto.SHA384,
	x509.SHA512WithRSAPSS: crypto.SHA512,
	x509.ECDSAWithSHA1:    crypto.SHA1,
	x509.ECDSAWithSHA256:  crypto.SHA256,
	x509.ECDSAWithSHA384:  crypto.SHA384,
	x509.ECDSAWithSHA512:  crypto.SHA512,
	x509.DSAWithSHA1:      crypto.SHA1,
	x509.DSAWithSHA256:    crypto.SHA256,
}

// checkSignature does the arithmetic. Go's own CheckSignature refuses MD5 and SHA-1, so that a weak
// signature would look like a broken one.
func checkSignature(c *x509.Certificate, key any) bool {
	alg := c.SignatureAlgorithm
	if pub, ok := key.(ed25519.PublicKey); ok {
		return alg == x509.PureEd25519 && ed25519.Verify(pub, c.RawTBSCertificate, c.Signature)
	}
	hash, ok := hashes[alg]
	if !ok {
		return false
	}
	h := hash.New()
	h.Write(c.RawTBSCertificate)
	digest := h.Sum(nil)
	switch pub := key.(type) {
	case *rsa.PublicKey:
		return checkRSA(pub, alg, hash, digest, c.Signature)
	case *ecdsa.PublicKey:
		return isECDSA(alg) && ecdsa.VerifyASN1(pub, digest, c.Signature)
	case *dsaKey:
		return isDSA(alg) && checkDSA(pub, digest, c.Signature)
	}
	return false
}

func isECDSA(alg x509.SignatureAlgorithm) bool {
	return alg >= x509.ECDSAWithSHA1 && alg <= x509.ECDSAWithSHA512
}

func isDSA(alg x509.SignatureAlgorithm) bool {
	return alg == x509.DSAWithSHA1 || alg == x509.DSAWithSHA256
}

// checkRSA checks PKCS #1 v1.5 and PSS signatures. Go's crypto/rsa computes with no key below 1024
// bits; those are checked by hand, to be called weak rather than forged.
func checkRSA(pub *rsa.PublicKey, alg x509.SignatureAlgorithm, hash crypto.Hash, digest, sig []byte) bool {
	switch bits := pub.N.BitLen(); {
	case isECDSA(alg), isDSA(alg), bits > maxRSABits:
		return false
	case alg >= x509.SHA256WithRSAPSS && alg <= x509.SHA512WithRSAPSS:
		opts := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
		return rsa.VerifyPSS(pub, hash, digest, sig, opts) == nil
	case bits < 1024:
		return checkSmallRSA(pub, hash, digest, sig)
	}
	return rsa.VerifyPKCS1v15(pub, hash, digest, sig) == nil
}

// checkSmallRSA checks a PKCS #1 v1.5 signature (RFC 8017 section 8.2.2) without crypto/rsa.
func checkSmallRSA(pub *rsa.PublicKey, hash crypto.Hash, digest, sig []byte) bool {
	size := (pub.N.BitLen() + 7) / 8
	prefix := digestInfo[hash]
	pad := size - 3 - len(prefix) - len(digest)
	s := new(big.Int).SetBytes(sig)
	if len(sig) != size || pad < 8 || prefix == "" || s.Cmp(pub.N) >= 0 {
		return false
	}
	want := append([]byte{0, 1}, bytes.Repeat([]byte{0xff}, pad)...)
	want = append(want, 0)
	want = append(want, prefix...)
	want = append(want, digest...)
	got := s.Exp(s, big.NewInt(int64(pub.E)), pub.N).FillBytes(make([]byte, size))
	return bytes.Equal(got, want)
}

// digestInfo is what stands before the digest in a PKCS #1 v1.5 signature (RFC 8017 section 9.2).
var digestInfo = map[crypto.Hash]string{
	crypto.MD5:    "\x30\x20\x30\x0c\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x05\x05\x00\x04\x10",
	crypto.SHA1:   "\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14",
	crypto.SHA256: "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20",
}
