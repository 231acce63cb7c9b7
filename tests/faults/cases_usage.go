package faults

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"testing"
)

// certUsageCases are certificates that may not be used as a server's.
func certUsageCases() []Case {
	rsaOnly := []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}
	return []Case{
		{Name: "eku-missing-serverauth", Finding: "cert-wrong-usage", What: "EKU is codeSigning", Start: leaf(extUsage(x509.ExtKeyUsageCodeSigning))},
		{Name: "eku-client-auth-only", Finding: "cert-wrong-usage", What: "EKU is clientAuth", Start: leaf(extUsage(x509.ExtKeyUsageClientAuth))},
		{Name: "eku-any-only", Finding: "cert-wrong-usage", What: "EKU is anyExtendedKeyUsage alone", Start: leaf(extUsage(x509.ExtKeyUsageAny))},
		{Name: "eku-any-and-server", What: "EKU is serverAuth and any", Start: leaf(extUsage(x509.ExtKeyUsageAny, x509.ExtKeyUsageServerAuth))},
		{Name: "eku-absent", What: "no EKU: good for all", Start: leaf(extUsage())},
		{Name: "keyusage-absent", What: "no KeyUsage: good for all", Start: leaf(usage(0))},
		{Name: "keyusage-certsign-only", Finding: "cert-wrong-usage", What: "KeyUsage is keyCertSign", Start: leaf(usage(x509.KeyUsageCertSign))},
		{Name: "keyusage-certsign-too", What: "not a CA, but keyCertSign beside the usages of a server: browsers do not mind", Start: leaf(func(s *Spec) { s.KeyUsage |= x509.KeyUsageCertSign })},
		{Name: "keyusage-encipherment-ecdhe", Finding: "cert-wrong-usage", What: "no digitalSignature, which ECDHE needs", Start: leaf(key("rsa2048"), usage(x509.KeyUsageKeyEncipherment))},
		{Name: "keyusage-agreement-only", Finding: "cert-wrong-usage", What: "KeyUsage is keyAgreement", Start: leaf(usage(x509.KeyUsageKeyAgreement))},
		{Name: "keyusage-signature-rsa-kex", Finding: "cert-wrong-usage", What: "no keyEncipherment, which RSA key exchange needs", Start: rsaExchange(rsaOnly, usage(x509.KeyUsageDigitalSignature))},
		{Name: "keyusage-encipherment-rsa-kex", What: "keyEncipherment alone does for RSA key exchange", Start: rsaExchange(rsaOnly, usage(x509.KeyUsageKeyEncipherment))},
		{Name: "self-signed-eku-wrong", Finding: "cert-wrong-usage", What: "self-signed, EKU is clientAuth", Start: selfSigned(extUsage(x509.ExtKeyUsageClientAuth))},
		{Name: "ca-as-leaf-self-signed", Finding: "cert-self-signed", What: "CA:TRUE and self-signed, as openssl req -x509 makes it", Start: selfSigned(asCA)},
		{Name: "ca-as-leaf-trusted", Finding: "cert-ca-as-leaf", What: "CA:TRUE, signed by the trusted root", Start: leaf(asCA)},
		{Name: "ca-as-leaf-is-root", Finding: "cert-ca-as-leaf", What: "CA:TRUE, self-signed and itself a trusted root", Start: trustedSelf("trusted CA", asCA)},
	}
}

// asCA marks a server certificate as that of a CA.
func asCA(s *Spec) { s.IsCA, s.KeyUsage = true, s.KeyUsage|x509.KeyUsageCertSign }

// rsaExchange starts a TLS 1.2 server with an RSA certificate that speaks these suites alone.
func rsaExchange(suites []uint16, edits ...Edit) starter {
	return tlsWith(func(p *PKI, cfg *tls.Config) {
		cfg.Certificates = []tls.Certificate{p.Mint(p.Root, append([]Edit{key("rsa2048")}, edits...)...).Serve()}
		cfg.MaxVersion, cfg.CipherSuites = tls.VersionTLS12, suites
	})
}

// certKeyCases are keys, signatures and validities that are too weak or too long.
func certKeyCases() []Case {
	return []Case{
		{Name: "key-rsa-3072", What: "RSA 3072", Start: leaf(key("rsa3072"))},
		{Name: "key-rsa-4096", What: "RSA 4096", Start: leaf(key("rsa4096"))},
		{Name: "key-p384", What: "ECDSA P-384, DRP's default", Start: leaf(key("p384"))},
		{Name: "key-p521", Finding: "tls-cipher", What: "ECDSA P-521, which Chromium refuses", Start: leaf(key("p521"))},
		{Name: "key-ed25519", Finding: "tls-cipher", What: "Ed25519, which browsers refuse", Start: leaf(key("ed25519"))},
		{Name: "key-p224", Finding: "cert-weak-key", What: "ECDSA P-224, which browsers refuse", Start: disguised("p224", "p256")},
		{Name: "weak-rsa-512", Finding: "cert-weak-key", What: "RSA 512", Start: disguised("rsa512", "rsa1024")},
		{Name: "weak-rsa-1024", Finding: "cert-weak-key", What: "RSA 1024 from the trusted root", Start: leaf(key("rsa1024"))},
		{Name: "weak-rsa-1024-self-signed", Finding: "cert-weak-key", What: "RSA 1024, self-signed", Start: selfSigned(key("rsa1024"))},
		{Name: "weak-rsa-2047", Finding: "cert-weak-key", What: "RSA 2047, one bit short", Start: leaf(key("rsa2047"))},
		{Name: "weak-intermediate-rsa-1024", Finding: "cert-weak-key", What: "the intermediate has RSA 1024", Start: below("rsa 1024", key("rsa1024"))},
		{Name: "signature-pss", What: "signed with RSA-PSS", Start: leaf(func(s *Spec) { s.SignatureAlgorithm = x509.SHA256WithRSAPSS })},
		{Name: "signature-sha1", Finding: "cert-weak-signature", What: "the leaf is signed with SHA-1", Start: leaf(weak(crypto.SHA1))},
		{Name: "signature-md5", Finding: "cert-weak-signature", What: "the leaf is signed with MD5", Start: leaf(weak(crypto.MD5))},
		{Name: "signature-sha1-ecdsa", Finding: "cert-weak-signature", What: "signed with ECDSA and SHA-1", Start: chain(func(p *PKI) []*Identity {
			i := p.Intermediate("ecdsa")
			return []*Identity{p.Mint(i, weak(crypto.SHA1)), i}
		})},
		{Name: "signature-sha1-intermediate", Finding: "cert-weak-signature", What: "the intermediate is signed with SHA-1", Start: below("sha1", weak(crypto.SHA1))},
		{Name: "signature-sha1-root", What: "the trusted root is signed with SHA-1: nobody checks that", Start: trusting(func(p *PKI) (served, roots []*Identity) {
			root := p.Mint(nil, ca("sha1 root"), key("rsa2048"), weak(crypto.SHA1))
			return []*Identity{p.Mint(root)}, []*Identity{root}
		})},
		{Name: "signature-sha1-self-signed", Finding: "cert-self-signed", What: "self-signed with SHA-1: browsers do not look at a signature that proves nothing", Start: selfSigned(key("rsa2048"), weak(crypto.SHA1))},
		{Name: "validity-826-days", Finding: "cert-validity-too-long", What: "a day longer than Apple takes", Start: leaf(valid(-1, 825))},
		{Name: "validity-10-years", Finding: "cert-validity-too-long", What: "ten years", Start: leaf(valid(-1, 3650))},
		{Name: "validity-40-years", Finding: "cert-validity-too-long", What: "40 years: a date after 2050, GeneralizedTime", Start: leaf(valid(-1, 14610))},
		{Name: "x509-garbage", Finding: "tls-key-mismatch", What: "the certificate is not DER", Start: broken(func([]byte) []byte { return []byte("this is no certificate") })},
		{Name: "x509-truncated", Finding: "tls-key-mismatch", What: "the certificate's second half is missing", Start: broken(func(der []byte) []byte { return der[:len(der)/2] })},
		{Name: "x509-trailing-bytes", Finding: "tls-key-mismatch", What: "bytes stand behind the certificate", Start: broken(func(der []byte) []byte { return append(der[:len(der):len(der)], 1, 2, 3) })},
		{Name: "x509-doubled-extension", Finding: "tls-key-mismatch", What: "an extension stands there twice", Start: leaf(change(func(t *tbsCertificate) {
			t.Extensions = append(t.Extensions, t.Extensions[0])
		}))},
		{Name: "key-mismatch", Finding: "tls-key-mismatch", What: "the key belongs to another certificate (TLS 1.3)", Start: mismatched(tls.VersionTLS13)},
		{Name: "key-mismatch-tls12", Finding: "tls-key-mismatch", What: "the same in TLS 1.2", Start: mismatched(tls.VersionTLS12)},
	}
}

// disguised starts a TLS 1.2 server with a key that crypto/tls takes for one of another kind.
func disguised(kind, as string) starter {
	return func(tb testing.TB, pki *PKI) *Server {
		c := pki.Mint(pki.Root, key(kind)).Serve()
		c.PrivateKey = pki.shownAs(as, c.PrivateKey.(crypto.Signer))
		c.SupportedSignatureAlgorithms = []tls.SignatureScheme{tls.PKCS1WithSHA256, tls.ECDSAWithP256AndSHA256}
		cfg := config(c)
		cfg.MaxVersion = tls.VersionTLS12
		return listen(tb, overTLS(cfg, healthy))
	}
}

// broken starts a server whose certificate went through f.
func broken(f func(der []byte) []byte) starter {
	return tlsWith(func(p *PKI, cfg *tls.Config) {
		cfg.Certificates[0].Certificate = [][]byte{f(p.Mint(p.Root).DER)}
	})
}

// mismatched starts a server whose key does not belong to its certificate.
func mismatched(version uint16) starter {
	return tlsWith(func(p *PKI, cfg *tls.Config) {
		cfg.Certificates[0].PrivateKey = p.Key("p256", "stranger")
		cfg.MinVersion, cfg.MaxVersion = version, version
	})
}
