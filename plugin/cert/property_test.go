package cert

import (
	"crypto/x509"
	"net"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// defects are what a random chain may suffer from, each harmful or not depending on where it is.
var defects = map[string]change{
	"expired":  func(c *x509.Certificate) { c.NotAfter = now.AddDate(0, 0, -1) },
	"not yet":  func(c *x509.Certificate) { c.NotBefore = now.AddDate(0, 0, 1) },
	"not a CA": func(c *x509.Certificate) { c.IsCA, c.MaxPathLenZero, c.KeyUsage = false, false, 0 },
	"no CA info": func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid, c.MaxPathLenZero, c.KeyUsage = false, false, false, 0
	},
	"path length": func(c *x509.Certificate) { c.MaxPathLenZero = c.IsCA },
	"usage":       func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature },
	"EKU client":  func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} },
	"EKU any":     func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageAny} },
	"EKU none":    func(c *x509.Certificate) { c.ExtKeyUsage = nil },
	"critical":    unknownCritical,
	"permits":     func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"example.com"} },
	"permits not": func(c *x509.Certificate) { c.PermittedDNSDomains = []string{".drp.example.com", "org"} },
	"excludes":    func(c *x509.Certificate) { c.ExcludedDNSDomains = []string{"drp.example.com"} },
	"permits IP":  func(c *x509.Certificate) { c.PermittedIPRanges = []*net.IPNet{cidr("10.0.0.0/24")} },
	"excludes IP": func(c *x509.Certificate) { c.ExcludedIPRanges = []*net.IPNet{cidr("10.0.0.0/8")} },
	"weak":        func(c *x509.Certificate) { c.SignatureAlgorithm = x509.ECDSAWithSHA1 },
	"wildcard":    func(c *x509.Certificate) { c.DNSNames = []string{"*.example.com"} },
	"other name":  func(c *x509.Certificate) { c.DNSNames = []string{"example.com"} },
	"no names":    func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = nil, nil },
	"no key id":   func(c *x509.Certificate) { c.SubjectKeyId = []byte{} },
}

// Go's verifier says yes to a random chain exactly when no fact that we find speaks against it.
func TestAgreesWithGo(t *testing.T) {
	names := make([]string, 0, len(defects))
	for name := range defects {
		names = append(names, name)
	}
	slices.Sort(names)
	verified, refused := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		roots, sent := randomChain(t, rt, names)
		c := examine(t, rootsOf(t, roots...), sent...)
		ours := Verified(c, "drp.example.com", now)
		err := verify(roots, sent)
		if ours != (err == nil) {
			rt.Errorf("verified: %v by us, by Go: %v\nchain %q, trusted %v, faults %q, names %+v",
				ours, err, chainOf(c), c.Trusted, faultsIn(c), c.Names)
		}
		if ours {
			verified++
		} else {
			refused++
		}
	})
	if !testing.Short() && (verified == 0 || refused == 0) {
		t.Errorf("%d chains verified, %d refused: the generator makes one kind only", verified, refused)
	}
}

// randomChain makes a chain of up to three intermediates with a few defects, cross-signs and
// strangers among what is sent, out of order and with gaps.
func randomChain(t *testing.T, rt *rapid.T, names []string) (roots, sent []*entity) {
	depth := rapid.IntRange(0, 3).Draw(rt, "intermediates")
	templates := []*x509.Certificate{caTemplate("root")}
	for i := range depth {
		templates = append(templates, caTemplate("ca"+string(rune('1'+i))))
	}
	templates = append(templates, leafTemplate())
	suffered := rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 2, rapid.ID[string]).Draw(rt, "defects")
	for _, name := range suffered {
		defects[name](templates[rapid.IntRange(0, len(templates)-1).Draw(rt, "at")])
	}
	var by *entity
	for i, c := range templates {
		e := issue(t, c, keys[i], by)
		if rapid.IntRange(0, 20).Draw(rt, "forged") == 20 {
			e = corrupt(t, e)
		}
		by = e
		sent = append(sent, e)
	}
	root, leaf, middle := sent[0], sent[len(sent)-1], sent[1:len(sent)-1]
	if rapid.Bool().Draw(rt, "cross-signed") {
		old := issue(t, caTemplate("old root"), keys[10], nil)
		cross := caTemplate("root")
		if rapid.Bool().Draw(rt, "cross-sign expired") {
			cross.NotAfter = now.AddDate(0, 0, -1)
		}
		middle = append(slices.Clone(middle), issue(t, cross, keys[0], old))
		roots = append(roots, old)
	}
	if rapid.IntRange(0, 4).Draw(rt, "root trusted") > 0 {
		roots = append(roots, root)
	}
	if len(middle) > 0 && rapid.IntRange(0, 5).Draw(rt, "gap") == 5 {
		middle = middle[1:]
	}
	return roots, append([]*entity{leaf}, rapid.Permutation(middle).Draw(rt, "order")...)
}

func verify(roots, sent []*entity) error {
	o := x509.VerifyOptions{
		DNSName: "drp.example.com", CurrentTime: now,
		Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, e := range roots {
		o.Roots.AddCert(e.Certificate)
	}
	for _, e := range sent[1:] {
		o.Intermediates.AddCert(e.Certificate)
	}
	_, err := sent[0].Verify(o)
	return err
}
