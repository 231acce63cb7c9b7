package emulator

import (
	"bufio"
	"encoding/binary"
	"errors"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"gitlab.com/rackn/provision/v4/models"
)

// queueLength is how many messages wait for a slow client before more are dropped in silence.
const queueLength = 256

// session is one websocket client.
type session struct {
	e       *Endpoint
	conn    net.Conn
	reader  *bufio.Reader
	who     *grant
	created time.Time
	remote  string

	queue chan []byte   // encoded frames
	last  chan []byte   // one close frame, after which the socket ends
	ended chan struct{} // closed by end
	end   func()

	mu         sync.Mutex
	registered map[string]registration
}

// upgrade serves GET /ws until the socket ends.
func (c *call) upgrade() {
	conn, reader, err := hijack(c.w, c.r)
	if err != nil {
		c.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		c.w.WriteHeader(http.StatusBadRequest)
		return
	}
	s := &session{e: c.e, conn: conn, reader: reader, who: c.who, created: c.e.opt.Now(),
		remote: c.r.RemoteAddr, registered: map[string]registration{},
		queue: make(chan []byte, queueLength), last: make(chan []byte, 1), ended: make(chan struct{})}
	s.end = sync.OnceFunc(func() { close(s.ended) })
	c.e.hub.add(s)
	defer c.e.hub.remove(s)
	c.e.tasks.Go(s.write)
	s.read()
	s.end()
}

// drop ends the socket without a close frame.
func (s *session) drop() {
	s.end()
	s.conn.Close()
}

// enqueue hands a frame's payload to the writer, or drops it when the client is too slow.
func (s *session) enqueue(text []byte) {
	select {
	case s.queue <- encodeFrame(opText, text):
	default:
	}
}

// close sends a close frame and ends the socket after it.
func (s *session) close(code int, reason string) {
	select {
	case s.last <- encodeFrame(opClose, closePayload(code, reason)):
	default: // one is on its way
	}
}

// write sends what is queued, the pings and the planned misbehaviour.
func (s *session) write() {
	defer s.conn.Close()
	ping := time.NewTicker(s.e.opt.PingEvery)
	defer ping.Stop()
	faults := s.e.faults.now()
	dropAt, closeAt := after(faults.DropAfter), after(faults.CloseAfter)
	for {
		var out []byte
		select {
		case <-s.ended:
			select {
			case out = <-s.last: // decided on just before the end
				s.finish(out)
			default:
			}
			return
		case <-s.e.done.Done():
			return
		case <-dropAt:
			return
		case <-closeAt:
			s.close(faults.CloseCode, faults.CloseReason)
			continue
		case <-ping.C:
			out = encodeFrame(opPing, nil)
		case out = <-s.queue:
		case out = <-s.last:
			s.finish(out)
			return
		}
		if !s.send(out) {
			return
		}
	}
}

// finish writes what is queued, and the close frame after it.
func (s *session) finish(closeFrame []byte) {
	for {
		select {
		case out := <-s.queue:
			if !s.send(out) {
				return
			}
		default:
			s.send(closeFrame)
			return
		}
	}
}

func (s *session) send(raw []byte) bool {
	_ = s.conn.SetWriteDeadline(time.Now().Add(s.e.opt.WriteWait))
	_, err := s.conn.Write(raw)
	return err == nil
}

// after is a channel that fires once, never for zero.
func after(d time.Duration) <-chan time.Time {
	if d == 0 {
		return nil
	}
	return time.After(d)
}

// read handles what the client sends. Only a pong extends the time the socket has to live.
func (s *session) read() {
	var partial frame
	s.extend()
	for {
		f, err := readMessage(s.reader, &partial)
		if bad, ok := errors.AsType[*closeError](err); ok {
			s.close(bad.code, bad.reason)
			return
		}
		if err != nil {
			return
		}
		switch f.op {
		case opClose:
			s.echoClose(f.payload)
			return
		case opPing:
			s.pong(f.payload)
		case opPong:
			s.extend()
		case opText:
			s.command(string(f.payload))
		}
	}
}

func (s *session) extend() { _ = s.conn.SetReadDeadline(time.Now().Add(s.e.opt.PongWait)) }

func (s *session) pong(payload []byte) {
	if s.e.faults.now().NoPong {
		return
	}
	select {
	case s.queue <- encodeFrame(opPong, payload):
	default:
	}
}

// echoClose answers a client's close frame with the same code and without its reason.
func (s *session) echoClose(payload []byte) {
	if s.e.faults.now().IgnoreClose {
		return
	}
	if len(payload) < 2 {
		s.close(0, "")
		return
	}
	code := int(binary.BigEndian.Uint16(payload))
	if !mayBeSent(code) {
		s.close(1002, "bad close code")
		return
	}
	s.close(code, "")
}

// command handles "register <filter>" and "deregister <filter>"; all else is ignored.
func (s *session) command(text string) {
	verb, pattern, _ := strings.Cut(text, " ")
	r, ok := parseRegistration(pattern)
	if !ok || verb != "register" && verb != "deregister" {
		return
	}
	s.mu.Lock()
	if verb == "register" {
		s.registered[pattern] = r
	} else {
		delete(s.registered, pattern)
	}
	s.mu.Unlock()
	if !s.e.faults.now().NoAck {
		s.enqueue(s.e.encode(&models.Event{Time: s.e.opt.Now(), Type: "websocket", Action: verb, Key: pattern}))
	}
	s.e.hub.tellChange()
}

// isRegistered reports whether the client registered for exactly that filter.
func (s *session) isRegistered(filter string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.registered[filter]
	return ok
}

// wants reports whether the client registered for an event and may see it.
func (s *session) wants(ev *models.Event) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(slices.Collect(maps.Values(s.registered)),
		func(r registration) bool { return r.matches(ev) }) && s.who.allows(ev.Type, ev.Action, ev.Key)
}
