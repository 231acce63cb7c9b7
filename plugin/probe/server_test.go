package probe

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"ws-diagnose/plugin/trace"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve runs handle for each connection to a fresh loopback port until the test ends.
func serve(t testing.TB, handle func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	open := map[net.Conn]bool{}
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open[c] = true
			mu.Unlock()
			all.Go(func() {
				defer c.Close()
				handle(c)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for c := range open {
			c.Close()
		}
		mu.Unlock()
		all.Wait()
	})
	return l.Addr().String()
}

// serveTLS is serve with a handshake before handle.
func serveTLS(t testing.TB, config *tls.Config, handle func(*tls.Conn)) string {
	t.Helper()
	return serve(t, func(c net.Conn) {
		s := tls.Server(c, config)
		if s.Handshake() == nil {
			handle(s)
		}
	})
}

// hang waits for the other side to end the connection.
func hang(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// reset ends the connection with an RST.
func reset(c net.Conn) {
	_ = c.(*net.TCPConn).SetLinger(0)
	_ = c.Close()
}

// selfSigned is a certificate for 127.0.0.1 and localhost, changed by edit.
func selfSigned(t testing.TB, edit func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(100 * 24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	if edit != nil {
		edit(c)
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// server is a tls.Config that serves cert.
func server(cert tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS10}
}

// readRequest reads a request's header; nil when the connection ends.
func readRequest(c net.Conn) *http.Request {
	r, err := http.ReadRequest(bufio.NewReaderSize(c, 16))
	if err != nil {
		return nil
	}
	return r
}

// switching answers the request with a right 101.
func switching(c net.Conn, r *http.Request) {
	_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: "+acceptKey(r.Header.Get("Sec-WebSocket-Key"))+"\r\n\r\n")
}

// plainTarget is a target of any websocket server at address.
func plainTarget(t testing.TB, scheme, address string) trace.Target {
	t.Helper()
	target, err := ParseTarget(scheme+"://"+address+"/socket", true)
	if err != nil {
		t.Fatal(err)
	}
	target.Origin = "https://portal.example"
	return target
}

// check runs a check of a target that is expected to need no deadline.
func check(t testing.TB, target trace.Target, o Options) *trace.Trace {
	t.Helper()
	return Check(context.Background(), target, o)
}

// outcomes fails the test unless the stages named came out as they should; all others are free.
func outcomes(t *testing.T, tr *trace.Trace, want map[trace.StageName]trace.Outcome) {
	t.Helper()
	for name, o := range want {
		if s := tr.Stage(name); s.Outcome != o {
			t.Errorf("stage %s is %s (%s), want %s", name, s.Outcome, s.Why, o)
		}
	}
	if len(tr.Stages) != len(trace.StageNames) {
		t.Errorf("%d stages in the trace, want %d", len(tr.Stages), len(trace.StageNames))
	}
	for i, s := range tr.Stages {
		if s.Name != trace.StageNames[i] {
			t.Errorf("stage %d is %s, want %s", i, s.Name, trace.StageNames[i])
		}
	}
}
