package alert

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/sirupsen/logrus"

	"ws-diagnose/plugin/diagnose"
)

// Options are what a keeper works with.
type Options struct {
	Store    Store
	Settings Settings
	Publish  func(Event) bool // tells of a cause where alerts cannot, unless it is false; must not block
	Log      logrus.FieldLogger
	Now      func() time.Time // nil: time.Now
}

// Keeper keeps the alerts of a store true to the reports it is given. What cannot be delivered is
// retried until it can, or until it is no longer true: of each cause the newest state counts.
type Keeper struct {
	o Options

	mu     sync.Mutex // guards what follows
	memory Memory
	said   error // the trouble that was last logged, so that it is logged once

	turn chan struct{} // held by whoever delivers: a mutex that can be waited for with a deadline

	life    context.Context
	end     context.CancelFunc
	retries sync.WaitGroup
	waiting bool // a retry is under way
	due     bool // something is undelivered since the last attempt began
}

// NewKeeper returns a keeper that knows nothing yet. Close it.
func NewKeeper(o Options) *Keeper {
	if o.Now == nil {
		o.Now = time.Now
	}
	k := &Keeper{o: o, turn: make(chan struct{}, 1)}
	k.life, k.end = context.WithCancel(context.Background())
	return k
}

// Close ends the retries. What is undelivered is raised again by the runs of the next life.
func (k *Keeper) Close() {
	k.mu.Lock() // no retry begins after this
	k.end()
	k.mu.Unlock()
	k.retries.Wait()
}

// Configure changes what the keeper works with; what it knows stays.
func (k *Keeper) Configure(o Options) {
	if o.Now == nil {
		o.Now = time.Now
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.o = o
}

// Report takes in what a run saw and brings the alerts up to date, as far as ctx allows; the rest is
// done later.
func (k *Keeper) Report(ctx context.Context, reports []diagnose.Report, run Run) {
	if err := k.take(ctx, reports, run); err != nil && !errors.Is(err, ErrUnsupported) {
		k.later()
	}
}

// take is Report without a second try.
func (k *Keeper) take(ctx context.Context, reports []diagnose.Report, run Run) error {
	if k.unprimed() {
		_ = k.deliver(ctx) // learns what the alerts of an earlier life tell
	}
	k.observe(reports, run)
	err := k.deliver(ctx)
	k.explain(err)
	return err
}

func (k *Keeper) observe(reports []diagnose.Report, run Run) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.memory.Observe(reports, run, k.o.Settings)
}

func (k *Keeper) unprimed() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return !k.memory.primed
}

// deliver compares what is known with the alerts there are and carries out what is to change. A fault
// of our own is an error like others: alerts are what people rely on when something goes wrong.
func (k *Keeper) deliver(ctx context.Context) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("fault in keeping alerts: %v\n%s", fault, debug.Stack())
		}
	}()
	select {
	case k.turn <- struct{}{}:
		defer func() { <-k.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	store, settings := k.tools()
	open, err := store.List(ctx, false)
	if err != nil {
		return err
	}
	var acknowledged []Alert
	if k.needsAcknowledged(open) {
		if acknowledged, err = store.List(ctx, true); err != nil {
			return err
		}
	}
	var failed error
	for _, change := range k.plan(open, acknowledged, settings) {
		if err := k.apply(ctx, store, change); err != nil {
			failed = errors.Join(failed, fmt.Errorf("alert %q: %w", change.Alert.Name, err))
		}
	}
	return failed
}

// tools are what a delivery works with, from its beginning to its end.
func (k *Keeper) tools() (Store, Settings) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.o.Store, k.o.Settings
}

func (k *Keeper) plan(open, acknowledged []Alert, s Settings) []Change {
	k.mu.Lock()
	defer k.mu.Unlock()
	return Plan(open, acknowledged, &k.memory, k.o.Now(), s)
}

func (k *Keeper) needsAcknowledged(open []Alert) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.memory.NeedsAcknowledged(open, k.o.Settings)
}

// apply carries out one change.
func (k *Keeper) apply(ctx context.Context, store Store, change Change) error {
	a := change.Alert
	switch change.Verb {
	case Raise:
		made, err := store.Create(ctx, a)
		if err != nil {
			return err
		}
		if !made.ours() {
			k.done(change, "")
			return nil
		}
		a.UUID = made.UUID
		k.done(change, a.UUID)
		if made.Level != a.Level || made.Contents != a.Contents { // an older one was used
			return store.Update(ctx, a)
		}
	case Update:
		return store.Update(ctx, a)
	case Clear:
		if err := store.Update(ctx, a); err != nil {
			return err
		}
		if !a.Acknowledged {
			if err := store.Acknowledge(ctx, a.UUID); err != nil {
				return err
			}
		}
		k.done(change, a.UUID)
	}
	return nil
}

func (k *Keeper) done(change Change, id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.memory.done(change, id, k.o.Now())
}

// explain tells by events what could not be told by alerts, and logs the trouble, once for as long
// as it stays the same.
func (k *Keeper) explain(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.memory.full {
		k.memory.full = false
		k.o.Log.Warnf("more than %d causes at a time: the others get no alert", maxCauses)
	}
	k.memory.publish(k.o.Now(), k.o.Settings, func(event Event) bool {
		k.o.Log.Warnf("published as event ws-diagnose.%s.%s: %v", event.Action, event.Key, event.Object["Name"])
		return k.o.Publish(event)
	})
	if err == nil {
		k.said = nil
		return
	}
	switch kind := kindOf(err); {
	case k.said == kind:
	case kind == ErrUnsupported:
		k.o.Log.Info("this server knows no alerts (they came with DRP 4.10): faults are published as events ws-diagnose.*.*")
	case kind == ErrRefused:
		k.o.Log.Error("ALERTS CANNOT BE RAISED: the server refuses the plugin's token with 401 or 403; restart the plugin to get a new one")
	default:
		k.o.Log.Warnf("alerts cannot be delivered and will be retried: %v", err)
	}
	k.said = kindOf(err)
}

// errUndelivered stands for every trouble that may pass.
var errUndelivered = errors.New("undelivered")

func kindOf(err error) error {
	for _, kind := range []error{ErrUnsupported, ErrRefused} {
		if errors.Is(err, kind) {
			return kind
		}
	}
	return errUndelivered
}

// later retries in the background, with growing pauses, until everything is delivered.
func (k *Keeper) later() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.due = true
	if k.waiting || k.life.Err() != nil {
		return
	}
	k.waiting = true
	k.retries.Go(func() {
		pause := backoff.NewExponentialBackOff()
		pause.InitialInterval, pause.MaxInterval = 2*time.Second, 5*time.Minute
		for {
			select {
			case <-k.life.Done():
				return
			case <-time.After(pause.NextBackOff()):
			}
			if k.retry() {
				return
			}
		}
	})
}

// retry delivers once more, and says whether nothing is left to be delivered.
func (k *Keeper) retry() (done bool) {
	k.mu.Lock()
	k.due = false
	k.mu.Unlock()
	ctx, cancel := context.WithTimeout(k.life, time.Minute)
	defer cancel()
	err := k.deliver(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	if err != nil || k.due { // a run came in between, and could not deliver either
		return false
	}
	k.waiting, k.said = false, nil
	return true
}
