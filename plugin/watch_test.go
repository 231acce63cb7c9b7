package plugin

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"ws-diagnose/plugin/cert"
	"ws-diagnose/plugin/diagnose"
)

// sockets makes d serve websockets as DRP does, and hands over each that has registered.
func sockets(d *drp) <-chan *websocket.Conn {
	registered := make(chan *websocket.Conn, 1000)
	rest := d.Config.Handler
	d.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v3/ws" {
			rest.ServeHTTP(w, r)
			return
		}
		if r.Header.Get("Authorization") != "Bearer "+superToken {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		for {
			_, message, err := conn.ReadMessage()
			if err != nil {
				return
			}
			if filter, ok := strings.CutPrefix(string(message), "register "); ok {
				_ = conn.WriteJSON(map[string]string{"Type": "websocket", "Action": "register", "Key": filter})
				registered <- conn
			}
		}
	})
	return registered
}

// next is the next socket that registers.
func next(t *testing.T, registered <-chan *websocket.Conn) *websocket.Conn {
	t.Helper()
	select {
	case conn := <-registered:
		return conn
	case <-time.After(20 * time.Second):
		t.Fatal("no websocket came")
		return nil
	}
}

// TestWatch has a watched socket dropped, and wants it opened again, the next report to tell of it, and
// nothing left behind.
func TestWatch(t *testing.T) {
	leaks := goleak.IgnoreCurrent()
	sv, d := inProcess(t, map[string]any{"ws-diagnose/alerts": false})
	registered := sockets(d)
	roots, err := cert.LoadRoots(nil)
	if err != nil {
		t.Fatal(err)
	}
	sv.watchAll(roots)
	first := next(t, registered)
	watchOfReport(t, sv, func(w *diagnose.Watch) bool { return w.Open })
	_ = first.UnderlyingConn().Close()
	sv.watchAll(roots) // again: nothing is watched twice
	w := watchOfReport(t, sv, func(w *diagnose.Watch) bool { return w.Open && w.LastEnd != "" })
	if w.DropsHour["1006"] != 1 || len(w.DropsHour) != 1 {
		t.Errorf("watch section %+v", w)
	}
	sv.sockets.Stop()
	sv.stop()
	sv.keeper.Close()
	d.CloseClientConnections()
	d.Close()
	goleak.VerifyNone(t, leaks)
}

// watchOfReport runs checks until the watcher's section of the report is as it is to be: what the server
// knows, the watcher learns a little later.
func watchOfReport(t *testing.T, sv *service, right func(*diagnose.Watch) bool) *diagnose.Watch {
	t.Helper()
	for limit := time.Now().Add(20 * time.Second); time.Now().Before(limit); {
		result, err := sv.run(question{settings: sv.settings, startedBy: byAction})
		if err != nil {
			t.Fatal(err)
		}
		var report diagnose.Report
		if err := json.Unmarshal(result.Reports[0], &report); err != nil {
			t.Fatal(err)
		}
		if report.Watch != nil && right(report.Watch) {
			return report.Watch
		}
	}
	t.Fatal("the report does not tell of the watched socket")
	return nil
}

// TestWatchWithoutToken wants a target that asks for credentials, of which there are none for it, to
// be told none and to be left alone for a while.
func TestWatchWithoutToken(t *testing.T) {
	var told []string
	other := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		told = append(told, r.Header.Get("Authorization"))
		w.WriteHeader(http.StatusUnauthorized)
	}))
	pair, err := tls.X509KeyPair(selfSigned(t))
	if err != nil {
		t.Fatal(err)
	}
	other.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	other.StartTLS()
	defer other.Close()
	sv, _ := inProcess(t, map[string]any{"ws-diagnose/endpoints": []any{other.URL}})
	roots, err := cert.LoadRoots(nil)
	if err != nil {
		t.Fatal(err)
	}
	o := sv.open(context.Background(), sv.settings.Endpoints[0], roots)
	if o.Socket != nil || o.Retry != lockedOut {
		t.Errorf("opened: %+v", o)
	}
	if len(told) == 0 || strings.Join(told, "") != "" {
		t.Errorf("told %q", told)
	}
}

// TestWatchEndsWithService wants the end of the service to end the watching, whatever it is at.
func TestWatchEndsWithService(t *testing.T) {
	sv, _ := inProcess(t, map[string]any{"ws-diagnose/interval-minutes": 0})
	sv.start()
	began := time.Now()
	sv.stop()
	if took := time.Since(began); took >= stopTimeout {
		t.Errorf("stopping took %v", took)
	}
}
