package emulator_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"ws-diagnose/tests/emulator"
	"ws-diagnose/tests/emulator/emutest"
)

// exchange is one line of the transcript of a real server.
type exchange struct {
	Step, Method, Path, Auth string
	Body, Answer             any
	Status                   int
	Headers                  map[string]string
	Frames                   []string
}

// TestReplay asks the emulator, as an old server, everything that a real server of the 3.8 line
// was asked, and expects the same answers. Left out of the comparison is only what no two servers
// share: tokens, addresses, ports, times, sizes, the version, and the list of scopes, which the
// transcript itself leaves out.
func TestReplay(t *testing.T) {
	e := emutest.Start(t, emulator.Options{Old: true})
	r := &replay{t: t, e: e, recorder: buildRecorder(t), token: e.Token(time.Hour),
		client: &http.Client{
			Transport:     &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}}
	t.Cleanup(r.client.CloseIdleConnections)
	steps := readTranscript(t)
	if len(steps) != 45 {
		t.Fatalf("%d exchanges in the transcript, want 45", len(steps))
	}
	for _, x := range steps {
		if x.Step == "event while registered" {
			r.event = x // the socket that hears it comes with the next step
		}
		t.Run(x.Step, func(t *testing.T) {
			r.t = t
			switch {
			case x.Frames != nil:
				r.frames(x)
			case x.Path == "/api/v3/ws" || strings.HasPrefix(x.Path, "/api/v3/ws?"):
				r.handshake(x)
			default:
				r.request(x)
			}
		})
	}
}

func readTranscript(t *testing.T) []exchange {
	f, err := os.Open("testdata/transcript.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var steps []exchange
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var x exchange
		if err := json.Unmarshal(lines.Bytes(), &x); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, x)
	}
	return steps
}

// replay asks one endpoint.
type replay struct {
	t        *testing.T
	e        *emulator.Endpoint
	client   *http.Client
	token    string
	recorder string // the provider's binary
	event    exchange
}

// body is what a step sends. The transcript does not hold the two uploads: a provider, and a
// program that is none.
func (r *replay) body(x exchange) io.Reader {
	switch {
	case x.Step == "upload a provider":
		raw, err := os.ReadFile(r.recorder)
		if err != nil {
			r.t.Fatal(err)
		}
		return struct{ io.Reader }{bytes.NewReader(raw)} // chunked, as drpcli sends it
	case x.Step == "upload something that is no provider":
		return strings.NewReader("#!/bin/sh\nexit 1\n")
	case x.Body == nil:
		return nil
	}
	raw, _ := json.Marshal(x.Body)
	return bytes.NewReader(raw)
}

// path is a step's path with a token of this endpoint in it.
func (r *replay) path(x exchange) string {
	return strings.NewReplacer("<token>=", r.token, "<token>", r.token).Replace(x.Path)
}

func (r *replay) do(x exchange) (*http.Response, []byte) {
	req, err := http.NewRequest(x.Method, r.e.URL()+r.path(x), r.body(x))
	if err != nil {
		r.t.Fatal(err)
	}
	switch x.Auth {
	case "basic":
		req.SetBasicAuth(r.e.Username(), r.e.Password())
	case "bad-basic":
		req.SetBasicAuth(r.e.Username(), "wrong")
	case "bearer":
		req.Header.Set("Authorization", "Bearer "+r.token)
	case "bad-bearer":
		req.Header.Set("Authorization", "Bearer wrong")
	}
	resp, err := r.client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp, answer
}

// request replays a plain exchange.
func (r *replay) request(x exchange) {
	resp, raw := r.do(x)
	r.compareHead(x, resp)
	var got any
	if json.Unmarshal(raw, &got) != nil {
		got = string(raw)
	}
	if diff := cmp.Diff(normal(x.Answer), normal(got)); diff != "" {
		r.t.Errorf("answer (-real server +emulator):\n%s", diff)
	}
}

func (r *replay) compareHead(x exchange, resp *http.Response) {
	if resp.StatusCode != x.Status {
		r.t.Errorf("status %d, the real server's is %d", resp.StatusCode, x.Status)
	}
	for name, want := range x.Headers {
		if got := resp.Header.Get(name); got != want {
			r.t.Errorf("%s: %q, the real server's is %q", name, got, want)
		}
	}
}

// own is what no two servers share.
var own = map[string]bool{"Token": true, "Time": true, "address": true, "arch": true, "api_port": true, "file_port": true,
	"id": true, "os": true, "scopes": true, "size": true, "version": true}

// normal replaces, at any depth, the values that are a server's own.
func normal(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			if v[key] = normal(value); own[key] {
				v[key] = fmt.Sprintf("%T", value)
			}
		}
	case []any:
		for i := range v {
			v[i] = normal(v[i])
		}
	}
	return v
}

// dial opens the socket of a step; the answer to the handshake comes with an error as well.
func (r *replay) dial(x exchange, header http.Header) (*websocket.Conn, *http.Response, error) {
	d := websocket.Dialer{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, HandshakeTimeout: 10 * time.Second}
	conn, resp, err := d.Dial(strings.Replace(r.e.URL(), "https", "wss", 1)+r.path(x), header)
	if resp == nil {
		r.t.Fatal(err)
	}
	if conn != nil {
		r.t.Cleanup(func() { conn.Close() })
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	}
	return conn, resp, err
}

// handshake replays an upgrade: its status, headers and the error a client reports.
func (r *replay) handshake(x exchange) {
	header := http.Header{}
	if x.Step == "socket with a bad token" {
		header.Set("Authorization", "Bearer wrong")
	}
	_, resp, err := r.dial(x, header)
	r.compareHead(x, resp)
	if x.Answer != nil && (err == nil || err.Error() != x.Answer) {
		r.t.Errorf("error %v, with the real server %q", err, x.Answer)
	}
}

// frames replays a conversation over a socket, frame by frame.
func (r *replay) frames(x exchange) {
	conn, resp, err := r.dial(x, http.Header{"Authorization": {"Bearer " + r.token}})
	if err != nil {
		r.t.Fatal(err)
	}
	r.compareHead(x, resp)
	pongs := make(chan string, 1)
	conn.SetPongHandler(func(data string) error { pongs <- data; return nil })
	for _, frame := range x.Frames {
		direction, what, _ := strings.Cut(frame, " ")
		if direction == ">" {
			r.send(conn, what)
			continue
		}
		if strings.Contains(what, `"Key":"n2"`) {
			r.do(r.event)
		}
		if want, isPong := strings.CutPrefix(what, "pong "); isPong {
			// Pongs are seen while reading; the next read ends with the close frame.
			_, _, err = conn.ReadMessage()
			r.comparePong(want, pongs)
			continue
		}
		var text []byte
		if err == nil {
			_, text, err = conn.ReadMessage()
		}
		r.compareFrame(what, text, err)
	}
}

func (r *replay) comparePong(want string, pongs <-chan string) {
	select {
	case got := <-pongs:
		if fmt.Sprintf("%q", got) != want {
			r.t.Errorf("pong %q, want %s", got, want)
		}
	default:
		r.t.Error("no pong before the end")
	}
}

func (r *replay) send(conn *websocket.Conn, what string) {
	deadline := time.Now().Add(10 * time.Second)
	text, isText := strings.CutPrefix(what, "1 ")
	var err error
	switch {
	case text == "513 bytes":
		err = conn.WriteMessage(websocket.TextMessage, bytes.Repeat([]byte("x"), 513))
	case isText:
		err = conn.WriteMessage(websocket.TextMessage, []byte(text))
	case what == `ping "abc"`:
		err = conn.WriteControl(websocket.PingMessage, []byte("abc"), deadline)
	case what == "close 1000 bye":
		err = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, "bye"), deadline)
	default:
		r.t.Fatalf("do not know how to send %q", what)
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// compareFrame compares a text frame, or the error that the end of the socket gives.
func (r *replay) compareFrame(want string, text []byte, err error) {
	if err != nil {
		if err.Error() != want {
			r.t.Errorf("end %q, with the real server %q", err, want)
		}
		return
	}
	var a, b any
	if json.Unmarshal([]byte(strings.TrimPrefix(want, "1 ")), &a) != nil || json.Unmarshal(text, &b) != nil {
		r.t.Fatalf("frame %q, want %q", text, want)
	}
	if diff := cmp.Diff(normal(a), normal(b)); diff != "" {
		r.t.Errorf("frame (-real server +emulator):\n%s", diff)
	}
}
