package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"ws-diagnose/tests/drpcli"
	"ws-diagnose/tests/emulator"
	"ws-diagnose/tests/emulator/emutest"
)

// watched starts an endpoint with the plugin, which has another DRP endpoint to check as well and a
// token for it. A run may take five seconds.
func watched(t *testing.T) (e, other *emulator.Endpoint, c *drpcli.CLI) {
	t.Helper()
	e, c = install(t, emulator.Options{})
	other = emutest.Start(t, emulator.Options{})
	leaf := sha256.Sum256(other.Certificate().Certificate[0])
	c.Run("profiles", "create", `{"Name":"ws-diagnose"}`)
	c.Run("profiles", "set", name, "param", name+"/endpoint-tokens", "to", fmt.Sprintf(`{"%s":{"token":"%s","sha256":"%s"}}`,
		other.Addr(), other.Token(time.Hour), hex.EncodeToString(leaf[:])))
	set(c, "timeout-seconds", "5")
	set(c, "endpoints", `["`+other.URL()+`"]`)
	return e, other, c
}

// TestHangs: whatever stage an endpoint goes silent at, the action comes to an end and says which.
func TestHangs(t *testing.T) {
	t.Parallel()
	_, other, c := watched(t)
	if r := run(c); r.about(t, other.URL()).FailedStage != "" {
		t.Fatalf("a sound endpoint: %+v", r.about(t, other.URL()))
	}
	for _, hang := range []struct {
		faults         emulator.Faults
		stage, finding string
	}{
		{emulator.Faults{HangTLS: true}, "tls", "tls-timeout"},
		{emulator.Faults{HangHTTP: true}, "http", "http-timeout"},
		{emulator.Faults{HangUpgrade: true}, "http", "http-timeout"},
		{emulator.Faults{NoAck: true}, "register", "ws-no-ack"},
		{emulator.Faults{MuteEvents: true}, "event", "ws-no-event"},
		{emulator.Faults{NoPong: true}, "ping", "ws-no-pong"},
		{emulator.Faults{IgnoreClose: true}, "close", "ws-close-ignored"},
	} {
		other.Misbehave(hang.faults)
		r := run(c).about(t, other.URL())
		if r.FailedStage != hang.stage || !r.has(hang.finding) {
			t.Errorf("%+v: failed at %q, %+v", hang.faults, r.FailedStage, r.Findings)
		}
	}
	other.Misbehave(emulator.Faults{})
	if r := run(c); r.about(t, other.URL()).FailedStage != "" {
		t.Errorf("mended: %+v", r.about(t, other.URL()))
	}
}

// TestOwnServerHangs: the server that the plugin runs on takes no new connections any more; those
// that it has go on, as a browser's that asks for the action.
func TestOwnServerHangs(t *testing.T) {
	t.Parallel()
	e, c := install(t, emulator.Options{})
	set(c, "timeout-seconds", "5")
	b := browse(t, e)
	b.act(t, nil)
	e.Misbehave(emulator.Faults{HangTLS: true})
	if r := decode(t, b.act(t, nil)).about(t, e.URL()); !r.has("tls-timeout") {
		t.Errorf("%+v", r)
	}
	e.Misbehave(emulator.Faults{})
	if r := run(c).about(t, e.URL()); r.FailedStage != "" {
		t.Errorf("mended: %+v", r)
	}
}

// TestJoin: of actions that ask the same at the same time the second joins the first; one that asks
// something else has a run of its own.
func TestJoin(t *testing.T) {
	t.Parallel()
	e, other, c := watched(t)
	heard := watch(t, e, c, "plugins."+name+".*")
	other.Misbehave(emulator.Faults{HangHTTP: true}) // a run lasts
	b := browse(t, e)
	answers := make([]string, 3)
	var all sync.WaitGroup
	for i, params := range []map[string]any{nil, nil, {name + "/cert-warn-days": 20}} {
		all.Go(func() {
			status, answer, err := b.do(t.Context(), http.MethodPost, "plugins/"+name+"/actions/"+name, params)
			if err != nil || status != http.StatusOK {
				t.Errorf("action: %d %s, %v", status, answer, err)
			}
			answers[i] = answer
		})
	}
	for range answers {
		<-heard
	}
	all.Wait()
	if answers[0] != answers[1] {
		t.Errorf("two runs for one question:\n%s\n%s", answers[0], answers[1])
	}
	if slices.Contains(answers[:2], answers[2]) {
		t.Errorf("one run for two questions:\n%s", answers[2])
	}
}
