package emulator

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pborman/uuid"
	"gitlab.com/rackn/provision/v4/models"
)

// workOrders serves work orders: as objects, with creation from a blueprint.
func (c *call) workOrders() {
	if len(c.path) != 1 || c.r.Method != http.MethodPost {
		c.objects()
		return
	}
	var order models.WorkOrder
	if !c.need("work_orders", "create", "*") || !c.decode(&order) {
		return
	}
	if len(order.Machine) == 0 && order.Filter != "" {
		found, err := c.e.matchMachines(order.Filter)
		if err == nil && len(found) > 0 {
			order.Machine = uuid.Parse(found[0])
		}
	}
	made, err := c.e.createWorkOrder(c.who.principal, order)
	c.replyObject(http.StatusCreated, "work_orders", made, err)
}

// createWorkOrder queues a work order for its machine.
func (e *Endpoint) createWorkOrder(principal string, order models.WorkOrder) (object, *models.Error) {
	machine := order.Machine.String()
	if e.store.find("blueprints", order.Blueprint) == nil || e.store.find("machines", machine) == nil {
		return nil, &models.Error{Model: "work_orders", Type: "ValidationError", Code: http.StatusUnprocessableEntity,
			Messages: []string{"work order needs a machine and a blueprint that exist"}}
	}
	order.State, order.Runnable, order.CurrentTask = "created", true, -1
	order.CreateTime = e.opt.Now()
	made, err := e.create(principal, "work_orders", fields(order))
	if err == nil {
		e.countWorkOrders(machine)
	}
	return made, err
}

// countWorkOrders brings a machine's counters up to date; its runner waits for that event.
func (e *Endpoint) countWorkOrders(machine string) {
	counts := map[any]int{}
	for _, o := range e.store.list("work_orders") {
		if o["Machine"] == machine {
			counts[o["State"]]++
		}
	}
	_, _, _ = e.update("system", "machines", machine, func(o object) *models.Error { // gone: nobody waits
		o["PendingWorkOrders"], o["RunningWorkOrders"] = counts["created"], counts["running"]
		return nil
	})
}

// matchMachines lists the machines a trigger's or a work order's filter means. That they take work
// orders and are runnable is always asked for as well.
func (e *Endpoint) matchMachines(pattern string) ([]string, error) {
	query := url.Values{"WorkOrderMode": {"true"}, "Runnable": {"true"}}
	for condition := range strings.FieldsSeq(pattern) {
		field, value, _ := strings.Cut(condition, "=")
		query.Add(field, value)
	}
	found, err := filter(e.store.list("machines"), query, e)
	var keys []string
	for _, o := range found {
		keys = append(keys, keyOf("machines", o))
	}
	return keys, err
}

// pick hands a machine's runner the work order it is running, or the oldest one that waits, or
// nothing.
func (c *call) pick(machine string) {
	var next *models.WorkOrder
	for _, o := range c.e.store.list("work_orders") {
		order := &models.WorkOrder{}
		if models.Remarshal(o, order) != nil || order.Machine.String() != machine {
			continue
		}
		if order.State == "running" {
			next = order
			break
		}
		if order.State == "created" && (next == nil || order.CreateTime.Before(next.CreateTime)) {
			next = order
		}
	}
	if next == nil {
		c.reply(http.StatusOK, object{})
		return
	}
	is, err := c.e.startWorkOrder(next.Key())
	c.e.countWorkOrders(machine)
	c.replyObject(http.StatusOK, "work_orders", is, err)
}

// startWorkOrder turns a created work order into a running one: only now its tasks are decided.
func (e *Endpoint) startWorkOrder(key string) (object, *models.Error) {
	return e.edit("system", "work_orders", key, func(o object) *models.Error {
		if o["State"] == "running" {
			return nil
		}
		var blueprint models.Blueprint
		name, _ := o["Blueprint"].(string)
		e.store.load("blueprints", name, &blueprint)
		params := object{}
		for _, from := range []object{blueprint.Params, paramsOf(o)} {
			for k, v := range from {
				params[k] = v
			}
		}
		o["State"], o["StartTime"], o["Params"] = "running", e.opt.Now(), params
		o["Tasks"] = e.expandTasks(blueprint.Tasks)
		o["Profiles"] = append(stringsOf(o["Profiles"]), blueprint.Profiles...)
		return nil
	})
}

// expandTasks replaces stages by their tasks.
func (e *Endpoint) expandTasks(entries []string) []string {
	list := []string{}
	for _, entry := range entries {
		var stage models.Stage
		if name, ok := strings.CutPrefix(entry, "stage:"); ok && e.store.load("stages", name, &stage) {
			list = append(list, stage.Tasks...)
			continue
		}
		list = append(list, entry)
	}
	return list
}

// endWorkOrder writes down how a work order ended.
func (e *Endpoint) endWorkOrder(key, state string) {
	is, err := e.edit("system", "work_orders", key, func(o object) *models.Error {
		o["State"], o["EndTime"] = state, e.opt.Now()
		return nil
	})
	if err == nil {
		machine, _ := is["Machine"].(string)
		e.countWorkOrders(machine)
	}
}

// WorkOrders returns all work orders, the oldest first.
func (e *Endpoint) WorkOrders() []*models.WorkOrder {
	list := []*models.WorkOrder{}
	for _, o := range e.store.list("work_orders") {
		order := &models.WorkOrder{}
		if models.Remarshal(o, order) == nil {
			list = append(list, order)
		}
	}
	slices.SortStableFunc(list, func(a, b *models.WorkOrder) int { return a.CreateTime.Compare(b.CreateTime) })
	return list
}
