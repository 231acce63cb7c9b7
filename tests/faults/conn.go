package faults

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Conn is a connection on which a script speaks the server's part, above TLS where there is any.
type Conn struct {
	net.Conn
	Request *http.Request // the last one read

	under  *feed
	closed bool // our close frame is out
	in     *bufio.Reader
}

func newConn(c net.Conn, under *feed) *Conn {
	return &Conn{Conn: c, under: under, in: bufio.NewReader(c)}
}

// ReadRequest reads the next request's header.
func (c *Conn) ReadRequest() bool {
	r, err := http.ReadRequest(c.in)
	c.Request = r
	return err == nil
}

// Say writes an answer's header: the status line, then the fields. {accept} in a field stands for
// the right Sec-WebSocket-Accept.
func (c *Conn) Say(status string, fields ...string) error {
	head := status + "\r\n" + strings.Join(fields, "\r\n")
	if len(fields) > 0 {
		head += "\r\n"
	}
	head = strings.ReplaceAll(head, "{accept}", accept(c.Request.Header.Get("Sec-WebSocket-Key")))
	_, err := io.WriteString(c, head+"\r\n")
	return err
}

// accept is the answer to a key (RFC 6455 section 4.2.2).
func accept(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// rightUpgrade is a faultless 101.
var rightUpgrade = []string{"Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: {accept}"}

// Upgrade reads the request and switches to the websocket protocol.
func (c *Conn) Upgrade() bool {
	return c.ReadRequest() && c.Say("HTTP/1.1 101 Switching Protocols", rightUpgrade...) == nil
}

// breath is how long a case waits before what it does to an open socket: Firefox forgets to tell
// its page that the socket opened when a fault follows at once.
const breath = 150 * time.Millisecond

// Open switches to the websocket protocol and lets the client take notice.
func (c *Conn) Open() bool {
	if !c.Upgrade() {
		return false
	}
	time.Sleep(breath)
	return true
}

// FIN ends the connection below TLS: no close_notify.
func (c *Conn) FIN() { hangUp(c.under.TCPConn) }

// RST resets the connection.
func (c *Conn) RST() { reset(c.under.TCPConn) }

// Alert ends the connection with a fatal alert, bad_record_mac: crypto/tls sends it when it reads
// a record that it cannot decrypt.
func (c *Conn) Alert() {
	c.under.next = record(23, tls12, make([]byte, 64))
	hold(c)
}

// CloseNotify ends the connection as TLS has it: close_notify, then FIN.
func (c *Conn) CloseNotify() {
	if t, ok := c.Conn.(*tls.Conn); ok {
		t.CloseWrite()
	}
	c.FIN()
}

// Opcodes and first-byte bits of a frame (RFC 6455 section 5.2).
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xa

	fin  = 0x80
	rsv1 = 0x40
	rsv2 = 0x20
	rsv3 = 0x10
)

// frame makes a frame as a server has to: its length in the shortest form, unmasked. first is the
// first byte, with FIN and the reserved bits as wanted.
func frame(first byte, payload []byte) []byte {
	return append(frameHead(first, uint64(len(payload))), payload...)
}

func frameHead(first byte, n uint64) []byte {
	switch {
	case n < 126:
		return []byte{first, byte(n)}
	case n < 1<<16:
		return []byte{first, 126, byte(n >> 8), byte(n)}
	}
	return binary.BigEndian.AppendUint64([]byte{first, 127}, n)
}

// text is a whole text message in one frame.
func text(s string) []byte { return frame(fin|opText, []byte(s)) }

// closeFrame is a close frame with a code and a reason.
func closeFrame(code int, reason string) []byte {
	return frame(fin|opClose, append([]byte{byte(code >> 8), byte(code)}, reason...))
}

// Send writes frames, all in one go.
func (c *Conn) Send(frames ...[]byte) error {
	_, err := c.Write(bytes.Join(frames, nil))
	return err
}

// readLimit bounds what a frame of a client may hold.
const readLimit = 1 << 20

// ReadFrame reads one frame of the client and takes its mask off.
func (c *Conn) ReadFrame() (opcode byte, payload []byte, err error) {
	head := make([]byte, 2)
	if _, err = io.ReadFull(c.in, head); err != nil {
		return 0, nil, err
	}
	n := uint64(head[1] & 0x7f)
	if width := map[uint64]int{126: 2, 127: 8}[n]; width != 0 {
		long := make([]byte, 8)
		if _, err = io.ReadFull(c.in, long[8-width:]); err != nil {
			return 0, nil, err
		}
		n = binary.BigEndian.Uint64(long)
	}
	if n > readLimit || head[1]&0x80 == 0 {
		return 0, nil, errors.New("not a frame that a client should send")
	}
	payload = make([]byte, 4+n)
	if _, err = io.ReadFull(c.in, payload); err != nil {
		return 0, nil, err
	}
	mask, payload := payload[:4], payload[4:]
	for i := range payload {
		payload[i] ^= mask[i%4]
	}
	return head[0] & 0x0f, payload, nil
}

// manners say how a live socket behaves; the zero value behaves well.
type manners struct {
	noPong  bool
	noClose bool
	text    func(string) // told of each text frame
}

// Live serves the socket until either side closes it.
func (c *Conn) Live(m manners) {
	for {
		opcode, payload, err := c.ReadFrame()
		if err != nil {
			return
		}
		switch {
		case opcode == opText && m.text != nil:
			m.text(string(payload))
		case opcode == opPing && !m.noPong:
			c.Send(frame(fin|opPong, payload))
		case opcode == opClose && c.closed:
			return
		case opcode == opClose && !m.noClose:
			c.Send(frame(fin|opClose, payload))
			return
		}
	}
}

// healthy is a server of websockets without any fault.
func healthy(c *Conn) {
	if c.Upgrade() {
		c.Live(manners{})
	}
}

// upgraded plays f once the socket is open, and then behaves well.
func upgraded(f func(*Conn)) script {
	return func(c *Conn) {
		if c.Open() {
			f(c)
			c.Live(manners{})
		}
	}
}

// answered plays f once the upgrade request is read; then the connection ends.
func answered(f func(*Conn)) script {
	return func(c *Conn) {
		if c.ReadRequest() {
			f(c)
		}
	}
}

// statusLine is that of HTTP/1.1 with the standard reason phrase.
func statusLine(status int) string {
	return fmt.Sprintf("HTTP/1.1 %d %s", status, http.StatusText(status))
}
