package probe

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
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
