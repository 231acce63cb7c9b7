package diagnose

import (
	"strconv"
	"time"

	"ws-diagnose/plugin/trace"
)

// watchOf is the watcher's section of the report.
func watchOf(s *scene) *Watch {
	w := s.watch()
	if w == nil {
		return nil
	}
	r := &Watch{
		Since: w.Since, Open: w.Open, LongestS: int64(w.Longest / time.Second),
		DropsHour: dropsByCode(w, s.now().Add(-time.Hour)),
		DropsDay:  dropsByCode(w, s.now().Add(-day)), EventsSent: w.Sent, EventsLost: w.Lost,
	}
	kinds := map[string]int{}
	for _, d := range Drops(w, s.evidence.History) {
		if d.At.After(s.now().Add(-day)) {
			kinds[string(d.Kind)]++
		}
		r.LastEnd = stamp(d.At) + " after " + span(d.Held) + ": " + d.Text
	}
	if len(kinds) > 0 {
		r.CausesDay = kinds
	}
	connectionsOf(w, r)
	if w.Open {
		r.UptimeS = max(0, int64(s.now().Sub(w.Opened)/time.Second))
		r.LongestS = max(r.LongestS, r.UptimeS)
	}
	return r
}

// countSpan is how long a trace.WatchCount counts.
const countSpan = 10 * time.Minute

// dropsByCode counts ends by the code that a browser's page would see.
func dropsByCode(w *trace.Watch, since time.Time) map[string]int {
	codes := map[string]int{}
	for _, c := range w.Counts {
		if c.From.Add(countSpan).After(since) {
			codes[strconv.Itoa(c.Code)] += c.N
		}
	}
	return codes
}

// connectionsOf is what the endpoint itself says of its connections.
func connectionsOf(w *trace.Watch, r *Watch) {
	if !w.Open {
		return // what it said is of before
	}
	r.Principals = map[string]int{}
	for _, c := range w.Connections {
		if c.Type != "websocket" {
			continue
		}
		r.Websockets++
		if c.Principal != "" {
			r.Principals[plain(c.Principal)]++
		}
		if !c.Expires.IsZero() && (r.TokenEnds == nil || c.Expires.Before(*r.TokenEnds)) {
			ends := c.Expires
			r.TokenEnds = &ends
		}
	}
}
