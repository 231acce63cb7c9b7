package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab.com/rackn/provision/v4/models"

	"ws-diagnose/tests/drpcli"
	"ws-diagnose/tests/emulator"
	"ws-diagnose/tests/emulator/emutest"
)

// quarterPast is when the trigger is due.
var quarterPast = time.Date(2026, 11, 22, 10, 15, 0, 0, time.UTC)

// needs skips a test where the task's own tools are missing.
func needs(t *testing.T, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s here", tool)
		}
	}
}

// order returns a work order by its key.
func order(t *testing.T, e *emulator.Endpoint, key string) *models.WorkOrder {
	t.Helper()
	for _, o := range e.WorkOrders() {
		if o.Key() == key {
			return o
		}
	}
	t.Fatalf("no work order %s", key)
	return nil
}

// TestCron goes all the way: cron trigger, blueprint, work order, self-runner, the SDK's real agent,
// the task's script with the real drpcli, the plugin, the report in the job's log, the alert.
func TestCron(t *testing.T) {
	needs(t, "bash", "jq")
	e, c := install(t, emulator.Options{ID: "drp.example.com"})
	certify(t, e, 20)
	if made := e.Tick(quarterPast); len(made) != 0 {
		t.Fatalf("the trigger does not come switched off: %v", made)
	}
	c.Run("profiles", "set", "global", "param", "trigger/ws-diagnose-enabled", "to", "true")
	if made := e.Tick(quarterPast.Add(time.Minute)); len(made) != 0 {
		t.Fatalf("not due: %v", made)
	}
	made := e.Tick(quarterPast)
	if len(made) != 1 {
		t.Fatalf("work orders of the trigger: %v", made)
	}
	emutest.RunAgent(t, e)
	done := order(t, e, made[0])
	log := e.JobLog(done.CurrentJob.String())
	if done.State != "finished" || done.Blueprint != name {
		t.Errorf("work order %+v, log:\n%s", done, log)
	}
	for _, want := range []string{"# ", "cert-expiring", "certificate expires in 20 days", e.URL(), "Trigger ws-diagnose: on", "by trigger: this run"} {
		if !strings.Contains(log, want) {
			t.Errorf("%q is not in the job's log:\n%s", want, log)
		}
	}
	if got, want := alerts(e), "open Warn ws-diagnose cert-expiring"; got != want {
		t.Errorf("alerts:\n%s", got)
	}
	c.Run("profiles", "set", "global", "param", "trigger/ws-diagnose-disabled", "to", "true")
	if made := e.Tick(quarterPast); len(made) != 0 {
		t.Errorf("switched off again, it fires: %v", made)
	}
	lint(t, c, done.CurrentJob.String())
}

// lint runs the job's script, as the server rendered it, through shellcheck.
func lint(t *testing.T, c *drpcli.CLI, job string) {
	t.Helper()
	needs(t, "shellcheck")
	var actions []models.JobAction
	c.Into(&actions, "jobs", "actions", job)
	if len(actions) != 1 || strings.Contains(actions[0].Content, "{{") {
		t.Fatalf("rendered: %+v", actions)
	}
	script := filepath.Join(t.TempDir(), "task.sh")
	if err := os.WriteFile(script, []byte(actions[0].Content), 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "shellcheck", script).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestFailWorkOrder: a finding fails a work order when it is an error and when that was asked for.
func TestFailWorkOrder(t *testing.T) {
	needs(t, "bash", "jq")
	e, c := install(t, emulator.Options{})
	queue := func(fail string) string {
		var made models.WorkOrder
		c.Into(&made, "work_orders", "create", `{"Blueprint":"ws-diagnose","Machine":"`+e.SelfRunner().Key()+
			`","Params":{"ws-diagnose/fail-work-order":`+fail+`}}`)
		return made.Key()
	}
	for _, round := range []struct {
		days           int
		asked, unasked string
	}{
		{20, "finished", "finished"}, // a warning
		{5, "failed", "finished"},    // an error
	} {
		certify(t, e, round.days)
		asked, unasked := queue("true"), queue("false")
		emutest.RunAgent(t, e)
		if got := order(t, e, asked).State; got != round.asked {
			t.Errorf("%d days, asked for: %s", round.days, got)
		}
		if got := order(t, e, unasked).State; got != round.unasked {
			t.Errorf("%d days, not asked for: %s", round.days, got)
		}
	}
	c.Run("plugins", "destroy", name)
	key := queue("false")
	emutest.RunAgent(t, e)
	if o := order(t, e, key); o.State != "failed" || !strings.Contains(e.JobLog(o.CurrentJob.String()), "is the plugin ws-diagnose running?") {
		t.Errorf("without the plugin: %s, log:\n%s", o.State, e.JobLog(o.CurrentJob.String()))
	}
}
