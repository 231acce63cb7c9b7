package probe

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http/httptest"
	"testing"
	"time"

	"ws-diagnose/plugin/trace"
)

// alerting reads a ClientHello and answers with a fatal alert.
func alerting(number byte) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = c.Read(make([]byte, 4096))
		_, _ = c.Write([]byte{21, 3, 3, 0, 2, 2, number})
	}
}

// tried lists the offers of the retries, with "+" where one succeeded.
func tried(t *trace.TLS) map[trace.Offer]bool {
	m := map[trace.Offer]bool{}
	for _, h := range t.Retries {
		m[h.Offer] = h.Done
	}
	return m
}

func TestHandshakeFails(t *testing.T) {
	t.Parallel()
	plain := httptest.NewServer(nil)
	defer plain.Close()
	cert := selfSigned(t, nil)
	limited := func(edit func(*tls.Config)) func(net.Conn) {
		c := server(cert)
		edit(c)
		return func(n net.Conn) {
			if s := tls.Server(n, c); s.Handshake() == nil {
				hang(s)
			}
		}
	}
	tests := []struct {
		name   string
		handle func(net.Conn)
		ended  trace.Ending
		alert  int
		sent   bool
		tried  map[trace.Offer]bool
	}{
		{"alert 40", alerting(40), trace.EndAlert, 40, true,
			map[trace.Offer]bool{trace.OfferOld: false, trace.OfferWide: false, trace.OfferP521: false}},
		{"alert 200", alerting(200), trace.EndAlert, 200, true, map[trace.Offer]bool{}},
		{"alert 50", alerting(50), trace.EndAlert, 50, true, map[trace.Offer]bool{trace.OfferSmall: false}},
		{"alert 112", alerting(112), trace.EndAlert, 112, true, map[trace.Offer]bool{trace.OfferNoSNI: false}},
		{"TLS 1.1 only", limited(func(c *tls.Config) { c.MaxVersion = tls.VersionTLS11 }), trace.EndAlert, 70, true,
			map[trace.Offer]bool{trace.OfferOld: true, trace.OfferWide: true, trace.OfferP521: false}},
		{"CBC-SHA256 only", limited(func(c *tls.Config) {
			c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256}
		}), trace.EndAlert, 40, true,
			map[trace.Offer]bool{trace.OfferOld: true, trace.OfferWide: true, trace.OfferP521: false}},
		{"P-521 only", limited(func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.CurveP521} }), trace.EndAlert, 40, true,
			map[trace.Offer]bool{trace.OfferOld: false, trace.OfferWide: true, trace.OfferP521: true}},
		{"alert 120", alerting(120), trace.EndAlert, 120, true,
			map[trace.Offer]bool{trace.OfferNoALPN: false, trace.OfferH2: false}},
		{"ends at once", func(c net.Conn) {}, trace.EndFIN, -1, false, nil}, // tried or not: that is a race with our hello
		{"reads and ends", func(c net.Conn) {
			for n := 0; n < 200; {
				k, err := c.Read(make([]byte, 4096))
				if n += k; err != nil {
					return
				}
			}
		}, trace.EndFIN, -1, true, map[trace.Offer]bool{trace.OfferSmall: false, trace.OfferOld: false}},
		{"close_notify", func(c net.Conn) {
			_, _ = c.Read(make([]byte, 4096))
			_, _ = c.Write([]byte{21, 3, 3, 0, 2, 1, 0})
			hang(c)
		}, trace.EndCloseNotify, -1, true, map[trace.Offer]bool{}},
		{"silent", hang, trace.EndTimeout, -1, true, map[trace.Offer]bool{trace.OfferSmall: false, trace.OfferOld: false}},
		{"large hello hangs", func(c net.Conn) {
			head := make([]byte, 5)
			if _, err := io.ReadFull(c, head); err != nil {
				return
			}
			if n := int(head[3])<<8 | int(head[4]); n > 1200 {
				hang(c)
				return
			}
			s := tls.Server(&replayed{Conn: c, first: head}, server(cert))
			if s.Handshake() == nil {
				hang(s)
			}
		}, trace.EndTimeout, -1, true, map[trace.Offer]bool{trace.OfferSmall: true, trace.OfferOld: true}},
		{"half a ServerHello", func(c net.Conn) {
			_, _ = c.Read(make([]byte, 4096))
			_, _ = c.Write([]byte{22, 3, 3, 0, 90, 2, 0, 0, 86, 3, 3})
			hang(c)
		}, trace.EndTimeout, -1, true, map[trace.Offer]bool{trace.OfferSmall: false}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			target := plainTarget(t, "wss", serve(t, tt.handle))
			tr := check(t, target, Options{Timeout: 4 * time.Second})
			outcomes(t, tr, map[trace.StageName]trace.Outcome{trace.StageConnect: trace.OK, trace.StageTLS: trace.Failed, trace.StageHTTP: trace.Skipped})
			h := tr.TLS
			ended := h.Ended
			if !tt.sent && ended == trace.EndRST {
				ended = trace.EndFIN // our hello, when it was on its way already, is answered so
			}
			if h.Done || ended != tt.ended || h.Alert != tt.alert || h.HelloSent != tt.sent || h.Error == "" {
				t.Errorf("handshake %+v", h.Handshake)
			}
			got := tried(h)
			for o, done := range tt.tried {
				if d, ok := got[o]; !ok || d != done {
					t.Errorf("offer %s: tried %v, done %v, want %v", o, ok, d, done)
				}
			}
			if tt.tried != nil && len(got) != len(tt.tried) && tt.alert != 40 && tt.alert != 70 {
				t.Errorf("offers %v, want %v", got, tt.tried)
			}
			if tr.Late {
				t.Error("the whole check's deadline struck")
			}
		})
	}
}

// replayed gives first before what the connection says.
type replayed struct {
	net.Conn
	first []byte
}

func (r *replayed) Read(p []byte) (int, error) {
	if len(r.first) > 0 {
		n := copy(p, r.first)
		r.first = r.first[n:]
		return n, nil
	}
	return r.Conn.Read(p)
}

func TestNotTLS(t *testing.T) {
	t.Parallel()
	t.Run("HTTP", func(t *testing.T) {
		s := httptest.NewServer(nil)
		defer s.Close()
		tr := check(t, plainTarget(t, "wss", s.Listener.Addr().String()), Options{Timeout: 6 * time.Second})
		if h := tr.TLS; h.PlainHTTP == nil || h.PlainHTTP.Status != 404 {
			t.Errorf("plain HTTP %+v", h.PlainHTTP)
		}
	})
	t.Run("SSH", func(t *testing.T) {
		const banner = "SSH-2.0-OpenSSH_9.2p1\r\n"
		address := serve(t, func(c net.Conn) { _, _ = io.WriteString(c, banner); hang(c) })
		tr := check(t, plainTarget(t, "wss", address), Options{Timeout: 6 * time.Second})
		if h := tr.TLS; string(h.First) != banner || string(h.Banner) != banner || h.PlainHTTP.Malformed == "" || h.After != trace.EndTimeout {
			t.Errorf("first %q, banner %q, plain HTTP %+v, after that %q", h.First, h.Banner, h.PlainHTTP, h.After)
		}
	})
	t.Run("hangs up", func(t *testing.T) {
		const banner, more = "220 mail.example ESMTP\r\n", "500 what?\r\n"
		address := serve(t, func(c net.Conn) {
			_, _ = io.WriteString(c, banner)
			_, _ = c.Read(make([]byte, 4096))
			_, _ = io.WriteString(c, more)
		})
		tr := check(t, plainTarget(t, "wss", address), Options{Timeout: 6 * time.Second})
		if h := tr.TLS; h.After != trace.EndFIN || h.Read != int64(len(banner+more)) {
			t.Errorf("%d bytes, after that %q", h.Read, h.After)
		}
	})
}

// The key does not fit the certificate: Go gives up, the certificate is looked at all the same.
func TestKeyMismatch(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		cert := selfSigned(t, nil)
		other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		cert.PrivateKey = other
		c := server(cert)
		c.MinVersion, c.MaxVersion = version, version
		tr := check(t, plainTarget(t, "wss", serveTLS(t, c, func(c *tls.Conn) { hang(c) })), Options{Timeout: 6 * time.Second})
		outcomes(t, tr, map[trace.StageName]trace.Outcome{trace.StageTLS: trace.Failed, trace.StageCertificate: trace.OK})
		if !tr.TLS.KeyMismatch || tr.Certificate == nil || len(tr.TLS.Retries) > 0 {
			t.Errorf("version %x: %+v", version, tr.TLS.Handshake)
		}
	}
}

func TestUnparsableCertificate(t *testing.T) {
	cert := selfSigned(t, nil)
	cert.Certificate = [][]byte{[]byte("this is no DER")}
	c := server(cert)
	tr := check(t, plainTarget(t, "wss", serveTLS(t, c, func(c *tls.Conn) { hang(c) })), Options{Timeout: 6 * time.Second})
	outcomes(t, tr, map[trace.StageName]trace.Outcome{trace.StageTLS: trace.Failed, trace.StageCertificate: trace.Failed})
	if tr.TLS.BadCert == "" || tr.Certificate != nil {
		t.Errorf("handshake %+v", tr.TLS.Handshake)
	}
	if h := certificateOf(tr.TLS); h == nil || string(h.Raw[0]) != "this is no DER" {
		t.Errorf("certificate of %+v", h)
	}
}

func TestCertificateStage(t *testing.T) {
	day := 24 * time.Hour
	tests := []struct {
		name string
		edit func(*x509.Certificate)
		want trace.Outcome
	}{
		{"self-signed", nil, trace.OK},
		{"expired", func(c *x509.Certificate) { c.NotBefore, c.NotAfter = time.Now().Add(-2*day), time.Now().Add(-day) }, trace.Failed},
		{"not yet valid", func(c *x509.Certificate) { c.NotBefore = time.Now().Add(day) }, trace.Failed},
		{"another name", func(c *x509.Certificate) { c.IPAddresses = nil }, trace.Failed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			address := serveTLS(t, server(selfSigned(t, tt.edit)), func(c *tls.Conn) { echoServer(c) })
			target := plainTarget(t, "wss", address)
			tr := check(t, target, Options{})
			outcomes(t, tr, map[trace.StageName]trace.Outcome{
				trace.StageTLS: trace.OK, trace.StageCertificate: tt.want, trace.StageUpgrade: trace.OK, trace.StageClose: trace.OK,
			})
			if tr.Certificate == nil || len(tr.Certificate.Leaf.SHA256) != 64 {
				t.Fatalf("certificate %+v", tr.Certificate)
			}
			target.NamesUnknown, target.CertOnly = true, true
			tr = check(t, target, Options{})
			want := tt.want
			if tt.name == "another name" {
				want = trace.OK
			}
			outcomes(t, tr, map[trace.StageName]trace.Outcome{
				trace.StageCertificate: want, trace.StageHTTP: trace.Skipped, trace.StageUpgrade: trace.Skipped, trace.StagePing: trace.Skipped,
			})
		})
	}
}

func TestHundredCertificates(t *testing.T) {
	cert := selfSigned(t, nil)
	for range 99 {
		cert.Certificate = append(cert.Certificate, cert.Certificate[0])
	}
	tr := check(t, plainTarget(t, "wss", serveTLS(t, server(cert), func(c *tls.Conn) { echoServer(c) })), Options{})
	if h := tr.TLS; h.Sent != 100 || len(h.Raw) != maxCertificates {
		t.Errorf("%d certificates, %d kept", h.Sent, len(h.Raw))
	}
	outcomes(t, tr, map[trace.StageName]trace.Outcome{trace.StageCertificate: trace.OK, trace.StageClose: trace.OK})
}

// In TLS 1.3 the demand for a client certificate shows at the first read only.
func TestClientCertificate(t *testing.T) {
	for _, tt := range []struct {
		version uint16
		auth    tls.ClientAuthType
		tls     trace.Outcome
		http    trace.Outcome
		alert   int
	}{
		{tls.VersionTLS13, tls.RequireAnyClientCert, trace.OK, trace.Failed, 116},
		{tls.VersionTLS12, tls.RequireAnyClientCert, trace.Failed, trace.Skipped, 40},
		{tls.VersionTLS13, tls.RequestClientCert, trace.OK, trace.OK, -1},
	} {
		c := server(selfSigned(t, nil))
		c.MaxVersion, c.ClientAuth = tt.version, tt.auth
		tr := check(t, plainTarget(t, "wss", serveTLS(t, c, func(c *tls.Conn) { echoServer(c) })), Options{})
		outcomes(t, tr, map[trace.StageName]trace.Outcome{trace.StageTLS: tt.tls, trace.StageHTTP: tt.http})
		if !tr.TLS.ClientCert {
			t.Error("not noted that a client certificate was asked for")
		}
		alert := tr.TLS.Alert
		if tr.HTTP != nil {
			alert = tr.HTTP.Alert
		}
		if alert != tt.alert {
			t.Errorf("alert %d, want %d", alert, tt.alert)
		}
	}
}

func TestOfferAcceptsRSAKeyExchange(t *testing.T) {
	s := httptest.NewUnstartedServer(nil)
	s.TLS = &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}}
	s.StartTLS()
	defer s.Close()
	tr := check(t, plainTarget(t, "wss", s.Listener.Addr().String()), Options{})
	if !tr.TLS.Done || tr.TLS.Group != 0 || tr.Certificate.KeyExchange != "RSA" {
		t.Errorf("handshake %+v", tr.TLS.Handshake)
	}
}

func TestStapleIsKept(t *testing.T) {
	cert := selfSigned(t, nil)
	cert.OCSPStaple = []byte("staple")
	tr := check(t, plainTarget(t, "wss", serveTLS(t, server(cert), func(c *tls.Conn) { echoServer(c) })), Options{})
	if string(tr.TLS.Stapled) != "staple" {
		t.Errorf("stapled %q", tr.TLS.Stapled)
	}
}
