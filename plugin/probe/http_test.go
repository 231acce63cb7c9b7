package probe

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"ws-diagnose/plugin/trace"
)

// answering reads a request and answers with text.
func answering(text string) func(net.Conn) {
	return func(c net.Conn) {
		if readRequest(c) != nil {
			_, _ = io.WriteString(c, text)
		}
	}
}

func TestAnswers(t *testing.T) {
	tests := []struct {
		name, answer  string
		http, upgrade trace.Outcome
		status        int
		body          string
	}{
		{"not switched", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi and more", trace.OK, trace.Failed, 200, "hi"},
		{"bad gateway", "HTTP/1.1 502 Bad Gateway\r\n\r\n" + strings.Repeat("x", 5000), trace.OK, trace.Failed, 502, strings.Repeat("x", maxBody)},
		{"redirect", "HTTP/1.1 302 Found\r\nLocation: https://x/\r\nContent-Length: 0\r\n\r\n", trace.OK, trace.Failed, 302, ""},
		{"wrong 101", "HTTP/1.1 101 Switching Protocols\r\n\r\n", trace.OK, trace.Failed, 101, ""},
		{"no HTTP", "220 mail ESMTP\r\n", trace.Failed, trace.Skipped, 0, ""},
		{"nothing", "", trace.Failed, trace.Skipped, 0, ""},
		{"half a header", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n", trace.Failed, trace.Skipped, 101, ""},
		{"10 MiB of header", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: "+strings.Repeat("y", 1000)+"\r\n", 10<<10), trace.Failed, trace.Skipped, 200, ""},
	}
	for _, tt := range tests {
		for _, scheme := range []string{"ws", "wss"} {
			address := serve(t, answering(tt.answer))
			if scheme == "wss" {
				address = serveTLS(t, server(selfSigned(t, nil)), func(c *tls.Conn) { answering(tt.answer)(c) })
			}
			tr := check(t, plainTarget(t, scheme, address), Options{Timeout: 5 * time.Second})
			outcomes(t, tr, map[trace.StageName]trace.Outcome{trace.StageHTTP: tt.http, trace.StageUpgrade: tt.upgrade, trace.StagePing: trace.Skipped})
			a := tr.HTTP
			if a.Status != tt.status || string(a.Body) != tt.body || !a.Sent || a.Origin != "https://portal.example" {
				t.Errorf("%s over %s: status %d, body %.40q, sent %v, origin %q", tt.name, scheme, a.Status, a.Body, a.Sent, a.Origin)
			}
			if len(a.Retries) > 0 && a.Status/100 != 4 {
				t.Errorf("%s: retries %+v", tt.name, a.Retries)
			}
		}
	}
}

func TestOriginRefused(t *testing.T) {
	for answer, again := range map[string]bool{
		"403 Forbidden": true, "404 Not Found": true, "400 Bad Request": true, "401 Unauthorized": true,
		"401 Unauthorized\r\nWWW-Authenticate: Basic": false, "429 Too Many Requests": false, "503 Service Unavailable": false,
	} {
		tr := check(t, plainTarget(t, "ws", serve(t, func(c net.Conn) {
			switch r := readRequest(c); {
			case r == nil:
			case r.Header.Get("Origin") != "":
				_, _ = io.WriteString(c, "HTTP/1.1 "+answer+"\r\nContent-Length: 0\r\n\r\n")
			default:
				switching(c, r)
			}
		})), Options{})
		outcomes(t, tr, map[trace.StageName]trace.Outcome{trace.StageHTTP: trace.OK, trace.StageUpgrade: trace.Failed})
		r := tr.HTTP.Retries
		if len(r) > 0 != again || again && (r[0].Change != trace.ChangeNoOrigin || !r[0].Switched() || r[0].Origin != "") {
			t.Errorf("%q: retries %+v", answer, r)
		}
	}
}

// The request is a browser's, and nothing in a target breaks out of its line.
func TestRequest(t *testing.T) {
	requests := make(chan *http.Request, 1)
	address := serve(t, func(c net.Conn) {
		if r := readRequest(c); r != nil {
			requests <- r
			switching(c, r)
		}
	})
	target := plainTarget(t, "ws", address)
	target.Path, target.Origin = "/a b\r\nX-Evil: 1", "https://x\r\nX-Evil: 2"
	check(t, target, Options{Version: "1.2\r\nX-Evil: 3"})
	r := <-requests
	if r.Header.Get("X-Evil") != "" || r.URL.Path != "/a b\r\nX-Evil: 1" || r.Host != address {
		t.Errorf("request %q to %q with %v", r.URL, r.Host, r.Header)
	}
	for name, want := range map[string]string{
		"Upgrade": "websocket", "Connection": "Upgrade", "Sec-Websocket-Version": "13", "Sec-Websocket-Extensions": "",
		"Sec-Websocket-Protocol": "", "User-Agent": "ws-diagnose/1.2X-Evil: 3", "Authorization": "",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestHostHeader(t *testing.T) {
	for in, want := range map[string]string{
		"wss://Host.Example": "host.example", "wss://host:8092": "host:8092", "ws://host": "host", "ws://host:443": "host:443",
		"wss://[::1]:8092": "[::1]:8092", "wss://[::1]": "[::1]", "wss://bücher.example": "xn--bcher-kva.example",
	} {
		target, err := ParseTarget(in, true)
		if err != nil {
			t.Fatal(err)
		}
		if got := newWalk(t.Context(), target, Options{}).host(); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

// How the connection ends instead of an answer.
func TestEndings(t *testing.T) {
	t.Parallel()
	config := server(selfSigned(t, nil))
	tests := []struct {
		name   string
		handle func(raw net.Conn, c *tls.Conn)
		want   trace.Ending
	}{
		{"FIN", func(raw net.Conn, c *tls.Conn) { readRequest(c) }, trace.EndFIN},
		{"close_notify", func(raw net.Conn, c *tls.Conn) { readRequest(c); c.Close() }, trace.EndCloseNotify},
		{"reset", func(raw net.Conn, c *tls.Conn) { readRequest(c); reset(raw) }, trace.EndRST},
		{"silence", func(raw net.Conn, c *tls.Conn) { hang(c) }, trace.EndTimeout},
	}
	for _, tt := range tests {
		address := serve(t, func(raw net.Conn) {
			if c := tls.Server(raw, config); c.Handshake() == nil {
				tt.handle(raw, c)
			}
		})
		tr := check(t, plainTarget(t, "wss", address), Options{Timeout: 8 * time.Second})
		if a := tr.HTTP; a.Ended != tt.want || a.Alert != -1 || a.Error == "" {
			t.Errorf("%s: %+v", tt.name, a.Answer)
		}
		outcomes(t, tr, map[trace.StageName]trace.Outcome{trace.StageCertificate: trace.OK, trace.StageHTTP: trace.Failed})
	}
}
