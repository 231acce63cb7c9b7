package cert

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"crypto/x509"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

func TestPublicIssuer(t *testing.T) {
	public := caTemplate("Public Root")
	public.Subject.Organization = []string{"Public CA Inc"}
	root := issue(t, public, keys[0], nil)
	systemOf(t, root, root, root)
	issuer := func(name, org string) *entity {
		c := caTemplate(name)
		if org != "" {
			c.Subject.Organization = []string{org}
		}
		return issue(t, c, keys[1], nil)
	}
	aia := func(url string) *x509.Certificate {
		c := leafTemplate()
		c.IssuingCertificateURL = []string{url}
		return c
	}
	namesake := issue(t, public, keys[2], nil)
	cases := []struct {
		name string
		leaf *x509.Certificate
		by   *entity
		want bool
	}{
		{"private", leafTemplate(), issuer("Lab", "Lab"), false},
		{"private without organization", leafTemplate(), issuer("Lab", ""), false},
		{"organization of a root", leafTemplate(), issuer("Public Sub", "Public CA Inc"), true},
		{"name of a root", leafTemplate(), namesake, true},
		{"address of a public CA", aia("http://r11.i.lencr.org/"), issuer("R11", ""), true},
		{"address of another", aia("http://lencr.org.lab.example/ca.der"), issuer("R11", ""), false},
		{"address that ends alike", aia("http://notlencr.org/ca.der"), issuer("R11", ""), false},
		{"no address", aia("http://%zz"), issuer("R11", ""), false},
	}
	for _, c := range cases {
		got := examine(t, rootsOf(t), issue(t, c.leaf, keys[3], c.by))
		if got.PublicIssuer != c.want || !got.MissingIssuer {
			t.Errorf("%s: public %v, missing %v; want %v, true", c.name, got.PublicIssuer, got.MissingIssuer, c.want)
		}
	}
}

func TestIssuerFetched(t *testing.T) {
	root := issue(t, caTemplate("root"), keys[0], nil)
	mid := issue(t, caTemplate("mid"), keys[1], root)
	l := leafTemplate()
	l.IssuingCertificateURL = []string{"ldap://lab/ca", "HTTP://lab.example/ca.der", "http://second.example/"}
	leaf := issue(t, l, keys[2], mid)
	other := issue(t, caTemplate("mid"), keys[3], root)
	renamed := issue(t, caTemplate("renamed"), keys[1], root)
	cases := []struct {
		name    string
		der     []byte
		err     error
		trusted bool
	}{
		{"it", mid.Raw, nil, true},
		{"as PEM", pemBundle(other.Raw, mid.Raw), nil, true},
		{"as PKCS #7", pkcs7Of(t, other.Raw, mid.Raw), nil, true},
		{"as PKCS #7 in PEM", pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: pkcs7Of(t, mid.Raw)}), nil, true},
		{"PKCS #7 of others", pkcs7Of(t, other.Raw, renamed.Raw), nil, false},
		{"PKCS #7 cut short", pkcs7Of(t, mid.Raw)[:200], nil, false},
		{"too many before it", pemBundle(append(slices.Repeat([][]byte{root.Raw}, maxBundle), mid.Raw)...), nil, false},
		{"not to be had", nil, errors.New("down"), false},
		{"no certificate", []byte("<html>"), nil, false},
		{"a namesake that did not sign", other.Raw, nil, false},
		{"the key under another name", renamed.Raw, nil, false},
		{"another", root.Raw, nil, false},
	}
	for _, c := range cases {
		var asked []string
		got, err := Examine(t.Context(), rawOf(leaf), Options{
			Roots: rootsOf(t, root), Time: now,
			Fetch: func(_ context.Context, url string) ([]byte, error) {
				asked = append(asked, url)
				return c.der, c.err
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		if got.FetchedTrusted != c.trusted {
			t.Errorf("%s: trusted %v", c.name, got.FetchedTrusted)
		}
		if got.Trusted || !got.MissingIssuer || len(got.Chain) != 1 {
			t.Errorf("%s: what was fetched counts as sent", c.name)
		}
		if len(asked) != 1 || asked[0] != "HTTP://lab.example/ca.der" {
			t.Errorf("%s: asked %q, want the first http address alone", c.name, asked)
		}
	}
}

func pemBundle(certs ...[]byte) []byte {
	var b []byte
	for _, der := range certs {
		b = append(b, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return b
}

// pkcs7Of wraps certificates as openssl crl2pkcs7 -nocrl does.
func pkcs7Of(t testing.TB, certs ...[]byte) []byte {
	t.Helper()
	tag := asn1.Tag(0).Constructed().ContextSpecific()
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidSignedData)
		b.AddASN1(tag, func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1Int64(1)
				b.AddASN1(asn1.SET, func(*cryptobyte.Builder) {})
				b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(append(slices.Clone(oidSignedData[:6]), 1))
				})
				b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes(bytes.Join(certs, nil)) })
				b.AddASN1(asn1.SET, func(*cryptobyte.Builder) {})
			})
		})
	})
	der, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// What an address delivers is anybody's bytes.
func FuzzBundle(f *testing.F) {
	mid := issue(f, caTemplate("mid"), keys[1], nil)
	f.Add(mid.Raw)
	f.Add(pemBundle(mid.Raw, mid.Raw))
	f.Add(pkcs7Of(f, mid.Raw, mid.Raw))
	f.Fuzz(func(t *testing.T, b []byte) {
		if n := len(bundle(b)); n > maxBundle {
			t.Errorf("%d certificates", n)
		}
	})
}

// Nothing is fetched for a chain that lacks nothing.
func TestNothingFetched(t *testing.T) {
	l := leafTemplate()
	l.IssuingCertificateURL = []string{"http://lab.example/ca.der"}
	_, err := Examine(t.Context(), rawOf(issue(t, l, keys[0], nil)), Options{
		Time: now,
		Fetch: func(context.Context, string) ([]byte, error) {
			t.Error("fetched")
			return nil, nil
		},
	})
	if err != nil {
		t.Error(err)
	}
}

func TestFetchIssuer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/ca.der":
			io.WriteString(w, "DER")
		case "/long":
			w.Write(make([]byte, maxFetched+1))
		case "/moved":
			http.Redirect(w, r, "/ca.der", http.StatusFound)
		}
	}))
	defer server.Close()
	if got, err := FetchIssuer(t.Context(), server.URL+"/ca.der"); err != nil || string(got) != "DER" {
		t.Errorf("%q, %v", got, err)
	}
	for address, want := range map[string]string{
		server.URL + "/long":          "over 65536 bytes",
		server.URL + "/moved":         "302 Found",
		"https://lab.example/ca.der":  "only plain http",
		"http://u:p@lab.example/":     "only plain http",
		"file:///etc/passwd":          "only plain http",
		"http://169.254.169.254/meta": "no CA serves",
		"http://[fe80::1%25lo]/":      "no CA serves",
		"http://0.0.0.0/":             "no CA serves",
		"http://\x7f":                 "only plain http",
	} {
		if _, err := FetchIssuer(t.Context(), address); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q in it", address, err, want)
		}
	}
}

// A server that accepts and says nothing does not hold the check up beyond its bound.
func TestFetchIssuerEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		defer server.Close()
		go io.Copy(io.Discard, server)
		transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return client, nil }}
		if _, err := fetchWith(t.Context(), transport, "http://lab.example/ca.der"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the deadline's", err)
		}
	})
}
