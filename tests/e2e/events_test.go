package e2e

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"gitlab.com/rackn/provision/v4/models"

	"ws-diagnose/tests/drpcli"
	"ws-diagnose/tests/emulator"
)

// watch runs `drpcli events watch` and returns what it prints, event by event.
func watch(t *testing.T, e *emulator.Endpoint, c *drpcli.CLI, filter string) <-chan models.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	command := c.Command(ctx, "events", "watch", filter)
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	heard := make(chan models.Event, 100)
	go func() {
		defer close(heard)
		for d := json.NewDecoder(bufio.NewReader(out)); ; {
			var ev models.Event
			if d.Decode(&ev) != nil {
				return
			}
			heard <- ev
		}
	}()
	t.Cleanup(func() {
		cancel()
		for range heard {
		}
		_ = command.Wait() // ended by the context
	})
	if err := e.WaitRegistered(ctx, filter); err != nil {
		t.Fatal(err)
	}
	return heard
}

// TestEventsWatch hears a run and the alert that comes of it.
func TestEventsWatch(t *testing.T) {
	t.Parallel()
	e, c := install(t, emulator.Options{CertificateDays: 5})
	heard := watch(t, e, c, "plugins,alerts.*.*")
	run(c)
	if ev := <-heard; ev.Type != "plugins" || ev.Action != name || ev.Key != name {
		t.Errorf("of the run: %+v", ev)
	}
	ev := <-heard
	var alert models.Alert
	if err := models.Remarshal(ev.Object, &alert); err != nil || ev.Action != "create" ||
		!strings.HasPrefix(alert.Name, "ws-diagnose cert-expiring 127.0.0.1 ") || alert.Level != "Error" {
		t.Errorf("of the alert: %+v, %v", ev, err)
	}
}

// eavesdrop collects every event of an endpoint; the function returned gives what there was so far.
func eavesdrop(t *testing.T, e *emulator.Endpoint) func() string {
	t.Helper()
	d := websocket.Dialer{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, HandshakeTimeout: patience}
	conn, _, err := d.Dial("wss://"+e.Addr()+"/api/v3/ws", http.Header{"Authorization": {"Bearer " + e.Token(time.Hour)}})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var all strings.Builder
	var reading sync.WaitGroup
	reading.Go(func() {
		for {
			_, text, err := conn.ReadMessage()
			if err != nil {
				return
			}
			mu.Lock()
			all.Write(text)
			mu.Unlock()
		}
	})
	t.Cleanup(func() {
		conn.Close()
		reading.Wait()
	})
	const everything = "*.*.*"
	if err := conn.WriteMessage(websocket.TextMessage, []byte("register "+everything)); err != nil {
		t.Fatal(err)
	}
	if err := e.WaitRegistered(t.Context(), everything); err != nil {
		t.Fatal(err)
	}
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		return all.String()
	}
}
