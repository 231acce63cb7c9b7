package plugin

import (
	"context"
	"hash/fnv"
	"time"

	"ws-diagnose/plugin/trace"
)

// What started a run.
const (
	byAction    = "action"
	byInterval  = "interval"
	byTrigger   = "trigger"
	byWorkOrder = "work order"
)

// metronome makes runs in the plugin's own interval.
type metronome struct {
	every  time.Duration
	offset time.Duration    // of the first run from the start
	last   func() time.Time // when the last scheduled run ended, whoever started it
	run    func()
}

// beat goes on until ctx ends. A run is left out when a scheduled one ended within half an interval.
// One that ended in the future ended before the clock was set back, nobody knows when.
func (m metronome) beat(ctx context.Context) {
	timer := time.NewTimer(m.offset)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		timer.Reset(m.every)
		if ago := time.Since(m.last()); ago < 0 || ago >= m.every/2 {
			m.run()
		}
	}
}

// ownRuns is the schedule of the service itself.
func (sv *service) ownRuns() metronome {
	return metronome{
		every:  sv.settings.Interval,
		offset: startOffset(sv.vantage+" "+sv.endpoint, sv.settings.Interval),
		last: func() time.Time {
			ctx, cancel := context.WithTimeout(sv.life, askTime)
			defer cancel()
			if runs := sv.notebook.read(ctx, sv.server).Runs; len(runs) > 0 {
				return runs[0].Time
			}
			return time.Time{}
		},
		run: func() {
			if _, err := sv.run(question{settings: sv.settings, startedBy: byInterval}); err != nil {
				sv.log.Errorf("own run failed: %v", err)
			}
		},
	}
}

// startOffset is when the first run is due after the start: for each endpoint at another, but always
// the same, moment of the interval, so that many endpoints do not ask their common proxy at once.
// It is half an interval at most: who has just configured the plugin waits for it to do something.
func startOffset(id string, every time.Duration) time.Duration {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(id))
	const soonest = 10 * time.Second // the server is starting up
	return soonest + time.Duration(hash.Sum64()%uint64(every/2))
}

// trigger is a trigger object of the server, as far as it matters here.
type trigger struct {
	Enabled bool
	Params  map[string]any
}

// schedule is what the server knows of our trigger; nil where it knows none.
func (sv *service) schedule(ctx context.Context) *trace.Schedule {
	var t trigger
	if err := sv.server.get(ctx, &t, "triggers", Name); err != nil {
		return nil
	}
	s := &trace.Schedule{Trigger: Name, Enabled: t.Enabled}
	// The switches count only when set directly in the profile global: "disabled" wins.
	var global struct{ Params map[string]any }
	if err := sv.server.get(ctx, &global, "profiles", "global"); err == nil {
		on, _ := global.Params["trigger/"+Name+"-enabled"].(bool)
		off, _ := global.Params["trigger/"+Name+"-disabled"].(bool)
		s.Enabled = (s.Enabled || on) && !off
	}
	s.Since = sv.notebook.inForce(s.Enabled, time.Now())
	if line, ok := t.Params["cron-trigger/time-string"].(string); ok {
		every, err := cronEvery(line, time.Now())
		if err != nil {
			sv.log.Warnf("trigger %s: %v", Name, err)
		}
		s.Every = every
	}
	return s
}

// startedBy looks the work order up that an action says it runs for. Only one of our own blueprint
// that is running makes the run a scheduled one.
func (sv *service) startedBy(workOrder string) string {
	if workOrder == "" {
		return byAction
	}
	ctx, cancel := context.WithTimeout(sv.life, askTime)
	defer cancel()
	var order struct {
		Blueprint, State string
		Meta             map[string]string
	}
	err := sv.server.get(ctx, &order, "work_orders", workOrder)
	switch {
	case err != nil || order.Blueprint != Name || order.State != "running":
		sv.log.Warnf("work order %s is not a running one of blueprint %s: the run counts as an action", workOrder, Name)
		return byAction
	case order.Meta["triggered-by"] != "":
		return byTrigger
	}
	return byWorkOrder
}
