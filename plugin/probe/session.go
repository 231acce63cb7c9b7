package probe

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"ws-diagnose/plugin/trace"
)

// Bounds of the websocket.
const (
	// MessageLimit is the largest message that a check takes, in bytes.
	MessageLimit = 16 << 20
	maxEvent     = 64 << 10               // of a message, what is read to recognise our own event
	socketBuffer = 512                    // of gorilla's, each way: what is sent and received is small, and held sockets are many
	drainTime    = 250 * time.Millisecond // after the server's close frame: what follows it, and how the connection ends
)

// writeBuffers are shared by all sockets, which write but now and then.
var writeBuffers sync.Pool

// event is what is looked at of an event that comes over the socket.
type event struct{ Type, Action, Key string }

// expected is an event that is waited for. Others pass by: a busy endpoint sends thousands.
type expected struct {
	event
	came chan time.Time // has room for the first one
}

// pong is the one that is waited for. Unsolicited ones pass by (RFC 6455 section 5.5.3 allows them).
type pong struct {
	payload string
	came    chan struct{} // has room for the first one
}

// session is the open websocket: gorilla over a tap, read all the time by one goroutine, because
// gorilla answers pings only while a read is under way.
type session struct {
	conn    *websocket.Conn
	tap     *tap
	link    *link
	life    context.Context
	secret  *scrubber
	out     *trace.Socket
	awaited atomic.Pointer[expected] // nil while no event is
	pong    atomic.Pointer[pong]     // nil before the first ping
	closing atomic.Bool              // the walk is over, and the connection ends with it
	done    chan struct{}            // the reader has ended; end is set
	end     *trace.End
}

// open hands the upgraded connection to gorilla and begins to read.
func (w *walk) open() (*session, error) {
	_ = w.conn.wire.SetDeadline(time.Time{}) // from here on the end of the check closes it
	s := &session{
		tap: newTap(w.conn), link: w.conn, life: w.life, secret: w.secret,
		done: make(chan struct{}), out: &trace.Socket{Limit: MessageLimit},
	}
	s.tap.stage = trace.StageUpgrade
	if len(s.link.pending) == 0 {
		s.link.pending = nil // not to keep the header that it was cut from
	}
	d := websocket.Dialer{
		ReadBufferSize: socketBuffer, WriteBufferPool: &writeBuffers,
		NetDialContext: func(context.Context, string, string) (net.Conn, error) {
			return &replay{Conn: s.tap}, nil
		},
	}
	// In memory only: gorilla upgrades against our own copy of a right answer.
	conn, _, err := d.DialContext(context.Background(), "ws://replay/", nil)
	if err != nil {
		return nil, err
	}
	s.conn = conn
	conn.SetReadLimit(MessageLimit)
	conn.SetPongHandler(func(payload string) error {
		if want := s.pong.Load(); want != nil && want.payload == payload {
			select {
			case want.came <- struct{}{}:
			default: // it came before
			}
		}
		return nil
	})
	w.tr.Socket = s.out
	go s.read()
	return s, nil
}

// replay stands between gorilla and the tap. Gorilla only runs frames over a connection that it
// has upgraded itself; ours has been upgraded by a request of our own, whose answer was judged
// header by header. So gorilla's request is swallowed and answered here.
type replay struct {
	net.Conn
	answer  bytes.Buffer
	request []byte
	over    bool
}

func (r *replay) Write(p []byte) (int, error) {
	if r.over {
		return r.Conn.Write(p)
	}
	r.request = append(r.request, p...)
	if !bytes.HasSuffix(r.request, []byte("\r\n\r\n")) {
		return len(p), nil
	}
	r.over = true
	_, key, _ := bytes.Cut(r.request, []byte("Sec-WebSocket-Key: "))
	key, _, _ = bytes.Cut(key, []byte("\r\n"))
	fmt.Fprintf(&r.answer, "HTTP/1.1 %d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		http.StatusSwitchingProtocols, acceptKey(string(key)))
	r.request = nil
	return len(p), nil
}

func (r *replay) Read(p []byte) (int, error) {
	if r.answer.Len() > 0 {
		return r.answer.Read(p)
	}
	return r.Conn.Read(p)
}

// read takes messages until the socket ends, and notes how it did if that was not our doing.
func (s *session) read() {
	defer close(s.done)
	var err error
	for err == nil {
		var r io.Reader
		if _, r, err = s.conn.NextReader(); err == nil {
			s.take(r)
		}
	}
	ours := s.closing.Load() || s.tap.left() || s.life.Err() != nil
	if ours {
		return
	}
	now := time.Now()
	s.drain()
	s.end = s.ended(err, now)
}

// take recognises the awaited event in a message.
func (s *session) take(r io.Reader) {
	want := s.awaited.Load()
	if want == nil {
		return
	}
	b, err := io.ReadAll(io.LimitReader(r, maxEvent))
	if err != nil {
		return // NextReader fails with the same error
	}
	var e event
	if json.Unmarshal(b, &e) != nil || e != want.event {
		return
	}
	select {
	case want.came <- time.Now():
	default: // it came before
	}
}

// drain reads on after the server's close frame, for what must not follow it and for how the
// connection ends.
func (s *session) drain() {
	s.tap.mu.Lock()
	closed := s.tap.close != nil && s.tap.err == nil
	s.tap.patience = 0
	s.tap.mu.Unlock()
	if !closed {
		return
	}
	_ = s.link.wire.SetReadDeadline(time.Now().Add(drainTime))
	_, _ = io.Copy(io.Discard, io.LimitReader(s.tap, MessageLimit))
}

// ended is how the socket ended at now, gorilla's err and the wire considered.
func (s *session) ended(err error, now time.Time) *trace.End {
	t := s.tap
	t.mu.Lock()
	defer t.mu.Unlock()
	e := &trace.End{
		Stage: t.stage, Close: t.close, Alert: -1,
		Held: now.Sub(t.begin), Survived: t.survived, QuietIn: max(0, now.Sub(t.lastIn)), QuietOut: max(0, now.Sub(t.lastOut)),
		TooLarge: errors.Is(err, websocket.ErrReadLimit),
		MidFrame: t.in.cutShort() && t.err != nil,
		Error:    s.secret.text(cut(err.Error(), maxError)),
	}
	switch {
	case t.err != nil && t.close != nil && timedOut(t.err): // the server leaves the closing to us
	case t.err != nil:
		e.Manner, e.Alert = s.link.ending(t.err)
	case t.close == nil && !e.TooLarge:
		e.Manner = trace.EndError
	}
	if e.Close != nil {
		c := *e.Close
		c.Reason = s.secret.bytes(c.Reason)
		e.Close = &c
	}
	return e
}

// over says whether the socket has ended.
func (s *session) over() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// stop ends the socket where that has not happened, and writes what was seen into the trace.
func (s *session) stop() {
	s.closing.Store(true)
	s.link.Close()
	<-s.done
	t := s.tap
	t.mu.Lock()
	defer t.mu.Unlock()
	s.out.End, s.out.Frames, s.out.Faults = s.end, t.frames, t.faults
	s.out.Messages, s.out.Bytes = t.messages, t.bytes
	for i := range s.out.Faults {
		s.out.Faults[i].Detail = s.secret.text(s.out.Faults[i].Detail)
	}
}

// why says how the socket ended, for people.
func (s *session) why() error {
	switch e := s.end; {
	case e == nil:
		return errors.New("the websocket ended")
	case e.TooLarge:
		return fmt.Errorf("the server sent a message over %d MiB", MessageLimit>>20)
	case e.Close != nil:
		return fmt.Errorf("the server closed the websocket with code %d", e.Close.Code)
	case e.Manner == trace.EndError:
		return fmt.Errorf("the websocket could not be read on: %s", e.Error)
	default:
		return fmt.Errorf("the websocket ended without a close frame (%s)", e.Manner)
	}
}
