package emulator_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	coder "github.com/coder/websocket"
	"github.com/gorilla/websocket"
	"gitlab.com/rackn/provision/v4/models"

	"ws-diagnose/tests/emulator"
	"ws-diagnose/tests/emulator/emutest"
)

// socket is a websocket client of an endpoint.
type socket struct {
	*websocket.Conn
	t *testing.T
}

// dialSocket opens a socket with a token; an answer that is no 101 is the error.
func dialSocket(t *testing.T, e *emulator.Endpoint, token string) (*socket, *http.Response, error) {
	t.Helper()
	d := websocket.Dialer{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, HandshakeTimeout: 10 * time.Second}
	conn, resp, err := d.Dial("wss://"+e.Addr()+"/api/v3/ws", http.Header{"Authorization": {"Bearer " + token}})
	if err != nil {
		return nil, resp, err
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	return &socket{conn, t}, resp, nil
}

func openSocket(t *testing.T, e *emulator.Endpoint) *socket {
	t.Helper()
	s, _, err := dialSocket(t, e, e.Token(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *socket) say(text string) {
	s.t.Helper()
	if err := s.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		s.t.Fatal(err)
	}
}

// hear reads the next event.
func (s *socket) hear() models.Event {
	s.t.Helper()
	var ev models.Event
	if err := s.ReadJSON(&ev); err != nil {
		s.t.Fatal(err)
	}
	return ev
}

// register registers and reads the ack.
func (s *socket) register(filter string) {
	s.t.Helper()
	s.say("register " + filter)
	if ack := s.hear(); ack.Type != "websocket" || ack.Action != "register" || ack.Key != filter {
		s.t.Fatalf("ack: %+v", ack)
	}
}

// ending reads to the end and returns the close code, 1006 for none.
func (s *socket) ending() int {
	s.t.Helper()
	for {
		if _, _, err := s.ReadMessage(); err != nil {
			if end, ok := errors.AsType[*websocket.CloseError](err); ok {
				return end.Code
			}
			s.t.Fatalf("not an end of the socket: %v", err)
		}
	}
}

// TestSocketWithAnotherLibrary talks to the emulator's frames through a second implementation.
func TestSocketWithAnotherLibrary(t *testing.T) {
	e := emutest.Start(t, emulator.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	conn, _, err := coder.Dial(ctx, e.URL()+"/api/v3/ws?token="+e.Username()+":"+e.Password(),
		&coder.DialOptions{HTTPClient: &http.Client{Transport: transport}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	if err := conn.Write(ctx, coder.MessageText, []byte("register a.b.c.d")); err != nil {
		t.Fatal(err)
	}
	if _, ack, err := conn.Read(ctx); err != nil || !strings.Contains(string(ack), `"Key":"a.b.c.d"`) {
		t.Fatalf("ack %s, %v", ack, err)
	}
	e.Publish(&models.Event{Type: "a", Action: "b", Key: "c.d", Object: strings.Repeat("x", 70000)})
	conn.SetReadLimit(1 << 20)
	var ev models.Event
	if _, raw, err := conn.Read(ctx); err != nil || json.Unmarshal(raw, &ev) != nil || len(ev.Object.(string)) != 70000 {
		t.Fatalf("a long event: %v", err)
	}
	if err := conn.Close(coder.StatusNormalClosure, "done"); err != nil {
		t.Errorf("close: %v", err)
	}
}

func TestSocketRegistrations(t *testing.T) {
	e := emutest.Start(t, emulator.Options{})
	for filter, want := range map[string]bool{
		"*.*.*": true, "machines.create.a.b": true, "alerts,machines.*.a.b": true, `*.*.a\1b`: true,
		"machines.update.*": false, "machines.*.a": false, "machine.*.*": false,
	} {
		s := openSocket(t, e)
		s.register(filter)
		s.register("end.*.*")
		e.Publish(&models.Event{Type: "machines", Action: "create", Key: "a.b"})
		e.Publish(&models.Event{Type: "end", Action: "x", Key: "y"})
		if got := s.hear().Type == "machines"; got != want {
			t.Errorf("%s matches machines.create.a.b: %v, want %v", filter, got, want)
		}
	}
}

// TestSocketIgnores sends what the server ignores without a word.
func TestSocketIgnores(t *testing.T) {
	e := emutest.Start(t, emulator.Options{})
	s := openSocket(t, e)
	s.say("hello")
	s.say("subscribe a.b.c")
	s.say("register *")
	s.say("register \xff\xfe")
	if err := s.WriteMessage(websocket.BinaryMessage, []byte("register a.b.c")); err != nil {
		t.Fatal(err)
	}
	s.register("a.*.*")
	e.Publish(&models.Event{Type: "a", Action: "b", Key: "c"})
	s.say("deregister a.*.*")
	if ev := s.hear(); ev.Type != "a" {
		t.Errorf("first %+v", ev)
	}
	if ack := s.hear(); ack.Action != "deregister" {
		t.Errorf("then %+v", ack)
	}
}

// TestSocketBadFrames sends frames that a client must not send.
func TestSocketBadFrames(t *testing.T) {
	e := emutest.Start(t, emulator.Options{})
	for name, c := range map[string]struct {
		raw  string
		code int
	}{
		"unmasked":        {"\x81\x01x", 1002},
		"reserved opcode": {"\x83\x80\x00\x00\x00\x00", 1002},
		"reserved bit":    {"\xC1\x80\x00\x00\x00\x00", 1002},
		"long ping":       {"\x89\xFE\x00\x7E\x00\x00\x00\x00", 1002},
		"lone continuing": {"\x80\x80\x00\x00\x00\x00", 1002},
		"huge length":     {"\x81\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 1009},
		"empty close":     {"\x88\x80\x00\x00\x00\x00", 1005},
		"close 4000":      {"\x88\x82\x00\x00\x00\x00\x0F\xA0", 4000},
		"two long frames": {longFrame(0x01) + longFrame(0x80), 1009},
		"half a code":     {"\x88\x81\x00\x00\x00\x00x", 1005},
		"close 1006":      {"\x88\x82\x00\x00\x00\x00\x03\xEE", 1002},
	} {
		s := openSocket(t, e)
		if _, err := s.NetConn().Write([]byte(c.raw)); err != nil {
			t.Fatal(err)
		}
		if got := s.ending(); got != c.code {
			t.Errorf("%s: close code %d, want %d", name, got, c.code)
		}
	}
}

// longFrame is a masked frame of 300 bytes.
func longFrame(first byte) string {
	return string([]byte{first, 0xFE, 0x01, 0x2C, 0, 0, 0, 0}) + strings.Repeat("x", 300)
}

// TestSocketClaims gives a socket a token that may see alerts alone.
func TestSocketClaims(t *testing.T) {
	e := emutest.Start(t, emulator.Options{})
	s, _, err := dialSocket(t, e, e.ClaimToken(time.Hour, &models.Claim{Scope: "alerts", Action: "create", Specific: "*"}))
	if err != nil {
		t.Fatal(err)
	}
	s.register("*.*.*")
	e.Publish(&models.Event{Type: "machines", Action: "create", Key: "m"})
	e.Publish(&models.Event{Type: "alerts", Action: "create", Key: "a"})
	if ev := s.hear(); ev.Type != "alerts" {
		t.Errorf("heard %+v", ev)
	}
}

// TestSocketWithoutPong lets the server's ping go unanswered: it ends the socket without a frame,
// even though the client pings by itself.
func TestSocketWithoutPong(t *testing.T) {
	e := emutest.Start(t, emulator.Options{PingEvery: 10 * time.Millisecond, PongWait: 100 * time.Millisecond})
	s := openSocket(t, e)
	pinged := false
	s.SetPingHandler(func(string) error {
		pinged = true
		return s.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second))
	})
	if code := s.ending(); code != 1006 || !pinged {
		t.Errorf("code %d, pinged %v", code, pinged)
	}
}

// TestSocketTokenExpires: an open socket outlives its token, a new one is refused.
func TestSocketTokenExpires(t *testing.T) {
	now := time.Now()
	e := emutest.Start(t, emulator.Options{Now: func() time.Time { return now }})
	token := e.Token(time.Minute)
	s, _, err := dialSocket(t, e, token)
	if err != nil {
		t.Fatal(err)
	}
	s.register("a.*.*")
	now = now.Add(time.Hour)
	e.Publish(&models.Event{Type: "a", Action: "b", Key: "c"})
	if ev := s.hear(); ev.Type != "a" {
		t.Errorf("heard %+v", ev)
	}
	if _, resp, err := dialSocket(t, e, token); err == nil || resp == nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("a dead token: %v", err)
	}
}

// TestSocketFaults asks for every misbehaviour of a socket.
func TestSocketFaults(t *testing.T) {
	e := emutest.Start(t, emulator.Options{})
	for _, status := range []int{400, 401, 403, 404, 426, 502} {
		e.Misbehave(emulator.Faults{UpgradeStatus: status})
		if _, resp, err := dialSocket(t, e, e.Token(time.Hour)); err == nil || resp == nil || resp.StatusCode != status {
			t.Errorf("upgrade status %d: %v", status, err)
		}
	}
	for _, code := range []int{1000, 1001, 1011, 1012, 4321} {
		e.Misbehave(emulator.Faults{CloseAfter: time.Millisecond, CloseCode: code})
		if got := openSocket(t, e).ending(); got != code {
			t.Errorf("closed with %d, want %d", got, code)
		}
	}
	e.Misbehave(emulator.Faults{DropAfter: time.Millisecond})
	if got := openSocket(t, e).ending(); got != websocket.CloseAbnormalClosure {
		t.Errorf("dropped: %d", got)
	}
	e.Misbehave(emulator.Faults{NoAck: true, NoPong: true})
	s := openSocket(t, e)
	ponged := false
	s.SetPongHandler(func(string) error { ponged = true; return nil })
	s.say("register a.b.c")
	if err := s.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := e.WaitRegistered(t.Context(), "a.b.c"); err != nil {
		t.Fatal(err)
	}
	e.Publish(&models.Event{Type: "a", Action: "b", Key: "c"})
	if ev := s.hear(); ev.Type != "a" || ponged {
		t.Errorf("without ack and pong: heard %+v, pong %v", ev, ponged)
	}
}

// TestSocketSlowClient publishes more than the queue holds to a client that does not read, which
// must not hold up the server; another client hears everything.
func TestSocketSlowClient(t *testing.T) {
	e := emutest.Start(t, emulator.Options{})
	slow, quick := openSocket(t, e), openSocket(t, e)
	slow.register("n.*.*")
	quick.register("n.*.*")
	const n = 3000
	for i := range n {
		e.Publish(&models.Event{Type: "n", Action: "x", Key: "y", Object: []any{i, strings.Repeat("x", 2000)}})
		if ev := quick.hear(); ev.Object.([]any)[0] != float64(i) {
			t.Fatalf("event %d: %v", i, ev.Object)
		}
	}
	var heard []float64
	e.Publish(&models.Event{Type: "n", Action: "x", Key: "y", Object: []any{n}})
	for len(heard) < 300 {
		heard = append(heard, slow.hear().Object.([]any)[0].(float64))
	}
	if !slices.IsSorted(heard) {
		t.Error("events out of order")
	}
}

func TestConnections(t *testing.T) {
	e := emutest.Start(t, emulator.Options{})
	s := openSocket(t, e)
	s.register("a.b.c")
	var list []models.Connection
	cli(t, e).Into(&list, "connections", "list")
	if len(list) != 1 || list[0].Type != "websocket" || list[0].Principal != "user:"+e.Username() {
		t.Errorf("connections: %+v", list)
	}
}
