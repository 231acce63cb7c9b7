package emulator_test

import (
	"crypto/tls"
	"net/http"
	"strings"
	"testing"

	"ws-diagnose/tests/emulator"
	"ws-diagnose/tests/emulator/emutest"
)

// TestCrossOrigin asks as the portal's page does: a preflight without credentials, then a request
// that is refused. The page may read both.
func TestCrossOrigin(t *testing.T) {
	e := emutest.Start(t, emulator.Options{})
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}
	for _, c := range []struct {
		what, method, origin string
		status               int
		readable             bool
	}{
		{"preflight of the portal", http.MethodOptions, "https://portal.rackn.io", http.StatusNoContent, true},
		{"a refusal", http.MethodGet, "https://portal.rackn.io", http.StatusUnauthorized, true},
		{"no page", http.MethodGet, "", http.StatusUnauthorized, false},
		{"the endpoint's own page", http.MethodGet, e.URL(), http.StatusUnauthorized, false},
	} {
		r, err := http.NewRequestWithContext(t.Context(), c.method, e.URL()+"/api/v3/info", nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		resp, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if readable := resp.Header.Get("Access-Control-Allow-Origin") == "*"; resp.StatusCode != c.status || readable != c.readable {
			t.Errorf("%s: status %d, readable %v, want %d, %v", c.what, resp.StatusCode, readable, c.status, c.readable)
		}
		if c.method == http.MethodOptions && !strings.Contains(resp.Header.Get("Access-Control-Allow-Headers"), "Authorization") {
			t.Errorf("%s does not allow the header Authorization", c.what)
		}
	}
}
