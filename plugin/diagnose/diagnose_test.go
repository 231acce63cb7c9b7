package diagnose

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ws-diagnose/plugin/trace"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// eachFixture calls f with every fixture, broken.
func eachFixture(f func(fixture, *world)) {
	for _, group := range fixtures {
		for _, x := range group {
			w := newWorld()
			x.spoil(w)
			f(x, w)
		}
	}
}

func TestRules(t *testing.T) {
	eachFixture(func(x fixture, w *world) {
		r := w.report()
		var got []string
		for _, f := range r.Findings {
			got = append(got, f.ID+" "+string(f.Level))
		}
		if diff := cmp.Diff(x.want, strings.Join(got, ", ")); diff != "" {
			t.Errorf("%s: findings (-want +got):\n%s", x.name, diff)
		}
	})
}

// TestEveryFindingIsReached walks the catalogue: no rule is without a fixture.
func TestEveryFindingIsReached(t *testing.T) {
	reached := map[string]bool{}
	eachFixture(func(_ fixture, w *world) {
		for _, f := range w.report().Findings {
			reached[f.ID] = true
		}
	})
	for _, e := range Catalogue() {
		if !reached[e.ID] {
			t.Errorf("no fixture leads to %s", e.ID)
		}
	}
}

// TestReports holds the text of every finding, as users read it, against a golden file.
func TestReports(t *testing.T) {
	var b strings.Builder
	eachFixture(func(x fixture, w *world) {
		r := w.report()
		fmt.Fprintf(&b, "=== %s\n%s: %s\n", x.name, r.Verdict, r.Summary)
		if r.FailedStage != "" {
			fmt.Fprintf(&b, "failed at %s\n", r.FailedStage)
		}
		for _, f := range r.Findings {
			fmt.Fprintf(&b, "--- %s %s %s %v\n%s\nseen:  %s\ncause: %s\n", f.ID, f.Level, f.Stage, f.DependsOn, f.Title, f.Detail, f.Cause)
			for _, step := range f.Remedy {
				fmt.Fprintf(&b, "  %s\n", strings.ReplaceAll(step, "\n", "\n  "))
			}
		}
		if r.Accept != nil {
			fmt.Fprintf(&b, "accept: %v %s\n", r.Accept.Open, r.Accept.Text)
		}
		b.WriteByte('\n')
	})
	golden(t, "reports.golden", b.String())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got), rewrite it with -update:\n%s", path, diff)
	}
}

func TestEmptyTraces(t *testing.T) {
	reports := Diagnose(trace.Evidence{Traces: []*trace.Trace{nil, {}}}, Policy{})
	if len(reports) != 2 {
		t.Fatalf("%d reports for two traces", len(reports))
	}
	for _, r := range reports {
		if r.Verdict != VerdictOK || len(r.Findings) != 0 || r.Summary != "nothing was checked" {
			t.Errorf("an empty trace gives %+v", r)
		}
	}
}

func TestFailedStage(t *testing.T) {
	for _, c := range []struct {
		fixture, stage string
	}{
		{"healthy", ""}, {"self-signed", ""}, {"expiring in 20 days", ""}, {"expired", "certificate"},
		{"two names uncovered", "certificate"}, {"refused", "connect"}, {"404", "upgrade"}, {"no answer", "http"},
		{"event forbidden", ""}, {"close ignored", "close"}, {"swallows all frames", "register"},
	} {
		eachFixture(func(x fixture, w *world) {
			if x.name != c.fixture {
				return
			}
			if got := w.report().FailedStage; got != c.stage {
				t.Errorf("%s: failed at %q, want %q", c.fixture, got, c.stage)
			}
		})
	}
}

func TestDeterministic(t *testing.T) {
	eachFixture(func(x fixture, w *world) {
		first := w.report()
		for range 5 {
			if diff := cmp.Diff(first, w.report()); diff != "" {
				t.Errorf("%s: two reports of the same evidence differ:\n%s", x.name, diff)
			}
		}
	})
}

func TestScheduleMissedStandsOnce(t *testing.T) {
	w := newWorld()
	i := slices.IndexFunc(watchFixtures, func(x fixture) bool { return x.name == "schedule missed" })
	watchFixtures[i].spoil(w)
	own := healthy("127.0.0.1", "127.0.0.1")
	own.Target.Role = trace.RoleLoopback
	w.evidence.Traces = append(w.evidence.Traces, own, nil)
	var where []int
	for n, r := range Diagnose(w.evidence, w.policy) {
		for _, f := range r.Findings {
			if f.ID == "schedule-missed" {
				where = append(where, n)
			}
		}
	}
	if !slices.Equal(where, []int{1}) {
		t.Errorf("schedule-missed stands in reports %v, want that of loopback alone", where)
	}
}
