package probe

import (
	"bytes"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"ws-diagnose/plugin/cert"
)

// echoOverTLS is an echo server with a certificate of ours.
func echoOverTLS(b *testing.B) string {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
		ws, err := u.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer ws.Close()
		for {
			kind, msg, err := ws.ReadMessage()
			if err != nil || ws.WriteMessage(kind, msg) != nil {
				return
			}
		}
	}))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{selfSigned(b, nil)}}
	s.StartTLS()
	b.Cleanup(s.Close)
	return s.URL
}

// BenchmarkCheck is one healthy check, to be held against BenchmarkBare.
func BenchmarkCheck(b *testing.B) {
	target, err := ParseTarget(echoOverTLS(b), true)
	if err != nil {
		b.Fatal(err)
	}
	roots, err := cert.LoadRoots(nil)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		tr := Check(b.Context(), target, Options{Roots: roots})
		if c := tr.Socket; c == nil || c.Close == nil || !c.Close.Answered {
			b.Fatalf("%+v", tr.Stages)
		}
	}
}

// BenchmarkBare is a bare dial, upgrade, echo and close with the same TLS settings.
func BenchmarkBare(b *testing.B) {
	url := "wss" + strings.TrimPrefix(echoOverTLS(b), "https") + "/"
	d := websocket.Dialer{TLSClientConfig: BrowserConfig("127.0.0.1")}
	for b.Loop() {
		ws, _, err := d.Dial(url, nil)
		if err != nil {
			b.Fatal(err)
		}
		if err := ws.WriteMessage(websocket.TextMessage, []byte("hi")); err != nil {
			b.Fatal(err)
		}
		if _, msg, err := ws.ReadMessage(); err != nil || !bytes.Equal(msg, []byte("hi")) {
			b.Fatal(err)
		}
		_ = ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Now().Add(time.Second))
		if _, _, err := ws.ReadMessage(); err == nil {
			b.Fatal("no close")
		}
		ws.Close()
	}
}
