package emulator

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/pborman/uuid"
	"gitlab.com/rackn/provision/v4/models"
)

// jobTokenLife is how long the token of one job is good for.
const jobTokenLife = time.Hour

// jobLogs holds what runners wrote into the logs of their jobs.
type jobLogs struct {
	mu   sync.Mutex
	text map[string][]byte
}

func (l *jobLogs) add(job string, text []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.text == nil {
		l.text = map[string][]byte{}
	}
	l.text[job] = append(l.text[job], text...)
}

// JobLog returns the log of a job.
func (e *Endpoint) JobLog(job string) string {
	e.jobLogs.mu.Lock()
	defer e.jobLogs.mu.Unlock()
	return string(e.jobLogs.text[job])
}

// jobs serves jobs: as objects, and what a runner does with them.
func (c *call) jobs() {
	switch {
	case c.e.opt.Old:
		c.objects()
	case len(c.path) == 1 && c.r.Method == http.MethodPost:
		var job models.Job
		if c.need("jobs", "create", "*") && c.decode(&job) {
			c.nextJob(job)
		}
	case len(c.path) == 2 && c.r.Method == http.MethodPatch:
		if c.need("jobs", "update", c.path[1]) {
			c.patch("jobs", c.path[1])
			c.e.jobEnded(c.path[1])
		}
	case len(c.path) == 3 && c.path[2] == "log":
		if c.need("jobs", "log", c.path[1]) && c.exists("jobs", c.path[1]) {
			c.jobLog(c.path[1])
		}
	case len(c.path) == 3 && c.path[2] == "actions" && c.r.Method == http.MethodGet:
		if c.need("jobs", "actions", c.path[1]) && c.exists("jobs", c.path[1]) {
			c.jobActions(c.path[1])
		}
	default:
		c.objects()
	}
}

func (c *call) jobLog(job string) {
	switch c.r.Method {
	case http.MethodPut:
		text, _ := io.ReadAll(io.LimitReader(c.r.Body, maxBody)) // what arrived counts
		c.e.jobLogs.add(job, text)
		c.reply(http.StatusNoContent, nil)
	case http.MethodGet, http.MethodHead:
		c.w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = io.WriteString(c.w, c.e.JobLog(job))
	default:
		c.noRoute()
	}
}

// nextJob makes the job for the next task of a work order, or ends a work order without one.
func (c *call) nextJob(asked models.Job) {
	var order models.WorkOrder
	if !c.e.store.load("work_orders", asked.WorkOrder.String(), &order) {
		c.notFound("work_orders", asked.WorkOrder.String())
		return
	}
	next := order.CurrentTask + 1
	if order.State != "running" || next >= len(order.Tasks) {
		if order.State == "running" {
			c.e.endWorkOrder(order.Key(), "finished")
		}
		c.reply(http.StatusNoContent, nil)
		return
	}
	job := &models.Job{Uuid: models.NewUUID6(), Machine: order.Machine, WorkOrder: order.Uuid, Previous: order.CurrentJob,
		Task: order.Tasks[next], Stage: "none", State: models.JOB_CREATED, StartTime: c.e.opt.Now(),
		CurrentIndex: next, NextIndex: next + 1, Current: true}
	var task models.Task
	if c.e.store.load("tasks", job.Task, &task) && len(task.ExtraClaims) > 0 {
		job.ExtraClaims = task.ExtraClaims
		job.Token = c.e.auth.issue(grant{principal: "runner:" + order.Machine.String(),
			claims: append(machineClaims(order.Machine.String()), task.ExtraClaims...)}, jobTokenLife)
	}
	if strings.HasPrefix(job.Task, "action:") {
		job.State = c.e.runActionTask(job)
	}
	made, err := c.e.create(c.who.principal, "jobs", fields(job))
	if err == nil {
		_, err = c.e.edit("system", "work_orders", order.Key(), func(o object) *models.Error {
			o["CurrentTask"], o["CurrentJob"] = next, job.Uuid.String()
			return nil
		})
	}
	c.e.jobEnded(job.Key())
	c.replyObject(http.StatusCreated, "jobs", made, err)
}

// runActionTask runs a task "action:[plugin:]command", which is the server's own to run, against
// the machine; it returns the state the job ends in.
func (e *Endpoint) runActionTask(job *models.Job) string {
	plugin, command, named := strings.Cut(strings.TrimPrefix(job.Task, "action:"), ":")
	if !named {
		plugin, command = "", plugin
	}
	machine := job.Machine.String()
	target := e.store.find("machines", machine)
	answer, code, err := e.invoke("runner:"+machine, invocation{model: "machines", key: machine,
		command: command, target: target, given: object{}}, e.host.offers("machines", plugin))
	if err != nil {
		answer, code = []byte(err.Error()), err.Code
	}
	e.jobLogs.add(job.Key(), fmt.Appendf(nil, "%s\n", answer))
	if code >= http.StatusBadRequest {
		return models.JOB_FAILED
	}
	return models.JOB_FINISHED
}

// jobEnded makes a work order fail with its job.
func (e *Endpoint) jobEnded(key string) {
	var job models.Job
	if e.store.load("jobs", key, &job) && job.State == models.JOB_FAILED && !uuid.Equal(job.WorkOrder, uuid.NIL) {
		e.endWorkOrder(job.WorkOrder.String(), "failed")
	}
}

// jobActions answers the rendered templates of a job's task.
func (c *call) jobActions(key string) {
	var job models.Job
	c.e.store.load("jobs", key, &job)
	actions, err := c.e.render(&job)
	if err != nil {
		c.fail(&models.Error{Model: "jobs", Key: key, Type: "GET", Code: http.StatusUnprocessableEntity,
			Messages: []string{err.Error()}})
		return
	}
	if targetOS := c.r.URL.Query().Get("os"); targetOS != "" {
		actions = actions.FilterOS(targetOS)
	}
	c.reply(http.StatusOK, actions)
}
