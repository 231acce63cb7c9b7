package command

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"ws-diagnose/plugin/diagnose"
	"ws-diagnose/plugin/trace"
	"ws-diagnose/plugin/watch"
)

// dropAfter is how long the websockets of droppingServer live. It is longer than what diagnose takes
// for a silence.
const dropAfter = 2100 * time.Millisecond

// droppingServer ends its websockets without a close frame after a while; with the path /close in
// order, with code 4001.
func droppingServer(c tls.Certificate) *testServer {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		_ = conn.SetReadDeadline(time.Now().Add(dropAfter))
		for err == nil {
			_, _, err = conn.ReadMessage()
		}
		if r.URL.Path == "/close" {
			bye := websocket.FormatCloseMessage(4001, "enough\x1b[31m")
			_ = conn.WriteControl(websocket.CloseMessage, bye, time.Now().Add(time.Second))
		}
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{c}}
	s.StartTLS()
	return &testServer{s.Listener.Addr().String(), s.Close}
}

func TestWatchLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, out, _ := outputs(system(nil, nil))
		var live locked
		s.Stderr, s.StderrTerminal = &live, true
		l := newWatchLog(trace.Target{Scheme: "https", Host: "drp", Port: 8092}, false, s)
		attempts := 0
		w := watch.Start(t.Context(), watch.Options{Notify: l.event, Open: func(ctx context.Context) watch.Opened {
			if attempts++; attempts > 1 {
				<-ctx.Done()
			}
			return watch.Opened{Trace: &trace.Trace{Stages: []trace.Stage{{Name: trace.StageConnect, Outcome: trace.Failed, Why: "refused\x1b"}}}}
		}})
		l.follow(w)
		time.Sleep(1900 * time.Millisecond)
		w.Stop()
		if last := l.stop(); last == nil || last.Stages[0].Name != trace.StageConnect {
			t.Errorf("last trace %+v", last)
		}
		if got := out.String(); !strings.Contains(got, `failed  at connect: refused\x1b; next attempt in `) || strings.Count(got, "\n") != 1 {
			t.Errorf("lines %q", got)
		}
		const erase = "\r\x1b[K"
		if got := live.String(); !strings.Contains(got, erase+"down for 1s, 0 drops in 1s; Ctrl-C ends and sums up") || !strings.HasSuffix(got, erase) {
			t.Errorf("live line %q", got)
		}
	})
}

func TestEventText(t *testing.T) {
	opened := &trace.Trace{
		Connect: &trace.Connect{Chosen: netip.MustParseAddrPort("192.0.2.1:8092")}, Info: &trace.Info{Version: "v4.11.0"},
	}
	end := trace.WatchEnd{End: trace.End{
		Held: time.Minute, QuietIn: 50 * time.Second, QuietOut: 51 * time.Second, Manner: trace.EndRST,
	}}
	closed := end
	closed.Close = &trace.CloseFrame{Code: 1001, Reason: []byte("bye\n")}
	for _, c := range []struct {
		event watch.Event
		cause diagnose.Drop
		want  string
	}{
		{watch.Event{Kind: watch.Open, Trace: opened}, diagnose.Drop{}, "to 192.0.2.1:8092, version v4.11.0"},
		{watch.Event{Kind: watch.Open, Trace: opened}, diagnose.Drop{Kind: diagnose.DropRestart, Text: "why"},
			"to 192.0.2.1:8092, version v4.11.0; it had ended by restart: why"},
		{watch.Event{Kind: watch.Drop, End: end, Wait: time.Second}, diagnose.Drop{},
			"after 1m0s, silent for 50s: no close frame (1006), rst; next attempt in 1s"},
		{watch.Event{Kind: watch.Drop, End: closed}, diagnose.Drop{},
			"after 1m0s, silent for 50s: close code 1001 bye; next attempt in 0s"},
		{watch.Event{Kind: watch.Lost}, diagnose.Drop{}, "an event of our own did not come back"},
	} {
		if got := eventText(c.event, c.cause); got != c.want {
			t.Errorf("got %q\nwant %q", got, c.want)
		}
		line := eventJSON(trace.Target{Scheme: "https", Host: "drp", Port: 8092}, c.event, c.cause)
		var read map[string]any
		if err := json.Unmarshal([]byte(line), &read); err != nil || read["event"] != string(c.event.Kind) || strings.Contains(line, "\n") {
			t.Errorf("JSON %s: %v", line, err)
		}
	}
}

// TestWatchTooShort wants a watch that saw nothing not to be called well.
func TestWatchTooShort(t *testing.T) {
	silent := silentServer()
	defer silent.close()
	s, out, _ := outputs(system(nil, nil))
	config, err := parse([]string{"--plain", "--timeout", "1m", "wss://" + silent.address}, s)
	if err != nil {
		t.Fatal(err)
	}
	ended, end := context.WithCancel(context.Background())
	end()
	var status *StatusError
	if err := runWatch(ended, config, 0, s); !errors.As(err, &status) || status.Status != StatusUnknown {
		t.Errorf("got %v", err)
	}
	if out.Len() > 0 {
		t.Errorf("a report of nothing: %s", out)
	}
}
