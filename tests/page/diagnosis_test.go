package page_test

import (
	"encoding/json"
	"fmt"
	"strings"

	"ws-diagnose/plugin/diagnose"
)

// Facts as the walk would bring them; they are overlaid on a walk without fault, in Chromium, from
// the endpoint's own page. A step that is null was not taken.
const walked = `{
  "endpoint": {"host": "drp.example.com", "port": "8092", "origin": "https://drp.example.com:8092"},
  "firefox": false, "pageSecure": true, "pageHost": "drp.example.com", "byToken": false, "signedIn": true, "permission": "",
  "reach": {"answered": true, "status": 401}, "signIn": {"answered": true, "status": 200}, "open": {"opened": true},
  "register": {"arrived": true}, "echo": {"arrived": true, "posted": 204, "round": 3}, "hold": {"ended": false, "held": 70},
  "close": {"closed": true, "code": 1000}
}`

const (
	unreachable = `"reach": {"answered": false}, "signIn": null, "signedIn": false, "open": {"opened": false, "code": 1006}`
	refusedWith = `"register": null, "echo": null, "hold": null, "close": null, "open": {"opened": false, "code": 1006}`
)

// diagnoses are made-up facts and what must come of them.
var diagnoses = []struct {
	name, facts, verdict, finding string
	accept                        bool
	words                         string
}{
	{"healthy", ``, "ok", "", false, "works from this browser"},
	{"healthy, Firefox", `"firefox": true`, "ok", "", false, "3 ms there and back"},
	{"opaque answer, healthy", `"reach": {"answered": true, "status": 0, "opaque": true}`, "ok", "", false, ""},
	{"stopped early", `"reach": {"answered": false, "stopped": true}, "open": null`, "partial", "", false, "before the endpoint had answered"},
	{"stopped while held", `"hold": {"stopped": true}`, "partial", "", false, "nothing was wrong"},

	{"permission denied", unreachable + `, "permission": "denied", "pageHost": "portal.example.com"`, "failed", "browser-local-network", false, "told to keep pages off"},
	{"permission pending", unreachable + `, "permission": "prompt", "pageHost": "203.0.113.9", "endpoint": {"host": "10.0.0.5", "port": "8092"}`, "failed", "browser-local-network", false, "waits for permission"},
	{"permission pending, hangs", `"reach": {"answered": false, "hung": true}, "open": null, "permission": "prompt", "pageHost": "portal.example.com", "endpoint": {"host": "[fd00::5]", "port": "8092"}`, "failed", "browser-local-network", false, ""},
	{"permission of no matter, public", unreachable + `, "permission": "prompt", "pageHost": "portal.example.com", "endpoint": {"host": "203.0.113.5", "port": "8092"}`, "failed", "", true, ""},
	{"permission of no matter, same host", unreachable + `, "permission": "denied"`, "failed", "", true, ""},

	{"silence", `"reach": {"answered": false, "hung": true}, "open": null`, "failed", "connect-timeout", false, "firewall"},
	{"Chromium, certificate or nothing", unreachable, "failed", "", true, "most likely"},
	{"Chromium, by HTTP, port open", `"pageSecure": false, ` + strings.Replace(unreachable, `false}`, `false, "plain": true}`, 1), "failed", "cert-self-signed", true, "answers plain HTTP"},
	{"Chromium, by HTTP, port closed", `"pageSecure": false, ` + strings.Replace(unreachable, `false}`, `false, "plain": false}`, 1), "failed", "connect-refused", false, ""},
	{"Firefox, certificate", `"firefox": true, ` + strings.Replace(unreachable, "1006", "1015", 1), "failed", "cert-self-signed", true, "1015"},
	{"Firefox, nothing", `"firefox": true, ` + unreachable, "failed", "connect-refused", false, "not 1015"},

	{"login page in front", `"reach": {"answered": true, "redirected": true}, "open": null`, "failed", "upgrade-redirected", false, ""},
	{"login page for the socket", refusedWith + `, "ask": {"answered": true, "redirected": true, "status": 0}`, "failed", "upgrade-redirected", false, ""},
	{"another server", `"reach": {"answered": true, "status": 404}`, "failed", "upgrade-not-found", false, "answers 404"},
	{"bad gateway", `"reach": {"answered": true, "status": 502}`, "failed", "upgrade-bad-gateway", false, ""},
	{"server error", `"reach": {"answered": true, "status": 500}`, "failed", "upgrade-server-error", false, ""},
	{"rate limit", `"reach": {"answered": true, "status": 429}`, "failed", "upgrade-rate-limited", false, ""},
	{"captive portal", `"reach": {"answered": true, "status": 511}`, "failed", "upgrade-proxy-auth", false, ""},

	{"preflight refused", `"signIn": {"answered": false}, "open": null`, "failed", "upgrade-not-found", false, "OPTIONS"},
	{"sign-in hangs", `"signIn": {"answered": false, "hung": true}, "open": null`, "failed", "http-timeout", false, ""},
	{"wrong password", `"signIn": {"answered": true, "status": 403}, "open": null`, "failed", "upgrade-forbidden", false, "user or password"},
	{"old token", `"byToken": true, "signIn": {"answered": true, "status": 403}, "open": null`, "failed", "upgrade-forbidden", false, "expired"},
	{"no such user", `"signIn": {"answered": true, "status": 401}, "open": null`, "failed", "upgrade-unauthorized", false, ""},
	{"sign-in is answered 404", `"signIn": {"answered": true, "status": 404}, "open": null`, "failed", "upgrade-not-found", false, ""},
	{"no token in the answer", `"signIn": {"answered": true, "status": 200, "unreadable": true}, "open": null`, "failed", "upgrade-not-found", false, "no token"},

	{"unsafe port", `"open": {"opened": false, "refused": "port"}`, "failed", "port-unsafe", false, ""},
	{"upgrade hangs", `"open": {"opened": false, "hung": true}`, "failed", "http-timeout", false, ""},
	{"headers dropped", refusedWith + `, "ask": {"answered": true, "status": 400}`, "failed", "upgrade-not-switched", false, "Upgrade and Connection"},
	{"headers dropped, answer hidden", refusedWith + `, "ask": {"answered": false}`, "failed", "upgrade-not-switched", false, ""},
	{"token dropped", refusedWith + `, "ask": {"answered": true, "status": 401}`, "failed", "upgrade-unauthorized", false, "removes the token"},
	{"path not routed", refusedWith + `, "ask": {"answered": true, "status": 404}`, "failed", "upgrade-not-found", false, ""},
	{"gateway of the path", refusedWith + `, "ask": {"answered": true, "status": 504}`, "failed", "upgrade-bad-gateway", false, ""},
	{"not signed in", `"signIn": null, "signedIn": false, ` + refusedWith + `, "ask": {"answered": true, "status": 401}`, "partial", "", false, "Sign in above"},
	{"not signed in, path not routed", `"signIn": null, "signedIn": false, ` + refusedWith + `, "ask": {"answered": true, "status": 404}`, "failed", "upgrade-not-found", false, ""},

	{"closed at once", `"register": {"arrived": false, "ended": true, "code": 1011, "reason": "oops"}`, "failed", "ws-closed", false, "“oops”"},
	{"swallowed", `"register": {"arrived": false}`, "failed", "ws-no-ack", false, ""},
	{"event lost", `"echo": {"arrived": false, "posted": 204}`, "failed", "ws-no-event", false, ""},
	{"event forbidden", `"echo": {"arrived": false, "posted": 403}`, "partial", "", false, "may not post events"},
	{"event forbidden, then dropped", `"echo": {"arrived": false, "posted": 403}, "hold": {"ended": true, "held": 60, "code": 1006}`, "failed", "ws-dropped", false, "after 60 s"},
	{"dropped", `"hold": {"ended": true, "held": 60, "code": 1006, "error": false}`, "failed", "ws-dropped", false, "idle timeout"},
	{"protocol broken, Chromium", `"hold": {"ended": true, "held": 2, "code": 1006, "error": true}`, "failed", "ws-protocol-error", false, "breaks the protocol"},
	{"dropped, Firefox", `"firefox": true, "hold": {"ended": true, "held": 2, "code": 1006, "error": true}`, "failed", "ws-dropped", false, ""},
	{"closed", `"hold": {"ended": true, "held": 9, "code": 1012, "reason": "a\u202eb\u001b"}`, "failed", "ws-closed", false, `a\u202eb\u001b`},
	{"unknown code", `"hold": {"ended": true, "held": 9, "code": 2999}`, "failed", "ws-closed", false, "2999"},
	{"close ignored", `"close": {"closed": false}`, "partial", "ws-close-ignored", false, ""},
}

// diagnosis judges made-up facts with the very module of the page.
func diagnosis(s *stage) {
	var facts []string
	for _, d := range diagnoses {
		facts = append(facts, fmt.Sprintf("Object.assign(%s, {%s})", walked, d.facts))
	}
	type judgement struct {
		Verdict, Finding, Headline, Cause string
		Accept                            bool
		Todo                              []string
	}
	got := eval[[]judgement](s, `import('./diagnosis.js').then((m) => [`+strings.Join(facts, ",\n")+`].map(m.diagnose))`)
	known := map[string]bool{"": true}
	for _, e := range diagnose.Catalogue() {
		known[e.ID] = true
	}
	for i, d := range diagnoses {
		g := got[i]
		text, _ := json.Marshal(g) // strings and booleans: cannot fail
		if g.Verdict != d.verdict || g.Finding != d.finding || g.Accept != d.accept {
			s.Errorf("%s: %s, %q, accept %v, want %s, %q, %v", d.name, g.Verdict, g.Finding, g.Accept, d.verdict, d.finding, d.accept)
		}
		if words := strings.Join(append(g.Todo, g.Headline, g.Cause), "\n"); !strings.Contains(words, d.words) {
			s.Errorf("%s: %q is not said: %s", d.name, d.words, text)
		}
		if !known[g.Finding] || g.Headline == "" || g.Cause == "" || strings.Contains(string(text), "undefined") {
			s.Errorf("%s: unfit for people: %s", d.name, text)
		}
	}
}

// spaces places hosts by their spelling.
func spaces(s *stage) {
	want := map[string]string{
		"localhost": "loopback", "127.0.0.1": "loopback", "127.9.9.9": "loopback", "[::1]": "loopback", "x.localhost": "loopback",
		"10.1.2.3": "private", "172.16.0.1": "private", "172.31.0.1": "private", "192.168.1.1": "private", "169.254.1.1": "private",
		"100.64.0.1": "private", "[fd00::1]": "private", "[fc00::1]": "private", "[fe80::1]": "private", "drp.local": "private",
		"172.32.0.1": "public", "172.15.0.1": "public", "192.169.0.1": "public", "100.128.0.1": "public", "8.8.8.8": "public", "[2001:db8::1]": "public",
		"drp.example.com": "unknown", "localhost.example.com": "unknown", "fd00.example.com": "unknown",
	}
	hosts, _ := json.Marshal(want) // strings: cannot fail
	got := eval[map[string]string](s, fmt.Sprintf(
		`import('./words.js').then((m) => Object.fromEntries(Object.keys(%s).map((host) => [host, m.space(host)])))`, hosts))
	for host, space := range want {
		if got[host] != space {
			s.Errorf("%s is %s, want %s", host, got[host], space)
		}
	}
}

// addresses are endpoints as people type them; "" is refused.
func addresses(s *stage) {
	want := map[string]string{
		"drp.example.com":                     "wss://drp.example.com:8092/api/v3/ws",
		" drp.example.com:8092 ":              "wss://drp.example.com:8092/api/v3/ws",
		"https://drp.example.com:9092/#/x":    "wss://drp.example.com:9092/api/v3/ws",
		"https://drp.example.com":             "wss://drp.example.com:8092/api/v3/ws",
		"https://drp.example.com:443":         "wss://drp.example.com:443/api/v3/ws",
		"https://drp.example.com:443/ui":      "wss://drp.example.com:443/api/v3/ws",
		"10.0.0.5:443":                        "wss://10.0.0.5:443/api/v3/ws",
		"[fd00::5]:8092":                      "wss://[fd00::5]:8092/api/v3/ws",
		"fd00::5":                             "",
		"ws://drp.example.com":                "",
		"javascript:alert(1)":                 "",
		"https://user:secret@drp.example.com": "",
		"drp.example.com:99999":               "",
		"":                                    "",
	}
	typed, _ := json.Marshal(want) // strings: cannot fail
	got := eval[map[string]string](s, fmt.Sprintf(`import('./walk.js').then((m) => Object.fromEntries(Object.keys(%s).map((typed) => {
  try { return [typed, m.parseEndpoint(typed).socket]; } catch { return [typed, '']; }
})))`, typed))
	for typed, socket := range want {
		if got[typed] != socket {
			s.Errorf("%q is %q, want %q", typed, got[typed], socket)
		}
	}
}
