package diagnose

import (
	"fmt"
	"time"

	"ws-diagnose/plugin/trace"
)

// DropKind names what most likely ended a watched socket.
type DropKind string

// The kinds of drop.
const (
	DropSlept   DropKind = "slept"        // the watching machine slept, or its clock was set
	DropRestart DropKind = "restart"      // what serves the socket was restarted
	DropBackend DropKind = "backend-gone" // a proxy lives, and what is behind it does not
	DropIdle    DropKind = "idle-timeout"
	DropToken   DropKind = "token" // the reconnect was refused for its credentials
	DropClosed  DropKind = "closed"
	DropPath    DropKind = "path" // no answer at all: packets vanish
	DropNetwork DropKind = "network"
)

// dropCauses say what a kind means where it prevails.
var dropCauses = map[DropKind]string{
	DropRestart: "the endpoint, or the proxy in front of it, was restarted: nothing listened in between, all sockets to it " +
		"ended at once, or it came back with another certificate or version. Its log says why.",
	DropBackend: "the proxy in front of the endpoint stayed up and answered that what is behind it does not: the endpoint was " +
		"restarted or is overloaded.",
	DropToken: "the token has ended: its end closes no socket, but once a socket has ended for another reason, the next one is " +
		"refused. Users have to log in again.",
	DropClosed: "the server closed the websocket in order; the codes say why.",
	DropPath: "nothing came any more, and attempts to reconnect went unanswered: the network between, or a firewall that " +
		"forgets connections, loses packets.",
	DropNetwork: "the connection was ended from outside and could be opened again at once: a middlebox, a proxy being reloaded " +
		"or the network between ends connections.",
}

// Drop is one end of a watched socket with what most likely brought it about.
type Drop struct {
	trace.WatchEnd
	Kind DropKind
	Text string // for people, one line; safe to print
}

// together is within which time ends count as simultaneous.
const together = 5 * time.Second

// Drops judges the ends that a watcher noted, oldest first; times without a socket are left out.
// History holds all that was watched at the same time.
func Drops(w *trace.Watch, history map[string]*trace.Watch) []Drop {
	idle := endedIdle(w.Ends)
	var drops []Drop
	for i := range w.Ends {
		e := &w.Ends[i]
		if e.Held == 0 {
			continue
		}
		kind, why := dropKind(e, idle[i], history)
		text := endWords(&e.End)
		if why != "" {
			text += "; " + why
		}
		if first := e.First; first != nil && first.Failed != "" {
			text += "; right afterwards " + string(first.Failed) + " failed: " + plain(first.Why)
		}
		drops = append(drops, Drop{WatchEnd: *e, Kind: kind, Text: text})
	}
	return drops
}

// dropKind tells what ended a socket, and by which evidence.
func dropKind(e *trace.WatchEnd, idle bool, history map[string]*trace.Watch) (DropKind, string) {
	if e.Jump != 0 {
		return DropSlept, "this machine's clock moved by " + span(e.Jump) + " meanwhile: it slept, or its clock was set"
	}
	if why := restarted(e, history); why != "" {
		return DropRestart, why
	}
	switch {
	case e.Tally.Gateway > 0:
		return DropBackend, "a proxy answered 502, 503 or 504 afterwards" + away(e)
	case idle:
		return DropIdle, "silent for " + exactly(quietAt(e)) + ", as others before"
	case e.Tally.Forbidden > 0:
		return DropToken, "the reconnect was refused with 401 or 403: the token has ended" + away(e)
	case e.Close != nil:
		return DropClosed, ""
	case e.Manner == trace.EndTimeout, e.Tally.Silent > 0:
		return DropPath, "silent for " + span(quietAt(e)) + away(e)
	}
	return DropNetwork, "silent for " + span(quietAt(e)) + away(e)
}

// restarted says by which evidence what served the socket was restarted; "" when there is none.
func restarted(e *trace.WatchEnd, history map[string]*trace.Watch) string {
	differs := func(a, b string) bool { return a != "" && b != "" && a != b }
	switch {
	case e.Tally.Refused > 0:
		return "nothing listened afterwards" + away(e) + ": a restart"
	case differs(e.Peer.Version, e.New.Version):
		return "it came back as version " + quote(e.New.Version) + away(e) + ": an upgrade"
	case differs(e.Peer.SHA256, e.New.SHA256):
		return "it came back with another certificate" + away(e) + ": a restart"
	case e.Manner == trace.EndTimeout || e.Tally.Silent > 0:
		return ""
	}
	if n := endedTogether(e, history); n > 1 {
		return fmt.Sprintf("all %d watched sockets to this server ended at once", n)
	}
	return ""
}

// away says how long there was no socket, where that is known and worth a word.
func away(e *trace.WatchEnd) string {
	if e.Back.IsZero() {
		return ", not open again yet"
	}
	if gone := e.Back.Sub(e.At); gone >= time.Second {
		return ", open again after " + span(gone)
	}
	return ""
}

// endedTogether is how many sockets to the same server there were, if all of them ended together with e;
// 0 when one did not.
func endedTogether(e *trace.WatchEnd, history map[string]*trace.Watch) int {
	n := 0
	for _, w := range history {
		same, ended := false, false
		for i := range w.Ends {
			other := &w.Ends[i]
			if other.Held == 0 || !sameServer(other.Peer, e.Peer) {
				continue
			}
			// It was open when e ended, or ended with it.
			began := other.At.Add(-other.Held)
			off := other.At.Sub(e.At)
			ends := off > -together && off < together
			ended = ended || ends
			same = same || ends || began.Before(e.At) && other.At.After(e.At)
		}
		if w.Open && sameServer(w.Peer, e.Peer) && w.Opened.Before(e.At) {
			same = true
		}
		switch {
		case same && !ended:
			return 0
		case ended:
			n++
		}
	}
	return n
}

// sameServer says whether two connections went to the same server: to one address, or to where the
// same certificate is.
func sameServer(a, b trace.Peer) bool {
	return a.SHA256 != "" && a.SHA256 == b.SHA256 || a.Address.IsValid() && a.Address == b.Address
}
