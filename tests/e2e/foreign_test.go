package e2e

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"

	"ws-diagnose/tests/emulator"
)

// foreign is a TLS server that is not the endpoint, and would love to learn its token.
type foreign struct {
	*httptest.Server
	mu  sync.Mutex
	all strings.Builder
}

// listen starts one with a certificate of its own, or the one given.
func listen(t *testing.T, cert *tls.Certificate, answer http.HandlerFunc) *foreign {
	t.Helper()
	if cert == nil {
		made, err := emulator.NewCertificate(emulator.CertificateOptions{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
		if err != nil {
			t.Fatal(err)
		}
		cert = &made
	}
	f := &foreign{}
	f.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request, _ := httputil.DumpRequest(r, true) // what could be read counts
		f.hear(request)
		answer(w, r)
	}))
	f.TLS = &tls.Config{Certificates: []tls.Certificate{*cert}}
	f.Config.ErrorLog = log.New(io.Discard, "", 0)
	f.StartTLS()
	t.Cleanup(f.Close)
	return f
}

func (f *foreign) hear(text []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all.Write(text)
}

// heard is everything that was ever sent to it.
func (f *foreign) heard() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.all.String()
}

// url is what an operator configures.
func (f *foreign) url() string { return "https://" + f.address() }

func (f *foreign) address() string { return f.Listener.Addr().String() }

// fingerprint is the SHA-256 of its certificate.
func (f *foreign) fingerprint() string {
	sum := sha256.Sum256(f.TLS.Certificates[0].Certificate[0])
	return hex.EncodeToString(sum[:])
}

// pem is its certificate, as JSON: drpcli would take the dashes that PEM begins with for a flag.
func (f *foreign) pem() string {
	text, _ := json.Marshal(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.TLS.Certificates[0].Certificate[0]})))
	return string(text)
}

// answerUnauthorized asks for credentials.
func answerUnauthorized(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("WWW-Authenticate", `Basic realm="give"`)
	w.WriteHeader(http.StatusUnauthorized)
}

// answerForbidden pretends that the token was not good enough.
func answerForbidden(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }

// answerSwitching opens the socket and closes it.
func answerSwitching(w http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	if !websocket.IsWebSocketUpgrade(r) {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if conn, err := upgrader.Upgrade(w, r, nil); err == nil {
		conn.Close()
	}
}

// redirect sends the client elsewhere.
func redirect(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to+r.URL.Path, http.StatusFound) }
}
