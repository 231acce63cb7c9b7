package emulator_test

import (
	"testing"

	"gitlab.com/rackn/provision/v4/models"

	"ws-diagnose/tests/emulator"
	"ws-diagnose/tests/emulator/emutest"
)

// TestUniqueModes creates an alert twice in each reading of the documentation.
func TestUniqueModes(t *testing.T) {
	for _, c := range []struct {
		mode         emulator.UniqueMode
		flag         string
		alerts, last int
	}{
		{emulator.UniqueReuses, "--unique", 1, 2},
		{emulator.UniqueReuses, "--unique=false", 2, 1},
		{emulator.UniqueIgnored, "--unique", 2, 1},
		{emulator.UniqueSeparates, "--unique", 2, 1},
		{emulator.UniqueSeparates, "--unique=false", 1, 2},
	} {
		e := emutest.Start(t, emulator.Options{Unique: c.mode, FirstCount: 1})
		drp := cli(t, e)
		var alert models.Alert
		drp.Into(&alert, "alerts", "post", "Warn", "twice", c.flag)
		if alert.Count != 1 {
			t.Errorf("count starts at %d", alert.Count)
		}
		drp.Into(&alert, "alerts", "post", "Warn", "twice", c.flag)
		if got := len(e.Alerts()); got != c.alerts || alert.Count != c.last {
			t.Errorf("mode %d %s: %d alerts, the last counts %d, want %d, %d", c.mode, c.flag, got, alert.Count, c.alerts, c.last)
		}
	}
}

// TestOldServer knows no alerts, and says so.
func TestOldServer(t *testing.T) {
	e := emutest.Start(t, emulator.Options{Old: true})
	if code, err := postAlert(t, e); code != 404 {
		t.Errorf("status %d, %v", code, err)
	}
	drp := cli(t, e)
	drp.Run("info", "get")
	if out, err := drp.Try("triggers", "list"); err == nil {
		t.Errorf("triggers: %s", out)
	}
}
