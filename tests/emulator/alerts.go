package emulator

import (
	"cmp"
	"net/http"
	"slices"

	"gitlab.com/rackn/provision/v4/models"
)

// UniqueMode is what "unique=true" does when an alert is created; the documentation allows three
// readings.
type UniqueMode int

const (
	// UniqueReuses counts the open alert of that name up instead of making another: the likely one.
	UniqueReuses UniqueMode = iota
	// UniqueIgnored makes another alert whatever the query says.
	UniqueIgnored
	// UniqueSeparates makes another alert with unique=true and reuses the open one without it.
	UniqueSeparates
)

// levels are the only ones an alert may have.
var levels = []string{"Error", "Warn", "Info", "Debug"}

// alerts serves alerts: as objects, with creation and acknowledgement of their own.
func (c *call) alerts() {
	switch {
	case len(c.path) == 1 && c.r.Method == http.MethodPost:
		o := object{}
		if c.need("alerts", "create", "*") && c.decode(&o) {
			c.createAlert(o)
		}
	case len(c.path) == 3 && c.path[2] == "acknowledge" && c.r.Method == http.MethodPost:
		if c.need("alerts", "update", c.path[1]) {
			is, err := c.e.acknowledge(c.who.principal, c.path[1])
			c.replyObject(http.StatusOK, "alerts", is, err)
		}
	default:
		c.objects()
	}
}

func (c *call) createAlert(o object) {
	if level, _ := o["Level"].(string); !slices.Contains(levels, level) {
		c.fail(&models.Error{Model: "alerts", Type: "ValidationError", Code: http.StatusUnprocessableEntity,
			Messages: []string{"Level " + level + " is not one of Error, Warn, Info, Debug"}})
		return
	}
	c.e.alertCreation.Lock()
	defer c.e.alertCreation.Unlock()
	name, _ := o["Name"].(string)
	if c.e.reusesAlert(c.wants("unique")) {
		if key := c.e.openAlert(name); key != "" {
			is, err := c.e.edit(c.who.principal, "alerts", key, func(o object) *models.Error {
				count, _ := o["Count"].(float64)
				o["Count"] = count + 1
				return nil
			})
			c.replyObject(http.StatusCreated, "alerts", is, err)
			return
		}
	}
	o["Count"], o["Principal"], o["Time"] = c.e.opt.FirstCount, c.who.principal, c.e.opt.Now()
	o["Acknowledged"] = false
	made, err := c.e.create(c.who.principal, "alerts", o)
	c.replyObject(http.StatusCreated, "alerts", made, err)
}

func (e *Endpoint) reusesAlert(unique bool) bool {
	switch e.opt.Unique {
	case UniqueReuses:
		return unique
	case UniqueSeparates:
		return !unique
	}
	return false
}

// openAlert is the key of an alert of that name which nobody acknowledged.
func (e *Endpoint) openAlert(name string) string {
	for _, o := range e.store.list("alerts") {
		if o["Name"] == name && o["Acknowledged"] == false {
			return keyOf("alerts", o)
		}
	}
	return ""
}

func (e *Endpoint) acknowledge(principal, key string) (object, *models.Error) {
	return e.edit(principal, "alerts", key, func(o object) *models.Error {
		o["Acknowledged"], o["AcknowledgeUser"], o["AcknowledgeTime"] = true, principal, e.opt.Now()
		return nil
	})
}

// Alerts returns all alerts, the oldest first.
func (e *Endpoint) Alerts() []*models.Alert {
	list := []*models.Alert{}
	for _, o := range e.store.list("alerts") {
		alert := &models.Alert{}
		if models.Remarshal(o, alert) == nil {
			list = append(list, alert)
		}
	}
	slices.SortStableFunc(list, func(a, b *models.Alert) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Name, b.Name))
	})
	return list
}
