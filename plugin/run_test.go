package plugin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/rackn/provision/v4/models"

	"ws-diagnose/plugin/probe"
	"ws-diagnose/plugin/trace"
)

// inProcess is a service of this process, for what cannot be brought about from outside.
func inProcess(t *testing.T, params map[string]any) (*service, *drp) {
	t.Helper()
	d := newDRP(t)
	settings, err := configure(params)
	if err != nil {
		t.Fatal(err)
	}
	sv, err := newService(settings, "v1.2.3", d.URL, superToken, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		sv.stop()
		sv.keeper.Close()
	})
	return sv, d
}

func TestFaultInACheck(t *testing.T) {
	sv, _ := inProcess(t, nil)
	sv.check = func(context.Context, trace.Target, probe.Options) *trace.Trace { panic("a fault of ours") }
	for range 2 { // and the plugin lives
		_, problem := sv.act(&models.Action{Command: Name})
		if problem == nil || problem.Code != http.StatusInternalServerError || !strings.Contains(problem.Messages[0], "fault") {
			t.Errorf("%v", problem)
		}
	}
}

// TestFaultOutsideOfAnyTarget has a run end by a fault before it looks at anything: the next run of the
// same question is one of its own, not the end of that one again.
func TestFaultOutsideOfAnyTarget(t *testing.T) {
	sv, _ := inProcess(t, nil)
	works := sv.sockets
	sv.sockets = nil
	if _, problem := sv.act(&models.Action{Command: Name}); problem == nil || problem.Code != http.StatusInternalServerError {
		t.Fatalf("the fault was not brought about: %v", problem)
	}
	sv.sockets = works
	if _, problem := sv.act(&models.Action{Command: Name}); problem != nil {
		t.Errorf("%v", problem)
	}
}

// TestUnreadStateIsNotWrittenOver has the server refuse to say what the last life of the plugin
// remembered, and take what this one wants to store.
func TestUnreadStateIsNotWrittenOver(t *testing.T) {
	seenBefore := strings.Repeat("ab", 32)
	sv, d := inProcess(t, nil)
	d.profiles[stateProfile] = map[string]any{stateParam: map[string]any{
		"known": map[string]any{"https://drp.example.com:8092": map[string]any{"sha256": seenBefore, "seen": time.Now()}}}}
	stored := func() string {
		d.mu.Lock()
		defer d.mu.Unlock()
		return fmt.Sprint(d.profiles[stateProfile])
	}
	for _, unreadable := range []bool{true, false} {
		d.mu.Lock()
		d.unreadable = unreadable
		d.mu.Unlock()
		if _, err := sv.run(question{settings: sv.settings, startedBy: byInterval}); err != nil {
			t.Fatal(err)
		}
		if now := stored(); !strings.Contains(now, seenBefore) || strings.Contains(now, byInterval) == unreadable {
			t.Errorf("unreadable %v: %s", unreadable, now)
		}
	}
}

// TestMissingTargetsAreNotMended has the server not say for a while that it has a file port, at which
// there is a fault: nobody looks there, so nobody knows that the fault is gone.
func TestMissingTargetsAreNotMended(t *testing.T) {
	sv, d := inProcess(t, map[string]any{"ws-diagnose/confirm-runs": 1.0})
	closed := newDRP(t)
	_, port, _ := strings.Cut(strings.TrimPrefix(closed.URL, "https://"), ":")
	closed.Close()
	d.filePort, _ = strconv.Atoi(port)
	run := func(silent bool) {
		d.mu.Lock()
		d.silent = silent
		d.mu.Unlock()
		if _, err := sv.run(question{settings: sv.settings, startedBy: byInterval}); err != nil {
			t.Fatal(err)
		}
	}
	run(false)
	if !slices.ContainsFunc(d.alerts, func(a map[string]any) bool { return a["Name"] == "ws-diagnose connect-refused 127.0.0.1 "+port }) {
		t.Fatalf("no alert: %v", d.alerts)
	}
	run(true)
	if strings.Contains(d.patches, "cleared") {
		t.Errorf("cleared without a look:\n%s", d.patches)
	}
	d.filePort = 0
	run(false) // now it says that there is none
	if !strings.Contains(d.patches, "cleared") {
		t.Errorf("not cleared:\n%s", d.patches)
	}
}

// TestSpoiltState has others write into the profile: only what the plugin itself may have written is
// remembered, for people are shown it.
func TestSpoiltState(t *testing.T) {
	sv, d := inProcess(t, nil)
	sha, evil := strings.Repeat("ab", 32), "<b>\x1b[31m"
	d.profiles[stateProfile] = map[string]any{stateParam: map[string]any{
		"known": map[string]any{"https://a:1": map[string]any{"sha256": evil}, "https://b:1": map[string]any{"sha256": sha}},
		"runs": []any{nil,
			map[string]any{"time": time.Now(), "started_by": evil, "verdict": "ok"},
			map[string]any{"time": time.Now(), "started_by": byTrigger, "verdict": evil},
			map[string]any{"time": time.Now(), "started_by": byTrigger, "verdict": "warn"},
		}}}
	got, err := sv.server.state(t.Context())
	if err != nil || len(got.Runs) != 1 || got.Runs[0].Verdict != "warn" || len(got.Known) != 1 || got.Known["https://b:1"].SHA256 != sha {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestTimeRunsFromTheQuestion has an action ask the server for its work order before it runs: its time
// runs from then on.
func TestTimeRunsFromTheQuestion(t *testing.T) {
	sv, _ := inProcess(t, nil)
	asked := time.Now().Add(-sv.settings.Timeout / 2)
	sv.check = func(ctx context.Context, target trace.Target, _ probe.Options) *trace.Trace {
		if ends, _ := ctx.Deadline(); !ends.Equal(asked.Add(sv.settings.Timeout)) {
			t.Errorf("ends %v after it was asked for", ends.Sub(asked))
		}
		return &trace.Trace{Target: target}
	}
	if _, err := sv.run(question{settings: sv.settings, startedBy: byAction, asked: asked}); err != nil {
		t.Error(err)
	}
}

// TestScheduledJoins has a scheduled run join an action's: the run then counts as a scheduled one.
func TestScheduledJoins(t *testing.T) {
	sv, d := inProcess(t, nil)
	checking, goOn := make(chan bool), make(chan bool)
	sv.check = func(_ context.Context, target trace.Target, _ probe.Options) *trace.Trace {
		checking <- true
		<-goOn
		return &trace.Trace{Target: target}
	}
	var both sync.WaitGroup
	for _, by := range []string{byAction, byInterval} {
		both.Go(func() {
			if _, err := sv.run(question{settings: sv.settings, startedBy: by}); err != nil {
				t.Error(err)
			}
		})
		if by == byAction {
			<-checking
		}
	}
	for joined := false; !joined; {
		sv.flights.mu.Lock()
		for _, f := range sv.flights.running {
			joined = f.startedBy == byInterval
		}
		sv.flights.mu.Unlock()
	}
	close(goOn)
	both.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	if runs := sv.notebook.state.Runs; len(runs) != 1 || runs[0].StartedBy != byInterval {
		t.Errorf("%+v", runs)
	}
}

func TestTooManyDifferentChecks(t *testing.T) {
	sv, _ := inProcess(t, map[string]any{"ws-diagnose/alerts": false})
	checking, goOn := make(chan bool), make(chan bool)
	sv.check = func(_ context.Context, target trace.Target, _ probe.Options) *trace.Trace {
		checking <- true
		<-goOn
		return &trace.Trace{Target: target}
	}
	var all sync.WaitGroup
	for days := range maxFlights {
		tuned := sv.settings
		tuned.CertErrorDays += days
		all.Go(func() { _, _ = sv.run(question{settings: tuned, startedBy: byAction}) })
		<-checking
	}
	tuned := sv.settings
	tuned.RequireTrusted = true
	if _, err := sv.run(question{settings: tuned, startedBy: byAction}); !errors.Is(err, errBusy) {
		t.Errorf("%v", err)
	}
	close(goOn)
	all.Wait()
}

func TestStopEndsRuns(t *testing.T) {
	sv, _ := inProcess(t, nil)
	checking := make(chan bool)
	sv.check = func(ctx context.Context, target trace.Target, _ probe.Options) *trace.Trace {
		close(checking)
		<-ctx.Done()
		return &trace.Trace{Target: target}
	}
	ended := make(chan error)
	go func() {
		_, err := sv.run(question{settings: sv.settings, startedBy: byAction})
		ended <- err
	}()
	<-checking
	sv.stop()
	if err := <-ended; !errors.Is(err, errStopped) {
		t.Errorf("%v", err)
	}
	if _, err := sv.run(question{settings: sv.settings}); !errors.Is(err, errStopped) {
		t.Errorf("after the end: %v", err)
	}
}

// TestTunedRunsTellNobody has an action with thresholds of its own: no alert, nothing remembered.
func TestTunedRunsTellNobody(t *testing.T) {
	sv, d := inProcess(t, nil)
	if _, problem := sv.act(&models.Action{Command: Name, Params: map[string]any{"ws-diagnose/cert-warn-days": 90.0}}); problem != nil {
		t.Fatal(problem)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.alerts) > 0 || d.profiles[stateProfile] != nil {
		t.Errorf("%v %v", d.alerts, d.profiles)
	}
}

func TestStartedBy(t *testing.T) {
	sv, d := inProcess(t, nil)
	const running, other, manual = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222", "33333333-3333-3333-3333-333333333333"
	d.orders = map[string]map[string]any{
		running: {"Blueprint": Name, "State": "running", "Meta": map[string]string{"triggered-by": Name}},
		manual:  {"Blueprint": Name, "State": "running"},
		other:   {"Blueprint": "other", "State": "running"},
	}
	for order, want := range map[string]string{"": byAction, running: byTrigger, manual: byWorkOrder, other: byAction,
		"44444444-4444-4444-4444-444444444444": byAction} {
		if got := sv.startedBy(order); got != want {
			t.Errorf("%s: %s, want %s", order, got, want)
		}
	}
}

func TestSchedule(t *testing.T) {
	for _, c := range []struct {
		name    string
		trigger map[string]any
		global  map[string]any
		want    string
	}{
		{"old server", nil, nil, "none"},
		{"as it comes", map[string]any{"Enabled": false}, nil, "off"},
		{"on by itself", map[string]any{"Enabled": true}, nil, "on"},
		{"switched on", map[string]any{"Enabled": false}, map[string]any{"trigger/ws-diagnose-enabled": true}, "on"},
		{"switched off", map[string]any{"Enabled": true}, map[string]any{"trigger/ws-diagnose-disabled": true}, "off"},
		{"both", map[string]any{}, map[string]any{"trigger/ws-diagnose-enabled": true, "trigger/ws-diagnose-disabled": true}, "off"},
	} {
		sv, d := inProcess(t, nil)
		d.trigger = c.trigger
		if c.trigger != nil {
			d.trigger["Params"] = map[string]any{"cron-trigger/time-string": "15 * * * *"}
		}
		if c.global != nil {
			d.profiles["global"] = c.global
		}
		got := "none"
		if s := sv.schedule(t.Context()); s != nil {
			got = map[bool]string{true: "on", false: "off"}[s.Enabled]
			if s.Every.Hours() != 1 {
				t.Errorf("%s: every %v", c.name, s.Every)
			}
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
