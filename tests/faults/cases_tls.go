package faults

import (
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"
)

// tlsCases are handshakes that fail, and unusual ones that do not.
func tlsCases() []Case {
	return slices.Concat(handshakeEndCases(), versionCases(), suiteCases(), bannerCases())
}

// handshakeEndCases end or stall before the handshake is done.
func handshakeEndCases() []Case {
	half := []byte{recordHandshake, 3, 3, 0, 122, typeServerHello, 0, 0, 118, 3, 3, 1, 2, 3, 4}
	return []Case{
		{Name: "tcp-accept-silent", Finding: "tls-timeout", What: "accepted, nothing read or written", Start: start(func(raw *net.TCPConn) { hold(raw) })},
		{Name: "handshake-hangs-after-serverhello", Finding: "tls-timeout", What: "half a ServerHello, then silence", Start: start(afterHello(func(raw *net.TCPConn, _ *clientHello) {
			raw.Write(half)
			hold(raw)
		}))},
		{Name: "handshake-drips", Finding: "tls-timeout", What: "the ServerHello comes one byte a second", Start: start(afterHello(drip(half)))},
		{Name: "tcp-fin-at-accept", Finding: "tls-dropped", What: "FIN at once", Start: start(func(raw *net.TCPConn) { hangUp(raw) })},
		{Name: "tcp-rst-at-accept", Finding: "tls-dropped", What: "RST at once", Start: start(reset)},
		{Name: "tcp-fin-during-handshake", Finding: "tls-dropped", What: "FIN after the ClientHello", Start: start(afterHelloSay())},
		{Name: "tcp-rst-during-handshake", Finding: "tls-dropped", What: "RST after the ClientHello", Start: start(afterHello(func(raw *net.TCPConn, _ *clientHello) { reset(raw) }))},
		{Name: "close-notify-during-handshake", Finding: "tls-dropped", What: "close_notify, then FIN, after the ClientHello", Start: start(afterHelloSay(alert(1, 0)...))},
		{Name: "fin-after-half-serverhello", Finding: "tls-dropped", What: "half a ServerHello, then FIN", Start: start(afterHelloSay(half...))},
		{Name: "large-hello-hangs", Finding: "tls-large-hello", What: "a ClientHello above 1,000 bytes is swallowed", Start: largeHello(func(raw *net.TCPConn) { hold(raw) })},
		{Name: "large-hello-rst", Finding: "tls-large-hello", What: "a ClientHello above 1,000 bytes is reset", Start: largeHello(reset)},
		{Name: "large-hello-fin", Finding: "tls-large-hello", What: "a ClientHello above 1,000 bytes ends the connection", Start: largeHello(func(raw *net.TCPConn) { hangUp(raw) })},
		{Name: "large-hello-alert", Finding: "tls-large-hello", What: "a ClientHello above 1,000 bytes gets decode_error", Start: largeHello(func(raw *net.TCPConn) { raw.Write(alert(2, 50)) })},
		{Name: "tls-ok-then-close", Finding: "http-dropped", What: "close_notify and FIN right after the handshake", Start: play(func(*Conn) {})},
		{Name: "tls-ok-then-fin", Finding: "http-dropped", What: "FIN without close_notify right after the handshake", Start: play((*Conn).FIN)},
		{Name: "tls-ok-then-rst", Finding: "http-dropped", What: "RST right after the handshake", Start: play((*Conn).RST)},
	}
}

// drip writes text a byte a second.
func drip(text []byte) func(*net.TCPConn, *clientHello) {
	return func(raw *net.TCPConn, _ *clientHello) {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for i := range text {
			if _, err := raw.Write(text[i : i+1]); err != nil {
				return
			}
			<-tick.C
		}
		hold(raw)
	}
}

// largeHello starts a healthy server behind a middlebox that does refuse to large ClientHellos.
func largeHello(refuse func(*net.TCPConn)) starter {
	return sorted(func(h *clientHello) bool { return h.size > 1000 }, refuse)
}

// sorted starts a healthy server that does refuse to the ClientHellos that bad picks.
func sorted(bad func(*clientHello) bool, refuse func(*net.TCPConn)) starter {
	return func(tb testing.TB, pki *PKI) *Server {
		cfg := config(pki.Leaf().Serve())
		return listen(tb, afterHello(func(raw *net.TCPConn, h *clientHello) {
			if bad(h) {
				refuse(raw)
				return
			}
			tlsOn(&feed{TCPConn: raw, next: h.raw}, cfg, healthy)
		}))
	}
}

// versionCases are about the version of TLS.
func versionCases() []Case {
	only := func(v uint16) starter {
		return tlsWith(func(_ *PKI, cfg *tls.Config) { cfg.MinVersion, cfg.MaxVersion = v, v })
	}
	return []Case{
		{Name: "tls13-only", What: "TLS 1.3 alone", Start: only(tls.VersionTLS13)},
		{Name: "tls12-only", What: "TLS 1.2 alone", Start: only(tls.VersionTLS12)},
		{Name: "tls11-only", Finding: "tls-version", What: "TLS 1.1 alone: alert protocol_version", Start: only(tls.VersionTLS11)},
		{Name: "tls10-only", Finding: "tls-version", What: "TLS 1.0 alone: alert protocol_version", Start: only(tls.VersionTLS10)},
		{Name: "ssl30-only-serverhello", Finding: "tls-version", What: "ServerHello of SSL 3.0", Start: start(answerHello(hello{version: ssl30, suite: tls.TLS_RSA_WITH_AES_128_CBC_SHA}))},
		{Name: "tls10-serverhello", Finding: "tls-version", What: "ServerHello of TLS 1.0, as old stacks answer", Start: start(answerHello(hello{version: tls10, suite: tls.TLS_RSA_WITH_AES_128_CBC_SHA}))},
		{Name: "tls11-serverhello", Finding: "tls-version", What: "ServerHello of TLS 1.1", Start: start(answerHello(hello{version: tls11, suite: tls.TLS_RSA_WITH_AES_128_CBC_SHA}))},
		{Name: "tls13-draft-serverhello", Finding: "tls-version", What: "ServerHello of a draft of TLS 1.3", Start: start(answerHello(hello{version: tls12, suite: tls.TLS_AES_128_GCM_SHA256,
			echo: true, extensions: helloExtension(extSupportedVersions, 0x7f, 28)}))},
		{Name: "tls13-intolerant-fin", Finding: "tls-dropped", What: "FIN on any ClientHello that offers TLS 1.3", Start: sorted(func(h *clientHello) bool { return h.tls13 }, func(raw *net.TCPConn) { hangUp(raw) })},
		{Name: "sslv2-record", Finding: "tls-not-spoken", What: "an SSL 2.0 error message", Start: start(afterHelloSay(0x80, 3, 0, 0, 1))},
	}
}

// suiteCases are about cipher suites, key exchange and ALPN.
func suiteCases() []Case {
	suites := func(s ...uint16) starter { return rsaExchange(s) }
	curves := func(ids ...tls.CurveID) starter {
		return tlsWith(func(_ *PKI, cfg *tls.Config) { cfg.CurvePreferences = ids })
	}
	protocols := func(names ...string) starter {
		return tlsWith(func(_ *PKI, cfg *tls.Config) { cfg.NextProtos = names })
	}
	return []Case{
		{Name: "tls12-rc4-only", Finding: "tls-cipher", What: "TLS_RSA_WITH_RC4_128_SHA alone", Start: suites(tls.TLS_RSA_WITH_RC4_128_SHA)},
		{Name: "tls12-3des-only", Finding: "tls-cipher", What: "TLS_RSA_WITH_3DES_EDE_CBC_SHA alone", Start: suites(tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA)},
		{Name: "tls12-rsa-kex-gcm-only", What: "RSA key exchange alone, which browsers still take", Start: suites(tls.TLS_RSA_WITH_AES_128_GCM_SHA256)},
		{Name: "tls12-rsa-kex-cbc-only", What: "RSA key exchange with CBC alone", Start: suites(tls.TLS_RSA_WITH_AES_128_CBC_SHA)},
		{Name: "tls12-ecdhe-cbc-sha256-only", Finding: "tls-cipher", What: "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256 alone", Start: suites(tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256)},
		{Name: "tls12-ecdhe-cbc-sha1-only", What: "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA alone", Start: suites(tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA)},
		{Name: "tls12-chacha-only", What: "ChaCha20-Poly1305 alone", Start: suites(tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256)},
		{Name: "tls12-suite-not-offered", Finding: "tls-cipher", What: "ServerHello with TLS_DHE_RSA_WITH_AES_128_GCM_SHA256, which nobody offered", Start: start(answerHello(hello{version: tls12, suite: 0x009e}))},
		{Name: "tls12-null-cipher", Finding: "tls-cipher", What: "ServerHello with TLS_RSA_WITH_NULL_SHA256", Start: start(answerHello(hello{version: tls12, suite: 0x003b}))},
		{Name: "tls12-sha1-signature-only", Finding: "tls-cipher", What: "the key exchange is signed with SHA-1", Start: sha1Signed},
		{Name: "tls-curve-p521-only", Finding: "tls-cipher", What: "key exchange on P-521 alone", Start: curves(tls.CurveP521)},
		{Name: "tls-curve-p384-only", What: "key exchange on P-384 alone", Start: curves(tls.CurveP384)},
		{Name: "tls-curve-p256-only", What: "key exchange on P-256 alone", Start: curves(tls.CurveP256)},
		{Name: "tls-curve-mlkem-only", What: "key exchange on X25519MLKEM768 alone", Start: curves(tls.X25519MLKEM768)},
		{Name: "retry-for-unknown-group", Finding: "tls-cipher", What: "HelloRetryRequest for a group nobody offered (ffdhe2048)", Start: start(answerHello(hello{
			version: tls12, suite: tls.TLS_AES_128_GCM_SHA256, random: retryRandom, echo: true,
			extensions: append(helloExtension(extSupportedVersions, 3, 4), helloExtension(extKeyShare, 1, 0)...)}))},
		{Name: "alpn-none", What: "no ALPN at all", Start: protocols()},
		{Name: "alpn-h2-and-http11", What: "h2 preferred, http/1.1 too", Start: webServer},
		{Name: "alpn-h2-only", Finding: "tls-alpn", What: "h2 alone: alert no_application_protocol", Start: sorted(func(h *clientHello) bool { return !h.h2 }, func(raw *net.TCPConn) { raw.Write(alert(2, 120)) })},
		{Name: "alpn-no-overlap", Finding: "tls-alpn", What: "another protocol alone", Start: protocols("postgresql")},
		{Name: "alpn-not-offered", Finding: "tls-alpn", What: "ServerHello of TLS 1.2 picks h2, which was not offered", Start: start(answerHello(hello{
			version: tls12, suite: tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, extensions: helloExtension(extALPN, 0, 3, 2, 'h', '2')}))},
		{Name: "alpn-http11-then-h2-frames", Finding: "tls-alpn", What: "http/1.1 agreed, then an HTTP/2 SETTINGS frame", Start: play(h2Settings)},
		{Name: "sni-required-by-address", Host: "127.0.0.1", Finding: "tls-alert", What: "no certificate without a server name: unrecognized_name", Start: tlsWith(needsSNI)},
	}
}

// h2Settings speaks HTTP/2 whatever was agreed: an empty SETTINGS frame, then GOAWAY.
func h2Settings(c *Conn) {
	c.Write([]byte{0, 0, 0, 4, 0, 0, 0, 0, 0})
	c.ReadRequest()
	c.Write([]byte{0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1})
}

// webServer starts a web server of the usual kind: HTTP/2 for pages, websockets over HTTP/1.1 only.
// Firefox offers both and comes back with HTTP/1.1 alone; so here HTTP/2 must really be spoken.
func webServer(tb testing.TB, pki *PKI) *Server {
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			http.Error(w, "no websockets over HTTP/2", http.StatusNotImplemented)
			return
		}
		defer raw.Close()
		defer context.AfterFunc(tb.Context(), func() { raw.Close() })()
		raw.SetDeadline(time.Now().Add(lifetime))
		c := &Conn{Conn: raw, in: buffered.Reader, Request: r}
		c.Say(statusLine(http.StatusSwitchingProtocols), rightUpgrade...)
		c.Live(manners{})
	}))
	web.EnableHTTP2 = true
	web.TLS = &tls.Config{Certificates: []tls.Certificate{pki.Leaf().Serve()}}
	web.Config.ErrorLog = log.New(io.Discard, "", 0)
	web.StartTLS()
	tb.Cleanup(web.Close)
	at := web.Listener.Addr().(*net.TCPAddr)
	return &Server{Addr: at.String(), Connect: at.String(), Port: at.Port}
}

func needsSNI(p *PKI, cfg *tls.Config) {
	c := p.Leaf().Serve()
	cfg.Certificates = nil
	cfg.GetCertificate = func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if h.ServerName == "" {
			return nil, nil // crypto/tls then sends unrecognized_name
		}
		return &c, nil
	}
}

// sha1Signed starts a server of TLS 1.2 that signs its key exchange with SHA-1.
func sha1Signed(tb testing.TB, pki *PKI) *Server {
	id := pki.Mint(pki.Root, key("rsa2048"))
	share, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return listen(tb, afterHello(func(raw *net.TCPConn, h *clientHello) {
		random := make([]byte, 32)
		rand.Read(random)
		exchange, err := sha1KeyExchange(h, random, share.PublicKey().Bytes(), id.Key)
		if err != nil {
			return
		}
		flight := hello{version: tls12, suite: tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, random: random}.message(h)
		flight = append(flight, certificate12([][]byte{id.DER})...)
		flight = append(append(flight, exchange...), handshake(typeServerHelloDone, nil)...)
		raw.Write(record(recordHandshake, tls12, flight))
		hold(raw)
	}))
}

// bannerCases answer something else than TLS.
func bannerCases() []Case {
	http400 := "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server in reverse.\n"
	return []Case{
		{Name: "plain-http-on-port", Finding: "tls-not-spoken", What: "an HTTP server without TLS", Start: start(overTCP(plainHTTP))},
		{Name: "plain-http-400", Finding: "tls-not-spoken", What: "a plain HTTP 400 to anything", Start: start(says([]byte(http400)))},
		{Name: "ssh-on-port", Finding: "tls-not-spoken", What: "an SSH server", Start: start(banner("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"))},
		{Name: "smtp-on-port", Finding: "tls-not-spoken", What: "a mail server", Start: start(banner("220 mail.example ESMTP ready\r\n"))},
		{Name: "ftp-on-port", Finding: "tls-not-spoken", What: "a file server", Start: start(banner("220 (vsFTPd 3.0.5)\r\n"))},
		{Name: "garbage-on-port", Finding: "tls-not-spoken", What: "bytes that are no protocol, with a record length above 18432", Start: start(says([]byte("\x00\x01\x02\xff\xff\xfe garbage \x1b[31m")))},
		{Name: "garbage-short-record", Finding: "tls-not-spoken", What: "the same with a small record length", Start: start(says([]byte("\x99\x98\x97\x00\x05garbage")))},
		{Name: "starttls-database", Finding: "tls-not-spoken", What: "one byte N, as PostgreSQL refuses TLS", Start: start(says([]byte("N")))},
	}
}

// banner is a server that greets first and reads.
func banner(text string) wire {
	return func(raw *net.TCPConn) {
		raw.Write([]byte(text))
		hold(raw)
	}
}
