package emulator

import (
	"bufio"
	"crypto/sha1" //nolint:gosec // RFC 6455 section 1.3 fixes it
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// The frames are read and written here, without a library: a peer that is not the library of the
// product, that counts like the server's, and that can be told to break the rules.

// Opcodes of RFC 6455 section 5.2.
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xA
)

// maxMessage is the longest message the server accepts, measured on a real one.
const maxMessage = 512

// closeError is a fault of the client that ends the socket with a close code.
type closeError struct {
	code   int
	reason string
}

func (e *closeError) Error() string { return fmt.Sprintf("close %d %s", e.code, e.reason) }

// errNotWebsocket is a request without the headers of an upgrade.
var errNotWebsocket = errors.New("not a websocket handshake")

// acceptKey answers a client's Sec-WebSocket-Key.
func acceptKey(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) //nolint:gosec // see above
	return base64.StdEncoding.EncodeToString(sum[:])
}

// hijack answers an upgrade with 101 and takes the connection over. Subprotocols and extensions
// that were offered are ignored, the Origin is not looked at: both as observed.
func hijack(w http.ResponseWriter, r *http.Request) (net.Conn, *bufio.Reader, error) {
	key := r.Header.Get("Sec-WebSocket-Key")
	hijacker, ok := w.(http.Hijacker)
	if !ok || key == "" || !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		return nil, nil, errNotWebsocket
	}
	conn, buffered, err := hijacker.Hijack()
	if err != nil {
		return nil, nil, err
	}
	_, err = fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"+
		"Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", acceptKey(key))
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	return conn, buffered.Reader, nil
}

// frame is one frame, unmasked.
type frame struct {
	final   bool
	op      byte
	payload []byte
}

// readFrame reads one frame of a client.
func readFrame(r io.Reader) (frame, error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return frame{}, err
	}
	f := frame{final: head[0]&0x80 != 0, op: head[0] & 0x0F}
	if err := checkHead(head, f); err != nil {
		return f, err
	}
	length, err := readLength(r, head[1]&0x7F)
	if err != nil {
		return f, err
	}
	if length > maxMessage {
		return f, &closeError{1009, ""}
	}
	var mask [4]byte
	if _, err := io.ReadFull(r, mask[:]); err != nil {
		return f, err
	}
	f.payload = make([]byte, length)
	if _, err := io.ReadFull(r, f.payload); err != nil {
		return f, err
	}
	for i := range f.payload {
		f.payload[i] ^= mask[i%4]
	}
	return f, nil
}

// checkHead refuses what the server answers with 1002.
func checkHead(head [2]byte, f frame) error {
	control := f.op >= opClose
	switch {
	case head[0]&0x70 != 0:
		return &closeError{1002, "unexpected reserved bits"}
	case f.op > opPong || f.op > opBinary && !control:
		return &closeError{1002, fmt.Sprintf("unknown opcode %d", f.op)}
	case control && (!f.final || head[1]&0x7F > 125):
		return &closeError{1002, "bad control frame"}
	case head[1]&0x80 == 0:
		return &closeError{1002, "incorrect mask flag"}
	}
	return nil
}

func readLength(r io.Reader, short byte) (uint64, error) {
	size := map[byte]int{126: 2, 127: 8}[short]
	if size == 0 {
		return uint64(short), nil
	}
	var long [8]byte
	_, err := io.ReadFull(r, long[8-size:])
	return binary.BigEndian.Uint64(long[:]), err
}

// readMessage reads frames until a message is complete; a control frame is returned at once. The
// fragments so far live in *partial.
func readMessage(r io.Reader, partial *frame) (frame, error) {
	for {
		f, err := readFrame(r)
		if err != nil || f.op >= opClose {
			return f, err
		}
		if (f.op == opContinuation) != (partial.op != 0) {
			return f, &closeError{1002, "bad continuation"}
		}
		if f.op != opContinuation {
			*partial = frame{op: f.op}
		}
		partial.payload = append(partial.payload, f.payload...)
		if len(partial.payload) > maxMessage {
			return f, &closeError{1009, ""}
		}
		if f.final {
			f, *partial = *partial, frame{}
			return f, nil
		}
	}
}

// encodeFrame builds one final frame of the server's, unmasked.
func encodeFrame(op byte, payload []byte) []byte {
	raw := []byte{0x80 | op}
	switch n := len(payload); {
	case n < 126:
		raw = append(raw, byte(n))
	case n < 1<<16:
		raw = binary.BigEndian.AppendUint16(append(raw, 126), uint16(n))
	default:
		raw = binary.BigEndian.AppendUint64(append(raw, 127), uint64(n))
	}
	return append(raw, payload...)
}

// closePayload is the payload of a close frame; code 0 has none.
func closePayload(code int, reason string) []byte {
	if code == 0 {
		return nil
	}
	return append(binary.BigEndian.AppendUint16(nil, uint16(code)), reason...)
}

// mayBeSent reports whether the server's library takes a close code from a client.
func mayBeSent(code int) bool {
	switch {
	case code >= 3000 && code <= 4999, code >= 1000 && code <= 1003, code >= 1007 && code <= 1013:
		return true
	}
	return false
}
