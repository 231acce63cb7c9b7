package watch

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"ws-diagnose/plugin/trace"
)

// life is what one socket of a fake server does.
type life struct {
	trace.End
	failed  trace.Stage       // the attempt fails at this stage instead
	dial    trace.DialOutcome // with failed
	status  int               // with failed
	version string
	sha256  string
}

// server is a fake: each attempt to open a socket meets the next life; after the last, sockets live
// for ever.
type server struct {
	mu    sync.Mutex
	lives []life
	opens []time.Time
	open  int           // sockets that are open now
	lost  map[int]bool  // numbered events that do not come back, from 1
	sent  int           // numbered events so far
	took  time.Duration // of an attempt

	timeout time.Duration // every socket ends in silence after so long; 0: none
	dead    time.Duration // after so long a socket works no more, without a sign
	ping    time.Duration // the server pings so often; 0: never
	refuse  bool          // every attempt fails
}

// fake is one socket of a server.
type fake struct {
	server *server
	done   chan struct{}
	once   sync.Once
	end    *trace.End
	begin  time.Time
	timer  *time.Timer
}

func (s *server) Open(ctx context.Context) Opened {
	if !sleep(ctx, s.took) {
		return Opened{Trace: &trace.Trace{}}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opens = append(s.opens, time.Now())
	l := life{}
	if s.timeout > 0 {
		l = fin(s.timeout, s.timeout)
	}
	if s.refuse {
		l.failed = trace.Stage{Name: trace.StageConnect, Why: "refused"}
	}
	if len(s.lives) > 0 {
		l, s.lives = s.lives[0], s.lives[1:]
	}
	t := &trace.Trace{
		Connect:     &trace.Connect{Chosen: netip.MustParseAddrPort("192.0.2.1:8092"), Dials: []trace.Dial{{Outcome: trace.DialOK}}},
		Certificate: &trace.Certificate{Leaf: trace.Cert{SHA256: l.sha256}},
		HTTP:        &trace.HTTP{Answer: trace.Answer{Status: 101}},
	}
	if l.failed.Name != "" {
		l.failed.Outcome = trace.Failed
		t.Stages, t.HTTP.Status = []trace.Stage{l.failed}, l.status
		if l.dial != "" {
			t.Connect.Dials[0].Outcome = l.dial
		}
		return Opened{Trace: t}
	}
	f := &fake{server: s, done: make(chan struct{}), begin: time.Now()}
	s.open++
	if l.Held > 0 {
		f.timer = time.AfterFunc(l.Held, func() { f.finish(&l.End) })
	}
	return Opened{Socket: f, Trace: t, Version: l.version}
}

// openNow is how many sockets are open.
func (s *server) openNow() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

// attempts are when sockets were to be opened.
func (s *server) attempts() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.opens)
}

func (f *fake) finish(e *trace.End) {
	f.once.Do(func() {
		f.end = e
		f.server.mu.Lock()
		f.server.open--
		f.server.mu.Unlock()
		close(f.done)
	})
}

func (f *fake) Done() <-chan struct{} { return f.done }

func (f *fake) End() *trace.End {
	<-f.done
	return f.end
}

func (f *fake) Quiet() (now, longest time.Duration) {
	age := time.Since(f.begin)
	if f.server.ping == 0 || age < f.server.ping {
		return age, age
	}
	return age % f.server.ping, f.server.ping
}

func (f *fake) Pings() int {
	if f.server.ping == 0 {
		return 0
	}
	return int(time.Since(f.begin) / f.server.ping)
}

func (f *fake) Prove(ctx context.Context) error {
	if f.server.dead > 0 && time.Since(f.begin) > f.server.dead {
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}

func (f *fake) Event(ctx context.Context) (bool, error) {
	f.server.mu.Lock()
	f.server.sent++
	lost := f.server.lost[f.server.sent]
	f.server.mu.Unlock()
	if lost {
		<-ctx.Done()
	}
	return !lost, nil
}

func (f *fake) Close() {
	if f.timer != nil {
		f.timer.Stop()
	}
	f.finish(nil)
}
