package watch

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ws-diagnose/plugin/trace"
)

// step is a trace.IdleStep as a test names it.
type step struct {
	want, reached time.Duration
	proved, ended bool
}

func steps(t *trace.Idle) []step {
	all := t.Steps
	if t.Confirm != nil {
		all = append(all[:len(all):len(all)], *t.Confirm)
	}
	var list []step
	for _, s := range all {
		list = append(list, step{s.Want, s.Reached, s.Proved, s.End != nil})
	}
	return list
}

func TestIdle(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		name   string
		server *server
		want   []step
		took   time.Duration
	}{
		{"no timeout", &server{}, []step{{5 * s, 5 * s, true, false}, {10 * s, 10 * s, true, false},
			{20 * s, 20 * s, true, false}, {40 * s, 40 * s, true, false}}, 40 * s},
		{"timeout", &server{timeout: 12 * s}, []step{{5 * s, 5 * s, true, false}, {10 * s, 10 * s, true, false},
			{20 * s, 12 * s, false, true}, {40 * s, 12 * s, false, true}, {15 * s, 12 * s, false, true}}, 24 * s},
		{"dead without a sign", &server{dead: 12 * s}, []step{{5 * s, 5 * s, true, false}, {10 * s, 10 * s, true, false},
			{20 * s, 20 * s, false, false}, {40 * s, 40 * s, false, false}, {25 * s, 25 * s, false, false}}, 40*s + 25*s + 2*proofTime},
		{"a restart meanwhile", &server{lives: []life{fin(12*s, 12*s), fin(12*s, 12*s), fin(12*s, 12*s), fin(12*s, 12*s)}}, []step{
			{5 * s, 5 * s, true, false}, {10 * s, 10 * s, true, false},
			{20 * s, 12 * s, false, true}, {40 * s, 12 * s, false, true}, {15 * s, 15 * s, true, false}}, 27 * s},
		{"pings of the server", &server{ping: 15 * s}, []step{{5 * s, 5 * s, true, false}, {10 * s, 10 * s, true, false},
			{20 * s, 15 * s, true, false}, {40 * s, 15 * s, true, false}}, 40 * s},
		{"nothing there", &server{refuse: true}, []step{{want: 5 * s}, {want: 10 * s}, {want: 20 * s}, {want: 40 * s}}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin, told := time.Now(), 0
				got := Idle(context.Background(), c.server.Open, 40*s, func(time.Duration) { told++ })
				if diff := cmp.Diff(c.want, steps(got), cmp.AllowUnexported(step{})); diff != "" {
					t.Errorf("steps (-want +got):\n%s", diff)
				}
				if took := time.Since(begin); took != c.took || told < int(took/time.Second)-1 || got.Late {
					t.Errorf("took %v, want %v; told %d times", took, c.took, told)
				}
				if c.server.openNow() != 0 {
					t.Errorf("%d sockets left open", c.server.openNow())
				}
			})
		})
	}
}

func TestIdleInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{timeout: 12 * time.Second}
		ctx, cancel := context.WithTimeout(context.Background(), 8*time.Second)
		defer cancel()
		got := Idle(ctx, s.Open, time.Hour, nil)
		if !got.Late || got.Confirm != nil || !got.Steps[0].Proved || got.Steps[1].Opened || s.openNow() != 0 {
			t.Errorf("got %+v, %d sockets left", got, s.openNow())
		}
	})
}

func TestSilences(t *testing.T) {
	got := silences(90 * time.Second)
	want := []time.Duration{5625 * time.Millisecond, 11250 * time.Millisecond, 22500 * time.Millisecond, 45 * time.Second, 90 * time.Second}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := silences(time.Second); len(got) != 1 || got[0] != time.Second {
		t.Errorf("got %v", got)
	}
}
