package diagnose

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"ws-diagnose/plugin/trace"
)

// ended is an end ten minutes ago after a minute's life, and a silence of quiet; back at once.
func ended(quiet time.Duration, edit func(*trace.WatchEnd)) trace.WatchEnd {
	at := runTime.Add(-10 * time.Minute)
	e := trace.WatchEnd{At: at, Back: at.Add(100 * time.Millisecond), Peer: trace.Peer{SHA256: "aa", Version: "v4.10.0"}, End: trace.End{
		Held: time.Minute, QuietIn: quiet, QuietOut: quiet, Manner: trace.EndFIN, Alert: -1,
	}}
	e.New = e.Peer
	if edit != nil {
		edit(&e)
	}
	return e
}

func TestDropKinds(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*trace.WatchEnd)
		want DropKind
		text string
	}{
		{"back at once", nil, DropNetwork, "the connection was closed (TCP FIN); silent for 5 s"},
		{"reset", func(e *trace.WatchEnd) { e.Manner = trace.EndRST }, DropNetwork, "the connection was reset (TCP RST); silent for 5 s"},
		{"close frame", func(e *trace.WatchEnd) { e.Close = &trace.CloseFrame{Code: 1011, Reason: []byte("oh\x1b[31m")} },
			DropClosed, `close code 1011 "oh\x1b[31m"`},
		{"refused in between", func(e *trace.WatchEnd) { e.Tally.Refused, e.Back = 1, e.At.Add(4*time.Second) },
			DropRestart, "nothing listened afterwards, open again after 4 s: a restart"},
		{"another version", func(e *trace.WatchEnd) { e.New.Version = "v4.11.0" }, DropRestart, `it came back as version "v4.11.0": an upgrade`},
		{"another certificate", func(e *trace.WatchEnd) { e.New.SHA256 = "bb" }, DropRestart, "it came back with another certificate: a restart"},
		{"version not told", func(e *trace.WatchEnd) { e.New.Version = "" }, DropNetwork, ""},
		{"502", func(e *trace.WatchEnd) { e.Tally.Gateway = 3 }, DropBackend, "a proxy answered 502, 503 or 504 afterwards"},
		{"403", func(e *trace.WatchEnd) { e.Tally.Forbidden, e.Back = 9, time.Time{} }, DropToken,
			"the reconnect was refused with 401 or 403: the token has ended, not open again yet"},
		{"vanished", func(e *trace.WatchEnd) { e.Manner = trace.EndTimeout }, DropPath, "nothing came until the deadline; silent for 5 s"},
		{"unreachable afterwards", func(e *trace.WatchEnd) { e.Tally.Silent = 2 }, DropPath, ""},
		{"slept", func(e *trace.WatchEnd) { e.Jump, e.Tally.Refused = 8*time.Hour, 1 }, DropSlept, "clock moved by 8 hours"},
	} {
		got := Drops(&trace.Watch{Ends: []trace.WatchEnd{ended(5*time.Second, c.edit)}}, nil)
		if len(got) != 1 || got[0].Kind != c.want || !strings.Contains(got[0].Text, c.text) {
			t.Errorf("%s: got %s: %s", c.name, got[0].Kind, got[0].Text)
		}
	}
}

// TestEndedTogether tells a restart, which ends all sockets to a server, from the end of one of them.
func TestEndedTogether(t *testing.T) {
	other := func(edit func(*trace.WatchEnd)) *trace.Watch {
		return &trace.Watch{Open: true, Opened: runTime.Add(-time.Minute), Ends: []trace.WatchEnd{ended(5*time.Second, edit)}}
	}
	one := other(nil)
	elsewhere := trace.Peer{SHA256: "cc", Address: netip.MustParseAddrPort("192.0.2.9:1")}
	for _, c := range []struct {
		name   string
		others *trace.Watch
		want   DropKind
	}{
		{"both", other(func(e *trace.WatchEnd) { e.At = e.At.Add(time.Second) }), DropRestart},
		{"the other lived on", other(func(e *trace.WatchEnd) { e.At, e.Held = e.At.Add(5*time.Minute), 20*time.Minute }), DropNetwork},
		{"the other is still open", &trace.Watch{Open: true, Opened: runTime.Add(-time.Hour), Peer: one.Ends[0].Peer}, DropNetwork},
		{"another server's", other(func(e *trace.WatchEnd) { e.Peer, e.New = elsewhere, elsewhere }), DropNetwork},
	} {
		got := Drops(one, map[string]*trace.Watch{"a": one, "b": c.others})
		if got[0].Kind != c.want {
			t.Errorf("%s: got %s: %s", c.name, got[0].Kind, got[0].Text)
		}
	}
}

// TestIdleTimeout tells silences of always the same length from such that only happen to be alike.
func TestIdleTimeout(t *testing.T) {
	const s = time.Second
	ends := func(quiets ...time.Duration) []trace.WatchEnd {
		var list []trace.WatchEnd
		for _, q := range quiets {
			list = append(list, ended(q, nil))
		}
		return list
	}
	survived := func(list []trace.WatchEnd, i int, d time.Duration) []trace.WatchEnd {
		list[i].Survived = d
		return list
	}
	for _, c := range []struct {
		name  string
		watch trace.Watch
		want  time.Duration
	}{
		{"three alike", trace.Watch{Ends: ends(50*s, 51*s, 52*s)}, 51 * s},
		{"others in between", trace.Watch{Ends: ends(50*s, 7*s, 50*s, 20*s, 50*s, 9*s)}, 50 * s},
		{"over 5 %", trace.Watch{Ends: ends(50*s, 51*s, 54*s)}, 0},
		{"too short a silence", trace.Watch{Ends: ends(s, s, s)}, 0},
		{"one died of a longer silence", trace.Watch{Ends: ends(50*s, 50*s, 80*s, 50*s)}, 0},
		{"one lived through a longer silence", trace.Watch{Ends: survived(ends(50*s, 50*s, 20*s, 50*s), 2, 54*s)}, 0},
		{"and did so before", trace.Watch{Ends: survived(ends(20*s, 50*s, 50*s, 50*s), 0, 54*s)}, 50 * s},
		{"mended: the present socket outlives it", trace.Watch{Open: true, Survived: 54 * s, Ends: ends(50*s, 50*s, 50*s)}, 0},
	} {
		if got, _ := idleTimeout(&c.watch); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestIdleTest(t *testing.T) {
	const s = time.Second
	works := func(want, reached time.Duration, pings int) trace.IdleStep {
		return trace.IdleStep{Want: want, Reached: reached, Opened: true, Proved: true, Pings: pings}
	}
	dies := func(want, after time.Duration) trace.IdleStep {
		return trace.IdleStep{Want: want, Reached: after, Opened: true, End: &trace.End{QuietIn: after, QuietOut: after, Manner: trace.EndFIN}}
	}
	dead := trace.IdleStep{Want: 20 * s, Reached: 20 * s, Opened: true, Error: "no pong"}
	again, other := dies(25*s, 20*s+300*time.Millisecond), works(25*s, 25*s, 0)
	for _, c := range []struct {
		name  string
		idle  trace.Idle
		found string // in the finding's detail; "" for no finding
		text  string
	}{
		{"all work", trace.Idle{Steps: []trace.IdleStep{works(10*s, 10*s, 0), works(20*s, 20*s, 0)}}, "",
			"the websocket works after 20 s of silence"},
		{"the server's pings", trace.Idle{Steps: []trace.IdleStep{works(45*s, 45*s, 0), works(90*s, 54*s, 1)}}, "",
			"the websocket works after 54 s of silence; longer silences do not occur"},
		{"a timeout", trace.Idle{Steps: []trace.IdleStep{works(10*s, 10*s, 0), dies(40*s, 20*s)}, Confirm: &again},
			"kept silent, the socket was ended after 20.0 s, and another one after 20.3 s", "the path ends a websocket that is silent for 20.0 s"},
		{"dead without a sign", trace.Idle{Steps: []trace.IdleStep{works(10*s, 10*s, 0), dead}, Confirm: &dead},
			"after 20 s of silence the socket was dead, without having been ended; after 10 s it still worked", "the path ends"},
		{"not again", trace.Idle{Steps: []trace.IdleStep{works(10*s, 10*s, 0), dies(40*s, 20*s)}, Confirm: &other}, "",
			"a socket ended after 20.0 s of silence, but another one did not"},
		{"interrupted", trace.Idle{Steps: []trace.IdleStep{{Want: 10 * s}}, Late: true}, "", "no socket could be tried (interrupted"},
	} {
		w := newWorld()
		w.Idle = &c.idle
		report := w.report()
		detail := ""
		for _, f := range report.Findings {
			if f.ID == "ws-idle-dropped" {
				detail = f.Detail
			}
		}
		if (detail == "") != (c.found == "") || !strings.Contains(detail, c.found) {
			t.Errorf("%s: finding %q", c.name, detail)
		}
		if !strings.Contains(report.Idle.Text, c.text) || report.Idle.Pinged != (c.idle.Steps[len(c.idle.Steps)-1].Pings > 0) {
			t.Errorf("%s: section %+v", c.name, report.Idle)
		}
	}
}

// TestFlappingCause wants the cause that most drops share in place of the general one.
func TestFlappingCause(t *testing.T) {
	w := newWorld()
	refused := func(e *trace.WatchEnd) { e.Tally.Refused = 1 }
	slept := func(e *trace.WatchEnd) { e.Jump = time.Hour }
	h := &trace.Watch{Ends: []trace.WatchEnd{ended(3*time.Second, refused), ended(20*time.Second, refused), ended(9*time.Second, refused), ended(5*time.Second, slept)}}
	w.evidence.History[w.Target.ID()] = h
	if got := w.report().Findings; len(got) > 0 {
		t.Errorf("three drops, and one for our own sleep: %+v", got)
	}
	h.Ends = append(h.Ends, ended(30*time.Second, nil))
	got := w.report().Findings
	if len(got) != 1 || got[0].ID != "ws-flapping" || !strings.HasPrefix(got[0].Cause, "3 of 4 drops: the endpoint, or the proxy") {
		t.Errorf("got %+v", got)
	}
}
