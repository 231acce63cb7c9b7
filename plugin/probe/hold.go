package probe

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/gorilla/websocket"

	"ws-diagnose/plugin/trace"
)

// Bounds of a held websocket.
const (
	goodbyeTime    = 500 * time.Millisecond // for the close handshake
	maxConnections = 256                    // of the endpoint's list, what is kept
	maxList        = 1 << 20                // bytes of that list
)

// keepAlive is what Chromium sets on its sockets; three probes without an answer end a connection
// whose path has died without a word. A proxy does not take them for traffic.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 45 * time.Second, Interval: 45 * time.Second, Count: 3}

// Held is a websocket that is kept open as a browser keeps it: it is read all the time, pings are
// answered, and none is sent unless asked for. Its methods may be called by one goroutine at a time.
type Held struct {
	w *walk // with a trace of its own, in which only target and address stand
}

// Hold walks the stages up to a registered websocket, with Plain up to an open one, within
// Options.Timeout, and hands it over; nil when the walk did not come so far. The trace tells how far
// it came, and stages beyond are not in it. The end of ctx ends the websocket.
func Hold(ctx context.Context, target trace.Target, o Options) (*Held, *trace.Trace) {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	w := newWalk(ctx, target, o)
	limited, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	for i := range stages {
		if stages[i].name == trace.StageEvent {
			break
		}
		w.step(limited, &stages[i])
		if tcp, ok := w.transport().(*net.TCPConn); ok && stages[i].name == trace.StageConnect {
			_ = tcp.SetKeepAliveConfig(keepAlive) // without it a dead path is noticed late, no more
		}
	}
	tr := w.tr
	tr.Took = time.Since(tr.Time)
	if w.sock == nil || w.sock.over() || !target.Plain && w.filter == "" {
		w.close()
		return nil, tr
	}
	seen := *w.sock.out
	tr.Socket = &seen // the original is the session's
	// What the walk saw is no concern of the socket's, and is not to be kept for as long.
	w.tr = &trace.Trace{Target: target, Time: tr.Time, Connect: &trace.Connect{Chosen: tr.Connect.Chosen}}
	w.sock.tap.enter(trace.StageWatch)
	return &Held{w}, tr
}

// transport is the connection below everything; nil when there is none.
func (w *walk) transport() net.Conn {
	if w.conn == nil {
		return nil
	}
	return w.conn.wire.Conn
}

// Done is closed when the websocket has ended.
func (h *Held) Done() <-chan struct{} { return h.w.sock.done }

// End is how the websocket ended, once it has; nil when we have ended it.
func (h *Held) End() *trace.End {
	<-h.w.sock.done
	return h.w.sock.end
}

// Quiet is how long neither side has sent a byte, and the longest such silence so far, this one
// included.
func (h *Held) Quiet() (now, longest time.Duration) {
	t := h.w.sock.tap
	t.mu.Lock()
	defer t.mu.Unlock()
	now = t.quiet()
	return now, max(now, t.survived)
}

// Pings is how many pings the server has sent.
func (h *Held) Pings() int {
	t := h.w.sock.tap
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.pings
}

// Prove shows that the websocket works: a ping has its pong and, on a DRP endpoint, a registration
// its acknowledgement. The error says which did not come.
func (h *Held) Prove(ctx context.Context) error {
	err := h.w.ping(ctx)
	if err == nil && !h.w.target.Plain {
		err = h.w.register(ctx)
	}
	h.w.sock.tap.enter(trace.StageWatch)
	return err
}

// Event has an event of our own go through a DRP endpoint, under a key that was never used before,
// and says whether it came back before ctx ended. The error says why none could be sent.
func (h *Held) Event(ctx context.Context) (arrived bool, err error) {
	if err := h.w.register(ctx); err != nil {
		return false, fmt.Errorf("the event could not be registered for: %w", err)
	}
	var e trace.Event
	err = h.w.roundTrip(ctx, h.w.sock, &e)
	h.w.sock.tap.enter(trace.StageWatch)
	if e.Status/100 == 2 {
		err = nil // sent: what is left to tell is whether it arrived
	}
	// Gorilla never writes again after a write that came too late, as one with ctx's deadline might.
	_ = h.w.sock.conn.SetWriteDeadline(time.Now().Add(goodbyeTime))
	_ = h.w.sock.conn.WriteMessage(websocket.TextMessage, []byte("deregister "+h.w.filter))
	return e.Arrived, err
}

// Ask has a DRP endpoint tell about itself and, from 4.11 on, who is connected; nil is what it did
// not tell. It takes a connection of its own.
func (h *Held) Ask(ctx context.Context) (*trace.Info, []trace.Connection) {
	if h.w.target.Plain {
		return nil, nil
	}
	l, creds, err := h.w.second(ctx)
	if err != nil {
		return nil, nil
	}
	api := h.w.newREST(l, creds)
	defer api.close()
	if creds.header() == "" {
		return nil, nil
	}
	h.w.fetchInfo(ctx, api, &trace.Answer{})
	var a trace.Answer
	list := api.do(ctx, http.MethodGet, "/connections", nil, maxList, &a)
	if a.Status != http.StatusOK {
		return h.w.tr.Info, nil
	}
	return h.w.tr.Info, parseConnections(h.w.secret.bytes(list))
}

// parseConnections reads the list that GET /api/v3/connections answers; nil when it is none.
func parseConnections(b []byte) []trace.Connection {
	var in []struct {
		Type, Principal string
		ExpiresAt       time.Time
	}
	if json.Unmarshal(b, &in) != nil {
		return nil
	}
	list := []trace.Connection{}
	for _, c := range in[:min(len(in), maxConnections)] {
		list = append(list, trace.Connection{
			Type: cut(c.Type, 64), Principal: cut(c.Principal, 128), Expires: c.ExpiresAt,
		})
	}
	return list
}

// Close ends the websocket in order where that can be done at once, and releases everything.
func (h *Held) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), goodbyeTime)
	defer cancel()
	if !h.w.sock.over() {
		_ = h.w.bye(ctx)
	}
	h.w.close()
}
