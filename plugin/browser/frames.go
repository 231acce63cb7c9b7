package browser

import (
	"fmt"
	"slices"
	"time"

	"ws-diagnose/plugin/trace"
)

// Opcodes of control frames (RFC 6455 section 11.8).
const (
	opClose = 8
	opPing  = 9
	opPong  = 10
)

// reservedCode says whether the server's close frame carries one of the codes that stand for the
// lack of one. An empty close frame is recorded as 1005 too, but is no fault.
func reservedCode(s *trace.Socket, c *trace.CloseFrame) bool {
	if c.Code != codeNoStatus && c.Code != codeAbnormal && c.Code != codeTLS {
		return false
	}
	return c.Code != codeNoStatus || faultOf(s, trace.FrameCloseCode) != nil
}

// faultOf returns the first fault of the kinds, in the order of the kinds.
func faultOf(s *trace.Socket, kinds ...trace.FrameFaultKind) *trace.FrameFault {
	for _, k := range kinds {
		for i := range s.Faults {
			if s.Faults[i].Kind == k {
				return &s.Faults[i]
			}
		}
	}
	return nil
}

// closing is how a socket ends whose frames were right: with the server's code, which reaches the
// page unchanged whatever it is (cases close-*), or with 1006 when the connection just ends
// (drop-*). 0: it lives until we close it, whatever becomes of that.
func closing(s *trace.Socket) int {
	e := s.End
	switch {
	case e != nil && endedByPing(s):
		return 0
	case e != nil && e.Close != nil && e.Close.OneByte:
		return codeNoStatus
	case e != nil && e.Close != nil:
		return e.Close.Code
	case e != nil && !e.TooLarge && e.Manner != trace.EndNone && e.Manner != trace.EndTimeout:
		return codeAbnormal
	}
	return 0
}

// lively is how long a socket must have lived for our unanswered ping to be to blame for its end: the
// check listens that long before it pings.
const lively = time.Second

// endedByPing says that the server ended the connection when our ping came. Browsers send none
// (cases drop-on-ping, drop-rst-mid-frame).
func endedByPing(s *trace.Socket) bool {
	return s.End.Close == nil && s.Ping != nil && s.Ping.Sent && !s.Ping.Answered && s.End.Held >= lively
}

// chromiumFrames: Chromium ends the socket at any frame that RFC 6455 forbids, and says why. It
// comes to the faults of a frame in this order, the head's own first.
func chromiumFrames(s *trace.Socket) Prediction {
	if text := chromiumFault(s); text != "" {
		return Prediction{CloseCode: codeAbnormal, Error: text}
	}
	if endless(s) {
		return Prediction{CloseCode: codeAbnormal}
	}
	return Prediction{CloseCode: closing(s)}
}

// chromiumFault is the console's text for the first fault: cases masked-server-frame, rsv2-set,
// unknown-opcode-b, length-64bit-msb, close-reason-over-123, text-utf8-surrogate,
// close-invalid-1006, close-one-byte-body, data-after-close, and those of the other kinds that
// were tried. Other codes that must not stand on the wire are no fault.
func chromiumFault(s *trace.Socket) string {
	f := faultOf(s, trace.FrameControlLong, trace.FrameControlSplit, trace.FrameLength, trace.FrameLengthTop,
		trace.FrameMasked, trace.FrameRSV, trace.FrameOpcode, trace.FrameContinuation, trace.FrameInterleaved,
		trace.FrameUTF8)
	if f != nil {
		return chromiumFrameText(f)
	}
	if s.End != nil && s.End.Close != nil {
		switch c := s.End.Close; {
		case c.OneByte:
			return "Received a broken close frame with an invalid size of 1 byte."
		case reservedCode(s, c):
			return "Received a broken close frame containing a reserved status code."
		case c.BadUTF8:
			return "Received a broken close frame containing invalid UTF-8."
		}
	}
	if f := faultOf(s, trace.FrameAfterClose); f != nil {
		return chromiumAfterClose(f.Opcode)
	}
	return ""
}

func chromiumFrameText(f *trace.FrameFault) string {
	switch f.Kind {
	case trace.FrameMasked:
		return "A server must not mask any frames that it sends to the client."
	case trace.FrameRSV:
		return fmt.Sprintf("One or more reserved bits are on: reserved1 = %d, reserved2 = %d, reserved3 = %d",
			f.RSV>>2&1, f.RSV>>1&1, f.RSV&1)
	case trace.FrameOpcode:
		return fmt.Sprintf("Unrecognized frame opcode: %d", f.Opcode)
	case trace.FrameContinuation:
		return "Received unexpected continuation frame."
	case trace.FrameInterleaved:
		return "Received start of new message but previous message is unfinished."
	case trace.FrameUTF8:
		return "Could not decode a text frame as UTF-8."
	}
	return "Invalid frame header"
}

func chromiumAfterClose(opcode byte) string {
	what := "Data frame"
	switch opcode {
	case opClose:
		what = "Close"
	case opPing:
		what = "Ping"
	case opPong:
		what = "Pong"
	}
	return what + " received after close"
}

// whole says whether the n-th frame of the server came to its end. Firefox judges no other, Chromium
// judges the head (case http-after-upgrade). What the trace does not tell, because the check stops
// reading at a bad head, is taken for whole.
func whole(s *trace.Socket, n int) bool {
	const readAhead = 256 // bytes of a frame that are in the trace when the server sent them at once
	var end int64
	for _, f := range s.Frames {
		if f.Sent {
			continue
		}
		end += headLength(f.Length) + f.Length
		if n == 0 {
			return end <= s.Bytes || f.Length > readAhead
		}
		n--
	}
	return true
}

// headLength is how long the head of an unmasked frame is (RFC 6455 section 5.2).
func headLength(payload int64) int64 {
	switch {
	case payload > 1<<16-1:
		return 10
	case payload > 125:
		return 4
	}
	return 2
}

// longestMessage is the longest message that Firefox waits for, in bytes (tried with 2^31-1 and
// 2^31 declared, case length-huge-declared). Chromium waits for any: what never comes whole ends
// with the connection.
const longestMessage = 1<<31 - 1

// endless says that the server announced a message longer than that.
func endless(s *trace.Socket) bool {
	return slices.ContainsFunc(s.Frames, func(f trace.Frame) bool { return !f.Sent && f.Length > longestMessage })
}

// firefoxForbids are the faults at which Firefox ends a socket.
var firefoxForbids = []trace.FrameFaultKind{
	trace.FrameControlLong, trace.FrameControlSplit, trace.FrameLength, trace.FrameLengthTop, trace.FrameRSV,
	trace.FrameOpcode, trace.FrameContinuation, trace.FrameInterleaved, trace.FrameUTF8,
}

// firefoxFrames: Firefox ends the socket at the same faults, without a word. It looks no further
// than the close frame (case data-after-close), takes the mask off a masked frame and goes on
// (masked-server-frame of package faults; in the case of the same name of testdata/truth.json what
// is left is not UTF-8), hands the page even the codes that stand for the lack of one (case
// close-invalid-1006), and takes a close frame of a single byte for an empty one (case
// close-one-byte-body).
func firefoxFrames(s *trace.Socket) Prediction {
	s = upToClose(s)
	bad := slices.ContainsFunc(s.Faults, func(f trace.FrameFault) bool {
		return slices.Contains(firefoxForbids, f.Kind) && whole(s, f.Number)
	})
	if s.End != nil && s.End.Close != nil && s.End.Close.BadUTF8 && !s.End.Close.OneByte {
		bad = true
	}
	switch {
	case bad || endless(s):
		return Prediction{CloseCode: codeAbnormal}
	case len(s.Faults) > 0 && s.End != nil && s.End.Close == nil && s.End.Manner == trace.EndError:
		return Prediction{} // it was the check that did not go on
	}
	return Prediction{CloseCode: closing(s)}
}

// upToClose leaves out the faults of frames that came after the close frame.
func upToClose(s *trace.Socket) *trace.Socket {
	cut := *s
	for i, f := range s.Faults {
		if f.Kind == trace.FrameAfterClose {
			cut.Faults = s.Faults[:i]
			break
		}
	}
	return &cut
}
