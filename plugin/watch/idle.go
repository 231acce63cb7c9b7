package watch

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"ws-diagnose/plugin/trace"
)

// Bounds of an idle test.
const (
	// firstSilence is about the shortest silence that is tried: no proxy's timeout is below.
	firstSilence = 5 * time.Second
	proofTime    = 5 * time.Second // for the proof that a socket still works
	// again is how much longer than the silence that ended a socket the last one is kept silent.
	again = 1.25
)

// Silent is a socket for an idle test; *probe.Held in life.
type Silent interface {
	Socket
	Pings() int                  // of the server
	Prove(context.Context) error // an exchange that shows that the socket works
}

// Idle finds out for how long the way to a server lets a websocket be silent, up to longest. It opens
// sockets side by side, keeps each silent for twice as long as the one before, and proves that it
// still works; where one does not, another shows whether the silence was to blame. The whole takes
// longest and a little, or up to 2.25 times as long where there is a timeout. Open makes one attempt,
// and what it returns must be a Silent. Progress, if not nil, is told how long it has been.
func Idle(ctx context.Context, open func(context.Context) Opened, longest time.Duration, progress func(time.Duration)) *trace.Idle {
	t := &trace.Idle{Asked: longest, Steps: make([]trace.IdleStep, len(silences(longest)))}
	defer ticking(progress)()
	var all sync.WaitGroup
	for i, want := range silences(longest) {
		all.Go(func() { t.Steps[i] = keepSilent(ctx, open, want, longest) })
	}
	all.Wait()
	broken := slices.IndexFunc(t.Steps, func(s trace.IdleStep) bool { return s.Opened && !s.Proved })
	if broken >= 0 && ctx.Err() == nil {
		reached := t.Steps[broken].Reached
		want := time.Duration(float64(reached) * again)
		step := keepSilent(ctx, open, want, want)
		t.Confirm = &step
	}
	t.Late = ctx.Err() != nil
	return t
}

// silences doubles up to longest, from about firstSilence on.
func silences(longest time.Duration) []time.Duration {
	list := []time.Duration{longest}
	for longest >= 2*firstSilence {
		longest /= 2
		list = append(list, longest)
	}
	slices.Reverse(list)
	return list
}

// ticking tells progress every second, from a goroutine of its own, until the function that it
// returns is called.
func ticking(progress func(time.Duration)) (stop func()) {
	if progress == nil {
		return func() {}
	}
	begin, quit := time.Now(), make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				progress(time.Since(begin))
			case <-quit:
				return
			}
		}
	})
	return func() {
		close(quit)
		done.Wait()
	}
}

var errNotOpen = errors.New("the websocket could not be opened")

// keepSilent opens a socket and sends nothing over it until neither side has sent a byte for want, or
// most has passed; then it proves that it works.
func keepSilent(ctx context.Context, open func(context.Context) Opened, want, most time.Duration) trace.IdleStep {
	step := trace.IdleStep{Want: want}
	o := open(ctx)
	s, ok := o.Socket.(Silent)
	if !ok {
		step.Error = errNotOpen.Error()
		if a := attemptOf(o.Trace, time.Now()); a.Why != "" {
			step.Error += ": " + a.Why
		}
		return step
	}
	defer s.Close()
	step.Opened = true
	if !silence(ctx, s, want, most) {
		step.Error = "interrupted"
		step.Opened = false // nothing was learned of it
		return step
	}
	quiet, longest := s.Quiet()
	step.Reached, step.Pings = longest, s.Pings()
	if step.End = ended(s); step.End != nil {
		step.Reached = min(step.End.QuietIn, step.End.QuietOut)
		return step
	}
	limited, cancel := context.WithTimeout(ctx, proofTime)
	defer cancel()
	if err := s.Prove(limited); err != nil {
		// How it ends from here on is the proof's doing, and not kept.
		step.Error, step.Reached = err.Error(), quiet
		return step
	}
	step.Proved = true
	return step
}

// silence returns when neither side has sent a byte for want, when most has passed, or when the
// socket has ended; false when ctx ended first.
func silence(ctx context.Context, s Silent, want, most time.Duration) bool {
	begin := time.Now()
	for {
		quiet, _ := s.Quiet()
		wait := min(want-quiet, most-time.Since(begin))
		if wait <= 0 {
			return true
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-s.Done():
			timer.Stop()
			return true
		case <-ctx.Done():
			timer.Stop()
			return false
		}
	}
}

// ended is how the socket has ended; nil while it lives.
func ended(s Socket) *trace.End {
	select {
	case <-s.Done():
		return s.End()
	default:
		return nil
	}
}
