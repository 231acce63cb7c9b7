package plugin

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"ws-diagnose/plugin/alert"
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
	startedBy string        // one of the by* constants
	asked     time.Time     // its time runs from then on; zero: from the beginning of the run
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

// Why a run has no result although its question was in order.
var (
	errStopped = errors.New("the plugin was stopped or configured anew during the check: try again")
	errBusy    = errors.New("too many different checks are running: try again when they have ended")
	errFault   = errors.New("fault in the check itself, the server's log tells more")
)

// maxFlights bounds how many different questions may be under way.
const maxFlights = 4

// run answers a question, by the run that is under way for the same question or by one of its own.
func (sv *service) run(q question) (*Result, error) {
	sv.flights.mu.Lock()
	if sv.life.Err() != nil {
		sv.flights.mu.Unlock()
		return nil, errStopped
	}
	f, joined := sv.flights.running[q.key()]
	if !joined {
		if len(sv.flights.running) >= maxFlights {
			sv.flights.mu.Unlock()
			return nil, errBusy
		}
		if sv.flights.running == nil {
			sv.flights.running = map[string]*flight{}
		}
		f = &flight{done: make(chan struct{})}
		sv.flights.running[q.key()] = f
	}
	if f.startedBy == "" || f.startedBy == byAction {
		f.startedBy = q.startedBy
	}
	if !joined {
		sv.busy.Go(func() { sv.fly(q, f) })
	}
	sv.flights.mu.Unlock()
	<-f.done
	return f.result, f.err
}

// fly makes the run. It ends within the question's timeout, and a fault of our own ends as an
// error, not with the plugin.
func (sv *service) fly(q question, f *flight) {
	defer close(f.done)
	defer sv.flights.land(q.key(), f)
	if q.asked.IsZero() {
		q.asked = time.Now()
	}
	ctx, cancel := context.WithDeadline(sv.life, q.asked.Add(q.settings.Timeout))
	defer cancel()
	defer func() {
		if fault := recover(); fault != nil {
			sv.log.Errorf("fault in the check: %v\n%s", fault, debug.Stack())
			f.err = errFault
		}
	}()
	var evidence trace.Evidence
	known, err := sv.ask(ctx, q)
	if err == nil {
		evidence, err = sv.gather(ctx, q, known)
	}
	startedBy := sv.flights.land(q.key(), f)
	if err == nil && sv.life.Err() != nil {
		err = errStopped
	}
	if err != nil {
		f.err = err
		return
	}
	policy := q.settings.policy(sv.version)
	policy.PortalURL = known.portal
	reports := diagnose.Diagnose(evidence, policy)
	f.result = newResult(evidence, meant(reports, q.settings.Target), sv.version)
	sv.tell(ctx, q, reports, alert.Run{
		Time: evidence.Time, Scheduled: startedBy != byAction, Complete: known.complete && q.settings.Target == ""})
	sv.remember(ctx, q, startedBy, evidence.Traces, reports)
}

// land has nobody join the flight any more, and says who has.
func (fs *flights) land(key string, f *flight) (startedBy string) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.running[key] == f { // not the next one
		delete(fs.running, key)
	}
	return f.startedBy
}

// isOurs says whether the plugin itself asks: a run with thresholds of its own, or on an endpoint of its
// own, is the caller's alone.
func (sv *service) isOurs(q question) bool {
	return q.endpoint == nil && q.settings.policy("") == sv.settings.policy("")
}

// tell brings the alerts up to date with a run.
func (sv *service) tell(ctx context.Context, q question, reports []diagnose.Report, run alert.Run) {
	if sv.settings.Alerts && sv.isOurs(q) {
		sv.keeper.Report(ctx, reports, run)
	}
}

// remember brings the memory up to date with a run.
func (sv *service) remember(ctx context.Context, q question, startedBy string, traces []*trace.Trace, reports []diagnose.Report) {
	if !sv.isOurs(q) {
		return
	}
	now := time.Now().UTC().Truncate(time.Second)
	var past *pastRun
	if startedBy != byAction {
		past = &pastRun{Time: now, StartedBy: startedBy, Verdict: string(worstOf(reports).Verdict)}
	}
	remembered, whole := sv.notebook.note(traces, past, now)
	if !whole {
		return // what is in the profile could not be read so far: it is not to be written over
	}
	if err := sv.server.saveState(ctx, remembered); err != nil {
		sv.log.Warnf("profile %s cannot be written, tried again after the next run: %v", stateProfile, err)
	}
}

// gather looks at all targets at the same time.
func (sv *service) gather(ctx context.Context, q question, known knowledge) (trace.Evidence, error) {
	evidence := trace.Evidence{Time: time.Now(), Vantage: sv.vantage}
	roots, err := cert.LoadRoots([]byte(q.settings.CACert))
	if err != nil {
		return evidence, err
	}
	evidence.Schedule = known.schedule
	evidence.Known, evidence.Traces = known.certificates, make([]*trace.Trace, len(known.targets))
	safe := &vault{token: sv.token, tokens: known.tokens, loopback: newPromise()}
	if q.endpoint != nil {
		safe.loopback.keep("") // it is not looked at, nobody is to wait for it
	}
	deadline, _ := ctx.Deadline()
	var all sync.WaitGroup
	var faults atomic.Int32
	for i, target := range known.targets {
		all.Go(func() {
			defer func() {
				if fault := recover(); fault != nil {
					sv.log.Errorf("fault in the check of %s: %v\n%s", target.ID(), fault, debug.Stack())
					faults.Add(1)
				}
			}()
			evidence.Traces[i] = sv.check(ctx, target, probe.Options{
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
	if faults.Load() > 0 {
		return evidence, errFault
	}
	dropForeignNames(evidence.Traces)
	evidence.History = sv.sockets.Snapshot()
	return evidence, nil
}

// knowledge is what a run has to know before it looks.
type knowledge struct {
	targets      []trace.Target
	complete     bool                     // the server said of itself what it has: no target is missing
	tokens       map[string]endpointToken // for targets that are not the server itself
	certificates map[string]trace.Known
	schedule     *trace.Schedule
	portal       string // origin of the portal that users open
}

// ask learns from the server, in one go, what a run has to know. A server that does not answer is
// looked at all the same.
func (sv *service) ask(ctx context.Context, q question) (knowledge, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	var k knowledge
	var info serverInfo
	var remembered state
	var answers sync.WaitGroup
	answers.Go(func() {
		err := sv.server.get(ctx, &info, "info")
		if k.complete = err == nil; err != nil {
			sv.log.Warnf("the server's info cannot be had: %v", err)
		}
	})
	answers.Go(func() {
		var err error
		if k.tokens, err = sv.server.tokens(ctx); err != nil {
			sv.log.Warnf("other endpoints are checked without a token: %v", err)
		}
	})
	answers.Go(func() { k.schedule = sv.schedule(ctx) })
	answers.Go(func() { k.portal = sv.portal(ctx, q.settings.PortalURL) })
	answers.Go(func() { remembered = sv.notebook.read(ctx, sv.server) })
	answers.Wait()
	var runs []trace.Run
	k.certificates, runs = remembered.evidence()
	if k.schedule != nil {
		if q.startedBy != byAction { // this very run has come
			runs = append([]trace.Run{{Time: time.Now(), StartedBy: q.startedBy}}, runs...)
		}
		k.schedule.Runs = runs
	}
	if q.endpoint != nil {
		target := *q.endpoint
		target.Origin = k.portal
		k.targets = []trace.Target{target}
		return k, nil
	}
	var err error
	k.targets, err = choose(targets(q.settings, sv.endpoint, k.portal, info), q.settings.Target)
	return k, err
}
