package e2e

import (
	"strings"
	"testing"

	"gitlab.com/rackn/provision/v4/models"

	"ws-diagnose/tests/emulator"
)

// TestOldServer uploads the whole provider to a server that knows neither alerts nor triggers: it
// works there, and tells of faults by events.
func TestOldServer(t *testing.T) {
	t.Parallel()
	e, c := install(t, emulator.Options{Old: true, CertificateDays: 5})
	for _, unknown := range []string{"alerts", "triggers", "blueprints", "work_orders"} {
		if out, err := c.Try(unknown, "list"); err == nil {
			t.Fatalf("this server knows %s: %s", unknown, out)
		}
	}
	heard := watch(t, e, c, name+".*.*")
	for range 2 {
		if r := run(c); !r.about(t, e.URL()).has("cert-expiring") {
			t.Errorf("%+v", r)
		}
	}
	c.Run("events", "post", `{"Type":"ws-diagnose","Action":"end","Key":"of-test"}`)
	var told []models.Event
	for ev := range heard {
		if ev.Action == "end" {
			break
		}
		if ev.Action != "echo" { // the check's own
			told = append(told, ev)
		}
	}
	if len(told) != 1 || told[0].Action != "error" || told[0].Key != "cert-expiring" {
		t.Fatalf("%d events, %+v", len(told), told)
	}
	object, _ := told[0].Object.(map[string]any)
	if text, _ := object["Contents"].(string); !strings.Contains(text, "system certs set") {
		t.Errorf("the event does not tell how to mend it: %+v", object)
	}
	tasks := c.Run("tasks", "list")
	if !strings.Contains(tasks, `"Name": "ws-diagnose"`) {
		t.Errorf("the content that the server does know is not there: %s", tasks)
	}
}
