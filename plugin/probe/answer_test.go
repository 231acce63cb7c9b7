package probe

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"ws-diagnose/plugin/trace"
)

// fixedConn is a connection that says b and then ends; the rest of net.Conn is not called.
type fixedConn struct {
	net.Conn
	r io.Reader
}

func (c fixedConn) Read(p []byte) (int, error) { return c.r.Read(p) }

// parsed reads b as an answer and returns what follows the header too.
func parsed(r io.Reader) (trace.Answer, []byte) {
	w := &wire{Conn: fixedConn{r: r}}
	l := &link{Conn: w, wire: w}
	a := trace.Answer{Alert: -1}
	readAnswer(l, &a, new(scrubber))
	rest, _ := io.ReadAll(l)
	return a, rest
}

func TestReadAnswer(t *testing.T) {
	settings := "\x00\x00\x12\x04\x00\x00\x00\x00\x00rest of a SETTINGS"
	tests := []struct {
		name, in, rest string
		want           trace.Answer
	}{
		{"switching", "HTTP/1.1 101 Switching Protocols\r\nA: b\r\n\r\n\x81\x00", "\x81\x00",
			trace.Answer{Status: 101, Reason: "Switching Protocols", Proto: "HTTP/1.1"}},
		{"bare LF", "HTTP/1.1 200 OK\nA: b\n\nbody", "body", trace.Answer{Status: 200, Reason: "OK", Proto: "HTTP/1.1"}},
		{"no reason", "HTTP/1.1 404\r\n\r\n", "", trace.Answer{Status: 404, Proto: "HTTP/1.1"}},
		{"HTTP/1.0", "HTTP/1.0 101 X\r\n\r\n", "", trace.Answer{Status: 101, Reason: "X", Proto: "HTTP/1.0"}},
		{"early hints first", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 101 S\r\n\r\n", "",
			trace.Answer{Status: 101, Reason: "S", Proto: "HTTP/1.1", Interim: []int{103}}},
		{"hints without end", strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 20), "*",
			trace.Answer{Status: 103, Reason: "Early Hints", Proto: "HTTP/1.1", Interim: []int{103, 103, 103, 103, 103}}},
		{"control byte in a name", "HTTP/1.1 200 OK\r\nA\x1b: b\r\n\r\n", "", trace.Answer{Status: 200, Reason: "OK", Proto: "HTTP/1.1", Malformed: "*"}},
		{"nothing", "", "", trace.Answer{Ended: trace.EndFIN}},
		{"cut in the status line", "HTTP/1.1 2", "", trace.Answer{Ended: trace.EndFIN, Status: 0}},
		{"cut in the header", "HTTP/1.1 200 OK\r\nA: b\r\n", "", trace.Answer{Ended: trace.EndFIN, Status: 200, Reason: "OK", Proto: "HTTP/1.1", Partial: true}},
		{"banner", "SSH-2.0-OpenSSH_9.2\r\n", "", trace.Answer{Malformed: "the answer is not HTTP"}},
		{"HTTP/2", settings, "", trace.Answer{Malformed: "an HTTP/2 frame came in answer to an HTTP/1.1 request", HTTP2: true}},
		{"zeros", strings.Repeat("\x00", 20), "", trace.Answer{Malformed: "the answer is not HTTP"}},
		{"few zeros", "\x00\x00", "", trace.Answer{Malformed: "the answer is not HTTP"}},
		{"no colon", "HTTP/1.1 200 OK\r\nrubbish\r\n\r\n", "", trace.Answer{Status: 200, Reason: "OK", Proto: "HTTP/1.1", Malformed: "*"}},
		{"status is no number", "HTTP/1.1 abc OK\r\n\r\n", "", trace.Answer{Malformed: "*"}},
		{"NUL", "HTTP/1.1 200 OK\r\nA: \x00\r\n\r\n", "", trace.Answer{Status: 200, Reason: "OK", Proto: "HTTP/1.1", NUL: true, Malformed: "a NUL byte at offset 20 of the header"}},
		{"too large", "HTTP/1.1 200 OK\r\n" + strings.Repeat("A: "+strings.Repeat("b", 1000)+"\r\n", 300), "*",
			trace.Answer{Status: 200, Reason: "OK", Proto: "HTTP/1.1", Partial: true, TooLarge: true, Malformed: "the header of the answer is over 256 KiB"}},
	}
	for _, tt := range tests {
		whole, _ := parsed(strings.NewReader(tt.in))
		bytewise, rest := parsed(iotest.OneByteReader(strings.NewReader(tt.in)))
		for _, a := range []trace.Answer{whole, bytewise} {
			if a.Status != tt.want.Status || a.Reason != tt.want.Reason || a.Proto != tt.want.Proto ||
				a.Ended != tt.want.Ended || a.Partial != tt.want.Partial || a.TooLarge != tt.want.TooLarge || a.HTTP2 != tt.want.HTTP2 ||
				a.NUL != tt.want.NUL || !slices.Equal(a.Interim, tt.want.Interim) {
				t.Errorf("%s: got %+v", tt.name, a)
			}
			if a.Malformed != tt.want.Malformed && (tt.want.Malformed != "*" || a.Malformed == "") {
				t.Errorf("%s: malformed %q, want %q", tt.name, a.Malformed, tt.want.Malformed)
			}
			if !strings.HasPrefix(tt.in, string(a.First)) && len(tt.want.Interim) == 0 {
				t.Errorf("%s: first bytes %q", tt.name, a.First)
			}
		}
		if a := bytewise; string(rest) != tt.rest && tt.rest != "*" && a.Malformed == "" {
			t.Errorf("%s: %q follows the header, want %q", tt.name, rest, tt.rest)
		}
	}
}

// Browsers take control bytes in a value; they are kept in a form that does no harm.
func TestControlBytesInValues(t *testing.T) {
	a, _ := parsed(strings.NewReader("HTTP/1.1 302 Found\r\nLocation: https://x/\x1b[2J\r\x07\r\nA: b\tc \xfc\r\n\r\n"))
	want := http.Header{"Location": {`https://x/\x1b[2J\x0d\x07`}, "A": {"b\tc \xfc"}}
	if diff := cmp.Diff(want, a.Header); diff != "" || a.Malformed != "" {
		t.Errorf("malformed %q, header (-want +got):\n%s", a.Malformed, diff)
	}
}

// An endless header is given up within bounds.
func TestEndlessHeader(t *testing.T) {
	for _, part := range []string{"A: b\r\n", "a", "HTTP/1.1 200 OK\r\n"} {
		in := &counted{r: io.MultiReader(strings.NewReader("HTTP/1.1 200 OK\r\nX: "), &endless{part: part})}
		w := &wire{Conn: fixedConn{r: in}}
		a := trace.Answer{Alert: -1}
		readAnswer(&link{Conn: w, wire: w}, &a, new(scrubber))
		if !a.TooLarge || in.n > maxHead {
			t.Errorf("%q: %+v after %d bytes", part, a, in.n)
		}
	}
}

// endless repeats part for ever.
type endless struct {
	part string
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = e.part[e.at%len(e.part)]
		e.at++
	}
	return len(p), nil
}

type counted struct {
	r io.Reader
	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

// What net/http reads as an answer is one here too, with the same status and header.
func FuzzReadAnswer(f *testing.F) {
	f.Add([]byte("HTTP/1.1 101 Switching Protocols\r\nA: b\r\nA: c\r\n\r\n\x81\x00"))
	f.Add([]byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\n\n"))
	f.Add([]byte("\x00\x00\x00\x04\x00\x00\x00\x00\x00"))
	f.Add([]byte("SSH-2.0-x\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, _ := parsed(bytes.NewReader(b))
		slow, _ := parsed(iotest.OneByteReader(bytes.NewReader(b)))
		if a.Status != slow.Status || a.Malformed != slow.Malformed || a.Partial != slow.Partial {
			t.Fatalf("%q: at once %+v, byte by byte %+v", b, a, slow)
		}
		if len(a.First) > maxFirst {
			t.Fatalf("%d first bytes", len(a.First))
		}
		res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(b)), nil)
		if err != nil || res.StatusCode < 100 || interim(b) > 0 || bytes.IndexByte(b, 0) >= 0 || !bytes.HasPrefix(b, []byte("HTTP/")) {
			return
		}
		res.Body.Close()
		if a.Status != res.StatusCode || a.Malformed != "" || len(a.Header) < len(res.Header) {
			t.Fatalf("%q: got %+v, net/http has %d %v", b, a, res.StatusCode, res.Header)
		}
	})
}

// Browsers pass over a line without a name and read the others.
func TestLegibleFields(t *testing.T) {
	a, _ := parsed(strings.NewReader("HTTP/1.1 101 S\r\nrubbish\r\nupgrade:  websocket\r\na b: c\r\n: d\r\n\r\n"))
	if want := (http.Header{"Upgrade": {"websocket"}}); !cmp.Equal(a.Header, want) || a.Malformed == "" {
		t.Errorf("header %q, malformed %q", a.Header, a.Malformed)
	}
}
