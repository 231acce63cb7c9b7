package faults

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"io"
	"math/big"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cryptoasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// certificate and tbsCertificate are the structures of RFC 5280 section 4.1, to make what
// crypto/x509 rightly refuses to: weak signatures, old versions, doubled extensions.
type certificate struct {
	TBS       asn1.RawValue
	Algorithm pkix.AlgorithmIdentifier
	Signature asn1.BitString
}

type tbsCertificate struct {
	Version    int `asn1:"optional,explicit,default:0,tag:0"`
	Serial     *big.Int
	Algorithm  pkix.AlgorithmIdentifier
	Issuer     asn1.RawValue
	Validity   asn1.RawValue
	Subject    asn1.RawValue
	PublicKey  publicKeyInfo
	Extensions []pkix.Extension `asn1:"omitempty,optional,explicit,tag:3"`
}

type publicKeyInfo struct {
	Algorithm pkix.AlgorithmIdentifier
	Key       asn1.BitString
}

var (
	oidMD5RSA    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 4}
	oidSHA1RSA   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 5}
	oidSHA1ECDSA = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 1}
)

// resign takes a certificate apart, changes it as s asks, and signs it anew with signer.
func (p *PKI) resign(der []byte, s *Spec, signer crypto.Signer) []byte {
	var c certificate
	var t tbsCertificate
	_, err := asn1.Unmarshal(der, &c)
	if err == nil {
		_, err = asn1.Unmarshal(c.TBS.FullBytes, &t)
	}
	if err != nil {
		p.tb.Fatalf("faults: taking a certificate apart: %v", err)
	}
	if s.Change != nil {
		s.Change(&t)
	}
	var hash crypto.Hash
	t.Algorithm, hash = algorithm(t.Algorithm, s.Weak, signer)
	out, err := assemble(t, hash, signer)
	if err != nil {
		p.tb.Fatalf("faults: signing a changed certificate: %v", err)
	}
	return out
}

// algorithm names the signature of signer with the weak hash, or leaves what there was, which is
// with SHA-256 for all keys that sign here.
func algorithm(was pkix.AlgorithmIdentifier, weak crypto.Hash, signer crypto.Signer) (pkix.AlgorithmIdentifier, crypto.Hash) {
	_, isRSA := signer.(*rsa.PrivateKey)
	switch {
	case weak == crypto.MD5:
		return pkix.AlgorithmIdentifier{Algorithm: oidMD5RSA, Parameters: asn1.NullRawValue}, weak
	case weak == crypto.SHA1 && isRSA:
		return pkix.AlgorithmIdentifier{Algorithm: oidSHA1RSA, Parameters: asn1.NullRawValue}, weak
	case weak == crypto.SHA1:
		return pkix.AlgorithmIdentifier{Algorithm: oidSHA1ECDSA}, weak
	}
	return was, crypto.SHA256
}

func assemble(t tbsCertificate, hash crypto.Hash, signer crypto.Signer) ([]byte, error) {
	tbs, err := asn1.Marshal(t)
	if err != nil {
		return nil, err
	}
	h := hash.New()
	h.Write(tbs)
	sig, err := signer.Sign(rand.Reader, h.Sum(nil), hash)
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(certificate{
		TBS:       asn1.RawValue{FullBytes: tbs},
		Algorithm: t.Algorithm,
		Signature: asn1.BitString{Bytes: sig, BitLength: 8 * len(sig)},
	})
}

// badSignature returns the certificate with its last byte, which belongs to the signature, turned.
func (id *Identity) badSignature() *Identity {
	der := slices.Clone(id.DER)
	der[len(der)-1] ^= 1
	return &Identity{Certificate: id.Certificate, DER: der, Key: id.Key}
}

// impostor signs with one key and shows another: crypto/tls picks the signature scheme by what is
// shown, and so serves certificates whose keys it would refuse.
type impostor struct {
	crypto.Signer
	shown crypto.PublicKey
}

func (i impostor) Public() crypto.PublicKey { return i.shown }

// shownAs has the key k pass for one of another kind.
func (p *PKI) shownAs(kind string, k crypto.Signer) crypto.Signer {
	return impostor{Signer: k, shown: p.Key(kind, "leaf").Public()}
}

// tinyRSA is an RSA key of 512 bits, which crypto/rsa neither makes nor signs with.
type tinyRSA struct {
	pub rsa.PublicKey
	d   *big.Int
}

func newTinyRSA() (*tinyRSA, error) {
	p, err := rand.Prime(rand.Reader, 256)
	if err != nil {
		return nil, err
	}
	q, err := rand.Prime(rand.Reader, 256)
	if err != nil {
		return nil, err
	}
	one := big.NewInt(1)
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	d := new(big.Int).ModInverse(big.NewInt(65537), phi)
	if d == nil {
		return nil, errors.New("65537 divides phi")
	}
	return &tinyRSA{pub: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 65537}, d: d}, nil
}

func (k *tinyRSA) Public() crypto.PublicKey { return &k.pub }

// Sign makes a PKCS #1 v1.5 signature of a SHA-256 digest (RFC 8017 section 8.2).
func (k *tinyRSA) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if opts.HashFunc() != crypto.SHA256 {
		return nil, errors.New("512 bits leave room for SHA-256 only")
	}
	info := append([]byte{0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20}, digest...)
	size := (k.pub.N.BitLen() + 7) / 8
	em := append([]byte{0, 1}, slices.Repeat([]byte{0xff}, size-len(info)-3)...)
	em = append(append(em, 0), info...)
	m := new(big.Int).SetBytes(em)
	return m.Exp(m, k.d, k.pub.N).FillBytes(make([]byte, size)), nil
}

// certsOnly is PKCS #7 signed data with certificates and without signatures (RFC 5652 section 5.1).
func certsOnly(certs ...[]byte) []byte {
	tag := cryptoasn1.Tag(0).Constructed().ContextSpecific()
	empty := func(*cryptobyte.Builder) {}
	var b cryptobyte.Builder
	b.AddASN1(cryptoasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}) // signed data
		b.AddASN1(tag, func(b *cryptobyte.Builder) {
			b.AddASN1(cryptoasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1Int64(1)
				b.AddASN1(cryptoasn1.SET, empty)
				b.AddASN1(cryptoasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}) // data, of which there is none
				})
				b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes(bytes.Join(certs, nil)) })
				b.AddASN1(cryptoasn1.SET, empty)
			})
		})
	})
	return b.BytesOrPanic()
}
