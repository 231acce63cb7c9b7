package diagnose

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"ws-diagnose/plugin/closecode"
	"ws-diagnose/plugin/trace"
)

// Close codes with rules of their own (RFC 6455 section 7.4.1 and the IANA registry).
const (
	codeNormal    = 1000
	codeGoingAway = 1001
	codeNone      = 1005 // stands for an empty close frame; never on the wire
	codeRestart   = 1012
	codeTryLater  = 1013
)

// end is how the socket ended before we closed it; nil when it lived.
func (s *scene) end() *trace.End {
	if s.Socket == nil {
		return nil
	}
	return s.Socket.End
}

// closed is the server's close frame; nil when none came.
func (s *scene) closed() *trace.CloseFrame {
	if e := s.end(); e != nil {
		return e.Close
	}
	return nil
}

// endStage is the stage under which the socket ended.
func endStage(e *trace.End) trace.StageName { return cmp.Or(e.Stage, trace.StageRegister) }

// wsClosed leaves 1005 in, the empty close frame: the server did close, without saying why.
func wsClosed(s *scene) []sighting {
	c := s.closed()
	if c == nil || invalidClose(c) != "" {
		return nil
	}
	known := closecode.Lookup(c.Code)
	cause := known.Meaning
	if c.Code == codeNone {
		cause = "The close frame is empty: the server closed the socket and gave no code."
	}
	return []sighting{{
		level: closeLevel(s), stage: endStage(s.end()), detail: closeDetail(s.end()),
		values: values{"code": codeWords(c.Code, known.Name), "number": strconv.Itoa(c.Code)},
		cause:  cause, remedy: closeRemedy(s, known),
	}}
}

// closeRemedy is the advice on a code for a DRP endpoint; nil, for the entry's own, where it is none.
func closeRemedy(s *scene, known closecode.Code) []string {
	if !s.drp() || len(known.Remedy) == 0 {
		return nil
	}
	steps := make([]string, 0, len(known.Remedy)+1)
	for _, step := range known.Remedy {
		steps = append(steps, strings.ReplaceAll(step, "https://"+closecode.Address, "{api}"))
	}
	return append(steps, "ws-diagnose explain {number}")
}

// codeWords is a close code with its name.
func codeWords(code int, name string) string {
	if code == codeNone {
		return "none (an empty close frame)"
	}
	if name == "" {
		return strconv.Itoa(code)
	}
	return strconv.Itoa(code) + " (" + name + ")"
}

// closeLevel: a close in order, or one that announces a restart, is worth a warning, since the
// portal loses its socket all the same. Before the first event got through it is an error: nobody
// can work over such a socket.
func closeLevel(s *scene) Level {
	if s.drp() && stageRank(string(endStage(s.end()))) <= stageRank(string(trace.StageEvent)) {
		return LevelError
	}
	switch s.closed().Code {
	case codeNormal, codeGoingAway, codeNone, codeRestart, codeTryLater:
		return LevelWarn
	}
	return LevelError
}

// closeDetail tells of a close frame: code, reason, and after how long.
func closeDetail(e *trace.End) string {
	detail := fmt.Sprintf("close frame with code %d", e.Close.Code)
	if e.Close.Code == codeNone {
		detail = "close frame without a code"
	}
	if len(e.Close.Reason) > 0 {
		detail += " and reason " + quote(e.Close.Reason)
	}
	return detail + ", " + span(e.Held) + " after the upgrade"
}

// invalidClose says why a close frame must not be; "" when it may.
func invalidClose(c *trace.CloseFrame) string {
	switch {
	case c.OneByte:
		return "a close payload of a single byte: a code has two"
	case c.BadUTF8:
		return "a close reason that is not UTF-8: " + quote(c.Reason)
	case c.Code != codeNone && !mayBeSent(c.Code):
		return fmt.Sprintf("close code %d, which must not stand on the wire", c.Code)
	}
	return ""
}

// mayBeSent says whether a code may stand in a close frame.
func mayBeSent(code int) bool { return closecode.Lookup(code).OnWire }

func wsClosedInvalid(s *scene) []sighting {
	if c := s.closed(); c != nil {
		if fault := invalidClose(c); fault != "" {
			return []sighting{{stage: endStage(s.end()), detail: fault, values: values{"fault": fault}}}
		}
	}
	return frameFaults(s, closeWords)
}

// closeWords are the faults of close frames in words.
var closeWords = map[trace.FrameFaultKind]string{
	trace.FrameCloseOneByte: "a close payload of a single byte: a code has two",
	trace.FrameCloseUTF8:    "a close reason that is not UTF-8",
	trace.FrameCloseCode:    "a close code that must not stand on the wire",
}

// wsDropped is about a connection that ended under the socket, unless we had said goodbye already
// or ended it ourselves.
func wsDropped(s *scene) []sighting {
	e := s.end()
	if e == nil || e.Close != nil || e.TooLarge || e.Manner == trace.EndNone || endStage(e) == trace.StageClose {
		return nil
	}
	if e.Manner == trace.EndTimeout || brokenFrame(s) {
		return nil
	}
	return []sighting{{
		stage: endStage(e), detail: endDetail(e), values: values{"held": span(e.Held)},
	}}
}

// brokenFrame says that we could not read on because of a frame that has a finding of its own.
func brokenFrame(s *scene) bool { return s.end().Manner == trace.EndError && len(s.Socket.Faults) > 0 }

// endDetail tells how the connection under a socket ended.
func endDetail(e *trace.End) string {
	parts := []string{ending(e.Manner) + " " + span(e.Held) + " after the upgrade"}
	if e.Alert > 0 {
		parts = append(parts, "TLS alert "+alertName(e.Alert))
	}
	if e.MidFrame {
		parts = append(parts, "in the middle of a frame")
	}
	parts = append(parts, "last byte from the server "+span(e.QuietIn)+" before, ours "+span(e.QuietOut)+" before")
	if e.Error != "" {
		parts = append(parts, plain(e.Error))
	}
	return strings.Join(parts, "; ")
}

func wsTooLarge(s *scene) []sighting {
	e := s.end()
	if e == nil || !e.TooLarge {
		return nil
	}
	return []sighting{{stage: endStage(e),
		detail: fmt.Sprintf("the server sent a message beyond our limit of %d bytes", s.Socket.Limit)}}
}

func wsInvalidUTF8(s *scene) []sighting {
	return frameFaults(s, map[trace.FrameFaultKind]string{trace.FrameUTF8: "text that is not UTF-8"})
}

// frameWords are the faults of frames in words.
var frameWords = map[trace.FrameFaultKind]string{
	trace.FrameMasked:       "masked, which only a client may do (RFC 6455, 5.1)",
	trace.FrameRSV:          "a reserved bit is set (5.2)",
	trace.FrameOpcode:       "a reserved opcode (5.2)",
	trace.FrameControlLong:  "a control frame of more than 125 bytes (5.5)",
	trace.FrameControlSplit: "a fragmented control frame (5.5)",
	trace.FrameLength:       "a length that is not in its shortest form (5.2)",
	trace.FrameLengthTop:    "a length with its top bit set (5.2)",
	trace.FrameContinuation: "a continuation of nothing (5.4)",
	trace.FrameInterleaved:  "a new message inside another one (5.4)",
	trace.FrameAfterClose:   "data after the close frame (5.5.1)",
}

func wsProtocolError(s *scene) []sighting { return frameFaults(s, frameWords) }

// frameFaults makes a sighting of each faulty frame that there are words for.
func frameFaults(s *scene, words map[trace.FrameFaultKind]string) []sighting {
	if s.Socket == nil {
		return nil
	}
	var seen []sighting
	for _, f := range s.Socket.Faults {
		if fault := words[f.Kind]; fault != "" {
			seen = append(seen, sighting{stage: f.Stage, detail: frameDetail(f, fault), values: values{"fault": fault}})
		}
	}
	return seen
}

func frameDetail(f trace.FrameFault, words string) string {
	detail := fmt.Sprintf("frame with opcode %#x: %s", f.Opcode, words)
	if f.Detail != "" {
		detail += ", " + plain(f.Detail)
	}
	return detail
}
