package faults

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// certChainCases are faults between the server's certificate and the root.
func certChainCases() []Case {
	return []Case{
		{Name: "incomplete-chain", Finding: "cert-unknown-issuer", What: "intermediate never sent, no address given", Start: chain(func(p *PKI) []*Identity {
			return []*Identity{p.Mint(p.Intermediate("never sent"))}
		})},
		{Name: "incomplete-chain-aia", Finding: "cert-chain-incomplete", Check: Check{FetchIssuer: true}, What: "not sent, but its address (AIA) delivers it", Start: fetchable("aia", serveDER)},
		{Name: "incomplete-chain-aia-pem", Finding: "cert-chain-incomplete", Check: Check{FetchIssuer: true}, What: "the address delivers PEM", Start: fetchable("aia pem", servePEM)},
		{Name: "incomplete-chain-aia-p7c", Finding: "cert-chain-incomplete", Check: Check{FetchIssuer: true}, What: "the address delivers PKCS #7 with two certificates", Start: fetchable("aia p7c", serveP7C)},
		{Name: "incomplete-chain-aia-dead", Finding: "cert-unknown-issuer", Check: Check{FetchIssuer: true}, What: "the address answers 404", Start: fetchable("aia dead", serveNothing)},
		{Name: "incomplete-chain-aia-garbage", Finding: "cert-unknown-issuer", Check: Check{FetchIssuer: true}, What: "the address delivers no certificate", Start: fetchable("aia garbage", serveGarbage)},
		{Name: "incomplete-chain-aia-silent", Finding: "cert-unknown-issuer", Check: Check{FetchIssuer: true}, What: "the address accepts and never answers", Start: fetchable("aia silent", serveSilence)},
		{Name: "incomplete-chain-aia-stranger", Finding: "cert-unknown-issuer", Check: Check{FetchIssuer: true}, What: "the address delivers another certificate", Start: fetchable("aia stranger", serveStranger)},
		{Name: "intermediate-expired", Finding: "cert-chain-expired", What: "the intermediate has expired", Start: below("expired", valid(-800, -10))},
		{Name: "intermediate-not-yet-valid", Finding: "cert-chain-expired", What: "the intermediate is valid from tomorrow on", Start: below("early", valid(1, 800))},
		{Name: "root-expired", Finding: "cert-chain-expired", What: "the trusted root itself has expired", Start: trusting(func(p *PKI) (served, roots []*Identity) {
			root := p.Mint(nil, ca("expired root"), valid(-3000, -20))
			return []*Identity{p.Mint(root)}, []*Identity{root}
		})},
		{Name: "intermediate-not-ca", Finding: "cert-chain-invalid", What: "the issuer is not marked as CA", Start: below("not ca", notCA)},
		{Name: "intermediate-no-constraints", Finding: "cert-chain-invalid", What: "the issuer has no basic constraints at all", Start: below("no constraints", func(s *Spec) {
			s.IsCA, s.BasicConstraintsValid, s.KeyUsage = false, false, 0
		})},
		{Name: "issued-by-leaf", Finding: "cert-chain-invalid", What: "a server certificate was used as CA", Start: chain(func(p *PKI) []*Identity {
			i := p.Mint(p.Root, keyName("ambitious"), cn("ambitious.example"), dns("ambitious.example"))
			return []*Identity{p.Mint(i), i}
		})},
		{Name: "intermediate-no-certsign", Finding: "cert-chain-invalid", What: "the issuer may not sign certificates (KeyUsage)", Start: below("no certsign", usage(x509.KeyUsageCRLSign))},
		{Name: "intermediate-wrong-eku", Finding: "cert-chain-invalid", What: "the issuer is for e-mail only (EKU)", Start: below("mail", extUsage(x509.ExtKeyUsageEmailProtection))},
		{Name: "intermediate-v1", Finding: "cert-chain-invalid", What: "the issuer is an X.509 v1 certificate", Start: below("v1", change(version1))},
		{Name: "pathlen-exceeded", Finding: "cert-chain-invalid", What: "path length 0, and yet a CA below it", Start: chain(func(p *PKI) []*Identity {
			upper := p.Intermediate("upper, pathlen 0", pathLen(0))
			lower := p.Mint(upper, ca("lower, below pathlen 0"))
			return []*Identity{p.Mint(lower), lower, upper}
		})},
		{Name: "name-constraint-other", Finding: "cert-chain-invalid", What: "the issuer may name example.org only", Start: below("example.org only", permitDNS("example.org"))},
		{Name: "name-constraint-excluded", Finding: "cert-chain-invalid", What: "zoo.test is excluded by the issuer", Start: below("not zoo.test", func(s *Spec) {
			s.ExcludedDNSDomains, s.PermittedDNSDomainsCritical = []string{DefaultHost}, true
		})},
		{Name: "name-constraint-address", Host: "127.0.0.1", Finding: "cert-chain-invalid", What: "the issuer may name 10.0.0.0/8 only", Start: below("10/8 only", func(s *Spec) {
			s.PermittedIPRanges = []*net.IPNet{{IP: net.IPv4(10, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)}}
			s.PermittedDNSDomainsCritical = true
		})},
		{Name: "leaf-bad-signature", Finding: "cert-chain-invalid", What: "one bit of the leaf's signature is wrong", Start: chain(func(p *PKI) []*Identity {
			return []*Identity{p.Mint(p.Root).badSignature()}
		})},
		{Name: "intermediate-bad-signature", Finding: "cert-chain-invalid", What: "one bit of the intermediate's signature is wrong", Start: chain(func(p *PKI) []*Identity {
			i := p.Intermediate("bad signature")
			return []*Identity{p.Mint(i), i.badSignature()}
		})},
		{Name: "chain-115kib", Finding: "cert-chain-invalid", What: "115 KiB of certificates, more than Chromium takes", Start: chain(bulky(115 * kib))},
		{Name: "chain-200kib", Finding: "cert-chain-invalid", What: "200 KiB of certificates, more than any browser takes", Start: chain(bulky(200 * kib))},
		{Name: "chain-300kib", Finding: "cert-chain-invalid", What: "300 KiB of certificates, more than crypto/tls takes", Start: chain(bulky(300 * kib))},
		{Name: "leaf-unknown-critical", Finding: "cert-chain-invalid", What: "a critical extension of the leaf that nobody knows", Start: leaf(unknownCritical())},
		{Name: "intermediate-unknown-critical", Finding: "cert-chain-invalid", What: "the same in the intermediate", Start: below("critical", unknownCritical())},
	}
}

func notCA(s *Spec) { s.IsCA, s.KeyUsage = false, x509.KeyUsageDigitalSignature }

// version1 makes it the version of 1988, which has no extensions.
func version1(t *tbsCertificate) { t.Version, t.Extensions = 0, []pkix.Extension(nil) }

// fetchable starts a server that keeps its intermediate back but names an address for it, and the
// web server at that address.
func fetchable(name string, serve func(*PKI, *Identity) http.HandlerFunc) starter {
	return func(tb testing.TB, pki *PKI) *Server {
		i := pki.Intermediate(name)
		web := httptest.NewServer(serve(pki, i))
		tb.Cleanup(web.Close)
		id := pki.Mint(i, fetchAt(web.URL+"/issuer.crt"))
		return listen(tb, overTLS(config(id.Serve()), healthy))
	}
}

func serveDER(_ *PKI, i *Identity) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/pkix-cert")
		w.Write(i.DER)
	}
}

func servePEM(_ *PKI, i *Identity) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.Write(i.PEM()) }
}

// serveP7C delivers as public authorities do who have more than one certificate for a name.
func serveP7C(p *PKI, i *Identity) http.HandlerFunc {
	der := certsOnly(p.Root.DER, i.DER)
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/pkcs7-mime")
		w.Write(der)
	}
}

func serveNothing(*PKI, *Identity) http.HandlerFunc { return http.NotFound }

func serveGarbage(*PKI, *Identity) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>moved</html>") }
}

// serveSilence answers nothing until the client goes away.
func serveSilence(*PKI, *Identity) http.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
}

func serveStranger(p *PKI, _ *Identity) http.HandlerFunc {
	return serveDER(p, p.Mint(nil, ca("stranger at an address")))
}

// bulky is the faultless leaf with so many others that all together have about n bytes.
func bulky(n int) func(*PKI) []*Identity {
	return func(p *PKI) []*Identity { return crowdOf(p, n/(len(p.Leaf().DER)+3)) }
}
