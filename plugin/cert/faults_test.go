package cert

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"
)

// change is what a case does to one of the templates.
type change func(c *x509.Certificate)

// chainWith makes root, intermediate and leaf, each changed, and examines them. A nil change leaves
// a template as it is.
func chainWith(t *testing.T, root, mid, leaf change) (faults string, first string) {
	t.Helper()
	r, m, l := caTemplate("root"), caTemplate("mid"), leafTemplate()
	for template, change := range map[*x509.Certificate]change{r: root, m: mid, l: leaf} {
		if change != nil {
			change(template)
		}
	}
	re := issue(t, r, keys[0], nil)
	me := issue(t, m, keys[1], re)
	c := examine(t, rootsOf(t, re), issue(t, l, keys[2], me), me)
	if !c.Trusted {
		t.Error("trust is judged apart from faults, but the chain is not trusted")
	}
	if len(c.Faults) > 0 {
		first = c.Faults[0].Detail
	}
	return faultsIn(c), first
}

func unknownCritical(c *x509.Certificate) {
	c.ExtraExtensions = append(c.ExtraExtensions,
		pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}})
}

// directoryNames adds critical constraints on directory names alone.
func directoryNames(c *x509.Certificate) {
	value := []byte{0x30, 0x0a, 0xa0, 0x08, 0x30, 0x06, 0xa4, 0x04, 0x30, 0x02, 0x31, 0x00}
	c.ExtraExtensions = append(c.ExtraExtensions,
		pkix.Extension{Id: oidNameConstraints, Critical: true, Value: value})
}

func cidr(text string) *net.IPNet {
	_, n, err := net.ParseCIDR(text)
	if err != nil {
		panic(err)
	}
	return n
}

func TestFaults(t *testing.T) {
	permit := func(domains ...string) change {
		return func(c *x509.Certificate) { c.PermittedDNSDomains = domains }
	}
	exclude := func(domains ...string) change {
		return func(c *x509.Certificate) { c.ExcludedDNSDomains = domains }
	}
	names := func(names ...string) change { return func(c *x509.Certificate) { c.DNSNames = names } }
	cases := []struct {
		name            string
		root, mid, leaf change
		faults, detail  string
	}{
		{"none", nil, nil, nil, "", ""},
		{"leaf's own dates are not repeated", nil, nil, func(c *x509.Certificate) { c.NotAfter = now.Add(-1e9) }, "", ""},
		{"intermediate expired", nil, func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Hour) }, nil,
			"1 expired", "since 2026-11-22T11:00:00Z"},
		{"root expired", func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Hour) }, nil, nil, "2 expired", "since"},
		{"root not yet valid", func(c *x509.Certificate) { c.NotBefore = now.Add(time.Hour) }, nil, nil,
			"2 not-yet-valid", "until 2026-11-22T13:00:00Z"},
		{"in date to the second", nil, func(c *x509.Certificate) { c.NotAfter = now }, nil, "", ""},
		{"intermediate is no CA", nil, func(c *x509.Certificate) { c.IsCA, c.KeyUsage = false, 0 }, nil, "1 not-a-ca", "CA:FALSE"},
		{"no basic constraints", nil, func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = false, false }, nil,
			"1 not-a-ca", "no basic constraints"},
		{"root is no CA", func(c *x509.Certificate) { c.IsCA, c.KeyUsage = false, 0 }, nil, nil, "2 not-a-ca", ""},
		{"path length", func(c *x509.Certificate) { c.MaxPathLenZero = true }, nil, nil,
			"2 path-length", "allows 0 CAs below itself, has 1"},
		{"path length kept", func(c *x509.Certificate) { c.MaxPathLen = 1 },
			func(c *x509.Certificate) { c.MaxPathLenZero = true }, nil, "", ""},
		{"no keyCertSign", nil, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign }, nil, "1 no-cert-sign", ""},
		{"no key usage at all", nil, func(c *x509.Certificate) { c.KeyUsage = 0 }, nil, "", ""},
		{"usage of the issuer", nil,
			func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning} }, nil, "1 issuer-eku", ""},
		{"any usage of the issuer", nil,
			func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageAny} }, nil, "", ""},
		{"unknown critical in the leaf", nil, nil, unknownCritical, "0 unknown-critical", "1.2.3.4"},
		{"unknown critical in the root", unknownCritical, nil, nil, "2 unknown-critical", "1.2.3.4"},
		{"directory names are known", nil, directoryNames, nil, "", ""},
		{"keyCertSign on the leaf", nil, nil, func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageCertSign },
			"0 cert-sign-on-leaf", ""},
		{"permitted", permit("example.com"), nil, nil, "", ""},
		{"permitted, other case", permit("EXAMPLE.com"), nil, names("DRP.example.COM"), "", ""},
		{"permitted, itself", permit("drp.example.com"), nil, nil, "", ""},
		{"permitted, below a dot", permit(".example.com"), nil, nil, "", ""},
		{"not itself, below a dot", permit(".drp.example.com"), nil, nil, "2 name-constraint", ""},
		{"not permitted", nil, permit("example.org", "example.net"), nil,
			"1 name-constraint", "drp.example.com is not within example.org, example.net"},
		{"not a label's end", permit("ample.com"), nil, nil, "2 name-constraint", ""},
		{"one of two is outside", permit("example.com"), nil, names("drp.example.com", "drp.example.org"),
			"2 name-constraint", "drp.example.org is not within example.com"},
		{"excluded", exclude("example.com"), nil, nil, "2 name-constraint", "drp.example.com is excluded by example.com"},
		{"excluded before permitted", func(c *x509.Certificate) {
			c.PermittedDNSDomains, c.ExcludedDNSDomains = []string{"example.com"}, []string{"drp.example.com"}
		}, nil, nil, "2 name-constraint", ""},
		{"excluded elsewhere", exclude("example.org"), nil, nil, "", ""},
		{"wildcard reaches into the excluded", exclude("drp.example.com"), nil, names("*.example.com"), "2 name-constraint", ""},
		{"wildcard does not reach deeper", exclude("a.drp.example.com"), nil, names("*.example.com"), "", ""},
		{"both of two issuers", permit("example.org"), exclude("example.com"), nil,
			"1 name-constraint, 2 name-constraint", ""},
		{"address permitted", func(c *x509.Certificate) { c.PermittedIPRanges = []*net.IPNet{cidr("10.0.0.0/8")} }, nil, nil, "", ""},
		{"address not permitted", func(c *x509.Certificate) { c.PermittedIPRanges = []*net.IPNet{cidr("192.168.0.0/16")} },
			nil, nil, "2 name-constraint", "10.0.0.5 is not within 192.168.0.0/16"},
		{"address excluded", func(c *x509.Certificate) { c.ExcludedIPRanges = []*net.IPNet{cidr("10.0.0.4/30")} },
			nil, nil, "2 name-constraint", "10.0.0.5 is excluded by 10.0.0.4/30"},
		{"address of the other family", func(c *x509.Certificate) { c.ExcludedIPRanges = []*net.IPNet{cidr("::/0")} },
			nil, nil, "", ""},
		{"all at once", func(c *x509.Certificate) { c.NotAfter, c.MaxPathLenZero = now.Add(-1e9), true },
			func(c *x509.Certificate) { c.IsCA, c.KeyUsage = false, x509.KeyUsageCRLSign }, unknownCritical,
			"0 unknown-critical, 1 not-a-ca, 1 no-cert-sign, 2 expired, 2 path-length", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			faults, detail := chainWith(t, c.root, c.mid, c.leaf)
			if faults != c.faults {
				t.Errorf("faults %q, want %q", faults, c.faults)
			}
			if !strings.Contains(detail, c.detail) {
				t.Errorf("detail %q, want %q in it", detail, c.detail)
			}
		})
	}
}

// A self-issued certificate, as made when a CA changes its key, does not count against a path length.
func TestSelfIssuedDoesNotCount(t *testing.T) {
	r := caTemplate("root")
	r.MaxPathLenZero = true
	root := issue(t, r, keys[0], nil)
	rollover := issue(t, caTemplate("root"), keys[1], root)
	leaf := issue(t, leafTemplate(), keys[2], rollover)
	if c := examine(t, rootsOf(t, root), leaf, rollover); !c.Trusted || len(c.Faults) > 0 {
		t.Errorf("trusted %v, faults %q", c.Trusted, faultsIn(c))
	}
}

// More names outside the constraints than anybody reads are counted.
func TestManyNamesOutside(t *testing.T) {
	var names []string
	for c := 'a'; c < 'a'+12; c++ {
		names = append(names, string(c)+".example.com")
	}
	faults, _ := chainWith(t, func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"example.org"} }, nil,
		func(c *x509.Certificate) { c.DNSNames = names })
	if n := strings.Count(faults, "name-constraint"); n != maxNamed+1 {
		t.Errorf("%d faults, want %d", n, maxNamed+1)
	}
}

func TestWeakSignatures(t *testing.T) {
	key := rsaKey(t, 2048)
	weak := func(c *x509.Certificate) *x509.Certificate {
		c.SignatureAlgorithm = x509.SHA1WithRSA
		return c
	}
	root := issue(t, weak(caTemplate("root")), key, nil)
	mid := issue(t, weak(caTemplate("mid")), key, root)
	leaf := issue(t, leafTemplate(), key, mid)
	md5Leaf := resign(t, leaf, key, crypto.MD5, 4)
	self := issue(t, weak(leafTemplate()), key, nil)
	cases := []struct {
		name   string
		sent   []*entity
		faults string
	}{
		{"intermediate and leaf, not root", []*entity{md5Leaf, mid}, "0 weak-signature, 1 weak-signature"},
		{"intermediate", []*entity{leaf, mid}, "1 weak-signature"},
		{"self-signed: proves nothing anyway", []*entity{self}, ""},
	}
	for _, c := range cases {
		if got := examine(t, rootsOf(t, root), c.sent...); faultsIn(got) != c.faults {
			t.Errorf("%s: faults %q, want %q", c.name, faultsIn(got), c.faults)
		}
	}
	if c := examine(t, rootsOf(t, root), md5Leaf, mid); !c.Trusted {
		t.Error("a weak signature that fits is taken for a broken chain")
	}
}

func TestWeakKeys(t *testing.T) {
	cases := map[string]string{"dsa.pem": "DSA 2048", "ed448.pem": "Ed448", "rsa-pss.pem": "RSA-PSS"}
	for file, want := range cases {
		if got := weakKey(fixture(t, file)); got != want {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
	}
	if got := weakKey(issue(t, leafTemplate(), rsaKey(t, 1024), nil).Certificate); got != "RSA 1024" {
		t.Errorf("RSA 1024: %q", got)
	}
	p224, _ := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if got := weakKey(issue(t, leafTemplate(), p224, nil).Certificate); got != "ECDSA P-224" {
		t.Errorf("P-224: %q", got)
	}
	if got := weakKey(issue(t, leafTemplate(), keys[0], nil).Certificate); got != "" {
		t.Errorf("P-256: %q", got)
	}
}

func TestVersion1(t *testing.T) {
	root := issue(t, caTemplate("root"), keys[0], nil)
	mid := version1(t, "mid", keys[1], root)
	leaf := issue(t, leafTemplate(), keys[2], mid)
	if c := examine(t, rootsOf(t, root), leaf, mid); faultsIn(c) != "1 version" || !c.Trusted {
		t.Errorf("v1 intermediate: trusted %v, faults %q", c.Trusted, faultsIn(c))
	}
	self := &entity{&x509.Certificate{Subject: pkix.Name{CommonName: "old"}}, keys[3]}
	old := version1(t, "old", keys[3], self)
	leaf = issue(t, leafTemplate(), keys[2], old)
	if c := examine(t, rootsOf(t, old), leaf); faultsIn(c) != "" || !c.Trusted {
		t.Errorf("v1 root: trusted %v, faults %q", c.Trusted, faultsIn(c))
	}
}

// version1 makes an X.509 v1 certificate, which Go does not.
func version1(t *testing.T, name string, key *ecdsa.PrivateKey, by *entity) *entity {
	t.Helper()
	ecdsaSHA256 := pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}}
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	tbs, err := asn1.Marshal(struct {
		Serial   *big.Int
		Alg      pkix.AlgorithmIdentifier
		Issuer   pkix.RDNSequence
		Validity struct{ From, To time.Time }
		Subject  pkix.RDNSequence
		SPKI     asn1.RawValue
	}{
		big.NewInt(1), ecdsaSHA256, by.Subject.ToRDNSequence(),
		struct{ From, To time.Time }{now.AddDate(0, -1, 0), now.AddDate(0, 1, 0)},
		pkix.Name{CommonName: name}.ToRDNSequence(), asn1.RawValue{FullBytes: spki},
	})
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(tbs)
	sig, err := by.key.Sign(rand.Reader, digest[:], nil)
	if err != nil {
		t.Fatal(err)
	}
	der, err := asn1.Marshal(struct {
		TBS asn1.RawValue
		Alg pkix.AlgorithmIdentifier
		Sig asn1.BitString
	}{asn1.RawValue{FullBytes: tbs}, ecdsaSHA256, asn1.BitString{Bytes: sig, BitLength: len(sig) * 8}})
	if err != nil {
		t.Fatal(err)
	}
	return reparse(t, der, key)
}
