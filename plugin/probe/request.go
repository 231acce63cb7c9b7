package probe

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"ws-diagnose/plugin/trace"
)

// upgradeRequest is what differs from one upgrade request to the next.
type upgradeRequest struct {
	key    string // Sec-WebSocket-Key
	origin string
	creds  Credentials
}

// newKey is a fresh Sec-WebSocket-Key (RFC 6455 section 4.1).
func newKey() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.StdEncoding.EncodeToString(b[:])
}

// agent is the value of the User-Agent header.
func (w *walk) agent() string {
	if v := headerValue(w.opts.Version); v != "" {
		return "ws-diagnose/" + v
	}
	return "ws-diagnose"
}

// host is the value of the Host header: without the scheme's own port, as browsers write it.
func (w *walk) host() string {
	t := &w.target
	name, own := asciiName(t.Host), 80
	if t.Secure() {
		own = 443
	}
	whole := net.JoinHostPort(name, strconv.Itoa(t.Port))
	if t.Port == own {
		return strings.TrimSuffix(whole, ":"+strconv.Itoa(own))
	}
	return whole
}

// path is the request target of the upgrade; bytes that may not stand in one are escaped.
func (w *walk) path() string {
	var b strings.Builder
	if !strings.HasPrefix(w.target.Path, "/") {
		b.WriteByte('/')
	}
	for _, c := range []byte(w.target.Path) {
		if c <= ' ' || c >= 0x7f {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// headerValue drops what would break out of a header's line.
func headerValue(s string) string {
	return strings.Map(func(r rune) rune {
		if isControl(r) {
			return -1
		}
		return r
	}, s)
}

// ask sends an upgrade request over l and reads the answer into a. It offers no extension and no
// subprotocol.
func (w *walk) ask(l *link, r upgradeRequest, a *trace.Answer) {
	var b strings.Builder
	b.WriteString("GET " + w.path() + " HTTP/1.1\r\nHost: " + w.host() +
		"\r\nConnection: Upgrade\r\nPragma: no-cache\r\nCache-Control: no-cache\r\nUser-Agent: " + w.agent() +
		"\r\nUpgrade: websocket\r\n")
	if origin := headerValue(r.origin); origin != "" {
		b.WriteString("Origin: " + origin + "\r\n")
	}
	if auth := r.creds.header(); auth != "" {
		b.WriteString("Authorization: " + auth + "\r\n")
	}
	b.WriteString("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + r.key + "\r\n\r\n")
	a.Origin, a.Token = r.origin, r.creds.header() != ""
	w.send(l, b.String(), a)
	if a.Status == http.StatusSwitchingProtocols && a.Malformed == "" && !a.Partial {
		a.Faults = judge(a, r.key)
	} else {
		w.readBody(l, a)
	}
	scrubAnswer(a, w.secret)
}

// send writes a request and reads the header of its answer.
func (w *walk) send(l *link, request string, a *trace.Answer) {
	a.Alert = -1
	_, err := io.WriteString(l, request)
	a.Sent = err == nil
	begin := time.Now()
	// After a failed write there may still be an answer, or an alert, to be read.
	readAnswer(l, a, w.secret)
	a.Duration = time.Since(begin)
	if err != nil && a.Status == 0 && a.Ended != trace.EndAlert {
		a.Error = cut(err.Error(), maxError)
		if a.Ended == trace.EndNone || a.Ended == trace.EndError {
			a.Ended, _ = l.ending(err)
		}
	}
}

// bodyTime is how long the body of a refusal is waited for: it is only for people.
const bodyTime = 500 * time.Millisecond

// readBody reads the first bytes of the body of an answer that is no 101.
func (w *walk) readBody(l *link, a *trace.Answer) {
	if a.Status == 0 || a.Malformed != "" || a.Partial {
		return
	}
	_ = l.wire.SetReadDeadline(time.Now().Add(bodyTime))
	// A secret that crosses the cut must be seen whole.
	b, _ := io.ReadAll(io.LimitReader(body(l, a), int64(maxBody+w.secret.longest())))
	a.Read += int64(len(b))
	b = w.secret.bytes(b)
	a.Body = b[:min(len(b), maxBody)]
}

// body is the body of the answer a, whose header has been read from l.
func body(l *link, a *trace.Answer) io.Reader {
	if n, err := strconv.ParseInt(a.Header.Get("Content-Length"), 10, 64); err == nil && n >= 0 {
		return io.LimitReader(l, n)
	}
	return l
}

// request sends the upgrade request and reads the answer.
func (w *walk) request(ctx context.Context) error {
	w.conn.until(ctx)
	h := &trace.HTTP{Answer: trace.Answer{Alert: -1}}
	w.tr.HTTP = h
	w.key = newKey()
	r := upgradeRequest{key: w.key, origin: w.target.Origin, creds: w.credentials(ctx, w.conn, w.firstHandshake())}
	w.ask(w.conn, r, &h.Answer)
	return answerWhy(&h.Answer)
}

func (w *walk) firstHandshake() *trace.Handshake {
	if w.tr.TLS == nil {
		return nil
	}
	return &w.tr.TLS.Handshake
}

// credentials asks what may be sent to the peer of l.
func (w *walk) credentials(ctx context.Context, l *link, h *trace.Handshake) Credentials {
	if w.opts.Credentials == nil {
		return Credentials{}
	}
	c := w.opts.Credentials(w.peer(ctx, l, h))
	w.secret.add(c)
	return c
}

// answerWhy says why an answer is none, nil when it is well-formed.
func answerWhy(a *trace.Answer) error {
	switch {
	case a.TooLarge, a.Malformed != "":
		return errors.New(a.Malformed)
	case a.Ended == trace.EndTimeout && a.Partial:
		return errors.New("the header of the answer did not end in time")
	case a.Ended == trace.EndTimeout:
		return errors.New("the upgrade request was not answered in time")
	case a.Ended == trace.EndAlert:
		return fmt.Errorf("TLS alert %d instead of an answer", a.Alert)
	case a.Status == 0 || a.Partial:
		return fmt.Errorf("the connection ended instead of an answer (%s)", a.Ended)
	}
	return nil
}
