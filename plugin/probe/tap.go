package probe

import (
	"bytes"
	"fmt"
	"net"
	"sync"
	"time"

	"ws-diagnose/plugin/trace"
)

// Bounds of what is kept of a socket.
const (
	maxFrames = 32
	maxFaults = 16
	// A server that pings at regular times is taken for gone when it is silent for two intervals and
	// pingGrace, and for no less than minPatience.
	pingGrace   = 10 * time.Second
	minPatience = 2 * time.Minute
)

// tap lies between gorilla and the connection and reads the frames of both directions as they pass:
// gorilla hides close code 1014, an invented 1006, what it refuses, and how the connection ended.
type tap struct {
	net.Conn
	begin time.Time // of the websocket

	mu       sync.Mutex
	stage    trace.StageName // the walk's
	in, out  frameReader
	frames   []trace.Frame
	faults   []trace.FrameFault
	messages int
	bytes    int64
	lastIn   time.Time
	lastOut  time.Time
	survived time.Duration     // the longest silence, of both directions, that a byte ended
	pings    int               // of the server
	pinged   time.Time         // when the last one came
	patience time.Duration     // how long the server may be silent, once it is known to ping; 0: for ever
	close    *trace.CloseFrame // the server's
	leaving  bool              // we close, and the server had not closed before
	err      error             // how reading ended
}

func newTap(c net.Conn) *tap {
	t := &tap{Conn: c, begin: time.Now()}
	t.lastIn, t.lastOut = t.begin, t.begin
	t.in = frameReader{server: true, sink: (*fromServer)(t)}
	t.out = frameReader{sink: (*fromUs)(t)}
	return t
}

func (t *tap) Read(p []byte) (int, error) {
	t.mu.Lock()
	if t.patience > 0 {
		_ = t.Conn.SetReadDeadline(time.Now().Add(t.patience))
	}
	t.mu.Unlock()
	n, err := t.Conn.Read(p)
	t.mu.Lock()
	defer t.mu.Unlock()
	if n > 0 {
		t.broken()
		t.lastIn = time.Now()
		t.bytes += int64(n)
		t.in.feed(p[:n])
	}
	if err != nil && t.err == nil {
		t.err = err
	}
	return n, err
}

func (t *tap) Write(p []byte) (int, error) {
	n, err := t.Conn.Write(p)
	t.mu.Lock()
	defer t.mu.Unlock()
	if n > 0 {
		t.broken()
		t.lastOut = time.Now()
		t.out.feed(p[:n])
	}
	return n, err
}

// broken notes the silence that a byte has just ended; t is locked.
func (t *tap) broken() { t.survived = max(t.survived, t.quiet()) }

// quiet is how long neither side has sent anything; t is locked.
func (t *tap) quiet() time.Duration { return min(time.Since(t.lastIn), time.Since(t.lastOut)) }

// enter tells under which stage frames come from now on.
func (t *tap) enter(s trace.StageName) {
	t.mu.Lock()
	t.stage = s
	t.mu.Unlock()
}

// leave notes that we are about to close the websocket; false when the server was first.
func (t *tap) leave() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.leaving = t.close == nil && t.err == nil
	return t.leaving
}

// left says whether it is we who closed the websocket.
func (t *tap) left() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.leaving
}

func (t *tap) note(sent bool, op byte, fin bool, length int64) {
	if len(t.frames) < maxFrames {
		t.frames = append(t.frames, trace.Frame{At: time.Since(t.begin), Sent: sent, Opcode: op, Fin: fin, Length: length})
	}
}

// fromServer and fromUs are the tap as the sink of either direction; its lock is held.
type (
	fromServer tap
	fromUs     tap
)

func (s *fromServer) frame(op byte, fin bool, n int64) {
	(*tap)(s).note(false, op, fin, n)
	if op == opPing {
		s.patient()
	}
}

// patient learns from the server's pings, once there were enough to show that they come at regular
// times, how long it may be silent: until two in a row are missing.
func (s *fromServer) patient() {
	now := time.Now()
	if s.pings++; s.pings > 2 {
		s.patience = max(s.patience, minPatience, 2*now.Sub(s.pinged)+pingGrace)
	}
	s.pinged = now
}

func (s *fromServer) message() { s.messages++ }

func (s *fromServer) fault(k trace.FrameFaultKind, op byte, detail string) {
	if len(s.faults) == maxFaults {
		return
	}
	f := trace.FrameFault{Kind: k, Opcode: op, Number: s.in.number, Detail: detail, Stage: s.stage}
	if k == trace.FrameRSV {
		f.RSV = s.in.head[0] >> 4 & 7
	}
	s.faults = append(s.faults, f)
}

func (s *fromServer) closed(payload []byte) {
	c := parseClose(bytes.Clone(payload))
	s.close = c
	switch {
	case c.OneByte:
		s.fault(trace.FrameCloseOneByte, opClose, fmt.Sprintf("%#x", payload))
	case len(payload) > 0 && !mayStand(c.Code):
		s.fault(trace.FrameCloseCode, opClose, fmt.Sprint(c.Code))
	}
	if c.BadUTF8 {
		s.fault(trace.FrameCloseUTF8, opClose, fmt.Sprintf("%.64q", c.Reason))
	}
}

func (u *fromUs) frame(op byte, fin bool, n int64)         { (*tap)(u).note(true, op, fin, n) }
func (u *fromUs) message()                                 {}
func (u *fromUs) fault(trace.FrameFaultKind, byte, string) {}
func (u *fromUs) closed([]byte)                            {}
