package probe

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ws-diagnose/plugin/trace"
)

func TestCredentialsPrintNothing(t *testing.T) {
	c := Credentials{Token: "sesame-token", User: "rocketskates", Password: "sesame-password"}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T %v"} {
		fmt.Fprintf(&out, verb+"\n", c)
		fmt.Fprintf(&out, verb+"\n", &c)
		fmt.Fprintf(&out, verb+"\n", struct{ C Credentials }{c})
	}
	b, err := json.Marshal(map[string]any{"value": c, "pointer": &c})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(b)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "credentials", c, "pointer", &c)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "credentials", c)
	for _, secret := range []string{"sesame", "736573616d65", "rocketskates"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%q is in the output:\n%s", secret, &out)
		}
	}
}

func TestCredentialsHeader(t *testing.T) {
	tests := []struct {
		c    Credentials
		want string
	}{
		{Credentials{}, ""},
		{Credentials{Token: "abc", User: "u", Password: "p"}, "Bearer abc"},
		{Credentials{User: "user", Password: "password"}, "Basic dXNlcjpwYXNzd29yZA=="},
		{Credentials{Token: "abc\r\nX: y"}, ""},
		{Credentials{Token: "abc\n"}, ""},
		{Credentials{Token: "a b"}, ""},
		{Credentials{User: "a:b", Password: "c"}, ""},
		{Credentials{User: "a", Password: "c\x00"}, ""},
	}
	for _, tt := range tests {
		if got := tt.c.header(); got != tt.want {
			t.Errorf("%q %q: header %q, want %q", tt.c.Token, tt.c.User, got, tt.want)
		}
		if err := tt.c.Valid(); (err == nil) != (tt.want != "" || tt.c.Zero()) {
			t.Errorf("%q %q: Valid says %v", tt.c.Token, tt.c.User, err)
		}
	}
}

func TestScrub(t *testing.T) {
	var s scrubber
	s.add(Credentials{Token: "sesame-open"})
	s.add(Credentials{User: "u", Password: "sesame"})
	s.add(Credentials{User: "u", Password: "abc"}) // too short to be told from other text
	tests := []struct{ in, want string }{
		{"nothing here", "nothing here"},
		{"x sesame-open y", "x [redacted] y"},
		{"x sesame y", "x [redacted] y"},
		{"Basic dTpzZXNhbWU=", "Basic [redacted]"},
		{"cut off sesame-op", "cut off [redacted]"},
		{"cut off sesa", "cut off [redacted]"},
		{"cut off sesame-op...", "cut off [redacted]..."},
		{`"cut off sesa"`, `"cut off [redacted]"`},
		{"cut off ses", "cut off ses"},
		{"", ""},
	}
	for _, tt := range tests {
		if got := s.text(tt.in); got != tt.want {
			t.Errorf("%q became %q, want %q", tt.in, got, tt.want)
		}
	}
}

// The decision about credentials fetches nothing: a certificate's addresses are asked once a check,
// and a chain that only they complete is not verified.
func TestIssuerFetchedOnce(t *testing.T) {
	var asked atomic.Int32
	ca := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer ca.Close()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"other.example"}, IssuingCertificateURL: []string{ca.URL + "/ca.der"},
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, &x509.Certificate{Subject: pkix.Name{CommonName: "not sent"}}, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	config := server(tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key})
	target := plainTarget(t, "wss", serveTLS(t, config, func(c *tls.Conn) { echoServer(c) }))
	target.Names = []string{"other.example"}
	tr := check(t, target, Options{FetchIssuer: true, Credentials: func(p Peer) Credentials {
		if p.Verified {
			t.Error("verified")
		}
		return Credentials{}
	}})
	outcomes(t, tr, map[trace.StageName]trace.Outcome{trace.StageClose: trace.OK})
	if n := asked.Load(); n != 1 {
		t.Errorf("the issuer's address was asked %d times", n)
	}
}
