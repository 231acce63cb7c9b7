// Package watch tests the watcher and the judgement of what it saw together, over times that only a
// simulated clock can cover.
package watch

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"ws-diagnose/plugin/diagnose"
	"ws-diagnose/plugin/trace"
	"ws-diagnose/plugin/watch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// drop is one end that the simulated network brings about.
type drop struct {
	kind   diagnose.DropKind
	end    trace.End
	failed []attempt // to open the socket again
	at     time.Time // when it came to pass
}

// attempt is one that fails.
type attempt struct {
	dial   trace.DialOutcome
	status int
}

// script makes the drops of a day: in turns ten with an idle timeout somewhere on the way, and ten
// without, among all the other ways in which a socket may end.
func script(r *rand.Rand) []*drop {
	others := []diagnose.DropKind{diagnose.DropRestart, diagnose.DropToken, diagnose.DropClosed, diagnose.DropNetwork}
	var drops []*drop
	for span := range 20 {
		timeout := time.Duration(0)
		if span%2 == 0 {
			timeout = []time.Duration{30, 45, 50}[r.IntN(3)] * time.Second
		}
		for i := range 10 {
			kind := others[r.IntN(len(others))]
			if timeout > 0 && i%5 < 3 {
				kind = diagnose.DropIdle
			}
			drops = append(drops, makeDrop(r, kind, timeout))
		}
	}
	return drops
}

// makeDrop makes one drop on a way with such an idle timeout, 0 for none.
func makeDrop(r *rand.Rand, kind diagnose.DropKind, timeout time.Duration) *drop {
	const pings = 54 * time.Second // of the server
	quiet := 3*time.Second + rand.N(10*time.Second)
	e := trace.End{
		Held: 3*time.Minute + time.Duration(r.Int64N(int64(7*time.Minute))), QuietIn: quiet, QuietOut: quiet,
		Survived: pings, Manner: trace.EndFIN, Alert: -1,
	}
	if timeout > 0 {
		e.Survived = timeout * 9 / 10
	}
	d := &drop{kind: kind, end: e}
	switch kind {
	case diagnose.DropIdle:
		d.end.QuietIn = timeout + time.Duration(r.Int64N(int64(50*time.Millisecond)))
		d.end.QuietOut = d.end.QuietIn
	case diagnose.DropRestart:
		d.failed = []attempt{{dial: trace.DialRefused}, {dial: trace.DialRefused}}
	case diagnose.DropToken:
		d.failed = []attempt{{dial: trace.DialOK, status: 403}}
	case diagnose.DropClosed:
		d.end.Close = &trace.CloseFrame{Code: 1001 + r.IntN(2)*10}
	case diagnose.DropNetwork:
		d.end.Manner = trace.EndRST
	}
	return d
}

// network is what the sockets run over.
type network struct {
	drops []*drop
	now   int       // index of the present socket's drop
	next  []attempt // to fail before the socket is open
}

// socket is one that ends as the script has it.
type socket struct {
	done  chan struct{}
	end   *trace.End
	begin time.Time
}

func (n *network) open(context.Context) watch.Opened {
	t := &trace.Trace{
		Connect: &trace.Connect{Chosen: netip.MustParseAddrPort("192.0.2.1:8092"), Dials: []trace.Dial{{Outcome: trace.DialOK}}},
		HTTP:    &trace.HTTP{},
	}
	if len(n.next) > 0 {
		t.Connect.Dials[0].Outcome, t.HTTP.Status = n.next[0].dial, n.next[0].status
		t.Stages = []trace.Stage{{Name: trace.StageUpgrade, Outcome: trace.Failed}}
		n.next = n.next[1:]
		return watch.Opened{Trace: t}
	}
	s := &socket{done: make(chan struct{}), begin: time.Now()}
	if n.now < len(n.drops) {
		d := n.drops[n.now]
		n.now++
		time.AfterFunc(d.end.Held, func() {
			d.at, n.next, s.end = time.Now(), d.failed, &d.end
			close(s.done)
		})
	}
	return watch.Opened{Socket: s, Trace: t}
}

func (s *socket) Done() <-chan struct{} { return s.done }
func (s *socket) End() *trace.End       { return s.end }
func (s *socket) Close()                {}

func (s *socket) Event(context.Context) (bool, error) { return true, nil }

func (s *socket) Quiet() (now, longest time.Duration) {
	now = time.Since(s.begin) % (54 * time.Second)
	return now, min(time.Since(s.begin), 54*time.Second)
}

// TestDay watches for a day with 200 drops of five kinds: each is noticed at its time, each is put down
// to its cause, and there are no others.
func TestDay(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) { day(t, rand.New(rand.NewPCG(seed, 1))) })
	}
}

func day(t *testing.T, r *rand.Rand) {
	n := &network{drops: script(r)}
	w := watch.Start(t.Context(), watch.Options{Open: n.open})
	found := map[time.Time]diagnose.Drop{} // by when it happened, as judged within the next three hours
	target := trace.Target{Scheme: "https", Host: "192.0.2.1", Port: 8092}
	var report diagnose.Report
	for range 24 {
		time.Sleep(time.Hour)
		history := map[string]*trace.Watch{target.ID(): w.Snapshot()}
		for _, d := range diagnose.Drops(history[target.ID()], history) {
			if time.Since(d.At) < 3*time.Hour { // older ones lose their neighbours, and with them what they show
				found[d.At] = d
			}
		}
		report = diagnose.Diagnose(trace.Evidence{
			Time: time.Now(), Traces: []*trace.Trace{{Target: target}}, History: history,
		}, diagnose.Policy{})[0]
	}
	w.Stop()
	if n.now != len(n.drops) || len(found) != len(n.drops) {
		t.Errorf("%d of %d drops came to pass, %d were found", n.now, len(n.drops), len(found))
	}
	kinds := map[diagnose.DropKind]int{}
	for i, d := range n.drops {
		got, seen := found[d.at.Round(0)]
		if !seen {
			t.Errorf("drop %d (%s) at %v was not noticed", i, d.kind, d.at)
			continue
		}
		if kinds[d.kind]++; got.Kind != d.kind || got.Held != d.end.Held || got.Failed != len(d.failed) {
			t.Errorf("drop %d: found %s after %v, %d attempts failed: %s\nwant %s after %v, %d", i,
				got.Kind, got.Held, got.Failed, got.Text, d.kind, d.end.Held, len(d.failed))
		}
	}
	total := 0
	for _, count := range report.Watch.DropsDay {
		total += count
	}
	if total != len(n.drops) || len(kinds) != 5 {
		t.Errorf("the report counts %v; kinds made %v", report.Watch.DropsDay, kinds)
	}
	for _, f := range report.Findings {
		if f.ID == "ws-idle-dropped" {
			t.Errorf("an idle timeout that was mended hours ago: %s", f.Detail)
		}
	}
}
