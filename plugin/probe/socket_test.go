package probe

import (
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"ws-diagnose/plugin/trace"
)

// saying upgrades, says raw bytes and then reads on until the other side ends it.
func saying(raw string) func(net.Conn) {
	return func(c net.Conn) {
		if r := readRequest(c); r != nil {
			switching(c, r)
			_, _ = io.WriteString(c, raw)
			hang(c)
		}
	}
}

// sayingAndEnding is saying, but ends the connection itself.
func sayingAndEnding(raw string, end func(net.Conn)) func(net.Conn) {
	return func(c net.Conn) {
		if r := readRequest(c); r != nil {
			switching(c, r)
			_, _ = io.WriteString(c, raw)
			end(c)
		}
	}
}

func closeFrame(code uint16, reason string) string {
	return frame(0x88, string(binary.BigEndian.AppendUint16(nil, code))+reason)
}

func TestSocketEnds(t *testing.T) {
	fin := func(net.Conn) {}
	tests := []struct {
		name   string
		handle func(net.Conn)
		code   int // of the close frame, 0 when none comes
		manner trace.Ending
		mid    bool
		large  bool
		faults string
	}{
		{"1008 and FIN", sayingAndEnding(closeFrame(1008, "policy"), fin), 1008, trace.EndFIN, false, false, ""},
		{"1014, open", saying(closeFrame(1014, "gateway")), 1014, trace.EndNone, false, false, ""},
		{"1006 on the wire", saying(closeFrame(1006, "")), 1006, trace.EndNone, false, false, "close-invalid-code"},
		{"empty close", saying(frame(0x88, "")), 1005, trace.EndNone, false, false, ""},
		{"close of one byte", saying(frame(0x88, "x")), 1005, trace.EndNone, false, false, "close-one-byte"},
		{"data after close", saying(closeFrame(1000, "") + frame(0x81, "x")), 1000, trace.EndNone, false, false, "data-after-close"},
		{"FIN", sayingAndEnding("", fin), 0, trace.EndFIN, false, false, ""},
		{"RST", sayingAndEnding(frame(0x81, "x"), reset), 0, trace.EndRST, false, false, ""},
		{"FIN inside a frame", sayingAndEnding("\x81\x10hello", fin), 0, trace.EndFIN, true, false, ""},
		{"masked", saying("\x81\x81\x01\x02\x03\x04\x60"), 0, trace.EndError, false, false, "masked"},
		{"reserved opcode", saying(frame(0x8b, "")), 0, trace.EndError, false, false, "reserved-opcode"},
		{"length with top bit", saying("\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x05hello"), 0, trace.EndNone, false, true, "length-top-bit"},
		{"2^40 bytes declared", saying("\x82\x7f\x00\x00\x01\x00\x00\x00\x00\x00hello"), 0, trace.EndNone, false, true, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tr := check(t, plainTarget(t, "ws", serve(t, tt.handle)), Options{Listen: 5 * time.Second})
			outcomes(t, tr, map[trace.StageName]trace.Outcome{trace.StageUpgrade: trace.OK, trace.StagePing: trace.Failed, trace.StageClose: trace.Skipped})
			e := tr.Socket.End
			if e == nil {
				t.Fatal("no end in the trace")
			}
			code := 0
			if e.Close != nil {
				code = e.Close.Code
			}
			if code != tt.code || e.Manner != tt.manner || e.MidFrame != tt.mid || e.TooLarge != tt.large || e.Alert != -1 || e.Held < 0 || e.Stage != trace.StagePing {
				t.Errorf("end %+v, close frame %+v", e, e.Close)
			}
			if got := kinds(tr.Socket.Faults); got != tt.faults {
				t.Errorf("faults %q, want %q", got, tt.faults)
			}
			if tr.Late || tr.Took > 9*time.Second {
				t.Errorf("took %v", tr.Took)
			}
		})
	}
}

// A message of 64 MiB is not taken, nor kept.
func TestLargeMessage(t *testing.T) {
	address := serve(t, func(c net.Conn) {
		wsServer(c, func(ws *websocket.Conn) {
			w, err := ws.NextWriter(websocket.BinaryMessage)
			if err == nil {
				_, _ = io.CopyN(w, &endless{part: "x"}, 64<<20)
				_ = w.Close()
			}
		})
	})
	tr := check(t, plainTarget(t, "ws", address), Options{Listen: 5 * time.Second})
	if e := tr.Socket.End; e == nil || !e.TooLarge || tr.Socket.Bytes > MessageLimit+64<<10 {
		t.Errorf("end %+v after %d bytes", e, tr.Socket.Bytes)
	}
}

// Frames that come in one piece with the 101 are seen, and faults that gorilla passes over too.
func TestFramesBehindTheAnswer(t *testing.T) {
	address := serve(t, func(c net.Conn) {
		r := readRequest(c)
		if r == nil {
			return
		}
		_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
			"Sec-WebSocket-Accept: "+acceptKey(r.Header.Get("Sec-WebSocket-Key"))+"\r\n\r\n"+frame(0x81, "\xff")+frame(0x81, "two"))
		buf := make([]byte, 2+4+125)
		for { // answer ping and close as they come: both are short and masked
			if _, err := io.ReadFull(c, buf[:6]); err != nil {
				return
			}
			n := int(buf[1] & 0x7f)
			if _, err := io.ReadFull(c, buf[6:6+n]); err != nil {
				return
			}
			for i := range n {
				buf[6+i] ^= buf[2+i%4]
			}
			op := buf[0]
			if op == 0x89 {
				op = 0x8a
			}
			_, _ = io.WriteString(c, frame(op, string(buf[6:6+n])))
		}
	})
	tr := check(t, plainTarget(t, "ws", address), Options{})
	outcomes(t, tr, map[trace.StageName]trace.Outcome{trace.StagePing: trace.OK, trace.StageClose: trace.OK})
	if s := tr.Socket; s.Messages != 2 || kinds(s.Faults) != "invalid-utf8" || s.End != nil {
		t.Errorf("socket %+v", s)
	}
}

func TestPingAndCloseIgnored(t *testing.T) {
	t.Parallel()
	tr := check(t, plainTarget(t, "ws", serve(t, saying(""))), Options{Timeout: 8 * time.Second})
	outcomes(t, tr, map[trace.StageName]trace.Outcome{trace.StagePing: trace.Failed, trace.StageClose: trace.Failed})
	s := tr.Socket
	if !s.Ping.Sent || s.Ping.Answered || !s.Close.Sent || s.Close.Answered || s.End != nil || tr.Late {
		t.Errorf("ping %+v, close %+v, end %+v", s.Ping, s.Close, s.End)
	}
}

// A server that ends the connection instead of answering our close frame.
func TestCloseAnsweredByEnd(t *testing.T) {
	address := serve(t, func(c net.Conn) {
		wsServer(c, func(ws *websocket.Conn) {
			ws.SetCloseHandler(func(int, string) error { return nil })
			readAll(ws)
		})
	})
	tr := check(t, plainTarget(t, "ws", address), Options{})
	outcomes(t, tr, map[trace.StageName]trace.Outcome{trace.StagePing: trace.OK, trace.StageClose: trace.Failed})
	if c := tr.Socket.Close; c.Answered || !strings.Contains(c.Error, "without an answer") {
		t.Errorf("close %+v", c)
	}
}

// A close frame that comes before or while we write is what the socket ended with, whoever notices
// it first; only one that crosses ours counts as its answer.
func TestCloseRacesWithPingAndClose(t *testing.T) {
	for name, handle := range map[string]func(net.Conn){
		"before the ping": saying(closeFrame(1008, "policy")),
		"with the pong": func(c net.Conn) {
			wsServer(c, func(ws *websocket.Conn) {
				ws.SetPingHandler(func(payload string) error {
					_, err := io.WriteString(c, frame(0x8a, payload)+closeFrame(1008, "policy"))
					return err
				})
				readAll(ws)
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := serve(t, handle)
			for range 20 {
				s := check(t, plainTarget(t, "ws", address), Options{}).Socket
				crossed := s.Close != nil && s.Close.Answered && s.Close.Code == 1008
				if ended := s.End != nil && s.End.Close != nil && s.End.Close.Code == 1008; ended == crossed {
					t.Fatalf("end %+v, ping %+v, close %+v", s.End, s.Ping, s.Close)
				}
			}
		})
	}
}

// Pongs that nobody asked for do not get in the way of the one that answers our ping, however many
// come before it.
func TestUnsolicitedPongs(t *testing.T) {
	strangers := strings.Repeat(frame(0x8a, "stranger"), 50)
	address := serve(t, func(c net.Conn) {
		wsServer(c, func(ws *websocket.Conn) {
			_, _ = io.WriteString(c, strangers)
			ws.SetPingHandler(func(payload string) error {
				_, err := io.WriteString(c, strangers+frame(0x8a, payload))
				return err
			})
			readAll(ws)
		})
	})
	for range 10 {
		if p := check(t, plainTarget(t, "ws", address), Options{}).Socket.Ping; p == nil || !p.Answered {
			t.Fatalf("ping %+v", p)
		}
	}
}
