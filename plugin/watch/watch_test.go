package watch

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"ws-diagnose/plugin/trace"
)

// fin is the end of a socket that lived for held and was silent for quiet.
func fin(held, quiet time.Duration) life {
	return life{End: trace.End{Held: held, QuietIn: quiet, QuietOut: quiet, Manner: trace.EndFIN, Alert: -1}}
}

// watched runs f on a watcher of s and stops it.
func watched(t *testing.T, s *server, o Options, f func(*Watcher)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		o.Open = s.Open
		w := Start(context.Background(), o)
		f(w)
		w.Stop()
		if s.openNow() != 0 {
			t.Errorf("%d sockets left open", s.openNow())
		}
	})
}

func TestEndIsRecorded(t *testing.T) {
	s := &server{lives: []life{
		{End: trace.End{Held: time.Hour, QuietIn: time.Second, Manner: trace.EndRST, Alert: -1}, sha256: "aa", version: "v4.10.0"},
		{failed: trace.Stage{Name: trace.StageConnect, Why: "refused"}, dial: trace.DialRefused},
		{failed: trace.Stage{Name: trace.StageUpgrade, Why: "answered 502"}, status: 502},
		{sha256: "bb", version: "v4.11.0"},
	}}
	var told []Kind
	notify := func(e Event) { told = append(told, e.Kind) }
	watched(t, s, Options{Notify: notify}, func(w *Watcher) {
		time.Sleep(2 * time.Hour)
		got := w.Snapshot()
		if !got.Open || len(got.Ends) != 1 || got.Longest != time.Hour || got.Peer.SHA256 != "bb" {
			t.Fatalf("got %+v", got)
		}
		e := got.Ends[0]
		if e.Manner != trace.EndRST || e.Held != time.Hour || e.Jump != 0 {
			t.Errorf("end %+v", e)
		}
		if e.First == nil || e.First.Failed != trace.StageConnect || e.First.Why != "refused" || e.First.At.Sub(e.At) > soon {
			t.Errorf("first look %+v", e.First)
		}
		if want := (trace.Tally{Refused: 1, Gateway: 1}); e.Failed != 2 || e.Tally != want {
			t.Errorf("%d attempts failed: %+v", e.Failed, e.Tally)
		}
		if e.Peer.Version != "v4.10.0" || e.New.Version != "v4.11.0" || e.Back.Sub(e.At) > 10*time.Second {
			t.Errorf("back %v, from %+v to %+v", e.Back, e.Peer, e.New)
		}
		if got.Survived < 50*time.Minute {
			t.Errorf("survived a silence of %v", got.Survived)
		}
	})
	want := []Kind{Open, Drop, Failed, Failed, Open}
	if len(told) != len(want) {
		t.Fatalf("told %v, want %v", told, want)
	}
	for i := range want {
		if told[i] != want[i] {
			t.Fatalf("told %v, want %v", told, want)
		}
	}
}

// TestOutageIsOneEnd wants a long outage to take the place of one end, not of all that are kept.
func TestOutageIsOneEnd(t *testing.T) {
	s := &server{}
	for range 500 {
		s.lives = append(s.lives, life{failed: trace.Stage{Name: trace.StageUpgrade}, status: 403})
	}
	watched(t, s, Options{}, func(w *Watcher) {
		time.Sleep(4 * time.Hour)
		got := w.Snapshot()
		if len(got.Ends) != 1 || got.Open || got.Ends[0].Held != 0 || len(got.Counts) != 0 {
			t.Fatalf("got %d ends, %+v", len(got.Ends), got.Ends[0])
		}
		e := got.Ends[0]
		if e.Tally.Forbidden != e.Failed || e.Failed < 4*60 || e.Failed > 4*60*4 {
			t.Errorf("%d attempts in 4 hours, %+v", e.Failed, e.Tally)
		}
	})
}

// TestWaits wants the first attempt at once, then longer and longer waits, a minute at most.
func TestWaits(t *testing.T) {
	s := &server{lives: []life{fin(time.Hour, time.Minute)}}
	for range 30 {
		s.lives = append(s.lives, life{failed: trace.Stage{Name: trace.StageConnect}, dial: trace.DialRefused})
	}
	begin := time.Time{}
	watched(t, s, Options{}, func(*Watcher) {
		begin = time.Now()
		time.Sleep(2 * time.Hour)
	})
	opens := s.attempts()
	if first := opens[1].Sub(begin.Add(time.Hour)); first < 0 || first > soon {
		t.Errorf("first attempt after %v", first)
	}
	for i, n := 2, 1; i < len(opens); i, n = i+1, n*2 {
		typical := min(time.Duration(n)*firstWait, lastWait)
		if wait := opens[i].Sub(opens[i-1]); wait < typical/2 || wait > typical*3/2+1 {
			t.Errorf("wait %d is %v, want %v give or take half", i, wait, typical)
		}
	}
}

// TestDropAtOnce wants a server that accepts and drops at once not to be called upon without a wait.
func TestDropAtOnce(t *testing.T) {
	s := &server{}
	for range 10000 {
		s.lives = append(s.lives, fin(time.Millisecond, 0))
	}
	watched(t, s, Options{}, func(w *Watcher) {
		time.Sleep(time.Hour)
		if n := len(s.attempts()); n > 250 {
			t.Errorf("opened %d times in an hour", n)
		}
		if got := w.Snapshot(); len(got.Ends) > maxEnds {
			t.Errorf("%d ends are kept", len(got.Ends))
		}
	})
}

// TestClockJump wants a sleep of the machine to be told from a life of that length.
func TestClockJump(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var slept atomic.Int64
		s := &server{lives: []life{fin(time.Minute, time.Minute), fin(time.Minute, time.Minute)}}
		w := Start(context.Background(), Options{Open: s.Open, wall: func() time.Time { return time.Now().Add(time.Duration(slept.Load())) }})
		time.Sleep(30 * time.Second)
		synctest.Wait()
		slept.Store(int64(8 * time.Hour))
		time.Sleep(5 * time.Minute)
		got := w.Snapshot()
		w.Stop()
		if len(got.Ends) != 2 || got.Ends[0].Jump != 8*time.Hour || got.Ends[1].Jump != 0 {
			t.Errorf("got %+v", got.Ends)
		}
	})
}

func TestNumberedEvents(t *testing.T) {
	s := &server{lost: map[int]bool{3: true, 7: true}}
	var lost int
	notify := func(e Event) {
		if e.Kind == Lost {
			lost++
		}
	}
	watched(t, s, Options{Numbered: time.Minute, Notify: notify}, func(w *Watcher) {
		time.Sleep(10*time.Minute + time.Second)
		if got := w.Snapshot(); got.Sent != 10 || got.Lost != 2 || lost != 2 {
			t.Errorf("%d sent, %d lost, told of %d", got.Sent, got.Lost, lost)
		}
	})
}

func TestCounts(t *testing.T) {
	var r record
	begin := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	for i := range 48 * 60 { // two days, an end each minute, of ever other codes
		e := trace.End{Held: time.Minute, Close: &trace.CloseFrame{Code: 3000 + i}}
		r.ended(begin.Add(time.Duration(i)*time.Minute), e, 0)
	}
	now := begin.Add(48 * time.Hour)
	total := 0
	for _, c := range r.copy(now).Counts {
		total += c.N
		if now.Sub(c.From) > countFor+countSpan {
			t.Errorf("kept from %v", c.From)
		}
	}
	if want := 24 * 60; total != want || len(r.Counts) > 24*6*maxCodes {
		t.Errorf("%d ends in %d counts, want %d ends of a day", total, len(r.Counts), want)
	}
	if r.Lives[3] != 48*60 {
		t.Errorf("lives %v", r.Lives)
	}
}

// TestStop wants a watcher to end in every state it may be in, and to leave no socket.
func TestStop(t *testing.T) {
	for name, s := range map[string]*server{
		"opening": {took: time.Hour},
		"open":    {},
		"waiting": {lives: []life{{failed: trace.Stage{Name: trace.StageConnect}}, {failed: trace.Stage{Name: trace.StageConnect}}, {failed: trace.Stage{Name: trace.StageConnect}}}},
	} {
		t.Run(name, func(t *testing.T) {
			watched(t, s, Options{}, func(*Watcher) { time.Sleep(2500 * time.Millisecond) })
		})
	}
}

func TestGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{took: time.Second}
		var targets []Target
		for port := range 100 {
			target := trace.Target{Scheme: "https", Host: "drp", Port: 8000 + port}
			targets = append(targets, Target{target, Options{Open: s.Open}}, Target{target, Options{Open: s.Open}})
		}
		g := NewGroup()
		g.Watch(targets)
		time.Sleep(1500 * time.Millisecond)
		if s.openNow() != maxOpening {
			t.Errorf("%d sockets opened at the same time, want %d", s.openNow(), maxOpening)
		}
		time.Sleep(time.Minute)
		if got := len(g.Snapshot()); got != 100 || s.openNow() != 100 {
			t.Errorf("%d watched, %d open", got, s.openNow())
		}
		g.Stop()
		g.Watch(targets)
		if s.openNow() != 0 {
			t.Errorf("%d sockets left open", s.openNow())
		}
	})
}
