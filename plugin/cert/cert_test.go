package cert

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"ws-diagnose/plugin/trace"
)

// examine looks at what is sent as a server's certificates, against these roots.
func examine(t testing.TB, roots *Roots, sent ...*entity) *trace.Certificate {
	t.Helper()
	c, err := Examine(t.Context(), rawOf(sent...), Options{
		Roots: roots, Time: now, KeyExchange: "ECDHE", Names: []string{"drp.example.com"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// chainOf spells a chain as the common names of its links.
func chainOf(c *trace.Certificate) string {
	var names []string
	for _, link := range c.Chain {
		names = append(names, link.Subject.CommonName)
	}
	return strings.Join(names, " < ")
}

// faultsIn spells faults as index and kind.
func faultsIn(c *trace.Certificate) string {
	var all []string
	for _, f := range c.Faults {
		all = append(all, fmt.Sprintf("%d %s", f.Index, f.Kind))
	}
	return strings.Join(all, ", ")
}

func TestExamineHealthy(t *testing.T) {
	root := issue(t, caTemplate("root"), keys[0], nil)
	mid := issue(t, caTemplate("mid"), keys[1], root)
	leaf := issue(t, leafTemplate(), keys[2], mid)
	c := examine(t, rootsOf(t, root), leaf, mid)
	if !c.Trusted || c.AnchorLeaf || c.MissingIssuer || len(c.Faults) > 0 {
		t.Errorf("facts of a healthy chain: %+v", c)
	}
	if got := chainOf(c); got != "drp < mid < root" || len(c.Sent) != 2 {
		t.Errorf("chain %q of %d certificates sent", got, len(c.Sent))
	}
	l := c.Leaf
	if !l.HasSAN || !l.HasEKU || !l.HasKeyUsage || l.SelfSigned || l.MustStaple || l.Key != "ECDSA P-256" {
		t.Errorf("facts of the leaf: %+v", l)
	}
	if len(l.SHA256) != 64 || c.KeyExchange != "ECDHE" {
		t.Errorf("fingerprint %q, key exchange %q", l.SHA256, c.KeyExchange)
	}
	if !Verified(c, "drp.example.com", now) {
		t.Error("a healthy chain is not verified")
	}
}

// An expired, self-signed certificate for another name: all three are known at once.
func TestExamineEverythingAtOnce(t *testing.T) {
	old := leafTemplate()
	old.NotAfter = now.AddDate(0, 0, -3)
	old.DNSNames, old.IPAddresses = []string{"greg.fill.in"}, nil
	c := examine(t, rootsOf(t), issue(t, old, keys[0], nil))
	if c.Trusted || c.MissingIssuer || !c.Leaf.SelfSigned || !c.Leaf.NotAfter.Before(now) {
		t.Errorf("facts: %+v", c)
	}
	if want := (trace.NameCheck{Name: "drp.example.com", Why: trace.NameOther}); c.Names[0] != want {
		t.Errorf("name: %+v, want %+v", c.Names[0], want)
	}
}

func TestVerifiedRefuses(t *testing.T) {
	root := issue(t, caTemplate("root"), keys[0], nil)
	leaf := issue(t, leafTemplate(), keys[2], root)
	trusted := rootsOf(t, root)
	client := leafTemplate()
	client.ExtKeyUsage = client.ExtKeyUsage[:0]
	client.UnknownExtKeyUsage = append(client.UnknownExtKeyUsage, []int{1, 2, 3})
	late, early := now.AddDate(1, 0, 0), now.AddDate(-1, 0, 0)
	cases := map[string]bool{
		"nothing":       Verified(nil, "drp.example.com", now),
		"untrusted":     Verified(examine(t, rootsOf(t), leaf), "drp.example.com", now),
		"other name":    Verified(examine(t, trusted, leaf), "other.example.com", now),
		"expired since": Verified(examine(t, trusted, leaf), "drp.example.com", late),
		"not yet valid": Verified(examine(t, trusted, leaf), "drp.example.com", early),
		"other usage":   Verified(examine(t, trusted, issue(t, client, keys[2], root)), "drp.example.com", now),
		"bad signature": Verified(examine(t, trusted, corrupt(t, leaf)), "drp.example.com", now),
	}
	for name, verified := range cases {
		if verified {
			t.Errorf("%s: verified", name)
		}
	}
}

func TestExamineUnparsable(t *testing.T) {
	root := issue(t, caTemplate("root"), keys[0], nil)
	leaf := issue(t, leafTemplate(), keys[1], root)
	c, err := Examine(t.Context(), [][]byte{leaf.Raw, []byte("nonsense"), nil, root.Raw}, Options{Time: now})
	if err != nil || c.Unparsed != 2 || len(c.Sent) != 2 {
		t.Fatalf("error %v, want two unparsed certificates and two good ones: %+v", err, c)
	}
	cases := []struct {
		name string
		raw  [][]byte
		want string
	}{
		{"nothing", nil, "sent no certificate"},
		{"empty", [][]byte{{}}, "it is empty"},
		{"too long", [][]byte{make([]byte, maxSize+1)}, "over the limit of 262144"},
		{"not DER", [][]byte{[]byte("HTTP/1.1 400")}, "is no DER certificate"},
		{"cut short", [][]byte{leaf.Raw[:100]}, "cut short"},
		{"trailing", [][]byte{append(leaf.Raw[:len(leaf.Raw):len(leaf.Raw)], 0)}, "more bytes follow"},
		{"negative serial", [][]byte{negativeSerial(t, leaf)}, "wants a positive serial"},
	}
	for _, c := range cases {
		_, err := Examine(t.Context(), c.raw, Options{Time: now})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q in it", c.name, err, c.want)
		}
	}
}

// negativeSerial sets the top bit of the serial. The signature does not fit any more.
func negativeSerial(t *testing.T, e *entity) []byte {
	t.Helper()
	der := append([]byte(nil), e.Raw...)
	const at = 15 // two headers of 4 bytes, version 5 bytes, tag and length of the serial
	if der[13] != 2 {
		t.Fatalf("no serial at byte 13 of %x", der[:20])
	}
	der[at] |= 0x80
	return der
}

// However many certificates a server sends, all issuing one another, the search ends.
func TestExamineIsBounded(t *testing.T) {
	var sent []*entity
	for i := range maxSent + 20 {
		c := caTemplate("same")
		by := &entity{c, keys[(i+1)%len(keys)]}
		sent = append(sent, issue(t, c, keys[i%len(keys)], by))
	}
	leaf := issue(t, leafTemplate(), keys[3], sent[0])
	c := examine(t, rootsOf(t), append([]*entity{leaf}, sent...)...)
	if !c.SearchCut || c.Trusted || len(c.Sent) != maxSent {
		t.Errorf("cut %v, trusted %v, %d looked at", c.SearchCut, c.Trusted, len(c.Sent))
	}
}

// Certificates sent over and over use up no bound.
func TestDuplicatesCountOnce(t *testing.T) {
	mid := issue(t, caTemplate("mid"), keys[0], issue(t, caTemplate("root"), keys[1], nil))
	low := issue(t, caTemplate("low"), keys[2], mid)
	sent := []*entity{issue(t, leafTemplate(), keys[3], low)}
	for range 40 {
		sent = append(sent, low, mid)
	}
	if c := examine(t, rootsOf(t), sent...); c.SearchCut || chainOf(c) != "drp < low < mid" {
		t.Errorf("cut %v, chain %q", c.SearchCut, chainOf(c))
	}
}

// A certificate may name as many hosts as fit; comparing all with all constraints has an end.
func TestConstraintsAreBounded(t *testing.T) {
	ca := caTemplate("root")
	l := leafTemplate()
	for i := range 1000 {
		ca.PermittedDNSDomains = append(ca.PermittedDNSDomains, fmt.Sprintf("d%d.example.com", i))
		l.DNSNames = append(l.DNSNames, fmt.Sprintf("h%d.example.org", i))
	}
	root := issue(t, ca, keys[0], nil)
	c := examine(t, rootsOf(t, root), issue(t, l, keys[1], root))
	if got := faultsIn(c); got != "1 name-constraint" || !strings.Contains(c.Faults[0].Detail, "more names") {
		t.Errorf("faults %q: %+v", got, c.Faults)
	}
}

func FuzzExamine(f *testing.F) {
	root := issue(f, caTemplate("root"), keys[0], nil)
	mid := issue(f, caTemplate("mid"), keys[1], root)
	leaf := issue(f, leafTemplate(), keys[2], mid)
	f.Add(leaf.Raw, mid.Raw, []byte("staple"), "drp.example.com")
	f.Add(mid.Raw, root.Raw, []byte{}, "[::ffff:10.0.0.5]")
	f.Add(fixture(f, "dsa.pem").Raw, []byte{0x30}, []byte{0x30, 0x80}, "münchen.example")
	roots := rootsOf(f, root)
	fetch := func(context.Context, string) ([]byte, error) { return mid.Raw, nil }
	f.Fuzz(func(t *testing.T, first, second, staple []byte, name string) {
		o := Options{Roots: roots, Time: now, Names: []string{name}, Stapled: staple, Fetch: fetch}
		c, err := Examine(t.Context(), [][]byte{first, second}, o)
		if err != nil {
			return
		}
		if len(c.Chain) == 0 || c.Chain[0].SHA256 != c.Leaf.SHA256 || c.Trusted && c.MissingIssuer {
			t.Errorf("inconsistent facts: %+v", c)
		}
		if c.Trusted && string(c.Chain[len(c.Chain)-1].Raw) != string(root.Raw) {
			t.Error("trusted, but by none of the roots")
		}
	})
}

func BenchmarkExamineSelfSigned(b *testing.B) {
	raw := rawOf(issue(b, leafTemplate(), keys[0], nil))
	benchmark(b, raw, rootsOf(b))
}

func BenchmarkExamineChainOfThree(b *testing.B) {
	root := issue(b, caTemplate("root"), keys[0], nil)
	mid := issue(b, caTemplate("mid"), keys[1], root)
	benchmark(b, rawOf(issue(b, leafTemplate(), keys[2], mid), mid), rootsOf(b, root))
}

func benchmark(b *testing.B, raw [][]byte, roots *Roots) {
	o := Options{Roots: roots, Time: now, Names: []string{"drp.example.com"}}
	for b.Loop() {
		if _, err := Examine(b.Context(), raw, o); err != nil {
			b.Fatal(err)
		}
	}
}
