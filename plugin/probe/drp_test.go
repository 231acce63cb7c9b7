package probe

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"ws-diagnose/plugin/cert"
	"ws-diagnose/plugin/trace"
)

// echoServer is a right websocket server without TLS.
func echoServer(c net.Conn) { wsServer(c, func(ws *websocket.Conn) { readAll(ws) }) }

// readAll reads until the socket ends; gorilla answers pings and closes meanwhile.
func readAll(ws *websocket.Conn) {
	for {
		if _, _, err := ws.ReadMessage(); err != nil {
			return
		}
	}
}

// wsServer upgrades c and runs talk over it.
func wsServer(c net.Conn, talk func(*websocket.Conn)) {
	br := bufio.NewReader(c)
	r, err := http.ReadRequest(br)
	if err != nil {
		return
	}
	u := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	ws, err := u.Upgrade(&hijacked{c, bufio.NewReadWriter(br, bufio.NewWriter(c))}, r, nil)
	if err == nil {
		talk(ws)
	}
}

// hijacked is a ResponseWriter that gives its connection away.
type hijacked struct {
	c  net.Conn
	rw *bufio.ReadWriter
}

func (h *hijacked) Header() http.Header         { return http.Header{} }
func (h *hijacked) Write(p []byte) (int, error) { return h.c.Write(p) }
func (h *hijacked) WriteHeader(int)             {}
func (h *hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.c, h.rw, nil
}

// drp is a small DRP endpoint: token, register and ack, events, info.
type drp struct {
	token           string
	noAck, noEvents bool
	closeEach       bool // every answer ends its connection
	postStatus      int
	say             string // put into every answer

	mu      sync.Mutex
	sockets []*websocket.Conn
	filters []string
	tokens  []string // Authorization headers seen
}

func (d *drp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	auth := r.Header.Get("Authorization")
	d.mu.Lock()
	d.tokens = append(d.tokens, auth)
	d.mu.Unlock()
	w.Header().Set("X-Said", d.say+auth)
	if d.closeEach && r.URL.Path != "/api/v3/ws" {
		w.Header().Set("Connection", "close")
	}
	switch {
	case auth == "":
		w.Header().Set("WWW-Authenticate", "dr-provision")
		w.WriteHeader(http.StatusUnauthorized)
	case auth != "Bearer "+d.token:
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "no rights for "+auth)
	case r.URL.Path == "/api/v3/info":
		_, _ = io.WriteString(w, `{"id":"de:ad","version":"v4.11.3","address":"10.0.0.5","api_port":8092,"secure_file_port":8090,`+
			`"extra_api_ports":[9092],"features":["api-v3","`+auth+`"]}`)
	case r.URL.Path == "/api/v3/events":
		d.event(w, r)
	case r.URL.Path == "/api/v3/ws":
		d.socket(w, r)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (d *drp) event(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	if d.postStatus != 0 {
		w.WriteHeader(d.postStatus)
		return
	}
	w.WriteHeader(http.StatusNoContent)
	if d.noEvents {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, ws := range d.sockets {
		_ = ws.WriteMessage(websocket.TextMessage, b)
	}
}

func (d *drp) socket(w http.ResponseWriter, r *http.Request) {
	u := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	ws, err := u.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer ws.Close()
	for {
		_, b, err := ws.ReadMessage()
		if err != nil {
			return
		}
		filter, _ := strings.CutPrefix(string(b), "register ")
		d.mu.Lock()
		d.filters = append(d.filters, filter)
		d.sockets = append(d.sockets, ws)
		if !d.noAck {
			for range 500 { // more than anything would keep for later
				_ = ws.WriteMessage(websocket.TextMessage, []byte(`{"Type":"machines","Action":"update","Key":"noise"}`))
			}
			_ = ws.WriteMessage(websocket.TextMessage, []byte("no JSON"))
			_ = ws.WriteJSON(map[string]string{"Type": "websocket", "Action": "register", "Key": filter})
		}
		d.mu.Unlock()
	}
}

// start runs d over TLS and returns its target.
func (d *drp) start(t testing.TB) trace.Target {
	t.Helper()
	s := httptest.NewTLSServer(d)
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	target, err := ParseTarget(s.URL, false)
	if err != nil {
		t.Fatal(err)
	}
	target.Origin = "https://portal.example"
	return target
}

func sendAlways(c Credentials) func(Peer) Credentials {
	return func(Peer) Credentials { return c }
}

func TestDRP(t *testing.T) {
	d := &drp{token: "sesame-token"}
	tr := check(t, d.start(t), Options{Credentials: sendAlways(Credentials{Token: d.token})})
	for _, s := range tr.Stages {
		if s.Outcome != trace.OK {
			t.Errorf("stage %s is %s: %s", s.Name, s.Outcome, s.Why)
		}
	}
	if len(d.filters) != 1 || strings.Count(d.filters[0], ".") != 2 || len("register "+d.filters[0]) > 512 {
		t.Errorf("registered %q", d.filters)
	}
	s := tr.Socket
	if !s.Register.Answered || s.Register.Took <= 0 || !s.Event.Arrived || s.Event.Status != 204 || s.Event.Took <= 0 ||
		!s.Ping.Answered || !s.Close.Answered || s.Close.Code != 1000 {
		t.Errorf("socket %+v", s)
	}
	if s.End != nil || len(s.Faults) > 0 || s.Messages != 503 || len(s.Frames) < 6 {
		t.Errorf("end %+v, faults %v, %d messages, %d frames", s.End, s.Faults, s.Messages, len(s.Frames))
	}
	if i := tr.Info; i == nil || i.Version != "v4.11.3" || i.SecureFilePort != 8090 {
		t.Errorf("info %+v", tr.Info)
	}
}

// Whatever the server does, the token and the password are in no trace.
// A proxy may close the connection after each answer (HAProxy: option httpclose): no fault of a websocket's.
func TestAnswersThatClose(t *testing.T) {
	d := &drp{token: "sesame", closeEach: true}
	tr := check(t, d.start(t), Options{Credentials: sendAlways(Credentials{Token: "sesame"})})
	if s := tr.Stage(trace.StageEvent); s.Outcome != trace.OK || tr.Info == nil {
		t.Errorf("event: %+v, info %+v", s, tr.Info)
	}
}

func TestTokenIsNotRecorded(t *testing.T) {
	t.Parallel()
	const token = "sesame-token"
	for name, d := range map[string]*drp{
		"taken":        {token: token, say: "you said "},
		"refused":      {token: "other", say: "you said "},
		"events fail":  {token: token, postStatus: 403},
		"unregistered": {token: token, noAck: true},
	} {
		t.Run(name, func(t *testing.T) {
			tr := check(t, d.start(t), Options{Credentials: sendAlways(Credentials{Token: token}), Timeout: 6 * time.Second})
			tr.Certificate, tr.TLS.Raw = nil, nil
			b, err := json.Marshal(tr)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(b), "sesame") {
				t.Errorf("the trace carries the token:\n%s", b)
			}
			if len(d.tokens) == 0 || d.tokens[0] != "Bearer "+token {
				t.Errorf("sent %q", d.tokens)
			}
		})
	}
}

// A secret that looks like a part of a right answer does not make the answer a wrong one.
func TestSecretLikeAHeader(t *testing.T) {
	for _, word := range []string{"websocket", "Upgrade-me"} {
		target := plainTarget(t, "ws", serve(t, echoServer))
		tr := check(t, target, Options{Credentials: sendAlways(Credentials{User: "u", Password: word})})
		outcomes(t, tr, map[trace.StageName]trace.Outcome{trace.StageUpgrade: trace.OK})
	}
}

func TestUnauthorized(t *testing.T) {
	d := &drp{token: "sesame-token"}
	tr := check(t, d.start(t), Options{})
	outcomes(t, tr, map[trace.StageName]trace.Outcome{
		trace.StageHTTP: trace.OK, trace.StageUpgrade: trace.Failed, trace.StageRegister: trace.Skipped,
	})
	if h := tr.HTTP; h.Status != 401 || h.Token || len(h.Retries) != 0 {
		t.Errorf("answer %+v", h)
	}
}

// A dead token: the upgrade is asked for again without it and without Origin, and the info with it.
func TestForbidden(t *testing.T) {
	d := &drp{token: "other"}
	tr := check(t, d.start(t), Options{Credentials: sendAlways(Credentials{Token: "sesame-token"})})
	h := tr.HTTP
	if h.Status != 403 || !h.Token || string(h.Body) != "no rights for Bearer [redacted]" {
		t.Errorf("answer %+v, body %q", h.Answer, h.Body)
	}
	want := map[string]int{trace.ChangeNoOrigin: 403, trace.ChangeNoToken: 401, trace.ChangeInfo: 403}
	for _, r := range h.Retries {
		if want[r.Change] != r.Status || r.Token != (r.Change != trace.ChangeNoToken) || (r.Origin == "") != (r.Change != trace.ChangeNoToken) {
			t.Errorf("%s: %+v", r.Change, r)
		}
		delete(want, r.Change)
	}
	if len(want) > 0 {
		t.Errorf("not asked again: %v", want)
	}
	if tr.Info != nil {
		t.Errorf("info %+v", tr.Info)
	}
}

// A server that asks for patience is not asked again.
func TestTooManyRequests(t *testing.T) {
	target := plainTarget(t, "ws", serve(t, func(c net.Conn) {
		if readRequest(c) != nil {
			_, _ = io.WriteString(c, "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n")
		}
	}))
	target.Plain = false
	tr := check(t, target, Options{Credentials: sendAlways(Credentials{Token: "sesame-token"})})
	if h := tr.HTTP; h.Status != 429 || !h.Token || len(h.Retries) != 0 {
		t.Errorf("answer %+v", h)
	}
}

// The gate is asked for every connection, and its No is kept.
func TestGate(t *testing.T) {
	d := &drp{token: "sesame-token"}
	target := d.start(t)
	var peers []Peer
	tr := check(t, target, Options{Credentials: func(p Peer) Credentials {
		peers = append(peers, p)
		if len(peers) > 1 {
			return Credentials{}
		}
		return Credentials{Token: d.token}
	}})
	outcomes(t, tr, map[trace.StageName]trace.Outcome{trace.StageRegister: trace.OK, trace.StageEvent: trace.Failed, trace.StagePing: trace.OK})
	if tr.Socket.Event.Status != 401 || tr.Info != nil {
		t.Errorf("event %+v, info %+v", tr.Socket.Event, tr.Info)
	}
	if len(peers) != 2 || peers[0] != peers[1] || !peers[0].Loopback || peers[0].Verified || len(peers[0].SHA256) != 64 {
		t.Errorf("peers %+v", peers)
	}
	if peers[0].SHA256 != tr.Certificate.Leaf.SHA256 {
		t.Errorf("fingerprint %s, certificate %s", peers[0].SHA256, tr.Certificate.Leaf.SHA256)
	}
}

// A peer is verified when its certificate is trusted and covers the name that is spoken to.
func TestVerifiedPeer(t *testing.T) {
	pair := selfSigned(t, nil)
	roots, err := cert.LoadRoots(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}))
	if err != nil {
		t.Fatal(err)
	}
	address := serveTLS(t, server(pair), func(c *tls.Conn) { echoServer(c) })
	for _, tt := range []struct {
		serverName string
		names      []string
		roots      *cert.Roots
		want       bool
	}{
		{"", nil, roots, true},
		{"", []string{"another.example"}, roots, true}, // what users type is not what is spoken to here
		{"localhost", nil, roots, true},
		{"another.example", nil, roots, false},
		{"", nil, nil, false},
	} {
		target := plainTarget(t, "wss", address)
		target.ServerName, target.Names = tt.serverName, tt.names
		var peer Peer
		check(t, target, Options{Roots: tt.roots, Credentials: func(p Peer) Credentials { peer = p; return Credentials{} }})
		if peer.Verified != tt.want || !peer.Loopback {
			t.Errorf("spoken to as %q: %+v, want verified %v", tt.serverName, peer, tt.want)
		}
	}
}

func TestNoAck(t *testing.T) {
	t.Parallel()
	d := &drp{token: "sesame-token", noAck: true}
	tr := check(t, d.start(t), Options{Credentials: sendAlways(Credentials{Token: d.token}), Timeout: 8 * time.Second})
	outcomes(t, tr, map[trace.StageName]trace.Outcome{
		trace.StageRegister: trace.Failed, trace.StageEvent: trace.Skipped, trace.StagePing: trace.OK, trace.StageClose: trace.OK,
	})
	if r := tr.Socket.Register; !r.Sent || r.Answered || r.Error == "" {
		t.Errorf("register %+v", r)
	}
}

func TestNoEvent(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]*drp{
		"swallowed": {token: "sesame-token", noEvents: true},
		"refused":   {token: "sesame-token", postStatus: 403},
	} {
		t.Run(name, func(t *testing.T) {
			tr := check(t, d.start(t), Options{Credentials: sendAlways(Credentials{Token: d.token}), Timeout: 8 * time.Second})
			outcomes(t, tr, map[trace.StageName]trace.Outcome{trace.StageEvent: trace.Failed, trace.StagePing: trace.OK, trace.StageClose: trace.OK})
			e := tr.Socket.Event
			if want := map[bool]int{true: 204, false: 403}[d.noEvents]; e.Status != want || e.Arrived || e.Error == "" {
				t.Errorf("event %+v", e)
			}
		})
	}
}

func FuzzParseInfo(f *testing.F) {
	f.Add([]byte(`{"version":"v4.11.3","address":"10.0.0.5","secure_file_port":8090}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		info, err := parseInfo(b)
		if err == nil && (len(info.Version) > 256 || len(info.Address) > 256) {
			t.Fatalf("%+v", info)
		}
	})
}

func TestParseInfo(t *testing.T) {
	info, err := parseInfo([]byte(`{"Version":"v4.11.3","Address":"10.0.0.5","Secure_File_Port":8090,"features":["a"]}`))
	if want := (trace.Info{Version: "v4.11.3", Address: "10.0.0.5", SecureFilePort: 8090}); err != nil || *info != want {
		t.Errorf("%+v, %v", info, err)
	}
	for _, in := range []string{"", "null[", "[]", `"x"`, `{"secure_file_port":"x"}`} {
		if _, err := parseInfo([]byte(in)); err == nil {
			t.Errorf("%q is taken for an info object", in)
		}
	}
}
