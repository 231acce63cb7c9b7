package probe

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"ws-diagnose/plugin/trace"
)

// Bounds of an HTTP answer.
const (
	maxHead = 256 << 10
	maxBody = 1 << 10 // of the body, what is kept in an Answer
	// maxInterim is how many 1xx answers are passed over before the real one.
	maxInterim = 5
)

var (
	errNotHTTP  = errors.New("the answer is not HTTP")
	errHeadSize = fmt.Errorf("the header of the answer is over %d KiB", maxHead>>10)
)

// headReader reads the header of an HTTP answer, and no more than maxHead of it.
type headReader struct {
	buf   []byte    // what was read: the header up to end, then what followed it
	end   int       // 0 until the header is whole
	first time.Time // when the status line was in
}

// read fills h from r until the header is whole. It gives up as soon as the bytes cannot become an
// HTTP answer.
func (h *headReader) read(r io.Reader) error {
	for {
		seen := len(h.buf)
		if seen >= maxHead {
			return errHeadSize
		}
		if cap(h.buf)-seen < 512 {
			h.buf = append(make([]byte, 0, max(2<<10, 2*cap(h.buf))), h.buf...)
		}
		n, err := r.Read(h.buf[seen:min(cap(h.buf), maxHead)])
		h.buf = h.buf[:seen+n]
		if foreign(h.buf) {
			return errNotHTTP
		}
		if h.first.IsZero() && bytes.IndexByte(h.buf[seen:], '\n') >= 0 {
			h.first = time.Now()
		}
		if h.end = headEnd(h.buf, max(0, seen-3)); h.end > 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// foreign says that b is not the beginning of an HTTP answer. What may be the head of an HTTP/2
// frame is waited for until it is whole.
func foreign(b []byte) bool {
	const mark = "HTTP/"
	n := min(len(b), len(mark))
	if string(b[:n]) == mark[:n] {
		return false
	}
	return len(b) >= frameHead || b[0] != 0
}

// headEnd returns where the header ends, its blank line included; 0 when it does not yet. Like
// browsers it takes a bare LF for the end of a line.
func headEnd(b []byte, from int) int {
	for i := from; i < len(b); i++ {
		if b[i] != '\n' {
			continue
		}
		rest := b[i+1:]
		switch {
		case len(rest) > 0 && rest[0] == '\n':
			return i + 2
		case len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n':
			return i + 3
		}
	}
	return 0
}

// frameHead is the length of an HTTP/2 frame's head (RFC 9113 section 4.1).
const frameHead = 9

// isHTTP2 says whether b begins like a SETTINGS or GOAWAY frame of the connection itself, with
// which an HTTP/2 server greets (RFC 9113 section 3.4).
func isHTTP2(b []byte) bool {
	const settings, goAway = 4, 7
	return len(b) >= frameHead && b[0] == 0 && (b[3] == settings || b[3] == goAway) &&
		bytes.Equal(b[5:frameHead], make([]byte, 4))
}

// readAnswer reads an answer's header from l into a. What follows the header stays in l. Once the
// header has been judged as it came, scrubAnswer is due.
func readAnswer(l *link, a *trace.Answer, s *scrubber) {
	var h headReader
	var err error
	for {
		h = headReader{}
		if err = h.read(l); err != nil {
			break
		}
		l.pending = append(h.buf[h.end:len(h.buf):len(h.buf)], l.pending...)
		a.Read += int64(h.end)
		status := interim(h.buf[:h.end])
		if status == 0 || len(a.Interim) == maxInterim {
			break
		}
		a.Interim = append(a.Interim, status)
	}
	a.Received = h.first
	if h.end == 0 {
		a.Read += int64(len(h.buf))
	}
	if err == nil {
		err = parseHead(h.buf[:h.end], a)
	} else {
		partialHead(h.buf, err, a)
	}
	if err != nil {
		a.Error = cut(err.Error(), maxError)
		if !errors.Is(err, errNotHTTP) && !errors.Is(err, errHeadSize) && a.Malformed == "" {
			a.Ended, a.Alert = l.ending(err)
		}
	}
	first := s.bytes(h.buf[:min(len(h.buf), maxFirst+s.longest())]) // a secret must be seen whole
	a.First = bytes.Clone(first[:min(len(first), maxFirst)])
}

// interim is the status of a 1xx answer that another follows (RFC 9110 section 15.2), 0 of others.
func interim(head []byte) int {
	var a trace.Answer
	if !statusLine(head, &a) || a.Status >= 200 || a.Status == http.StatusSwitchingProtocols {
		return 0
	}
	return a.Status
}

// parseHead takes a whole header apart.
func parseHead(head []byte, a *trace.Answer) error {
	if i := bytes.IndexByte(head, 0); i >= 0 {
		a.NUL = true
		a.Malformed = fmt.Sprintf("a NUL byte at offset %d of the header", i)
		_ = statusLine(head, a)
		return errors.New(a.Malformed)
	}
	if !statusLine(head, a) {
		a.Malformed = "the first line is no status line of HTTP"
		return errors.New(a.Malformed)
	}
	// net/http's own reader would take out some headers that belong to the connection.
	_, fields, _ := bytes.Cut(head, []byte("\n"))
	header, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(escapeControls(fields)))).ReadMIMEHeader()
	if err != nil {
		a.Malformed = cut(err.Error(), maxError)
		a.Header = legible(fields)
		return err
	}
	a.Header = http.Header(header)
	return nil
}

// legible is what browsers read in a header that breaks the grammar: they pass over the lines that
// have no name.
func legible(fields []byte) http.Header {
	h := http.Header{}
	for line := range bytes.Lines(fields) {
		name, value, ok := strings.Cut(string(line), ":")
		if ok && name != "" && !strings.ContainsAny(name, " \t") {
			h.Add(name, strings.TrimSpace(value))
		}
	}
	return h
}

// escapeControls spells out the control bytes in header fields. Browsers take them in a value, and
// Go's reader does not; in a name it still refuses them, for the backslash.
func escapeControls(fields []byte) []byte {
	var b bytes.Buffer
	for i, c := range fields {
		lineEnd := c == '\n' || c == '\r' && i+1 < len(fields) && fields[i+1] == '\n'
		if (c < ' ' || c == 0x7f) && c != '\t' && !lineEnd {
			fmt.Fprintf(&b, `\x%02x`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.Bytes()
}

// partialHead notes what there is of a header that did not come whole.
func partialHead(b []byte, err error, a *trace.Answer) {
	switch {
	case errors.Is(err, errNotHTTP) || len(b) > 0 && b[0] == 0:
		a.Malformed = errNotHTTP.Error()
		a.HTTP2 = isHTTP2(b)
		if a.HTTP2 {
			a.Malformed = "an HTTP/2 frame came in answer to an HTTP/1.1 request"
		}
	case len(b) > 0:
		a.TooLarge = errors.Is(err, errHeadSize)
		a.Partial = statusLine(b, a)
	}
	if a.TooLarge {
		a.Malformed = errHeadSize.Error()
	}
}

// statusLine reads the first line of b (RFC 9112 section 4); false when it is none.
func statusLine(b []byte, a *trace.Answer) bool {
	line, _, _ := bytes.Cut(b, []byte("\n"))
	proto, rest, ok := strings.Cut(strings.TrimRight(cut(string(line), maxError), "\r"), " ")
	code, reason, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
	status, err := strconv.Atoi(code)
	if _, _, http := http.ParseHTTPVersion(proto); !ok || !http || err != nil || len(code) != 3 || status < 100 {
		return false
	}
	a.Status, a.Proto, a.Reason = status, proto, reason
	return true
}

// scrubAnswer takes the secrets out of what the server said.
func scrubAnswer(a *trace.Answer, s *scrubber) {
	if s.longest() == 0 {
		return
	}
	a.Reason, a.Malformed, a.Error = s.text(a.Reason), s.text(a.Malformed), s.text(a.Error)
	for i := range a.Faults {
		a.Faults[i].Got = s.text(a.Faults[i].Got)
	}
	for name, values := range a.Header {
		for i := range values {
			values[i] = s.text(values[i])
		}
		if clean := s.text(name); clean != name {
			delete(a.Header, name)
			a.Header[clean] = values
		}
	}
}
