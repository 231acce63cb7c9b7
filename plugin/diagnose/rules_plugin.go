package diagnose

import (
	"slices"
	"time"

	"ws-diagnose/plugin/trace"
)

// missedRuns in a row make schedule-missed; half an interval more is for the run itself to end.
const missedRuns = 3

// scheduleMissed stands in one report of the run: that of the endpoint's own loopback, else the first.
func scheduleMissed(s *scene) []sighting {
	sc := s.evidence.Schedule
	if sc == nil || !sc.Enabled || sc.Every <= 0 || s.Trace != ownTrace(s.evidence.Traces) {
		return nil
	}
	last, ran := lastScheduled(sc)
	if s.now().Sub(last) <= missedRuns*sc.Every+sc.Every/2 {
		return nil
	}
	detail := "expected every " + span(sc.Every) + ", none since " + stamp(last)
	if !ran {
		detail += ", when runs were first to be expected"
	}
	return []sighting{{detail: detail, values: values{"trigger": sc.Trigger}}}
}

// lastScheduled is when the trigger last ran the check, or from when on it should have.
func lastScheduled(sc *trace.Schedule) (last time.Time, ran bool) {
	last = sc.Since
	for _, r := range sc.Runs {
		if slices.Contains([]string{"trigger", "work order"}, r.StartedBy) && r.Time.After(last) {
			last, ran = r.Time, true
		}
	}
	return last, ran
}

// ownTrace is the one that findings about the plugin itself go with.
func ownTrace(traces []*trace.Trace) *trace.Trace {
	i := slices.IndexFunc(traces, func(t *trace.Trace) bool { return t != nil && t.Target.Role == trace.RoleLoopback })
	if i < 0 {
		i = 0
	}
	return traces[i]
}
