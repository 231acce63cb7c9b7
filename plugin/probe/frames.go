package probe

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"

	"ws-diagnose/plugin/trace"
)

// Opcodes (RFC 6455 section 5.2).
const (
	opContinuation = 0
	opText         = 1
	opBinary       = 2
	opClose        = 8
	opPing         = 9
	opPong         = 10
)

// Bytes of a close frame's payload that are kept: 125 are allowed.
const maxClose = 256

// frameSink is told what a frameReader finds.
type frameSink interface {
	frame(op byte, fin bool, length int64)
	fault(kind trace.FrameFaultKind, op byte, detail string)
	message()
	closed(payload []byte)
}

// frameReader takes apart the frames that one side sends, piece by piece as they come. It keeps no
// payload but a close frame's, and it goes on after a fault as long as lengths can be told.
type frameReader struct {
	server bool // the side that must not mask, and whose text and order are looked at
	sink   frameSink

	head   [14]byte // of the frame under way
	have   int      // bytes of head that are in
	left   uint64   // payload bytes to come
	inside bool     // the head is whole, the payload is not
	lost   bool     // a length that cannot be followed: nothing more can be told

	number    int // of the frame under way, from 0
	op        byte
	fin, data bool
	masked    bool
	mask      [4]byte
	payload   []byte // of a close frame
	seen      uint64 // payload bytes that are in

	open, text bool // a fragmented message is under way; it is text
	utf8       utf8Stream
	over       bool // a close frame came
}

// feed takes the next bytes.
func (f *frameReader) feed(p []byte) {
	for len(p) > 0 && !f.lost {
		if !f.inside {
			n := copy(f.head[f.have:f.headLen()], p)
			f.have += n
			p = p[n:]
			if f.have == 2 && n > 0 && f.server {
				f.checkHead()
			}
			if f.have == f.headLen() {
				f.begin()
			}
			continue
		}
		n := int(min(uint64(len(p)), f.left))
		f.take(p[:n])
		p = p[n:]
		if f.left -= uint64(n); f.left == 0 {
			f.finish()
		}
	}
}

// cutShort says whether the bytes so far end inside a frame.
func (f *frameReader) cutShort() bool { return f.inside || f.have > 0 }

// headLen is how long the head is, as far as that can be told yet.
func (f *frameReader) headLen() int {
	if f.have < 2 {
		return 2
	}
	n := 2
	switch f.head[1] & 0x7f {
	case 126:
		n += 2
	case 127:
		n += 8
	}
	if f.head[1]&0x80 != 0 {
		n += 4
	}
	return n
}

// begin reads the head, which is whole.
func (f *frameReader) begin() {
	h := f.head[:f.have]
	f.op, f.fin, f.masked = h[0]&0x0f, h[0]&0x80 != 0, h[1]&0x80 != 0
	f.data = f.op < opClose
	short := uint64(h[1] & 0x7f)
	f.left = short
	rest := h[2:]
	switch short {
	case 126:
		f.left, rest = uint64(binary.BigEndian.Uint16(rest)), rest[2:]
	case 127:
		f.left, rest = binary.BigEndian.Uint64(rest), rest[8:]
	}
	if f.masked {
		copy(f.mask[:], rest)
	}
	f.sink.frame(f.op, f.fin, int64(min(f.left, 1<<63-1)))
	if f.server {
		f.checkLength(short)
	}
	f.have, f.seen, f.payload, f.inside = 0, 0, nil, true
	if f.left>>63 != 0 {
		f.lost = true
		return
	}
	if f.data && f.op != opContinuation {
		f.text = f.op == opText
	}
	if f.left == 0 {
		f.finish()
	}
}

// faultIf notes a fault of the frame under way.
func (f *frameReader) faultIf(bad bool, k trace.FrameFaultKind, format string, args ...any) {
	if bad {
		f.sink.fault(k, f.head[0]&0x0f, fmt.Sprintf(format, args...))
	}
}

// checkHead notes what RFC 6455 forbids in the first two bytes. gorilla refuses a frame by these and
// reads no further, so they must not wait for the rest of the head.
func (f *frameReader) checkHead() {
	first, short := f.head[0], f.head[1]&0x7f
	op, fin := first&0x0f, first&0x80 != 0
	f.faultIf(f.over, trace.FrameAfterClose, "opcode %d", op)
	f.faultIf(f.head[1]&0x80 != 0, trace.FrameMasked, "mask bit set, opcode %d", op)
	f.faultIf(first&0x70 != 0, trace.FrameRSV, "RSV1=%d RSV2=%d RSV3=%d", first>>6&1, first>>5&1, first>>4&1)
	f.faultIf(op > opBinary && op < opClose || op > opPong, trace.FrameOpcode, "opcode %d", op)
	if op >= opClose {
		f.faultIf(short > 125, trace.FrameControlLong, "opcode %d, over 125 bytes", op)
		f.faultIf(!fin, trace.FrameControlSplit, "opcode %d without FIN", op)
		return
	}
	f.faultIf(op == opContinuation && !f.open, trace.FrameContinuation, "opcode 0 outside a message")
	f.faultIf(op != opContinuation && f.open, trace.FrameInterleaved, "opcode %d inside a message", op)
}

// checkLength notes what RFC 6455 forbids in the length.
func (f *frameReader) checkLength(short uint64) {
	f.faultIf(short == 126 && f.left < 126 || short == 127 && f.left < 1<<16, trace.FrameLength, "%d bytes, length written as %d", f.left, short)
	f.faultIf(f.left>>63 != 0, trace.FrameLengthTop, "length %#x", f.left)
}

// take looks at a piece of payload.
func (f *frameReader) take(p []byte) {
	switch {
	case f.op == opClose:
		for _, b := range p {
			if len(f.payload) == maxClose {
				break
			}
			if f.masked {
				b ^= f.mask[len(f.payload)%4]
			}
			f.payload = append(f.payload, b)
		}
	case f.server && f.data && f.text:
		f.utf8.feed(f.unmasked(p))
	}
	f.seen += uint64(len(p))
}

// unmasked is a piece of payload without its mask, which a server's frame should not have.
func (f *frameReader) unmasked(p []byte) []byte {
	if !f.masked {
		return p
	}
	clear := make([]byte, len(p))
	for i, b := range p {
		clear[i] = b ^ f.mask[(f.seen+uint64(i))%4]
	}
	return clear
}

// finish ends the frame.
func (f *frameReader) finish() {
	defer func() { f.number++ }()
	f.inside = false
	switch {
	case f.op == opClose:
		if !f.over {
			f.over = true
			f.sink.closed(f.payload)
		}
	case f.data:
		f.open = !f.fin
		if f.text && f.server && f.utf8.bad(f.fin) {
			f.sink.fault(trace.FrameUTF8, f.op, "text that is not UTF-8")
			f.utf8 = utf8Stream{reported: !f.fin}
		}
		if f.fin {
			f.utf8 = utf8Stream{}
			f.sink.message()
		}
	}
}

// utf8Stream validates UTF-8 that comes in pieces cut anywhere.
type utf8Stream struct {
	carry    [utf8.UTFMax]byte // an incomplete rune at the end of what came
	n        int
	invalid  bool
	reported bool // said once for this message
}

func (u *utf8Stream) feed(p []byte) {
	for u.n > 0 && len(p) > 0 {
		u.carry[u.n] = p[0]
		u.n++
		p = p[1:]
		if utf8.FullRune(u.carry[:u.n]) {
			u.invalid = u.invalid || !utf8.Valid(u.carry[:u.n])
			u.n = 0
		}
	}
	for k := 1; k < utf8.UTFMax && k <= len(p); k++ {
		tail := p[len(p)-k:]
		if utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				u.n = copy(u.carry[:], tail)
				p = p[:len(p)-k]
			}
			break
		}
	}
	u.invalid = u.invalid || !utf8.Valid(p)
}

// bad says whether what came is not UTF-8, the first time that it is asked so; at the end of a
// message an incomplete rune is bad too.
func (u *utf8Stream) bad(end bool) bool {
	return !u.reported && (u.invalid || end && u.n > 0)
}

// parseClose reads the payload of a close frame (RFC 6455 section 5.5.1).
func parseClose(p []byte) *trace.CloseFrame {
	c := &trace.CloseFrame{Code: 1005}
	switch len(p) {
	case 0:
	case 1:
		c.OneByte = true
	default:
		c.Code, c.Reason = int(binary.BigEndian.Uint16(p)), p[2:]
		c.BadUTF8 = !utf8.Valid(c.Reason)
	}
	return c
}

// mayStand says whether a close code may stand on the wire: RFC 6455 section 7.4 and the codes that
// IANA has registered since.
func mayStand(code int) bool {
	switch code {
	case 1004, 1005, 1006, 1015:
		return false
	}
	return code >= 1000 && code <= 1014 || code >= 3000 && code <= 4999
}
