package e2e

import (
	"strings"
	"testing"

	"gitlab.com/rackn/provision/v4/models"

	"ws-diagnose/tests/drpcli"
	"ws-diagnose/tests/emulator"
	"ws-diagnose/tests/emulator/emutest"
)

// scheduledRuns has as many scheduled runs as a recovery takes to be confirmed.
func scheduledRuns(t *testing.T, e *emulator.Endpoint) {
	t.Helper()
	for range 2 {
		if made, err := e.Fire(name); err != nil || len(made) != 1 {
			t.Fatalf("trigger: %v, %v", made, err)
		}
	}
	emutest.RunAgent(t, e)
}

// forget makes the plugin's next life one that knows of no former certificate. Time cannot be moved
// here: a certificate that comes nearer to its end is another one, which is not to be noticed.
func forget(c *drpcli.CLI) {
	c.Run("profiles", "destroy", name+"-state")
	set(c, "latency-warn-ms", "501")
	set(c, "latency-warn-ms", "500")
}

// TestAlertStory follows one cause through its life, with the alerts after each step. Between the
// first steps the plugin is started anew: what it goes on with are the open alerts.
func TestAlertStory(t *testing.T) {
	needs(t, "bash", "jq")
	e, c := install(t, emulator.Options{})
	c.Run("profiles", "set", "global", "param", "trigger/ws-diagnose-enabled", "to", "true")
	step := func(days int, want ...string) {
		t.Helper()
		certify(t, e, days)
		scheduledRuns(t, e)
		if got := alerts(e); got != strings.Join(want, "\n") {
			t.Errorf("with %d days left:\n%s", days, got)
		}
	}
	step(20, "open Warn ws-diagnose cert-expiring")
	first := e.Alerts()[0].Key()
	forget(c)
	step(5, "open Error ws-diagnose cert-expiring")
	if again := e.Alerts()[0]; again.Key() != first || !strings.Contains(again.Contents, "expires in 5 days") {
		t.Errorf("not the same alert, told on: %+v", again)
	}
	forget(c)
	step(-3, "cleared Error ws-diagnose cert-expiring", "open Error ws-diagnose cert-expired")
	if note := find(t, e, "cert-expiring").Note; !strings.Contains(note, find(t, e, "cert-expired").Name) {
		t.Errorf("the note does not name the successor: %q", note)
	}
	step(364, "cleared Error ws-diagnose cert-expired", "cleared Error ws-diagnose cert-expiring", "open Warn ws-diagnose cert-changed")
	if note := find(t, e, "cert-expired").Note; !strings.Contains(note, "gone since") {
		t.Errorf("note of a recovery: %q", note)
	}
	if text := find(t, e, "cert-changed").Contents; !strings.Contains(text, "Firefox") || !strings.Contains(text, "accept") {
		t.Errorf("who has to accept the new certificate where: %s", text)
	}
}

// find returns the alert about a finding.
func find(t *testing.T, e *emulator.Endpoint, finding string) *models.Alert {
	t.Helper()
	for _, a := range e.Alerts() {
		if a.Params[name+"/finding"] == finding {
			return a
		}
	}
	t.Fatalf("no alert about %s", finding)
	return nil
}

// TestAcknowledged: what a person acknowledged stays quiet while the fault lasts, and the alerts of
// others are left alone.
func TestAcknowledged(t *testing.T) {
	t.Parallel()
	e, c := install(t, emulator.Options{CertificateDays: 5})
	c.Run("alerts", "post", "Error", "disk full")
	run(c)
	c.Run("alerts", "ack", find(t, e, "cert-expiring").Key())
	run(c)
	run(c)
	if got, want := alerts(e), "cleared Error ws-diagnose cert-expiring\nopen Error disk full"; got != want {
		t.Errorf("alerts:\n%s", got)
	}
}

// TestUndelivered: alerts that the server does not take are raised as soon as it does, once.
func TestUndelivered(t *testing.T) {
	t.Parallel()
	e, c := install(t, emulator.Options{CertificateDays: 5})
	e.Misbehave(emulator.Faults{FailPosts: map[string]int{"alerts": 1}})
	run(c)
	run(c)
	if got, want := alerts(e), "open Error ws-diagnose cert-expiring"; got != want {
		t.Errorf("alerts:\n%s", got)
	}
}
