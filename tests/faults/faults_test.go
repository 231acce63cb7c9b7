package faults

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

func TestCasesAreWellFormed(t *testing.T) {
	cases := All()
	if len(cases) < 170 {
		t.Errorf("%d cases, want at least 170", len(cases))
	}
	word := regexp.MustCompile(`^[a-z0-9]+(-[a-zA-Z0-9]+)*$`)
	seen := map[string]bool{}
	for _, c := range cases {
		if !word.MatchString(c.Name) || seen[c.Name] {
			t.Errorf("name %q is doubled or malformed", c.Name)
		}
		seen[c.Name] = true
		if c.What == "" || c.Group == "" || c.Start == nil {
			t.Errorf("%s: What, Group or Start is missing", c.Name)
		}
	}
}

// strangers are healthy cases that a plain Go client does not open: it verifies more strictly than
// browsers, or cannot speak what they speak.
var strangers = map[string]string{
	"tls12-rsa-kex-gcm-only":        "Go does not offer RSA key exchange",
	"tls12-rsa-kex-cbc-only":        "Go does not offer RSA key exchange",
	"keyusage-encipherment-rsa-kex": "Go does not offer RSA key exchange",
	"http-headers-200kib":           "gorilla reads smaller headers only",
}

// TestHealthyCasesOpen dials every case without fault by a client that knows nothing of this
// project, verifying all: a case that is broken by accident proves nothing.
func TestHealthyCasesOpen(t *testing.T) {
	pki := NewPKI(t)
	resolver := Resolver(t)
	for _, c := range All() {
		if c.Finding != "" || c.DRP || strangers[c.Name] != "" {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			s := c.Start(t, pki)
			roots := x509.NewCertPool()
			roots.AppendCertsFromPEM(pki.Roots())
			roots.AppendCertsFromPEM(s.Roots)
			dialer := websocket.Dialer{
				TLSClientConfig:   &tls.Config{RootCAs: roots, ServerName: c.HostName(), NextProtos: []string{"http/1.1"}},
				EnableCompression: c.Name == "101-deflate-accepted",
				HandshakeTimeout:  10 * time.Second,
				Proxy:             func(*http.Request) (*url.URL, error) { return proxy(s) },
				NetDial: func(network, addr string) (net.Conn, error) {
					d := net.Dialer{Resolver: resolver}
					if s.Proxy == "" {
						addr = or(s.Connect, addr)
					}
					return d.Dial(network, addr)
				},
			}
			ws, _, err := dialer.Dial(c.URL(s), nil)
			if err != nil {
				t.Fatal(err)
			}
			closeSocket(t, ws)
		})
	}
}

func proxy(s *Server) (*url.URL, error) {
	if s.Proxy == "" {
		return nil, nil
	}
	return url.Parse(s.Proxy)
}

// closeSocket closes a healthy socket and awaits the answer.
func closeSocket(t *testing.T, ws *websocket.Conn) {
	t.Helper()
	defer ws.Close()
	ws.SetReadDeadline(time.Now().Add(10 * time.Second))
	ws.SetReadLimit(1 << 20)
	ws.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""))
	for {
		_, _, err := ws.ReadMessage()
		var closed *websocket.CloseError
		if errors.As(err, &closed) && closed.Code != 1006 {
			return
		}
		if err != nil {
			t.Fatalf("the close was not answered: %v", err)
		}
	}
}
