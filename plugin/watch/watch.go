// Package watch holds the portal's kind of websocket open for as long as it is let, notices every end
// of it, looks at once at what is wrong, and opens it again. What it gathers is evidence: package
// diagnose says what it means.
//
// A watched socket costs one goroutine that reads and one that waits, and no timer while it lives.
package watch

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"ws-diagnose/plugin/trace"
)

// The waits between attempts to open a socket.
const (
	// soon is the longest wait before the first attempt after an end: short, as it is the look at what
	// has happened, but not none, for sockets that ended together would come back together.
	soon = 300 * time.Millisecond
	// firstWait and lastWait bound the waits that follow, which double and vary by half: a minute at most.
	firstWait = time.Second
	lastWait  = 40 * time.Second
	// settled is how long a socket must have lived for the waits to begin anew: a server that accepts
	// and drops at once is not to be called upon ever faster.
	settled = 10 * time.Second
)

// eventTime is how long a numbered event may take before it counts as lost.
const eventTime = 10 * time.Second

// jumpLeast is the difference between the wall clock and the time that passed from which on the
// machine slept or its clock was set; corrections by NTP are below.
const jumpLeast = 5 * time.Second

// Socket is an open websocket; *probe.Held in life.
type Socket interface {
	Done() <-chan struct{}                           // closed when it has ended
	End() *trace.End                                 // how it ended; nil when we ended it
	Quiet() (now, longest time.Duration)             // silences of both directions
	Event(context.Context) (arrived bool, err error) // send an event of our own and wait for it
	Close()
}

// Opened is what one attempt to open a socket came to.
type Opened struct {
	Socket      Socket        // nil when the attempt failed
	Trace       *trace.Trace  // what was seen on the way; never nil
	Version     string        // of the DRP endpoint, "" when it was not asked
	Retry       time.Duration // of a failed attempt: do not try again sooner; 0: as usual
	Connections []trace.Connection
}

// Options are what a watcher needs.
type Options struct {
	// Open makes one attempt, within a time of its own. It is called again after every end.
	Open func(context.Context) Opened
	// Numbered is the time between numbered events of our own, which every listener of *.*.* on the
	// endpoint sees; 0 sends none.
	Numbered time.Duration
	// Notify is told of everything that happens, by the watcher's own goroutine; nil: nobody listens.
	Notify func(Event)
	wall   func() time.Time // of tests; nil: the system's
}

// Kind says what happened.
type Kind string

// The kinds of event.
const (
	Open   Kind = "open"   // the socket is open, for the first time or again
	Drop   Kind = "drop"   // it ended
	Failed Kind = "failed" // an attempt to open it failed
	Lost   Kind = "lost"   // a numbered event did not come back
)

// Event is something that happened to a watched socket.
type Event struct {
	Kind  Kind
	At    time.Time
	End   trace.WatchEnd // of Drop and Open: the end that it is about, as far as it is known; zero with the first Open
	Wait  time.Duration  // of Failed and Drop: until the next attempt
	Trace *trace.Trace   // of Open and Failed
}

// Watcher watches one target.
type Watcher struct {
	opts Options
	stop context.CancelFunc
	done chan struct{}

	mu     sync.Mutex
	record record
	socket Socket // nil while there is none
}

// Start begins to watch. The end of ctx, or Stop, ends it.
func Start(ctx context.Context, o Options) *Watcher {
	if o.wall == nil {
		o.wall = time.Now
	}
	ctx, stop := context.WithCancel(ctx)
	w := &Watcher{opts: o, stop: stop, done: make(chan struct{})}
	w.record.Since = o.wall().Round(0)
	go w.run(ctx)
	return w
}

// Stop ends the socket and the watching, and waits for that.
func (w *Watcher) Stop() {
	w.stop()
	<-w.done
}

// Snapshot is what is known so far.
func (w *Watcher) Snapshot() *trace.Watch {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.record.copy(w.opts.wall())
	if w.socket != nil {
		_, s.Survived = w.socket.Quiet()
	}
	return s
}

// run opens and holds by turns.
func (w *Watcher) run(ctx context.Context) {
	defer close(w.done)
	waits := newWaits()
	for {
		o, release := w.open(ctx)
		var wait time.Duration
		switch {
		case o.Socket != nil:
			wait = w.hold(ctx, o, waits)
		case ctx.Err() == nil:
			wait = max(waits.NextBackOff(), o.Retry)
			w.failed(o, wait)
		}
		release()
		if ctx.Err() != nil || !sleep(ctx, wait) {
			return
		}
	}
}

// open makes one attempt, on a goroutine of its own: its stack, which a handshake makes large, is not
// to stay with the one that waits. The end of ctx ends the attempt, but not an open socket: that is to
// be closed in order, and then released.
func (w *Watcher) open(ctx context.Context) (o Opened, release context.CancelFunc) {
	life, release := context.WithCancel(context.WithoutCancel(ctx))
	opened := context.AfterFunc(ctx, release)
	defer opened()
	done := make(chan Opened)
	go func() { done <- w.opts.Open(life) }()
	return <-done, release
}

func newWaits() *backoff.ExponentialBackOff {
	return &backoff.ExponentialBackOff{
		InitialInterval: firstWait, MaxInterval: lastWait, Multiplier: 2, RandomizationFactor: 0.5,
	}
}

// sleep waits, unless ctx ends first, which it reports by false.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// hold waits for the end of an open socket, notes it, and returns how long to wait before the next
// attempt.
func (w *Watcher) hold(ctx context.Context, o Opened, waits *backoff.ExponentialBackOff) time.Duration {
	w.opened(o)
	c := startClock(w.opts.wall)
	s := o.Socket
	w.await(ctx, s)
	w.mu.Lock()
	w.socket = nil
	w.mu.Unlock()
	defer s.Close()
	if ctx.Err() != nil {
		return 0
	}
	end := s.End()
	if end == nil {
		return 0 // our own doing
	}
	wait := rand.N(soon)
	if end.Held >= settled {
		waits.Reset()
	} else {
		wait = waits.NextBackOff()
	}
	w.ended(*end, c.jump(), wait)
	return wait
}

// await returns when the socket or ctx has ended; until then it sends numbered events where they
// are wanted.
func (w *Watcher) await(ctx context.Context, s Socket) {
	if w.opts.Numbered <= 0 {
		select {
		case <-s.Done():
		case <-ctx.Done():
		}
		return
	}
	tick := time.NewTicker(w.opts.Numbered)
	defer tick.Stop()
	for {
		select {
		case <-s.Done():
			return
		case <-ctx.Done():
			return
		case <-tick.C:
			w.number(ctx, s)
		}
	}
}

// number sends an event through the endpoint and notes whether it came back. One that could not be
// sent, or whose socket ended meanwhile, says nothing about losses.
func (w *Watcher) number(ctx context.Context, s Socket) {
	limited, cancel := context.WithTimeout(ctx, eventTime)
	defer cancel()
	arrived, err := s.Event(limited)
	select {
	case <-s.Done():
		return
	default:
	}
	if err != nil || ctx.Err() != nil {
		return
	}
	w.mu.Lock()
	w.record.Sent++
	if !arrived {
		w.record.Lost++
	}
	w.mu.Unlock()
	if !arrived {
		w.tell(Event{Kind: Lost})
	}
}

// opened notes that the socket is open.
func (w *Watcher) opened(o Opened) {
	w.mu.Lock()
	w.socket = o.Socket
	end := w.record.opened(w.opts.wall(), peerOf(o), o.Connections)
	w.mu.Unlock()
	w.tell(Event{Kind: Open, End: end, Trace: o.Trace})
}

// ended notes an end.
func (w *Watcher) ended(e trace.End, jump, wait time.Duration) {
	w.mu.Lock()
	end := w.record.ended(w.opts.wall(), e, jump)
	w.mu.Unlock()
	w.tell(Event{Kind: Drop, End: end, Wait: wait})
}

// failed notes an attempt that failed.
func (w *Watcher) failed(o Opened, wait time.Duration) {
	w.mu.Lock()
	w.record.failed(w.opts.wall(), attemptOf(o.Trace, w.opts.wall()))
	w.mu.Unlock()
	w.tell(Event{Kind: Failed, Wait: wait, Trace: o.Trace})
}

func (w *Watcher) tell(e Event) {
	if w.opts.Notify != nil {
		e.At = w.opts.wall()
		w.opts.Notify(e)
	}
}

// clock compares the wall clock with the time that passes.
type clock struct {
	read func() time.Time
	wall time.Time // without its monotonic part
	mono time.Time
}

func startClock(wall func() time.Time) clock {
	return clock{read: wall, wall: wall().Round(0), mono: time.Now()}
}

// jump is by how much the wall clock has moved beyond the time that passed; 0 below jumpLeast.
func (c clock) jump() time.Duration {
	d := c.read().Round(0).Sub(c.wall) - time.Since(c.mono)
	if d > -jumpLeast && d < jumpLeast {
		return 0
	}
	return d
}
