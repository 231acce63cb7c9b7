package emulator

import (
	"net/http"
	"time"

	"github.com/pborman/uuid"
	"gitlab.com/rackn/provision/v4/models"
)

// selfRunnerParam marks the machine object that stands for the endpoint itself.
const selfRunnerParam = "machine-self-runner"

// builtin is the content that a current endpoint has from the start, as far as triggers and work
// orders need it. The template is a stand-in: the real one makes sure of the same two programs.
func builtin() []*models.Content {
	setup := `set -e
for program in drpcli jq; do
  command -v "$program" >/dev/null || { echo "$program is missing" >&2; exit 1; }
done
`
	timeString := "cron-trigger/time-string"
	return []*models.Content{{
		Meta: models.ContentMetaData{Name: "BasicStore", Version: "v4.11.3", Type: "basic"},
		Sections: models.Sections{
			"trigger_providers": {"cron-trigger": &models.TriggerProvider{Name: "cron-trigger", NoURL: true,
				RequiredParameters: []string{timeString}}},
			"params": {timeString: &models.Param{Name: timeString, Schema: object{"type": "string"}}},
		},
	}, {
		Meta: models.ContentMetaData{Name: "drp-community-content", Version: "v4.11.3"},
		Sections: models.Sections{
			"templates": {"setup.tmpl": &models.Template{ID: "setup.tmpl", Contents: setup}},
			"params": {selfRunnerParam: &models.Param{Name: selfRunnerParam,
				Schema: object{"type": "boolean", "default": false}}},
		},
	}}
}

// seedRunner adds the built-in content and the endpoint's own machine, ready for work orders.
func (e *Endpoint) seedRunner() {
	for _, content := range builtin() {
		if err := e.loadContent(content, false); err != nil {
			panic("emulator: " + err.Error())
		}
	}
	machine := &models.Machine{Meta: models.Meta{"feature-flags": "change-stage-v2"}}
	machine.Name, machine.Uuid = e.opt.ID, uuid.NewRandom()
	machine.Stage, machine.BootEnv = "none", "local"
	machine.Runnable, machine.WorkOrderMode = true, true
	machine.Params = object{selfRunnerParam: true, "cluster/tags": []string{"event-worker-pool"}}
	machine.Fill()
	e.mustCreate("machines", fields(machine))
}

// SelfRunner is the machine that stands for the endpoint.
func (e *Endpoint) SelfRunner() *models.Machine {
	for _, o := range e.store.list("machines") {
		machine := &models.Machine{}
		if paramsOf(o)[selfRunnerParam] == true && models.Remarshal(o, machine) == nil {
			return machine
		}
	}
	return nil
}

// machineClaims are what a machine's runner may do: read what tasks are made of, and work on its
// own objects.
func machineClaims(id string) []*models.Claim {
	return []*models.Claim{
		{Scope: "machines", Action: "*", Specific: id},
		{Scope: "jobs,work_orders", Action: "*", Specific: "*"},
		{Scope: "bootenvs,blueprints,contents,info,params,profiles,stages,tasks,templates", Action: "get,list", Specific: "*"},
		{Scope: "events", Action: "post", Specific: "*"},
	}
}

// MachineToken issues the token of a machine's runner.
func (e *Endpoint) MachineToken(id string, life time.Duration) string {
	return e.auth.issue(grant{principal: "runner:" + id, claims: machineClaims(id)}, life)
}

// machines serves machines: as objects, and what their runners ask for.
func (c *call) machines() {
	if c.e.opt.Old || len(c.path) < 3 {
		c.objects()
		return
	}
	id, _ := c.splitKey("machines")
	switch c.path[2] + " " + c.r.Method {
	case "token GET":
		if c.need("machines", "token", id) && c.exists("machines", id) {
			c.reply(http.StatusOK, map[string]any{"Token": c.e.MachineToken(id, time.Hour), "Info": c.e.info()})
		}
	case "pick POST":
		if c.need("machines", "update", id) && c.exists("machines", id) {
			c.pick(id)
		}
	case "connections GET":
		if c.need("machines", "get", id) {
			c.reply(http.StatusOK, c.e.connectionsOf("runner:"+id))
		}
	default:
		c.objects()
	}
}

// exists answers 404 and reports false for an object that is not there.
func (c *call) exists(prefix, key string) bool {
	if c.e.store.find(prefix, key) != nil {
		return true
	}
	c.notFound(prefix, key)
	return false
}
