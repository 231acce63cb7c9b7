package watch

import (
	"context"
	"sync"

	"ws-diagnose/plugin/probe"
	"ws-diagnose/plugin/trace"
)

// maxOpening is how many sockets of a group are being opened at a time: a server that comes back
// should not have to deal with hundreds of handshakes of ours first.
const maxOpening = 4

// Target has one target watched by a group.
type Target struct {
	trace.Target
	Options Options
}

// Group watches several targets.
type Group struct {
	slots chan struct{}

	mu       sync.Mutex
	watchers map[string]*Watcher // by Target.ID
	stopped  bool
}

// NewGroup returns a group that watches nothing yet.
func NewGroup() *Group {
	return &Group{slots: make(chan struct{}, maxOpening), watchers: map[string]*Watcher{}}
}

// Watch begins to watch those of the targets that are not watched yet; none once the group is stopped.
func (g *Group) Watch(targets []Target) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, t := range targets {
		if _, there := g.watchers[t.ID()]; there || g.stopped {
			continue
		}
		o := t.Options
		o.Open = g.inTurn(t.Target, o.Open)
		g.watchers[t.ID()] = Start(context.Background(), o)
	}
}

// inTurn makes attempts wait until there are fewer than maxOpening others.
func (g *Group) inTurn(t trace.Target, open func(context.Context) Opened) func(context.Context) Opened {
	return func(ctx context.Context) Opened {
		select {
		case g.slots <- struct{}{}:
			defer func() { <-g.slots }()
			return open(ctx)
		case <-ctx.Done():
			return Opened{Trace: &trace.Trace{Target: t}}
		}
	}
}

// Stop ends all sockets and all watching, and waits for that.
func (g *Group) Stop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stopped = true
	var all sync.WaitGroup
	for _, w := range g.watchers {
		all.Go(w.Stop)
	}
	all.Wait()
}

// Snapshot is what is known so far, by Target.ID, as trace.Evidence has it. Targets whose socket never
// opened are left out: a check says better what is wrong with them.
func (g *Group) Snapshot() map[string]*trace.Watch {
	g.mu.Lock()
	defer g.mu.Unlock()
	history := make(map[string]*trace.Watch, len(g.watchers))
	for id, w := range g.watchers {
		if s := w.Snapshot(); !s.Opened.IsZero() {
			history[id] = s
		}
	}
	return history
}

// Prober returns an Options.Open that walks to target's websocket with package probe and, where the
// endpoint may be shown credentials, asks it for its version and connections.
func Prober(target trace.Target, o probe.Options) func(context.Context) Opened {
	return func(ctx context.Context) Opened {
		held, tr := probe.Hold(ctx, target, o)
		opened := Opened{Trace: tr}
		if held == nil {
			return opened
		}
		opened.Socket = held
		limited, cancel := context.WithTimeout(ctx, tr.Timeout)
		defer cancel()
		var info *trace.Info
		if info, opened.Connections = held.Ask(limited); info != nil {
			opened.Version, tr.Info = info.Version, info
		}
		return opened
	}
}
