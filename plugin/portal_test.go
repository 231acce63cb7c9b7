package plugin

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestPortal has the server's own address lead to several places, and some that are none.
func TestPortal(t *testing.T) {
	const own = "https://portal.example.com"
	for _, c := range []struct {
		name, configured string
		status           int
		location, want   string
	}{
		{"RackN's", "", 301, "https://portal.rackn.io/#/e/10.0.0.5:8092", "https://portal.rackn.io"},
		{"of --ui-url", "", 301, own + "/#/e/10.0.0.5:8092", own},
		{"with a port", "", 302, "http://portal.example.com:8080/ui", "http://portal.example.com:8080"},
		{"configured", own, 301, "https://other.example.com/", own},
		{"a page of its own", "", 301, "/ui/", defaultPortal},
		{"its own address", "", 301, "SELF/ui/", defaultPortal},
		{"no redirect", "", 200, own, defaultPortal},
		{"not found", "", 404, "", defaultPortal},
		{"no site", "", 301, "javascript:alert(1)", defaultPortal},
		{"no address", "", 301, "https://[::1/", defaultPortal},
		{"hostile", "", 301, "https://\"><script>/", defaultPortal},
		{"endless", "", 301, "https://" + strings.Repeat("a", 100<<10) + ".example.com/", defaultPortal},
	} {
		t.Run(c.name, func(t *testing.T) {
			sv, d := inProcess(t, nil)
			d.rootStatus, d.root = c.status, strings.Replace(c.location, "SELF", d.URL, 1)
			if got := sv.portal(t.Context(), c.configured); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			if slices.ContainsFunc(d.tokens, func(token string) bool { return token != "" }) {
				t.Errorf("a token was shown: %q", d.tokens)
			}
		})
	}
}

// TestPortalIsTheOrigin has the address that the server leads to be what is sent and judged.
func TestPortalIsTheOrigin(t *testing.T) {
	sv, d := inProcess(t, nil)
	d.rootStatus, d.root = http.StatusMovedPermanently, "https://portal.example.com/#/e/10.0.0.5:8092"
	known, err := sv.ask(t.Context(), question{settings: sv.settings, startedBy: byAction})
	if err != nil || known.portal != "https://portal.example.com" || known.targets[0].Origin != known.portal {
		t.Errorf("%+v, %v", known, err)
	}
}
