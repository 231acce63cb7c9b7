package plugin

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"time"

	"ws-diagnose/plugin/cert"
	"ws-diagnose/plugin/probe"
	"ws-diagnose/plugin/trace"
	"ws-diagnose/plugin/watch"
)

const (
	watchAfter = 5 * time.Second // the server is starting up when it configures us
	openTime   = 10 * time.Second
	// lockedOut is how long a target is left alone that wants credentials which we do not have.
	lockedOut = 10 * time.Minute
	// askAgain is how often the server is asked for addresses that it did not have before.
	askAgain = time.Hour
)

// watch holds a websocket to every target open until the service ends.
func (sv *service) watch() {
	defer sv.sockets.Stop()
	roots, err := cert.LoadRoots([]byte(sv.settings.CACert))
	if err != nil {
		sv.log.Errorf("nothing is watched: %v", err)
		return
	}
	timer := time.NewTimer(watchAfter)
	defer timer.Stop()
	for {
		select {
		case <-sv.life.Done():
			return
		case <-timer.C:
		}
		sv.watchAll(roots)
		timer.Reset(askAgain)
	}
}

// watchAll begins to watch the targets that are not watched yet.
func (sv *service) watchAll(roots *cert.Roots) {
	known, err := sv.ask(sv.life, question{settings: sv.settings, startedBy: byAction})
	if err != nil {
		sv.log.Errorf("nothing more is watched: %v", err)
		return
	}
	var list []watch.Target
	for _, target := range known.targets {
		if !target.CertOnly {
			list = append(list, watch.Target{Target: target, Options: watch.Options{
				Open:   func(ctx context.Context) watch.Opened { return sv.open(ctx, target, roots) },
				Notify: func(e watch.Event) { sv.note(target, e) },
			}})
		}
	}
	sv.sockets.Watch(list)
}

// open makes one attempt to open the websocket of a target. Where its credentials go is decided anew
// each time, by the certificate that loopback shows at that moment: the server may have changed it.
func (sv *service) open(ctx context.Context, target trace.Target, roots *cert.Roots) (o watch.Opened) {
	defer func() {
		if fault := recover(); fault != nil {
			sv.log.Errorf("fault in watching %s: %v\n%s", target.ID(), fault, debug.Stack())
			o = watch.Opened{Trace: &trace.Trace{Target: target}, Retry: lockedOut}
		}
	}()
	safe := &vault{token: sv.token, loopback: newPromise()}
	if target.Role != trace.RoleLoopback {
		asking, cancel := context.WithTimeout(ctx, askTime)
		safe.tokens, _ = sv.server.tokens(asking) // without them there is no token to send, no more
		cancel()
		safe.loopback.keep(leaf(sv.check(ctx, trace.Target{
			Scheme: "https", Host: "127.0.0.1", Port: serverPort(sv.endpoint), Role: trace.RoleLoopback, CertOnly: true,
		}, probe.Options{Timeout: fingerprintWait, Roots: roots, Version: sv.version})))
	}
	o = watch.Prober(target, probe.Options{
		Timeout: openTime, Roots: roots, Credentials: safe.forTarget(ctx, target), Version: sv.version,
	})(ctx)
	if h := o.Trace.HTTP; h != nil && !h.Token && h.Status == http.StatusUnauthorized {
		o.Retry = lockedOut
	}
	return o
}

// note logs what happens to a watched socket; reports and alerts come with the next run.
func (sv *service) note(target trace.Target, e watch.Event) {
	switch {
	case e.Kind == watch.Drop:
		how := string(e.End.Manner)
		if e.End.Close != nil {
			how = fmt.Sprintf("close code %d", e.End.Close.Code)
		}
		sv.log.Warnf("the watched websocket to %s ended after %v, silent for %v: %s", target.ID(),
			e.End.Held.Round(time.Second), min(e.End.QuietIn, e.End.QuietOut).Round(time.Second), how)
	case e.Kind == watch.Open && e.End.Held > 0:
		sv.log.Infof("the watched websocket to %s is open again after %v", target.ID(), e.End.Back.Sub(e.End.At).Round(time.Second))
	}
}
