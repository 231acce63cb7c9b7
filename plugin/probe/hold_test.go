package probe

import (
	"context"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"ws-diagnose/plugin/trace"
)

// hold opens a websocket and closes it at the end of the test.
func hold(t *testing.T, target trace.Target, o Options) *Held {
	t.Helper()
	h, tr := Hold(context.Background(), target, o)
	if h == nil {
		t.Fatalf("not open: %+v", tr.Stages)
	}
	t.Cleanup(h.Close)
	return h
}

func TestHoldEnds(t *testing.T) {
	for _, c := range []struct {
		name   string
		handle func(net.Conn)
		code   int // of the close frame, 0 for none
		manner trace.Ending
	}{
		{"FIN", sayingAndEnding("", func(net.Conn) {}), 0, trace.EndFIN},
		{"RST", sayingAndEnding("", func(c net.Conn) { reset(c.(*heldBack).Conn) }), 0, trace.EndRST},
		{"close frame", sayingAndEnding(closeFrame(1012, "restart"), func(net.Conn) {}), 1012, trace.EndFIN},
	} {
		t.Run(c.name, func(t *testing.T) {
			may := make(chan bool)
			address := serve(t, func(conn net.Conn) {
				c.handle(&heldBack{conn, may})
			})
			h := hold(t, plainTarget(t, "ws", address), Options{})
			close(may)
			e := h.End()
			if e == nil || e.Manner != c.manner || e.Stage != trace.StageWatch || e.Held <= 0 {
				t.Fatalf("end %+v", e)
			}
			if code := 0; e.Close != nil {
				if code = e.Close.Code; code != c.code {
					t.Errorf("close code %d", code)
				}
			} else if c.code != 0 {
				t.Error("no close frame")
			}
		})
	}
}

// heldBack answers the upgrade, and then neither says anything nor ends before it may.
type heldBack struct {
	net.Conn
	may <-chan bool
}

func (h *heldBack) Write(p []byte) (int, error) {
	n, err := h.Conn.Write(p)
	if strings.HasPrefix(string(p), "HTTP/1.1 101") {
		<-h.may
	}
	return n, err
}

// TestHoldAnswersPings wants pings answered while nobody waits for anything, and counted as what
// breaks a silence.
func TestHoldAnswersPings(t *testing.T) {
	ponged := make(chan string, 8)
	address := serve(t, func(c net.Conn) {
		wsServer(c, func(ws *websocket.Conn) {
			ws.SetPongHandler(func(payload string) error {
				ponged <- payload
				return nil
			})
			for _, payload := range []string{"one", "two"} {
				_ = ws.WriteControl(websocket.PingMessage, []byte(payload), time.Now().Add(time.Second))
			}
			readAll(ws)
		})
	})
	h := hold(t, plainTarget(t, "ws", address), Options{})
	for _, want := range []string{"one", "two"} {
		select {
		case got := <-ponged:
			if got != want {
				t.Errorf("pong %q, want %q", got, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("a ping was not answered")
		}
	}
	if n := h.Pings(); n != 2 {
		t.Errorf("%d pings", n)
	}
	if now, longest := h.Quiet(); now < 0 || longest < now {
		t.Errorf("silent for %v, longest %v", now, longest)
	}
	if err := h.Prove(context.Background()); err != nil {
		t.Errorf("proof: %v", err)
	}
}

func TestHoldDRP(t *testing.T) {
	d := &drp{token: "secret-token"}
	target := d.start(t)
	o := Options{Credentials: sendAlways(Credentials{Token: d.token})}
	h, tr := Hold(context.Background(), target, o)
	if h == nil || tr.Stage(trace.StageRegister).Outcome != trace.OK || tr.Socket.Register == nil {
		t.Fatalf("stages %+v", tr.Stages)
	}
	defer h.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := h.Prove(ctx); err != nil {
		t.Errorf("proof: %v", err)
	}
	if arrived, err := h.Event(ctx); !arrived || err != nil {
		t.Errorf("event: %v, %v", arrived, err)
	}
	info, list := h.Ask(ctx)
	if info == nil || info.Version != "v4.11.3" || list != nil {
		t.Errorf("info %+v, connections %v", info, list)
	}
	d.mu.Lock()
	d.noEvents = true
	d.mu.Unlock()
	short, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if arrived, err := h.Event(short); arrived || err != nil {
		t.Errorf("an event that is swallowed: %v, %v", arrived, err)
	}
	d.mu.Lock()
	d.postStatus = 500
	d.mu.Unlock()
	if arrived, err := h.Event(ctx); arrived || err == nil {
		t.Errorf("an event that is refused: %v, %v", arrived, err)
	}
}

// TestHoldFails wants nothing held, and nothing left, where the way ends before.
func TestHoldFails(t *testing.T) {
	d := &drp{token: "secret-token", noAck: true}
	target := d.start(t)
	h, tr := Hold(context.Background(), target, Options{Timeout: 4 * time.Second})
	if h != nil || tr.Stage(trace.StageUpgrade).Outcome != trace.Failed {
		t.Errorf("without a token: %+v", tr.Stages)
	}
	o := Options{Timeout: 4 * time.Second, Credentials: sendAlways(Credentials{Token: d.token})}
	if h, tr = Hold(context.Background(), target, o); h != nil || tr.Stage(trace.StageRegister).Outcome != trace.Failed {
		t.Errorf("without an acknowledgement: %+v", tr.Stages)
	}
}

// TestHoldEndsWithContext wants the end of the context to end the socket, and not to be taken for the
// server's doing.
func TestHoldEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	h, _ := Hold(ctx, plainTarget(t, "ws", serve(t, echoServer)), Options{})
	cancel()
	if e := h.End(); e != nil {
		t.Errorf("end %+v", e)
	}
	h.Close()
}

// TestPatience wants a server that pings at regular times to be called silent when it stops, and no
// other server.
func TestPatience(t *testing.T) {
	ping := frame(0x89, "")
	for _, c := range []struct {
		name  string
		pings int
		every time.Duration
		want  time.Duration // from the last ping to the end of reading; 0: no end
	}{
		{"regular", 4, time.Minute, 2*time.Minute + pingGrace},
		{"often", 9, time.Second, minPatience},
		{"too few to tell", 2, 60 * time.Second, 0},
		{"never", 0, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := net.Pipe()
				go func() {
					for range c.pings {
						time.Sleep(c.every)
						_, _ = theirs.Write([]byte(ping))
					}
				}()
				tap, ended := newTap(ours), make(chan error, 1)
				go func() {
					b := make([]byte, 64)
					for {
						if _, err := tap.Read(b); err != nil {
							ended <- err
							return
						}
					}
				}()
				time.Sleep(time.Duration(c.pings)*c.every + time.Millisecond)
				began := time.Now().Add(-time.Millisecond)
				select {
				case <-ended:
					if took := time.Since(began); c.want == 0 || took != c.want {
						t.Errorf("ended after %v, want %v", took, c.want)
					}
				case <-time.After(24 * time.Hour):
					if c.want != 0 {
						t.Error("not ended in a day")
					}
				}
				theirs.Close()
				ours.Close()
				synctest.Wait()
			})
		})
	}
}

func TestParseConnections(t *testing.T) {
	const list = `[{"Type":"websocket","RemoteAddr":"10.0.0.9:51234","Principal":"user:ann","CreateTime":"2026-11-22T09:00:00Z",` +
		`"ExpiresAt":"2026-11-22T17:00:00Z"},{"Type":"api","RemoteAddr":"[2001:db8::1]:5","Principal":"runner:x"}]`
	want := []trace.Connection{
		{Type: "websocket", Principal: "user:ann",
			Expires: time.Date(2026, 11, 22, 17, 0, 0, 0, time.UTC)},
		{Type: "api", Principal: "runner:x"},
	}
	if diff := cmp.Diff(want, parseConnections([]byte(list))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, bad := range []string{"", "{}", "[1]", `[{"ExpiresAt":"yesterday"}]`} {
		if got := parseConnections([]byte(bad)); got != nil {
			t.Errorf("%s: got %v", bad, got)
		}
	}
}

func FuzzParseConnections(f *testing.F) {
	f.Add([]byte(`[{"Type":"websocket","RemoteAddr":"10.0.0.9:1","ExpiresAt":"2026-11-22T09:00:00Z"}]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		list := parseConnections(b)
		if len(list) > maxConnections {
			t.Errorf("%d connections", len(list))
		}
		for _, c := range list {
			if len(c.Principal) > 140 {
				t.Errorf("not bounded: %+v", c)
			}
		}
	})
}
