package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
	"testing"

	"ws-diagnose/tests/emulator"
	"ws-diagnose/tests/emulator/emutest"
)

// pluginToken is the superuser's token that the plugin was started with.
func pluginToken(t *testing.T, e *emulator.Endpoint) string {
	t.Helper()
	environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", e.PluginPID(name)))
	if err != nil {
		t.Skipf("the environment of a process cannot be read here: %v", err)
	}
	for _, v := range bytes.Split(environ, []byte{0}) {
		if token, ok := strings.CutPrefix(string(v), "RS_TOKEN="); ok {
			return token
		}
	}
	t.Fatal("the plugin has no token")
	return ""
}

// TestForeignServersGetNoToken configures endpoints that are not the server itself and try to get at
// its token.
func TestForeignServersGetNoToken(t *testing.T) {
	t.Parallel()
	e, c := install(t, emulator.Options{})
	elsewhere := listen(t, nil, answerUnauthorized)
	trusted := listen(t, nil, answerUnauthorized)
	foreigners := []*foreign{trusted, listen(t, nil, answerUnauthorized), listen(t, nil, answerForbidden),
		listen(t, nil, answerSwitching), listen(t, nil, redirect(elsewhere.url()))}
	var urls []string
	for _, f := range foreigners {
		urls = append(urls, f.url())
	}
	list, err := json.Marshal(urls)
	if err != nil {
		t.Fatal(err)
	}
	set(c, "ca-cert", trusted.pem())
	set(c, "endpoints", string(list))
	token := pluginToken(t, e)
	r := run(c)
	for _, f := range append(foreigners, elsewhere) {
		heard := f.heard()
		if strings.Contains(heard, token) || strings.Contains(heard, "Authorization:") {
			t.Errorf("%s was sent credentials:\n%s", f.url(), heard)
		}
	}
	for _, f := range foreigners {
		if f.heard() == "" || r.about(t, f.url()).Target == "" {
			t.Errorf("%s was not checked", f.url())
		}
	}
	if own := r.about(t, e.URL()); own.FailedStage != "" {
		t.Errorf("the server itself: %+v", own)
	}
}

// TestEndpointTokens: a token of the profile ws-diagnose goes to exactly its host and port, over a
// verified chain or to a pinned certificate.
func TestEndpointTokens(t *testing.T) {
	t.Parallel()
	e, c := install(t, emulator.Options{})
	type entry struct {
		Token  string `json:"token"`
		SHA256 string `json:"sha256"`
	}
	trusted, untrusted := listen(t, nil, answerForbidden), listen(t, nil, answerForbidden)
	pinned, wrongPin := listen(t, nil, answerForbidden), listen(t, nil, answerForbidden)
	neighbour := listen(t, &trusted.TLS.Certificates[0], answerForbidden) // same certificate, another port
	tokens := map[string]any{
		trusted.address():   "token-of-trusted",
		untrusted.address(): "token-of-untrusted",
		pinned.address():    entry{"token-of-pinned", strings.ToUpper(pinned.fingerprint())},
		wrongPin.address():  entry{"token-of-wrong-pin", trusted.fingerprint()},
	}
	all := []*foreign{trusted, untrusted, pinned, wrongPin, neighbour}
	var urls []string
	for _, f := range all {
		urls = append(urls, f.url())
	}
	value, err := json.Marshal(tokens)
	if err != nil {
		t.Fatal(err)
	}
	list, err := json.Marshal(urls)
	if err != nil {
		t.Fatal(err)
	}
	c.Run("profiles", "create", `{"Name":"ws-diagnose"}`)
	c.Run("profiles", "set", name, "param", name+"/endpoint-tokens", "to", string(value))
	set(c, "ca-cert", trusted.pem())
	set(c, "endpoints", string(list))
	run(c)
	own := pluginToken(t, e)
	for f, want := range map[*foreign]string{trusted: "token-of-trusted", untrusted: "", pinned: "token-of-pinned", wrongPin: "", neighbour: ""} {
		heard := f.heard()
		if strings.Contains(heard, own) || strings.Count(heard, "token-of-") != strings.Count(heard, "Bearer "+want) ||
			(want == "") == strings.Contains(heard, "token-of-") {
			t.Errorf("%s, which is to get %q, heard:\n%s", f.url(), want, heard)
		}
	}
}

// TestTokensAreNowhere looks for tokens in everything that a run leaves behind: what the plugin's
// process printed and logged (the SDK logs at debug level), events, alerts, profiles and results.
func TestTokensAreNowhere(t *testing.T) {
	t.Parallel()
	var printed emutest.Buffer
	e, c := install(t, emulator.Options{CertificateDays: -3, Log: log.New(&printed, "", 0)})
	heard := eavesdrop(t, e)
	f := listen(t, nil, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Echo", r.Header.Get("Authorization")) // it throws back what it was shown
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintln(w, "no entry for", r.Header.Get("Authorization"))
	})
	const other = "token-of-the-foreign-server"
	c.Run("profiles", "create", `{"Name":"ws-diagnose"}`)
	c.Run("profiles", "set", name, "param", name+"/endpoint-tokens", "to",
		fmt.Sprintf(`{"%s":{"token":"%s","sha256":"%s"}}`, f.address(), other, f.fingerprint()))
	set(c, "endpoints", `["`+f.url()+`"]`)
	if strings.Count(f.heard(), other) > 0 {
		t.Fatal("a check ran before it was asked for")
	}
	tokens := []string{pluginToken(t, e), other}
	results := browse(t, e).act(t, nil) + c.Run("system", "runaction", name)
	if !strings.Contains(f.heard(), other) {
		t.Fatal("the foreign server was not shown its token: the test tests nothing")
	}
	e.Misbehave(emulator.Faults{Paths: map[string]int{"alerts": http.StatusForbidden}}) // more is logged
	results += c.Run("plugins", "runaction", name, name)
	e.Misbehave(emulator.Faults{})
	for _, list := range []string{"alerts", "profiles", "plugins", "jobs"} {
		results += c.Run(list, "list")
	}
	set(c, "cert-warn-days", "40") // ends the process
	for place, text := range map[string]string{"results and objects": results, "events": heard(),
		"what was logged and printed": printed.String()} {
		for _, token := range tokens {
			if strings.Contains(text, token) {
				t.Errorf("a token is in %s", place)
			}
		}
		if !strings.Contains(text, name) {
			t.Errorf("nothing of ours in %s", place)
		}
	}
}
