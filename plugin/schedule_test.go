package plugin

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ws-diagnose/plugin/trace"
)

func TestCronEvery(t *testing.T) {
	from := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for line, want := range map[string]time.Duration{
		"15 * * * *":      time.Hour,
		"*/10 * * * *":    10 * time.Minute,
		"30 4,16 * * *":   12 * time.Hour,
		"0 9-17 * * *":    16 * time.Hour,
		"0 0 * * 7":       7 * 24 * time.Hour,
		"0 0 * * 1-5":     3 * 24 * time.Hour,
		"0 0 1 * *":       31 * 24 * time.Hour,
		"0 0 1,15 * 3":    7 * 24 * time.Hour,
		"5-59/20 * * * *": 20 * time.Minute,
		"0 0 1 1 *":       0,
	} {
		if every, err := cronEvery(line, from); err != nil || every != want {
			t.Errorf("%q: %v, %v; want %v", line, every, err, want)
		}
	}
	for _, line := range []string{"", "* * * *", "60 * * * *", "a * * * *", "*/0 * * * *", "5-1 * * * *", "* * * * * *", "-1 * * * *",
		"5-10/9223372036854775807 * * * *"} {
		if _, err := cronEvery(line, from); err == nil {
			t.Errorf("%q is taken", line)
		}
	}
}

func FuzzCronEvery(f *testing.F) {
	f.Add("*/5 0-7 1,2 * 7")
	f.Fuzz(func(t *testing.T, line string) {
		if every, err := cronEvery(line, time.Unix(0, 0).UTC()); err == nil && every < 0 {
			t.Errorf("%q: %v", line, every)
		}
	})
}

func TestBeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		begin := time.Now()
		var runs []time.Duration
		var mu sync.Mutex // guards runs and last
		var last time.Time
		locked := func(do func()) { mu.Lock(); defer mu.Unlock(); do() }
		m := metronome{every: time.Hour, offset: 7 * time.Minute,
			last: func() (at time.Time) { locked(func() { at = last }); return at },
			run:  func() { locked(func() { runs, last = append(runs, time.Since(begin)), time.Now() }) },
		}
		go m.beat(ctx)
		time.Sleep(100 * time.Minute)
		locked(func() { last = time.Now() }) // a trigger's run, 27 minutes before the third would be due
		time.Sleep(80 * time.Minute)
		cancel()
		synctest.Wait()
		want := []time.Duration{7 * time.Minute, 67 * time.Minute}
		if len(runs) != 2 || runs[0] != want[0] || runs[1] != want[1] {
			t.Errorf("ran at %v, want %v: the third was too soon after another one", runs, want)
		}
	})
}

// TestBeatAfterTheClockWasSetBack has a run remembered from a time that is yet to come: the clock was
// wrong then. Waiting for it would be waiting for years.
func TestBeatAfterTheClockWasSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		runs := make(chan bool, 9)
		future := time.Now().AddDate(5, 0, 0)
		m := metronome{every: time.Hour, last: func() time.Time { return future }, run: func() { runs <- true }}
		go m.beat(ctx)
		time.Sleep(90 * time.Minute)
		cancel()
		synctest.Wait()
		if len(runs) != 2 {
			t.Errorf("%d runs in 90 minutes", len(runs))
		}
	})
}

func TestStartOffset(t *testing.T) {
	seen := map[time.Duration]bool{}
	for _, id := range []string{"a", "b", "c", "d"} {
		offset := startOffset(id, time.Hour)
		if offset != startOffset(id, time.Hour) || offset <= 0 || offset > 31*time.Minute {
			t.Errorf("%s: %v", id, offset)
		}
		seen[offset] = true
	}
	if len(seen) != 4 {
		t.Errorf("four endpoints run at %d moments", len(seen))
	}
}

func TestMergeState(t *testing.T) {
	old := state{Known: map[string]known{"a": {SHA256: "1"}, "b": {SHA256: "2"}}, Runs: make([]pastRun, keptRuns)}
	merged := old.merge(state{Known: map[string]known{"b": {SHA256: "3"}}, Runs: []pastRun{{Verdict: "ok"}}})
	if merged.Known["a"].SHA256 != "1" || merged.Known["b"].SHA256 != "3" || old.Known["b"].SHA256 != "2" {
		t.Errorf("%v", merged.Known)
	}
	if len(merged.Runs) != keptRuns || merged.Runs[0].Verdict != "ok" {
		t.Errorf("%v", merged.Runs)
	}
}

// TestFullNotebook has more targets come by over time than are remembered: those of this run are among
// them that stay.
func TestFullNotebook(t *testing.T) {
	now, target := time.Unix(1e9, 0), trace.Target{Scheme: "https", Host: "drp.example.com", Port: 8092}
	seen := &trace.Trace{Target: target, Certificate: &trace.Certificate{Leaf: trace.Cert{SHA256: "new"}}}
	for range 50 { // a map has no order to rely on
		n := &notebook{state: state{Known: map[string]known{}}}
		for i := range 2 * keptTargets {
			n.state.Known[strconv.Itoa(i)] = known{SHA256: "old", Seen: now.Add(-time.Hour)}
		}
		kept, _ := n.note([]*trace.Trace{seen}, nil, now)
		if len(kept.Known) != keptTargets || kept.Known[target.ID()].SHA256 != "new" {
			t.Fatalf("%d kept, %+v", len(kept.Known), kept.Known[target.ID()])
		}
	}
}

// TestEnabledSince has the trigger switched on long after the plugin's start: only from then on are
// its runs to be expected.
func TestEnabledSince(t *testing.T) {
	n, start := &notebook{}, time.Unix(0, 0)
	for _, c := range []struct {
		hour    time.Duration
		enabled bool
		want    time.Duration
	}{{1, false, 1}, {2, true, 2}, {5, true, 2}, {6, false, 6}, {9, true, 9}} {
		if since := n.inForce(c.enabled, start.Add(c.hour*time.Hour)); !since.Equal(start.Add(c.want * time.Hour)) {
			t.Errorf("hour %d: since %v", c.hour, since)
		}
	}
}
