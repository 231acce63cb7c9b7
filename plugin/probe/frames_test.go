package probe

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"

	"ws-diagnose/plugin/trace"
)

// frame is the bytes of one frame with that first byte.
func frame(first byte, payload string) string {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return string(b) + payload
}

// tapped feeds in to a tap in pieces of n bytes.
func tapped(in string, n int) *tap {
	t := newTap(nil)
	t.stage = trace.StagePing
	for piece := range slices.Chunk([]byte(in), n) {
		t.in.feed(piece)
	}
	return t
}

func kinds(faults []trace.FrameFault) string {
	var s []string
	for _, f := range faults {
		s = append(s, string(f.Kind))
	}
	return strings.Join(s, " ")
}

func TestFrameFaults(t *testing.T) {
	closing := func(code uint16, reason string) string {
		return frame(0x88, string(binary.BigEndian.AppendUint16(nil, code))+reason)
	}
	tests := []struct{ name, in, want string }{
		{"text, ping, close", frame(0x81, "hi") + frame(0x89, "x") + closing(1000, "bye"), ""},
		{"fragments with a ping between", frame(0x01, "a") + frame(0x89, "") + frame(0x80, "b"), ""},
		{"large", frame(0x82, strings.Repeat("x", 70000)), ""},
		{"masked", "\x81\x81\x01\x02\x03\x04\x60", "masked"},
		{"masked in pieces", "\x81\x86\x01\x02\x03\x04\xe3\x80\xaf\xe6\x80\xa8", "masked"},
		{"masked, not UTF-8 below", "\x81\x81\x01\x02\x03\x04\xfe", "masked invalid-utf8"},
		{"RSV1", frame(0xc1, "x"), "reserved-bit"},
		{"opcode 3", frame(0x83, "x"), "reserved-opcode"},
		{"opcode 11", frame(0x8b, ""), "reserved-opcode"},
		{"long ping", frame(0x89, strings.Repeat("x", 126)), "control-too-long"},
		{"fragmented ping", frame(0x09, "x"), "control-fragmented"},
		{"length in 2 bytes for 5", "\x82\x7e\x00\x05hello", "length-not-minimal"},
		{"length in 8 bytes for 5", "\x82\x7f\x00\x00\x00\x00\x00\x00\x00\x05hello", "length-not-minimal"},
		{"top bit", "\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x05hello", "length-top-bit"},
		{"stray continuation", frame(0x80, "x"), "stray-continuation"},
		{"interleaved", frame(0x01, "x") + frame(0x81, "y"), "interleaved"},
		{"data after close", closing(1000, "") + frame(0x81, "x"), "data-after-close"},
		{"surrogate", frame(0x81, "\xed\xa0\x80"), "invalid-utf8"},
		{"rune over fragments", frame(0x01, "\xe2\x82") + frame(0x80, "\xac"), ""},
		{"rune over fragments, cut", frame(0x01, "\xe2\x82") + frame(0x80, ""), "invalid-utf8"},
		{"bad in the first of three", frame(0x01, "\xff") + frame(0x00, "a") + frame(0x80, "b"), "invalid-utf8"},
		{"two bad messages", frame(0x81, "\xff") + frame(0x81, "\xff"), "invalid-utf8 invalid-utf8"},
		{"binary is no text", frame(0x82, "\xff"), ""},
		{"close of one byte", frame(0x88, "x"), "close-one-byte"},
		{"close without code", frame(0x88, ""), ""},
		{"close with a bad reason", closing(1000, "\xff"), "close-invalid-utf8"},
		{"1005 on the wire", closing(1005, ""), "close-invalid-code"},
		{"1014", closing(1014, ""), ""},
		{"2999", closing(2999, ""), "close-invalid-code"},
		{"0", closing(0, ""), "close-invalid-code"},
		{"4999", closing(4999, ""), ""},
		{"5000", closing(5000, ""), "close-invalid-code"},
	}
	for _, tt := range tests {
		for _, n := range []int{1, 2, 3, 1 << 20} {
			if got := kinds(tapped(tt.in, n).faults); got != tt.want {
				t.Errorf("%s in pieces of %d: faults %q, want %q", tt.name, n, got, tt.want)
			}
		}
	}
}

// A fault names its frame, so that it can be told whether the frame came whole.
func TestNumberOfTheFrameAtFault(t *testing.T) {
	faults := tapped(frame(0x81, "hi")+frame(0x89, "")+frame(0x81, "\xff")+frame(0xc1, "x")+"\x83\x05", 1).faults
	var numbers []int
	for _, f := range faults {
		numbers = append(numbers, f.Number)
	}
	if !slices.Equal(numbers, []int{2, 3, 4}) {
		t.Errorf("faults %+v", faults)
	}
}

func TestCloseOnTheWire(t *testing.T) {
	tests := []struct {
		in   string
		want trace.CloseFrame
	}{
		{frame(0x88, ""), trace.CloseFrame{Code: 1005}},
		{frame(0x88, "x"), trace.CloseFrame{Code: 1005, OneByte: true}},
		{frame(0x88, "\x03\xf6bad gateway"), trace.CloseFrame{Code: 1014, Reason: []byte("bad gateway")}},
		{frame(0x88, "\x03\xe8\xff"), trace.CloseFrame{Code: 1000, Reason: []byte("\xff"), BadUTF8: true}},
		{"\x88\x82\x01\x02\x03\x04\x02\xea", trace.CloseFrame{Code: 1000}},
	}
	for _, tt := range tests {
		got := tapped(tt.in, 1).close
		if got == nil || got.Code != tt.want.Code || !bytes.Equal(got.Reason, tt.want.Reason) ||
			got.OneByte != tt.want.OneByte || got.BadUTF8 != tt.want.BadUTF8 {
			t.Errorf("%q: read %+v, want %+v", tt.in, got, tt.want)
		}
	}
	long := tapped(frame(0x88, "\x03\xe8"+strings.Repeat("x", 70000)), 1000)
	if long.close == nil || len(long.close.Reason) > maxClose {
		t.Errorf("a close frame of 70000 bytes: %+v", long.close)
	}
}

func TestCutShort(t *testing.T) {
	in := frame(0x81, "hello")
	for n := range len(in) + 1 {
		if got, want := tapped(in[:n], 1+n).in.cutShort(), n > 0 && n < len(in); got != want {
			t.Errorf("after %d of %d bytes: %v", n, len(in), got)
		}
	}
}

func TestFramesAreBounded(t *testing.T) {
	tp := tapped(strings.Repeat(frame(0xf1, "x"), 1000), 1<<20)
	if len(tp.frames) != maxFrames || len(tp.faults) != maxFaults || tp.messages != 1000 {
		t.Errorf("%d frames, %d faults, %d messages", len(tp.frames), len(tp.faults), tp.messages)
	}
}

// byGorilla reads in as gorilla does and returns its messages and error.
func byGorilla(in []byte) (messages int, err error) {
	r := &replay{Conn: fixedWriteConn{fixedConn{r: bytes.NewReader(in)}}}
	d := websocket.Dialer{NetDial: func(string, string) (net.Conn, error) { return r, nil }}
	c, _, err := d.Dial("ws://x/", nil)
	if err != nil {
		return 0, err
	}
	for {
		if _, _, err = c.ReadMessage(); err != nil {
			return messages, err
		}
		messages++
	}
}

func TestReservedBits(t *testing.T) {
	for first, want := range map[byte]byte{0xc1: 4, 0xa1: 2, 0x91: 1, 0xf1: 7} {
		for _, f := range tapped(frame(first, "x"), 3).faults {
			if f.Kind != trace.FrameRSV || f.RSV != want {
				t.Errorf("first byte %#x: %+v, want bits %03b", first, f, want)
			}
		}
	}
}

// What gorilla takes, the tap finds no fault with that gorilla looks for; both count the same
// messages, and see the same close frame.
func FuzzFrames(f *testing.F) {
	f.Add([]byte(frame(0x81, "hi")+frame(0x89, "x")+frame(0x88, "\x03\xe8bye")), 1)
	f.Add([]byte(frame(0x01, "\xe2\x82")+frame(0x80, "\xac")), 2)
	f.Add([]byte("\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x05hello"), 3)
	f.Fuzz(func(t *testing.T, in []byte, n int) {
		tp, whole := tapped(string(in), 1+n&0xff), tapped(string(in), len(in)+1)
		if kinds(tp.faults) != kinds(whole.faults) || tp.messages != whole.messages || len(tp.frames) != len(whole.frames) {
			t.Fatalf("%q in pieces: %v, at once: %v", in, tp.faults, whole.faults)
		}
		messages, err := byGorilla(in)
		var ce *websocket.CloseError
		switch {
		case errors.As(err, &ce) && ce.Code == websocket.CloseAbnormalClosure:
			if tp.messages != messages {
				t.Fatalf("%q: %d messages, gorilla has %d", in, tp.messages, messages)
			}
			for _, k := range strings.Fields(kinds(tp.faults)) {
				if k != string(trace.FrameUTF8) && k != string(trace.FrameLength) {
					t.Fatalf("%q: gorilla does not mind %s", in, k)
				}
			}
		case errors.As(err, &ce):
			if tp.close == nil || tp.close.Code != ce.Code || string(tp.close.Reason) != ce.Text {
				t.Fatalf("%q: close %+v, gorilla has %v", in, tp.close, ce)
			}
		case kinds(tp.faults) == "" && !errors.Is(err, io.ErrUnexpectedEOF):
			t.Fatalf("%q: gorilla says %v, the tap nothing", in, err)
		}
	})
}

// fixedWriteConn takes what gorilla writes.
type fixedWriteConn struct{ fixedConn }

func (fixedWriteConn) Write(p []byte) (int, error)      { return len(p), nil }
func (fixedWriteConn) SetDeadline(time.Time) error      { return nil }
func (fixedWriteConn) SetWriteDeadline(time.Time) error { return nil }
func (fixedWriteConn) Close() error                     { return nil }

func FuzzUTF8Stream(f *testing.F) {
	f.Add([]byte("a\xe2\x82\xac\xed\xa0\x80"), 1)
	f.Fuzz(func(t *testing.T, in []byte, n int) {
		var u utf8Stream
		for piece := range slices.Chunk(in, 1+n&7) {
			u.feed(piece)
		}
		if got := !u.bad(true); got != utf8.Valid(in) {
			t.Fatalf("%q in pieces of %d: valid is %v", in, 1+n&7, got)
		}
	})
}
