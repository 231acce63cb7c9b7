package alert

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"

	"ws-diagnose/plugin/diagnose"
)

// telling is a keeper whose events and log lines are looked at.
type telling struct {
	*Keeper
	store  *fakeStore
	events []string
	deaf   bool // takes no events
	log    bytes.Buffer
}

func newTelling(t *testing.T) *telling {
	k := &telling{store: &fakeStore{now: time.Now, failAfter: -1}}
	log := logrus.New()
	log.SetOutput(&k.log)
	k.Keeper = NewKeeper(Options{Store: k.store, Settings: Settings{ConfirmRuns: 1, AutoAcknowledge: true}, Log: log,
		Publish: func(e Event) bool {
			if !k.deaf {
				k.events = append(k.events, e.Action+"."+e.Key)
			}
			return !k.deaf
		}})
	t.Cleanup(k.Close)
	return k
}

func (k *telling) run(t *testing.T, findings ...diagnose.Finding) {
	k.Report(t.Context(), []diagnose.Report{reportOf(findings...)}, Run{Time: time.Now(), Scheduled: true, Complete: true})
}

func TestServerWithoutAlerts(t *testing.T) {
	k := newTelling(t)
	k.store.down = fmt.Errorf("%w (404)", ErrUnsupported)
	for range 3 {
		k.run(t, expiring)
	}
	k.run(t, nearly)
	k.run(t)
	k.run(t)
	if got := strings.Join(k.events, " "); got != "warn.cert-expiring error.cert-expiring cleared.cert-expiring" {
		t.Errorf("events: %s", got)
	}
	if n := strings.Count(k.log.String(), "knows no alerts"); n != 1 {
		t.Errorf("said %d times:\n%s", n, &k.log)
	}
	if k.waiting {
		t.Error("retries what can never be")
	}
}

// TestEventsAreToldUntilTaken has nobody take events for a while.
func TestEventsAreToldUntilTaken(t *testing.T) {
	k := newTelling(t)
	k.store.down = fmt.Errorf("%w (404)", ErrUnsupported)
	for _, deaf := range []bool{true, false, false} {
		k.deaf = deaf
		k.run(t, expired)
	}
	for _, deaf := range []bool{true, false, false} {
		k.deaf = deaf
		k.run(t)
	}
	if got := strings.Join(k.events, " "); got != "error.cert-expired cleared.cert-expired" {
		t.Errorf("events: %s", got)
	}
}

func TestRefusedTokenIsSaidOnceAndLoudly(t *testing.T) {
	k := newTelling(t)
	k.store.down = fmt.Errorf("%w (403)", ErrRefused)
	k.run(t, expired)
	k.run(t, expired)
	if n := strings.Count(k.log.String(), "level=error"); n != 1 {
		t.Errorf("%d errors:\n%s", n, &k.log)
	}
	if got := strings.Join(k.events, " "); got != "error.cert-expired" {
		t.Errorf("events: %s", got)
	}
}

// TestUndeliveredIsRetried has the server come back between two runs: the newest state of each
// cause is what is delivered.
func TestUndeliveredIsRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newTelling(t)
		k.store.down = errDown
		k.run(t, dropped, expiring)
		k.run(t, nearly)
		time.Sleep(time.Hour)
		k.mu.Lock()
		waiting := k.waiting
		k.mu.Unlock()
		if !waiting || len(k.store.alerts) > 0 {
			t.Fatalf("waiting %v, alerts %v", waiting, k.store.alerts)
		}
		k.turn <- struct{}{} // nobody delivers while the server changes
		k.store.down = nil
		<-k.turn
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if len(k.store.alerts) != 1 || k.store.alerts[0].Level != "Error" || k.waiting {
			t.Errorf("%d alerts, waiting %v", len(k.store.alerts), k.waiting)
		}
		k.Close()
	})
}

func TestCloseEndsRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newTelling(t)
		k.store.down = errDown
		k.run(t, expired)
		begin := time.Now()
		k.Close()
		if time.Since(begin) > 0 {
			t.Errorf("took %v", time.Since(begin))
		}
	})
}

// silentStore never answers.
type silentStore struct{ Store }

func (silentStore) List(ctx context.Context, _ bool) ([]Alert, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestSilentServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newTelling(t)
		k.Configure(Options{Store: silentStore{}, Settings: usual, Log: k.o.Log, Publish: k.o.Publish})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		k.Report(ctx, []diagnose.Report{reportOf(expired)}, Run{Time: begin, Scheduled: true})
		if time.Since(begin) > time.Second {
			t.Errorf("the report waited %v", time.Since(begin))
		}
		k.Close()
	})
}

// lateStore has something happen when an alert is made, once.
type lateStore struct {
	*fakeStore
	onCreate func()
}

func (s *lateStore) Create(ctx context.Context, a Alert) (Alert, error) {
	if hook := s.onCreate; hook != nil {
		s.onCreate = nil
		hook()
	}
	return s.fakeStore.Create(ctx, a)
}

// TestRunDuringARetry has a run see another fault while a retry is just succeeding, and be out of time:
// that fault is delivered as well.
func TestRunDuringARetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newTelling(t)
		late := &lateStore{fakeStore: &fakeStore{now: time.Now, failAfter: -1}}
		late.onCreate = func() {
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			k.Report(ended, []diagnose.Report{reportOf(expired, dropped)}, Run{Time: time.Now(), Scheduled: true, Complete: true})
		}
		k.store.down = errDown
		k.run(t, expired)
		works := k.o
		works.Store = late
		k.Configure(works)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if len(late.alerts) != 2 {
			t.Errorf("%d alerts", len(late.alerts))
		}
		k.Close()
	})
}

// brokenStore brings a fault of our own about.
type brokenStore struct{ Store }

func (brokenStore) List(context.Context, bool) ([]Alert, error) { panic("a fault of ours") }

// TestFault has a fault of our own strike while alerts are kept: it is said once, and when it is gone
// everything is delivered.
func TestFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newTelling(t)
		works := k.o
		k.Configure(Options{Store: brokenStore{}, Settings: usual, Log: k.o.Log, Publish: k.o.Publish})
		k.run(t, expired)
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := strings.Count(k.log.String(), "a fault of ours"); n != 1 {
			t.Errorf("said %d times:\n%s", n, &k.log)
		}
		k.Configure(works)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if len(k.store.alerts) != 1 {
			t.Errorf("%d alerts", len(k.store.alerts))
		}
		k.Close()
	})
}

func TestKindOf(t *testing.T) {
	both := errors.Join(errDown, fmt.Errorf("alert x: %w", ErrRefused))
	if kindOf(both) != ErrRefused || kindOf(errDown) != errUndelivered {
		t.Error("kinds of errors are mixed up")
	}
}
