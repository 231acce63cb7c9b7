package browser

import (
	"crypto/rsa"
	"crypto/x509"

	"ws-diagnose/plugin/trace"
)

// Names of mozilla::pkix and NSS for what is wrong with a certificate.
const (
	pkixSelfSigned = "MOZILLA_PKIX_ERROR_SELF_SIGNED_CERT"
	pkixUnknown    = "SEC_ERROR_UNKNOWN_ISSUER"
	pkixCritical   = "SEC_ERROR_UNKNOWN_CRITICAL_EXTENSION"
	pkixSigAlg     = "SEC_ERROR_CERT_SIGNATURE_ALGORITHM_DISABLED"
	pkixKeySize    = "MOZILLA_PKIX_ERROR_INADEQUATE_KEY_SIZE"
	pkixKeyUsage   = "SEC_ERROR_INADEQUATE_KEY_USAGE"
	pkixCAAsEE     = "MOZILLA_PKIX_ERROR_CA_CERT_USED_AS_END_ENTITY"
	pkixCertType   = "SEC_ERROR_INADEQUATE_CERT_TYPE"
	pkixExpired    = "SEC_ERROR_EXPIRED_CERTIFICATE"
	pkixFuture     = "MOZILLA_PKIX_ERROR_NOT_YET_VALID_CERTIFICATE"
	pkixCAExpired  = "SEC_ERROR_EXPIRED_ISSUER_CERTIFICATE"
	pkixCAFuture   = "MOZILLA_PKIX_ERROR_NOT_YET_VALID_ISSUER_CERTIFICATE"
	pkixNotCA      = "SEC_ERROR_CA_CERT_INVALID"
	pkixV1CA       = "MOZILLA_PKIX_ERROR_V1_CERT_USED_AS_CA"
	pkixDomain     = "SSL_ERROR_BAD_CERT_DOMAIN"
)

// firefoxOverridable are the errors whose page lets the user go on (PSM's list of overridable
// errors; path length, usages and the like measured without).
var firefoxOverridable = map[string]bool{
	pkixSelfSigned: true, pkixUnknown: true, pkixSigAlg: true, pkixKeySize: true, pkixCAAsEE: true,
	pkixExpired: true, pkixFuture: true, pkixCAExpired: true, pkixCAFuture: true,
	pkixNotCA: true, pkixV1CA: true, pkixDomain: true,
}

// firefoxCertificate: mozilla::pkix reports one error of the chain; only where that is a date of
// the leaf, or nothing, the name comes first (cases self-signed-wrong-hostname,
// untrusted-ca-wrong-hostname, and name with date).
func firefoxCertificate(t *trace.Trace) *refusal {
	c := chainOf(t)
	if c == nil {
		return nil
	}
	err := c.firefoxPath()
	if c.nameless && (err == "" || err == pkixExpired || err == pkixFuture) {
		err = pkixDomain
	}
	if err == "" {
		return nil
	}
	return &refusal{err, firefoxOverridable[err]}
}

// firefoxPath is the order of mozilla::pkix: what makes the leaf unreadable; then, link by link
// upwards, the issuers; then the lack of a trusted one; then, back down, what holds only together;
// and the leaf's own faults last of all, because they are kept until a chain has been found.
func (c *chain) firefoxPath() string {
	if c.at(0, trace.FaultCritical) {
		return pkixCritical
	}
	if c.AnchorLeaf {
		return c.firefoxLeaf()
	}
	if c.Leaf.SelfSigned {
		return pkixSelfSigned
	}
	if err := c.firefoxIssuers(); err != "" {
		return err
	}
	switch {
	case !c.Trusted && !c.has(trace.FaultSignature):
		return pkixUnknown
	case c.has(trace.FaultNameConstraint):
		return "SEC_ERROR_CERT_NOT_IN_NAME_SPACE"
	case c.has(trace.FaultSignature):
		return "SEC_ERROR_BAD_SIGNATURE"
	case c.StapleStatus == "revoked":
		return "SEC_ERROR_REVOKED_CERTIFICATE"
	case c.StapleStatus == "unknown":
		return "SEC_ERROR_OCSP_UNKNOWN_CERT"
	case firefoxStaples[c.StapleFault] != "":
		return firefoxStaples[c.StapleFault]
	}
	return c.firefoxLeaf()
}

// firefoxStaples: cases staple-garbage, staple-old; the third as in mozilla::pkix.
var firefoxStaples = map[trace.StapleFaultKind]string{
	trace.StapleUnusable: "SEC_ERROR_OCSP_MALFORMED_RESPONSE",
	trace.StapleOld:      "SEC_ERROR_OCSP_OLD_RESPONSE",
	trace.StapleEarly:    "SEC_ERROR_OCSP_FUTURE_RESPONSE",
}

// firefoxIssuers is the first fault of the links above the leaf. One with a critical extension
// that nobody knows counts as not there.
func (c *chain) firefoxIssuers() string {
	for i := 1; i < len(c.Chain); i++ {
		switch {
		case c.at(i, trace.FaultCritical):
			return pkixUnknown
		case c.at(i, trace.FaultWeakSignature):
			return pkixSigAlg
		case c.at(i, trace.FaultWeakKey) && smallRSA(c.Chain[i]):
			return pkixKeySize
		case c.at(i, trace.FaultCAUsage):
			return pkixKeyUsage
		case c.at(i, trace.FaultVersion):
			return pkixV1CA
		case c.at(i, trace.FaultNotCA):
			return pkixNotCA
		case c.at(i, trace.FaultPathLen):
			return "SEC_ERROR_PATH_LEN_CONSTRAINT_INVALID"
		case c.at(i, trace.FaultEKUNesting):
			return pkixCertType
		case c.at(i, trace.FaultExpired):
			return pkixCAExpired
		case c.at(i, trace.FaultNotYetValid):
			return pkixCAFuture
		}
	}
	return ""
}

// serverUsages are the key usages of which a server's certificate needs one, whatever the key
// exchange.
const serverUsages = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageKeyAgreement

// firefoxLeaf is what the leaf has against itself: cases keyusage-certsign-only,
// eku-missing-serverauth, ca-signed-expired; CA:TRUE, anyExtendedKeyUsage alone and must-staple as
// tried, and their order as tried in pairs.
func (c *chain) firefoxLeaf() string {
	switch {
	case c.at(0, trace.FaultWeakSignature) && !c.AnchorLeaf:
		return pkixSigAlg
	case smallRSA(c.Leaf):
		return pkixKeySize
	case c.Leaf.HasKeyUsage && c.Leaf.KeyUsage&serverUsages == 0:
		return pkixKeyUsage
	case c.Leaf.IsCA:
		return pkixCAAsEE
	case !c.serves(false):
		return pkixCertType
	case c.Leaf.MustStaple && c.StapleStatus != "good":
		return "MOZILLA_PKIX_ERROR_REQUIRED_TLS_FEATURE_MISSING"
	case c.expired():
		return pkixExpired
	case c.notYetValid():
		return pkixFuture
	}
	return ""
}

// smallRSA: mozilla::pkix wants 1024 bits (case weak-rsa-1024 opens).
func smallRSA(c trace.Cert) bool {
	if c.Certificate == nil {
		return false
	}
	k, ok := c.PublicKey.(*rsa.PublicKey)
	return ok && k.N != nil && k.N.BitLen() < 1024
}
