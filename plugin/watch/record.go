package watch

import (
	"net/http"
	"slices"
	"time"

	"ws-diagnose/plugin/trace"
)

// Bounds of what is kept.
const (
	maxEnds   = 100
	countSpan = 10 * time.Minute // of a trace.WatchCount
	countFor  = 24 * time.Hour
	// maxCodes bounds the different close codes of one span: the server chooses them. Further ones
	// count with the last.
	maxCodes = 8
	maxWhy   = 200 // bytes of Attempt.Why
)

// record is a trace.Watch in the making; its memory is bounded.
type record struct {
	trace.Watch
	out bool // an end is waiting for the socket to be open again: the last of Ends
}

// opened notes an open socket and returns the end, or the time without a socket, that is over with
// it; the zero value when it is the first.
func (r *record) opened(now time.Time, peer trace.Peer, list []trace.Connection) trace.WatchEnd {
	now = now.Round(0)
	r.Open, r.Opened, r.Peer, r.Connections = true, now, peer, list
	if !r.out {
		return trace.WatchEnd{}
	}
	r.out = false
	last := &r.Ends[len(r.Ends)-1]
	last.Back, last.New = now, peer
	if last.First == nil {
		last.First = &trace.Attempt{At: now, Dial: trace.DialOK, Status: http.StatusSwitchingProtocols}
	}
	return *last
}

// ended notes how the open socket ended.
func (r *record) ended(now time.Time, e trace.End, jump time.Duration) trace.WatchEnd {
	now = now.Round(0)
	r.Open = false
	r.Longest = max(r.Longest, e.Held)
	r.Lives[lifeClass(e.Held)]++
	r.count(now, pageCode(&e))
	end := trace.WatchEnd{At: now, End: e, Peer: r.Peer, Jump: jump}
	r.add(end)
	return end
}

// failed notes an attempt that did not lead to a socket.
func (r *record) failed(now time.Time, a trace.Attempt) {
	if !r.out {
		r.add(trace.WatchEnd{At: now.Round(0), End: trace.End{Alert: -1}})
	}
	last := &r.Ends[len(r.Ends)-1]
	if last.First == nil {
		last.First = &a
	}
	last.Failed++
	t := &last.Tally
	switch {
	case a.Dial == trace.DialRefused:
		t.Refused++
	case a.Dial == trace.DialTimeout, a.Dial == trace.DialUnreachable:
		t.Silent++
	case a.Status == http.StatusUnauthorized, a.Status == http.StatusForbidden:
		t.Forbidden++
	case a.Status >= http.StatusBadGateway && a.Status <= http.StatusGatewayTimeout:
		t.Gateway++
	}
}

// add keeps an end, and forgets the oldest beyond maxEnds.
func (r *record) add(e trace.WatchEnd) {
	if len(r.Ends) >= maxEnds {
		r.Ends = slices.Delete(r.Ends, 0, len(r.Ends)-maxEnds+1)
	}
	r.Ends = append(r.Ends, e)
	r.out = true
}

// count adds one end with that code, and forgets what is older than a day.
func (r *record) count(now time.Time, code int) {
	r.expire(now)
	from := now.Truncate(countSpan)
	n := 0
	for i := len(r.Counts) - 1; i >= 0 && r.Counts[i].From.Equal(from); i-- {
		if n++; r.Counts[i].Code == code {
			r.Counts[i].N++
			return
		}
	}
	if n >= maxCodes {
		r.Counts[len(r.Counts)-1].N++
		return
	}
	r.Counts = append(r.Counts, trace.WatchCount{From: from, Code: code, N: 1})
}

// expire forgets the counts of more than a day ago.
func (r *record) expire(now time.Time) {
	r.Counts = slices.DeleteFunc(r.Counts, func(c trace.WatchCount) bool {
		return now.Sub(c.From) >= countFor+countSpan
	})
}

// copy is the record as it is now, to be read by others.
func (r *record) copy(now time.Time) *trace.Watch {
	r.expire(now)
	c := r.Watch
	c.Ends = slices.Clone(r.Ends)
	for i := range c.Ends {
		if first := c.Ends[i].First; first != nil {
			same := *first
			c.Ends[i].First = &same
		}
	}
	c.Counts = slices.Clone(r.Counts)
	c.Connections = slices.Clone(r.Connections)
	return &c
}

func lifeClass(held time.Duration) int {
	for i, bound := range trace.LifeBounds {
		if held < bound {
			return i
		}
	}
	return len(trace.LifeBounds)
}

// pageCode is the close code that a browser's page would have seen (RFC 6455 section 7.1.5).
func pageCode(e *trace.End) int {
	if e.Close == nil {
		return 1006
	}
	return e.Close.Code
}

// peerOf is who answered.
func peerOf(o Opened) trace.Peer {
	p := trace.Peer{Version: o.Version}
	if o.Trace.Connect != nil {
		p.Address = o.Trace.Connect.Chosen
	}
	if o.Trace.Certificate != nil {
		p.SHA256 = o.Trace.Certificate.Leaf.SHA256
	}
	return p
}

// attemptOf is a failed attempt in short.
func attemptOf(t *trace.Trace, now time.Time) trace.Attempt {
	a := trace.Attempt{At: now.Round(0)}
	for _, s := range t.Stages {
		// A bad certificate ends no walk: the stage that counts is the last that failed.
		if s.Outcome == trace.Failed {
			a.Failed, a.Why = s.Name, s.Why[:min(len(s.Why), maxWhy)]
		}
	}
	if t.Connect != nil {
		a.Dial = worstDial(t.Connect.Dials)
	}
	if t.HTTP != nil {
		a.Status = t.HTTP.Status
	}
	return a
}

// worstDial is how the addresses answered: ok when one did, else as the first did.
func worstDial(dials []trace.Dial) trace.DialOutcome {
	outcome := trace.DialOutcome("")
	for _, d := range dials {
		if d.Outcome == trace.DialOK {
			return trace.DialOK
		}
		if outcome == "" {
			outcome = d.Outcome
		}
	}
	return outcome
}
