package cert

import (
	//lint:ignore SA1019 nobody is to use DSA, but who still does is to be told so
	"crypto/dsa"
	"encoding/asn1"
	"math/big"
)

// dsaKey is a public key of a kind that no browser takes any more.
type dsaKey = dsa.PublicKey

// Bounds on what is computed with, as for RSA. They are the largest that FIPS 186-4 knew.
const (
	maxDSABits = 3072
	maxDSASub  = 256
)

// checkDSA checks a DSA signature (RFC 3279 section 2.2.2).
func checkDSA(pub *dsaKey, digest, sig []byte) bool {
	var rs struct{ R, S *big.Int }
	rest, err := asn1.Unmarshal(sig, &rs)
	if err != nil || len(rest) > 0 || pub.P.BitLen() > maxDSABits || pub.Q.BitLen() > maxDSASub {
		return false
	}
	// A digest longer than the subgroup counts with its leftmost bits (FIPS 186-4 section 4.6).
	if n := (pub.Q.BitLen() + 7) / 8; len(digest) > n {
		digest = digest[:n]
	}
	return dsa.Verify(pub, digest, rs.R, rs.S)
}
