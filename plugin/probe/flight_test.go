package probe

import (
	"bytes"
	"crypto/tls"
	"net"
	"testing"

	"ws-diagnose/plugin/trace"
)

// recordFlight makes a handshake over a pipe and returns what the server sent, and the outcome.
func recordFlight(t testing.TB, client, srv *tls.Config) ([]byte, tls.ConnectionState) {
	t.Helper()
	a, err := net.Dial("tcp", serveTLS(t, srv, func(c *tls.Conn) { hang(c) }))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	w := &wire{Conn: a, record: true}
	c := tls.Client(w, client)
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	return w.flight, c.ConnectionState()
}

func TestParseFlight(t *testing.T) {
	cert := selfSigned(t, nil)
	for _, offer := range []trace.Offer{trace.OfferBrowser, trace.OfferSmall, trace.OfferOld, trace.OfferWide, trace.OfferP521} {
		flight, state := recordFlight(t, offerConfig(offer, "localhost"), server(cert))
		hello, certs := parseFlight(flight)
		if hello == nil {
			t.Fatalf("%s: no ServerHello", offer)
		}
		if hello.Version != state.Version || hello.Cipher != state.CipherSuite || hello.Retry {
			t.Errorf("%s: read %+v, negotiated %x %x", offer, hello, state.Version, state.CipherSuite)
		}
		if state.Version == tls.VersionTLS13 {
			if tls.CurveID(hello.Group) != state.CurveID {
				t.Errorf("%s: group %v, want %v", offer, hello.Group, state.CurveID)
			}
			continue
		}
		if len(certs) != 1 || !bytes.Equal(certs[0], cert.Certificate[0]) {
			t.Errorf("%s: %d certificates read off the wire", offer, len(certs))
		}
	}
}

func TestParseFlightRetry(t *testing.T) {
	srv := server(selfSigned(t, nil))
	srv.CurvePreferences = []tls.CurveID{tls.CurveP384}
	flight, _ := recordFlight(t, BrowserConfig("localhost"), srv)
	hello, _ := parseFlight(flight)
	if hello == nil || !hello.Retry || tls.CurveID(hello.Group) != tls.CurveP384 {
		t.Errorf("read %+v, want a HelloRetryRequest for P-384", hello)
	}
}

// An SSL 3.0 server answers with a ServerHello without extensions, perhaps after a warning.
func TestParseFlightOld(t *testing.T) {
	body := append([]byte{3, 0}, make([]byte, 32)...)
	body = append(body, 0, 0, 5, 0) // no session, RSA with RC4 and SHA-1, no compression
	record := append([]byte{22, 3, 0, 0, byte(len(body) + 4), 2, 0, 0, byte(len(body))}, body...)
	for _, flight := range [][]byte{record, append([]byte{21, 3, 0, 0, 2, 1, 112}, record...)} {
		hello, _ := parseFlight(flight)
		if hello == nil || hello.Version != 0x300 || hello.Cipher != 5 || hello.RecordVersion != 0x300 {
			t.Errorf("read %+v", hello)
		}
	}
	for n := range record {
		if hello, certs := parseFlight(record[:n]); hello != nil || certs != nil {
			t.Errorf("%d of %d bytes are taken for a ServerHello", n, len(record))
		}
	}
}

func FuzzParseFlight(f *testing.F) {
	cert := selfSigned(f, nil)
	for _, o := range []trace.Offer{trace.OfferBrowser, trace.OfferOld} {
		flight, _ := recordFlight(f, offerConfig(o, "localhost"), server(cert))
		f.Add(flight)
	}
	f.Add([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		hello, certs := parseFlight(b)
		size := 0
		for _, c := range certs {
			size += len(c)
		}
		if size > len(b) || hello == nil && certs != nil {
			t.Fatalf("%d bytes of certificates in %d", size, len(b))
		}
	})
}
