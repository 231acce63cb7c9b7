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
	watchers map[string]*Watcher // by Target.ID
}

// StartGroup begins to watch every target once. The end of ctx, or Stop, ends it.
func StartGroup(ctx context.Context, targets []Target) *Group {
	g := &Group{watchers: map[string]*Watcher{}}
	slots := make(chan struct{}, maxOpening)
	for _, t := range targets {
		if _, there := g.watchers[t.ID()]; there {
			continue
		}
		o := t.Options
		open := o.Open
		o.Open = func(ctx context.Context) Opened {
			select {
			case slots <- struct{}{}:
				defer func() { <-slots }()
			case <-ctx.Done():
				return Opened{Trace: &trace.Trace{Target: t.Target}}
			}
			return open(ctx)
		}
		g.watchers[t.ID()] = Start(ctx, o)
	}
	return g
}

// Stop ends all sockets and all watching, and waits for that.
func (g *Group) Stop() {
	var all sync.WaitGroup
	for _, w := range g.watchers {
		all.Go(w.Stop)
	}
	all.Wait()
}

// Snapshot is what is known so far, by Target.ID, as trace.Evidence has it.
func (g *Group) Snapshot() map[string]*trace.Watch {
	history := make(map[string]*trace.Watch, len(g.watchers))
	for id, w := range g.watchers {
		history[id] = w.Snapshot()
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
