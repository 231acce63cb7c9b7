package emulator

import (
	"fmt"
	"time"

	"github.com/adhocore/gronx"
	"github.com/pborman/uuid"
	"gitlab.com/rackn/provision/v4/models"
)

// runCron fires the cron triggers, once at the start of each minute, until Close.
func (e *Endpoint) runCron() {
	for {
		now := time.Now()
		select {
		case <-time.After(now.Truncate(time.Minute).Add(time.Minute).Sub(now)):
			e.Tick(time.Now())
		case <-e.done.Done():
			return
		}
	}
}

// Tick fires every enabled cron trigger that is due in the minute of that time, and returns the
// keys of the work orders that came of it.
func (e *Endpoint) Tick(now time.Time) []string {
	var orders []string
	cron, minute := gronx.New(), now.Truncate(time.Minute)
	for _, o := range e.store.list("triggers") {
		var trigger models.Trigger
		if models.Remarshal(o, &trigger) != nil || trigger.TriggerProvider != "cron-trigger" {
			continue
		}
		value, _ := e.paramOf(o, "cron-trigger/time-string")
		pattern, _ := value.(string)
		if due, err := cron.IsDue(pattern, minute); err != nil || !due {
			continue
		}
		made, err := e.Fire(trigger.Name)
		if err != nil {
			e.logLine("triggers", err.Error())
		}
		orders = append(orders, made...)
	}
	return orders
}

// Fire fires a trigger now. One that is switched off or that finds no machine does nothing.
func (e *Endpoint) Fire(name string) ([]string, error) {
	var trigger models.Trigger
	if !e.store.load("triggers", name, &trigger) {
		return nil, fmt.Errorf("no trigger %s", name)
	}
	if !e.isEnabled(&trigger) {
		return nil, nil
	}
	pattern, err := e.expandFilter(trigger.Filter)
	if err != nil {
		return nil, fmt.Errorf("filter of trigger %s: %w", name, err)
	}
	machines, err := e.matchMachines(pattern)
	if err != nil {
		return nil, fmt.Errorf("filter of trigger %s: %w", name, err)
	}
	if !trigger.AllInFilter && len(machines) > trigger.FilterCount {
		machines = machines[:trigger.FilterCount]
	}
	var orders []string
	for _, machine := range machines {
		made, bad := e.createWorkOrder("trigger:"+name, models.WorkOrder{Blueprint: trigger.Blueprint, Machine: uuid.Parse(machine),
			Params: trigger.WorkOrderParams, Profiles: trigger.WorkOrderProfiles, Meta: models.Meta{"triggered-by": name}})
		if bad != nil {
			return orders, fmt.Errorf("trigger %s: %w", name, bad)
		}
		orders = append(orders, keyOf("work_orders", made))
	}
	return orders, nil
}

// isEnabled applies the two switches that count only where they stand in the global profile
// itself: disabled wins over enabled, and both over the trigger's own field.
func (e *Endpoint) isEnabled(trigger *models.Trigger) bool {
	global := paramsOf(e.store.find("profiles", "global"))
	switch {
	case global["trigger/"+trigger.Name+"-disabled"] == true:
		return false
	case global["trigger/"+trigger.Name+"-enabled"] == true:
		return true
	}
	return trigger.Enabled
}

// expandFilter renders a trigger's filter, which may use the global profile's params.
func (e *Endpoint) expandFilter(pattern string) (string, error) {
	tree, err := e.templates()
	if err != nil {
		return "", err
	}
	return (&renderData{e: e, tree: tree}).expand("filter", pattern)
}
