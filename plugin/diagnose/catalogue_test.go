package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// contract is the list of ids and default levels that alerts and monitoring rely on. An id may be
// added here, never changed.
const contract = `
scheme-insecure Error, port-unsafe Error, names-unknown Info,
dns-not-found Error, dns-failed Error,
connect-refused Error, connect-timeout Error, connect-unreachable Error, connect-partial Warn, proxy-failed Error,
tls-timeout Error, tls-dropped Error, tls-not-spoken Error, tls-version Error, tls-cipher Error,
tls-client-cert Error, tls-client-cert-optional Warn, tls-large-hello Error, tls-alert Error, tls-alpn Error,
tls-key-mismatch Error,
cert-expired Error, cert-expiring Warn, cert-not-yet-valid Error, cert-name-mismatch Error, cert-no-san Error,
cert-self-signed Info, cert-unknown-issuer Warn, cert-chain-incomplete Error, cert-chain-expired Error,
cert-chain-invalid Error, cert-wrong-usage Error, cert-weak-signature Error, cert-weak-key Warn, cert-revoked Error,
cert-validity-too-long Warn, cert-ca-as-leaf Info, cert-must-staple Warn, cert-staple-invalid Warn,
hsts-no-exception Warn, browser-refuses Warn, cert-changed Info,
cert-static-differs Info, clock-skew Warn, browser-local-network Info,
http-timeout Error, http-dropped Error, http-malformed Error,
upgrade-unauthorized Error, upgrade-forbidden Error, upgrade-origin Error, upgrade-not-found Error,
upgrade-redirected Error, upgrade-proxy-auth Error, upgrade-rate-limited Error, upgrade-bad-gateway Error,
upgrade-server-error Error, upgrade-not-switched Error, upgrade-bad-handshake Error, upgrade-subprotocol Error,
ws-closed Error, ws-closed-invalid Error, ws-dropped Error, ws-idle-dropped Error, ws-protocol-error Error,
ws-invalid-utf8 Error, ws-too-large Error, ws-no-ack Error, ws-no-event Error, ws-no-pong Error, ws-slow Warn,
ws-close-ignored Warn, ws-flapping Error, events-lost Warn,
schedule-missed Warn`

func TestCatalogueKeepsTheContract(t *testing.T) {
	var want, got []string
	for item := range strings.SplitSeq(contract, ",") {
		want = append(want, strings.TrimSpace(item))
	}
	for _, e := range Catalogue() {
		got = append(got, e.ID+" "+string(e.Level))
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ids and levels (-contract +catalogue):\n%s", diff)
	}
}

func TestEntriesAreComplete(t *testing.T) {
	for _, e := range Catalogue() {
		for name, text := range map[string]string{
			"title": e.Title, "seen": e.Seen, "user": e.User, "cause": e.Cause, "verify": e.Verify,
		} {
			if text == "" {
				t.Errorf("%s has no %s", e.ID, name)
			}
		}
		if len(e.Remedy) == 0 || e.find == nil {
			t.Errorf("%s has %d steps, rule %t", e.ID, len(e.Remedy), e.find != nil)
		}
		inBrowser := e.ID == "browser-local-network" // mended by a click
		if !inBrowser && !slices.ContainsFunc(e.Remedy, IsCommand) {
			t.Errorf("%s has nothing to paste in its remedy", e.ID)
		}
		if len(e.Title) > 96 || strings.HasSuffix(e.Title, ".") || placeholder.MatchString(e.Title) {
			t.Errorf("%s: the title is long, a sentence or a template: %q", e.ID, e.Title)
		}
		if stageRank(string(e.Stage)) < 0 {
			t.Errorf("%s is of an unknown stage %q", e.ID, e.Stage)
		}
		if got, ok := Lookup(e.ID); !ok || got.ID != e.ID {
			t.Errorf("Lookup(%q) finds %q, %t", e.ID, got.ID, ok)
		}
	}
	if _, ok := Lookup("no-such-finding"); ok {
		t.Error("Lookup finds what is not there")
	}
}

// TestExplanations holds the text of the catalogue, as users read it, against a golden file.
func TestExplanations(t *testing.T) {
	var b strings.Builder
	for _, e := range Catalogue() {
		fmt.Fprintf(&b, "=== %s %s %s: %s\nseen:   %s\nuser:   %s\ncause:  %s\n", e.ID, e.Level, e.Stage, e.Title, e.Seen, e.User, e.Cause)
		for _, step := range e.Remedy {
			fmt.Fprintf(&b, "  %s\n", strings.ReplaceAll(step, "\n", "\n  "))
		}
		fmt.Fprintf(&b, "mended: %s\n\n", e.Verify)
	}
	if strings.ContainsAny(b.String(), "\x1b\u202e") || placeholder.MatchString(b.String()) || strings.Contains(b.String(), "{?") {
		t.Error("a template is not filled")
	}
	golden(t, "explanations.golden", b.String())
}

// TestNoCycles walks DependsOn and HeldBackBy alike: a finding must not stand before or above itself.
func TestNoCycles(t *testing.T) {
	var visit func(id string, path []string)
	visit = func(id string, path []string) {
		if slices.Contains(path, id) {
			t.Fatalf("cycle: %v", append(path, id))
		}
		e, _ := Lookup(id)
		for _, above := range slices.Concat(e.DependsOn, e.HeldBackBy) {
			visit(above, append(path, id))
		}
	}
	for _, e := range Catalogue() {
		visit(e.ID, nil)
	}
}

func TestIndexRefusesMistakes(t *testing.T) {
	for name, entries := range map[string][]Entry{
		"doubled id": {{ID: "a"}, {ID: "a"}},
		"unknown id": {{ID: "a", DependsOn: []string{"b"}}},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			index(entries)
		}()
	}
}

// TestTemplatesAreFilled runs every rule on the fixture that it is for: each placeholder of its
// entry must have a value there, the empty one included.
func TestTemplatesAreFilled(t *testing.T) {
	eachFixture(func(x fixture, w *world) {
		s := &scene{Trace: w.Trace, evidence: &w.evidence, policy: w.policy.withDefaults()}
		for _, e := range catalogue {
			for _, o := range e.find(s) {
				v := s.values().with(o.values)
				for _, text := range append([]string{e.Headline, e.Cause, e.User, e.Seen, e.Verify}, slices.Concat(e.Remedy, o.remedy)...) {
					for _, p := range append(placeholder.FindAllStringSubmatch(text, -1), conditions(text)...) {
						if _, ok := v[p[len(p)-1]]; !ok {
							t.Errorf("%s: %s has no value for %s", x.name, e.ID, p[0])
						}
					}
				}
			}
		}
	})
}

// conditions are those at the start of a step.
func conditions(step string) [][]string {
	var found [][]string
	for c := condition.FindStringSubmatch(step); c != nil; c = condition.FindStringSubmatch(step) {
		found = append(found, c)
		step = step[len(c[0]):]
	}
	return found
}
