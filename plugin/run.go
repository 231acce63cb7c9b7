package plugin

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"ws-diagnose/plugin/cert"
	"ws-diagnose/plugin/diagnose"
	"ws-diagnose/plugin/probe"
	"ws-diagnose/plugin/trace"
)

// What a run keeps of its time: for asking the server at the beginning, and for telling it the
// outcome at the end. The rest is for looking.
const (
	askTime  = time.Second
	tellTime = time.Second
)

// question is what one run is to find out.
type question struct {
	settings  Settings
	endpoint  *trace.Target // check this one alone, from an action on an object of type endpoints
	startedBy string        // "action", "interval", "trigger" or "work order"
}

// key is the same for questions that one run answers.
func (q question) key() string {
	s := q.settings
	return fmt.Sprintf("%q %v %v %v", s.Target, s.policy(""), s.Timeout, q.endpoint)
}

// flights makes questions that are asked at the same time share one run.
type flights struct {
	mu      sync.Mutex
	running map[string]*flight
}

// flight is one run and all who wait for it.
type flight struct {
	done      chan struct{}
	startedBy string // the most binding of those who asked
	result    *Result
	err       error
}

// maxFlights bounds how many different questions may be under way.
const maxFlights = 4

// run answers a question, by the run that is under way for the same question or by one of its own.
func (sv *service) run(q question) (*Result, error) {
	sv.flights.mu.Lock()
	f, joined := sv.flights.running[q.key()]
	if !joined {
		if len(sv.flights.running) >= maxFlights {
			sv.flights.mu.Unlock()
			return nil, fmt.Errorf("%d different checks are running: try again when they have ended", maxFlights)
		}
		if sv.flights.running == nil {
			sv.flights.running = map[string]*flight{}
		}
		f = &flight{done: make(chan struct{})}
		sv.flights.running[q.key()] = f
	}
	if f.startedBy == "" || f.startedBy == "action" {
		f.startedBy = q.startedBy
	}
	sv.flights.mu.Unlock()
	if !joined {
		sv.busy.Go(func() { sv.fly(q, f) })
	}
	<-f.done
	return f.result, f.err
}

// fly makes the run. It ends within the question's timeout, and a fault of our own ends as an
// error, not with the plugin.
func (sv *service) fly(q question, f *flight) {
	defer close(f.done)
	ctx, cancel := context.WithTimeout(sv.life, q.settings.Timeout)
	defer cancel()
	defer func() {
		if fault := recover(); fault != nil {
			sv.log.Errorf("fault in the check: %v\n%s", fault, debug.Stack())
			f.err = fmt.Errorf("fault in the check itself, see the server's log: %v", fault)
		}
	}()
	evidence, err := sv.gather(ctx, q)
	sv.flights.mu.Lock()
	delete(sv.flights.running, q.key())
	startedBy := f.startedBy
	sv.flights.mu.Unlock()
	if err != nil {
		f.err = err
		return
	}
	reports := diagnose.Diagnose(evidence, q.settings.policy(sv.version))
	f.result = newResult(evidence, reports, sv.version)
	_ = startedBy
}

// gather asks the server what there is to look at, and looks at all of it at the same time.
func (sv *service) gather(ctx context.Context, q question) (trace.Evidence, error) {
	evidence := trace.Evidence{Time: time.Now(), Vantage: sv.vantage}
	list, tokens, err := sv.ask(ctx, q)
	if err != nil {
		return evidence, err
	}
	roots, err := cert.LoadRoots([]byte(q.settings.CACert))
	if err != nil {
		return evidence, err
	}
	safe := &vault{token: sv.token, tokens: tokens, loopback: newPromise()}
	deadline, _ := ctx.Deadline()
	evidence.Traces = make([]*trace.Trace, len(list))
	var all sync.WaitGroup
	for i, target := range list {
		all.Go(func() {
			evidence.Traces[i] = probe.Check(ctx, target, probe.Options{
				Timeout:     time.Until(deadline) - tellTime,
				Roots:       roots,
				Credentials: safe.forTarget(ctx, target),
				Version:     sv.version,
			})
			if target.Role == trace.RoleLoopback {
				safe.loopback.keep("") // the others need not wait any longer
			}
		})
	}
	all.Wait()
	dropForeignNames(evidence.Traces)
	return evidence, nil
}

// ask learns from the server which targets there are, and the tokens for those that are not the
// server itself. A server that does not answer is looked at all the same.
func (sv *service) ask(ctx context.Context, q question) ([]trace.Target, map[string]endpointToken, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	var info serverInfo
	var tokens map[string]endpointToken
	var both sync.WaitGroup
	both.Go(func() {
		if err := sv.server.get(ctx, &info, "info"); err != nil {
			sv.log.Warnf("the server's info cannot be had: %v", err)
		}
	})
	both.Go(func() { tokens = sv.server.tokens(ctx) })
	both.Wait()
	if q.endpoint != nil {
		target := *q.endpoint
		target.Origin = q.settings.PortalURL
		return []trace.Target{target}, tokens, nil
	}
	list, err := choose(targets(q.settings, sv.endpoint, info), q.settings.Target)
	return list, tokens, err
}
