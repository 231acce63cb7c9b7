package emulator_test

import (
	"strings"
	"testing"
	"time"

	"gitlab.com/rackn/provision/v4/api"
	"gitlab.com/rackn/provision/v4/models"

	"ws-diagnose/tests/emulator"
	"ws-diagnose/tests/emulator/emutest"
)

// chore is a content bundle with a task, a blueprint and a cron trigger that is switched off.
const chore = `{"meta": {"Name": "chore", "Version": "v1.0.0"}, "sections": {
 "params": {"chore/word": {"Name": "chore/word", "Schema": {"type": "string", "default": "nothing"}}},
 "tasks": {"chore": {"Name": "chore", "Meta": {"feature-flags": "sane-exit-codes"}, "ExtraClaims": [{"scope": "alerts", "action": "create", "specific": "*"}],
   "Templates": [{"Name": "say.sh", "Contents":
"#!/usr/bin/env bash\n{{template \"setup.tmpl\" .}}\necho word {{.Param \"chore/word\" | quote}} from {{get .WorkOrder.Meta \"triggered-by\"}} on {{.Machine.Name}}\n[[ '{{.Param \"chore/word\"}}' != fail ]]\n"}]}},
 "blueprints": {"chore": {"Name": "chore", "Tasks": ["chore"]}},
 "triggers": {"chore": {"Name": "chore", "TriggerProvider": "cron-trigger", "Blueprint": "chore", "Enabled": false,
   "Filter": "Params.machine-self-runner=Eq(true) Endpoint=", "Params": {"cron-trigger/time-string": "15 * * * *"},
   "WorkOrderParams": {"chore/word": "hello"}}}}}`

// quarterPast is when the chore is due.
var quarterPast = time.Date(2026, 11, 22, 10, 15, 30, 0, time.UTC)

// withChore starts an endpoint with the chore, switched on.
func withChore(t *testing.T) *emulator.Endpoint {
	t.Helper()
	e := emutest.Start(t, emulator.Options{ID: "runner-1"})
	c := cli(t, e)
	c.Run("contents", "upload", chore)
	if made := e.Tick(quarterPast); len(made) != 0 {
		t.Fatalf("a trigger that is switched off fires: %v", made)
	}
	c.Run("profiles", "set", "global", "param", "trigger/chore-enabled", "to", "true")
	if made := e.Tick(quarterPast.Add(time.Minute)); len(made) != 0 {
		t.Fatalf("fires when it is not due: %v", made)
	}
	return e
}

// TestCronToJobLog goes from a cron trigger over the work order and the SDK's real agent to the
// log of the job.
func TestCronToJobLog(t *testing.T) {
	e := withChore(t)
	if made := e.Tick(quarterPast); len(made) != 1 {
		t.Fatalf("work orders of the trigger: %v", made)
	}
	emutest.RunAgent(t, e)
	orders := e.WorkOrders()
	if len(orders) != 1 || orders[0].State != "finished" {
		t.Fatalf("work orders: %+v", orders)
	}
	if log := e.JobLog(orders[0].CurrentJob.String()); !strings.Contains(log, "word hello from chore on runner-1") {
		t.Errorf("log: %s", log)
	}
	if m := e.SelfRunner(); m.PendingWorkOrders != 0 || m.RunningWorkOrders != 0 {
		t.Errorf("machine counts %d pending, %d running", m.PendingWorkOrders, m.RunningWorkOrders)
	}
}

// TestFailingTask: a task that fails fails its work order, and the next one runs all the same.
func TestFailingTask(t *testing.T) {
	e := withChore(t)
	c := cli(t, e)
	c.Run("work_orders", "create", `{"Blueprint":"chore","Machine":"`+e.SelfRunner().Key()+`","Params":{"chore/word":"fail"}}`)
	c.Run("work_orders", "run", "chore", "on", "runner-1")
	emutest.RunAgent(t, e)
	var states []string
	for _, o := range e.WorkOrders() {
		states = append(states, o.State)
	}
	if strings.Join(states, " ") != "failed finished" {
		t.Errorf("states %v", states)
	}
}

// TestTriggerDisabled: disabled wins over enabled.
func TestTriggerDisabled(t *testing.T) {
	e := withChore(t)
	cli(t, e).Run("profiles", "set", "global", "param", "trigger/chore-disabled", "to", "true")
	if made := e.Tick(quarterPast); len(made) != 0 {
		t.Errorf("fires: %v", made)
	}
}

// TestTriggerWithoutMachine: a runner that takes no work orders makes a trigger silent.
func TestTriggerWithoutMachine(t *testing.T) {
	e := withChore(t)
	cli(t, e).Run("machines", "work_order", "off", e.SelfRunner().Key())
	if made := e.Tick(quarterPast); len(made) != 0 {
		t.Errorf("fires: %v", made)
	}
}

// TestJobToken: a task's extra claims end with what they name.
func TestJobToken(t *testing.T) {
	e := withChore(t)
	e.Tick(quarterPast)
	id := e.SelfRunner().Key()
	c, err := api.TokenSession(e.URL(), e.MachineToken(id, time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	order := &models.WorkOrder{}
	if err := c.Req().Post(order).UrlFor("machines", id, "pick", "a").Do(order); err != nil || order.State != "running" {
		t.Fatalf("pick: %v, %+v", err, order)
	}
	job := &models.Job{Machine: order.Machine, WorkOrder: order.Uuid}
	if err := c.CreateModel(job); err != nil || job.Token == "" {
		t.Fatalf("job: %v, %+v", err, job)
	}
	task := cli(t, e).WithToken(job.Token)
	task.Run("alerts", "post", "Info", "from the task")
	if out, err := task.Try("plugins", "list"); err == nil {
		t.Errorf("beyond its claims: %s", out)
	}
	if out, err := cli(t, e).WithToken(c.Token()).Try("alerts", "post", "Info", "from the runner"); err == nil {
		t.Errorf("without the extra claim: %s", out)
	}
}
