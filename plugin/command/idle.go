package command

import (
	"context"
	"fmt"
	"time"

	"ws-diagnose/plugin/trace"
	"ws-diagnose/plugin/watch"
)

// tryIdle finds out how long a silence the way to t bears; nil where t has no websocket to try.
func (c *Config) tryIdle(ctx context.Context, t trace.Target, p *progress) *trace.Idle {
	return watch.Idle(ctx, watch.Prober(t, c.options(t)), c.Idle, func(took time.Duration) {
		p.at(trace.StageName(fmt.Sprintf("silent for %s of %s", took.Truncate(time.Second), c.Idle)))
	})
}
