package alert

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ws-diagnose/plugin/diagnose"
)

var begin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// scene is a plugin, a server and a clock for a story told step by step.
type scene struct {
	t *testing.T
	history
}

func newScene(t *testing.T, s Settings) *scene {
	sc := &scene{t: t, history: history{clock: begin, settings: s}}
	sc.store = &fakeStore{now: sc.now, failAfter: -1}
	sc.one = sc.keeper()
	return sc
}

// run is a scheduled run, ten minutes after the one before, that reports the findings.
func (s *scene) run(findings ...diagnose.Finding) {
	s.clock = s.clock.Add(10 * time.Minute)
	s.one.Report(s.t.Context(), []diagnose.Report{reportOf(findings...)}, Run{Time: s.clock, Scheduled: true, Complete: true})
}

// did compares what was done at the server since the last time.
func (s *scene) did(want ...string) {
	s.t.Helper()
	if diff := cmp.Diff(want, s.store.calls); diff != "" {
		s.t.Errorf("wanted (-), done (+):\n%s", diff)
	}
	s.store.calls = nil
}

func (s *scene) alert(finding string) *Alert {
	s.t.Helper()
	for _, a := range slices.Backward(s.store.alerts) {
		if a.Name == Name(finding, modelTarget) {
			return a
		}
	}
	s.t.Fatalf("no alert for %s", finding)
	return nil
}

const at = " fe80--1 8092" // the target in an alert's name

func reportOf(findings ...diagnose.Finding) diagnose.Report {
	return diagnose.Report{Target: modelTarget, Role: "loopback", Findings: findings,
		Stages: []diagnose.Stage{{Name: "connect", Outcome: "ok"}, {Name: "certificate", Outcome: "ok"}}}
}

func finding(id string, level diagnose.Level) diagnose.Finding {
	stage := "connect"
	if atOnce(id) {
		stage = "certificate"
	}
	return diagnose.Finding{ID: id, Level: level, Title: id, Stage: stage}
}

var (
	dropped  = finding("ws-dropped", diagnose.LevelError)
	expiring = finding("cert-expiring", diagnose.LevelWarn)
	nearly   = finding("cert-expiring", diagnose.LevelError)
	expired  = finding("cert-expired", diagnose.LevelError)
	changed  = finding("cert-changed", diagnose.LevelInfo)
	usual    = Settings{ConfirmRuns: 2, AutoAcknowledge: true}
)

func TestConfirmRaiseAndClear(t *testing.T) {
	s := newScene(t, usual)
	s.run(dropped)
	s.did()
	s.run(dropped)
	s.did("create ws-diagnose ws-dropped" + at)
	s.run(dropped)
	s.did()
	s.run()
	s.did("update ws-diagnose ws-dropped" + at) // what is missing is remembered with the alert
	s.run()
	s.did("update ws-diagnose ws-dropped"+at, "acknowledge ws-diagnose ws-dropped"+at)
	if note := s.alert("ws-dropped").Note; note != "ws-diagnose: cleared: gone since 2026-01-01T00:40:00Z." {
		t.Errorf("note %q", note)
	}
	s.run()
	s.did()
}

// TestExpiry is the story of a certificate: one cause, told on under one name and then under the
// next, and an end.
func TestExpiry(t *testing.T) {
	s := newScene(t, usual)
	s.run(expiring)
	s.did("create ws-diagnose cert-expiring" + at)
	s.run(nearly)
	s.did("update ws-diagnose cert-expiring" + at)
	if level := s.alert("cert-expiring").Level; level != "Error" {
		t.Errorf("level %s", level)
	}
	s.run(expired)
	s.did("create ws-diagnose cert-expired"+at,
		"update ws-diagnose cert-expiring"+at, "acknowledge ws-diagnose cert-expiring"+at)
	if note := s.alert("cert-expiring").Note; !strings.Contains(note, "ws-diagnose cert-expired"+at) {
		t.Errorf("the note does not name the successor: %q", note)
	}
	s.run(changed)
	s.did("create ws-diagnose cert-changed"+at, "update ws-diagnose cert-expired"+at)
	s.run()
	s.did("update ws-diagnose cert-changed"+at, "update ws-diagnose cert-expired"+at, "acknowledge ws-diagnose cert-expired"+at)
	s.run()
	s.did("update ws-diagnose cert-changed" + at)
	s.clock = s.clock.Add(24 * time.Hour)
	s.run()
	s.did("update ws-diagnose cert-changed"+at, "acknowledge ws-diagnose cert-changed"+at)
}

func TestEscalationStaysQuietOnceAcknowledged(t *testing.T) {
	s := newScene(t, usual)
	s.run(expiring)
	a := s.alert("cert-expiring")
	a.Acknowledged, a.AcknowledgeTime, a.Note = true, s.clock, "ordered a new one"
	s.store.calls = nil
	s.run(nearly)
	s.did()
	s.run(expired) // another fault: users are cut off now
	s.did("create ws-diagnose cert-expired" + at)
}

func TestUnseenIsNotGone(t *testing.T) {
	s := newScene(t, usual)
	s.run(expiring)
	s.store.calls = nil
	blind := reportOf(finding("connect-refused", diagnose.LevelError))
	blind.Stages[1].Outcome = "skipped"
	for range 3 {
		s.clock = s.clock.Add(time.Hour)
		s.one.Report(t.Context(), []diagnose.Report{blind}, Run{Time: s.clock, Scheduled: true, Complete: true})
	}
	s.did("create ws-diagnose connect-refused" + at)
}

func TestActionsConfirmNothing(t *testing.T) {
	s := newScene(t, usual)
	for range 3 {
		s.one.Report(t.Context(), []diagnose.Report{reportOf(dropped, expiring)}, Run{Time: s.clock})
	}
	s.did("create ws-diagnose cert-expiring" + at)
	for range 3 {
		s.one.Report(t.Context(), []diagnose.Report{reportOf()}, Run{Time: s.clock})
	}
	s.did()
}

func TestTargetNoLongerChecked(t *testing.T) {
	s := newScene(t, usual)
	s.run(expiring)
	s.store.calls = nil
	for _, complete := range []bool{false, false, true, true} {
		s.one.Report(t.Context(), nil, Run{Time: s.clock, Scheduled: true, Complete: complete})
	}
	if len(s.store.open(Name("cert-expiring", modelTarget))) != 0 {
		t.Error("still open")
	}
}

func TestPeoplesNotesStay(t *testing.T) {
	s := newScene(t, Settings{ConfirmRuns: 1, AutoAcknowledge: false})
	s.run(dropped)
	s.alert("ws-dropped").Note = "seen by Kim"
	s.run()
	if a := s.alert("ws-dropped"); a.Acknowledged ||
		a.Note != "seen by Kim\nws-diagnose: gone since 2026-01-01T00:20:00Z, to be acknowledged by a person." {
		t.Errorf("%v %q", a.Acknowledged, a.Note)
	}
	s.store.calls = nil
	s.run()
	s.did()
	s.run(dropped)
	if note := s.alert("ws-dropped").Note; note != "seen by Kim" {
		t.Errorf("%q", note)
	}
}

func TestSomebodyElsesAlertOfThatName(t *testing.T) {
	s := newScene(t, Settings{ConfirmRuns: 1, AutoAcknowledge: true})
	s.store.alerts = []*Alert{{UUID: "theirs", Name: Name("ws-dropped", modelTarget), Level: "Info", Contents: "mine"}}
	s.run(dropped)
	s.run(dropped)
	s.did()
	if a := s.store.alerts[0]; a.Contents != "mine" || a.Level != "Info" {
		t.Errorf("%+v", a)
	}
	s.store.alerts = nil // they removed it, and the fault came anew
	s.run()
	s.run(dropped)
	s.did("create ws-diagnose ws-dropped" + at)
}

func TestDeletedAlertIsRaisedAgain(t *testing.T) {
	s := newScene(t, usual)
	s.run(expiring)
	s.store.alerts, s.store.calls = nil, nil
	s.run(expiring)
	s.did("create ws-diagnose cert-expiring" + at)
}

func TestDuplicatesConverge(t *testing.T) {
	s := newScene(t, usual)
	s.run(expiring)
	twin := copied(*s.store.alerts[0])
	twin.UUID, twin.Time = "twin", s.clock.Add(time.Second)
	s.store.alerts, s.store.calls = append(s.store.alerts, &twin), nil
	s.run(expiring)
	s.did("update ws-diagnose cert-expiring"+at, "acknowledge ws-diagnose cert-expiring"+at)
	if s.store.alerts[0].Acknowledged || !s.store.alerts[1].Acknowledged {
		t.Error("the older one is to stay")
	}
}

func TestCausesNotConsequences(t *testing.T) {
	follower := finding("upgrade-not-switched", diagnose.LevelError)
	follower.DependsOn = []string{"cert-expired"}
	harmless := finding("ws-slow", diagnose.LevelWarn)
	harmless.DependsOn = []string{"cert-self-signed"}
	r := reportOf(expired, follower, finding("cert-self-signed", diagnose.LevelInfo), harmless)
	var ids []string
	for _, s := range told([]diagnose.Report{r}) {
		ids = append(ids, s.finding.ID)
	}
	if want := []string{"cert-expired", "ws-slow"}; !slices.Equal(ids, want) {
		t.Errorf("told: %v, want %v", ids, want)
	}
}

// TestOneCertificateOneAlert has one certificate on four targets: it is told once.
func TestOneCertificateOneAlert(t *testing.T) {
	with := func(role, target, sha string) diagnose.Report {
		r := reportOf(expiring, dropped)
		r.Role, r.Target, r.Certificate = role, target, &diagnose.Certificate{SHA256: sha}
		return r
	}
	var got []string
	for _, s := range told([]diagnose.Report{
		with("loopback", "https://127.0.0.1:8092", "aa"),
		with("own", "https://10.0.0.5:8092", "aa"),
		with("endpoint", "https://drp.example.com:8092", "aa"),
		with("endpoint", "https://lb.example.com:443", "bb"),
	}) {
		got = append(got, s.finding.ID+" "+s.report.Target)
	}
	want := []string{
		"cert-expiring https://127.0.0.1:8092", "ws-dropped https://127.0.0.1:8092",
		"ws-dropped https://drp.example.com:8092",
		"cert-expiring https://lb.example.com:443", "ws-dropped https://lb.example.com:443",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestName(t *testing.T) {
	for target, want := range map[string]string{
		"https://drp.example.com:8092": "ws-diagnose x drp.example.com 8092",
		"https://[fe80::1]:8092":       "ws-diagnose x fe80--1 8092",
		"wss://bücher.example:443/a/b": "ws-diagnose x b-cher.example 443",
		"https://a(b),c:1":             "ws-diagnose x a-b--c 1",
		"nonsense":                     "ws-diagnose x  0",
	} {
		if name := Name("x", target); name != want {
			t.Errorf("%s: %q, want %q", target, name, want)
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	var m Memory
	for i := range maxCauses + 50 {
		r := reportOf(dropped)
		r.Target = "https://host:" + string(rune('a'+i%26)) + strings.Repeat("x", i)
		m.Observe([]diagnose.Report{r}, Run{Time: begin, Scheduled: true}, usual)
	}
	if len(m.causes) > maxCauses {
		t.Errorf("%d causes", len(m.causes))
	}
}
