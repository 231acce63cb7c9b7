package browsers

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// The drivers themselves are tested with three servers whose outcome is beyond doubt.
func TestDrivers(t *testing.T) {
	rootPEM, leaf, selfSigned := certificates(t)
	healthy := serve(t, leaf)
	untrusted := serve(t, selfSigned)
	closed := closedPort(t)
	start := map[string]func([]byte) (Browser, error){
		"chromium": func(root []byte) (Browser, error) { return StartChromium(root) },
		"firefox":  func(root []byte) (Browser, error) { return StartFirefox(root) },
	}
	for name, start := range start {
		t.Run(name, func(t *testing.T) {
			b, err := start(rootPEM)
			if errors.Is(err, ErrMissing) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			if b.Version() == "" {
				t.Error("no version")
			}
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			certificateCode := map[string]int{"chromium": 1006, "firefox": 1015}[name]
			for _, c := range []struct {
				what, url string
				opens     bool
				code      int
			}{
				{"healthy", "wss://" + Host + ":" + healthy + "/healthy", true, 0},
				{"untrusted", "wss://" + Host + ":" + untrusted + "/untrusted", false, certificateCode},
				{"closed", "wss://" + Host + ":" + closed + "/closed", false, 1006},
			} {
				got, err := b.Try(ctx, Visit{URL: c.url, Settle: 300 * time.Millisecond, Patience: 30 * time.Second})
				if err != nil {
					t.Fatal(err)
				}
				if got.Opens != c.opens || got.CloseCode != c.code || (got.Error == "") != c.opens {
					t.Errorf("%s: %+v, want opens %v, close code %d, an error unless it opens", c.what, got, c.opens, c.code)
				}
			}
			offered, err := b.Accept(ctx, "https://"+Host+":"+untrusted+"/")
			if err != nil || !offered {
				t.Fatalf("accepting a self-signed certificate: offered %v, %v", offered, err)
			}
			if got, err := b.Try(ctx, Visit{URL: "wss://" + Host + ":" + untrusted + "/accepted", Settle: 300 * time.Millisecond, Patience: 30 * time.Second}); err != nil || !got.Opens {
				t.Errorf("after accepting: %+v, %v, want an open socket", got, err)
			}
		})
	}
}

func certificates(t *testing.T) (rootPEM []byte, leaf, selfSigned tls.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(template, parent *x509.Certificate) []byte {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().AddDate(0, 6, 0)
		der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "driver test root"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	server := func(serial int64) *x509.Certificate {
		return &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: Host}, DNSNames: []string{Host},
			KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	}
	rootDER := sign(root, root)
	self := server(3)
	leaf = tls.Certificate{Certificate: [][]byte{sign(server(2), root)}, PrivateKey: key}
	selfSigned = tls.Certificate{Certificate: [][]byte{sign(self, self)}, PrivateKey: key}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootDER}), leaf, selfSigned
}

// serve runs a websocket server and returns its port.
func serve(t *testing.T, cert tls.Certificate) string {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}})
	if err != nil {
		t.Fatal(err)
	}
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := up.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		for {
			if _, _, err := c.ReadMessage(); err != nil {
				return
			}
		}
	})}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}
