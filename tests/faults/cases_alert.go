package faults

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"testing"
)

// alertCases answer the ClientHello with an alert.
func alertCases() []Case {
	cases := []Case{{
		Name: "alert-warning-unrecognized-name-then-ok", What: "warning alert 112, then a right handshake of TLS 1.2",
		Start: func(tb testing.TB, pki *PKI) *Server {
			cfg := config(pki.Leaf().Serve())
			cfg.MaxVersion = tls.VersionTLS12
			return listen(tb, afterHello(func(raw *net.TCPConn, h *clientHello) {
				raw.Write(alert(1, 112))
				tlsOn(&feed{TCPConn: raw, next: h.raw}, cfg, healthy)
			}))
		},
	}}
	for _, a := range []struct {
		code    byte
		name    string
		finding string
	}{
		{10, "unexpected-message", "tls-alert"},
		{20, "bad-record-mac", "tls-alert"},
		{22, "record-overflow", "tls-alert"},
		{40, "handshake-failure", "tls-cipher"},
		{42, "bad-certificate", "tls-alert"},
		{43, "unsupported-certificate", "tls-alert"},
		{44, "certificate-revoked", "tls-alert"},
		{45, "certificate-expired", "tls-alert"},
		{46, "certificate-unknown", "tls-alert"},
		{47, "illegal-parameter", "tls-alert"},
		{48, "unknown-ca", "tls-alert"},
		{49, "access-denied", "tls-alert"},
		{50, "decode-error", "tls-alert"},
		{51, "decrypt-error", "tls-alert"},
		{70, "protocol-version", "tls-version"},
		{71, "insufficient-security", "tls-cipher"},
		{80, "internal-error", "tls-alert"},
		{86, "inappropriate-fallback", "tls-alert"},
		{90, "user-canceled", "tls-alert"},
		{109, "missing-extension", "tls-alert"},
		{110, "unsupported-extension", "tls-alert"},
		{112, "unrecognized-name", "tls-alert"},
		{113, "bad-certificate-status", "tls-alert"},
		{115, "unknown-psk-identity", "tls-alert"},
		{116, "certificate-required", "tls-alert"},
		{120, "no-application-protocol", "tls-alpn"},
		{200, "unknown-code", "tls-alert"},
	} {
		cases = append(cases, Case{
			Name: "alert-" + a.name, Finding: a.finding,
			What:  fmt.Sprintf("fatal alert %d after the ClientHello", a.code),
			Start: start(afterHelloSay(alert(2, a.code)...)),
		})
	}
	return cases
}

// clientCertCases ask for a client certificate.
func clientCertCases() []Case {
	ask := func(version uint16, how tls.ClientAuthType) starter {
		return tlsWith(func(p *PKI, cfg *tls.Config) {
			cfg.MinVersion, cfg.MaxVersion, cfg.ClientAuth = version, version, how
		})
	}
	return []Case{
		{Name: "mtls-required-tls13", Finding: "tls-client-cert", What: "demanded in TLS 1.3: the refusal comes after the handshake", Start: ask(tls.VersionTLS13, tls.RequireAnyClientCert)},
		{Name: "mtls-required-tls12", Finding: "tls-client-cert", What: "demanded in TLS 1.2: the refusal ends the handshake", Start: ask(tls.VersionTLS12, tls.RequireAnyClientCert)},
		{Name: "mtls-optional-tls13", Finding: "tls-client-cert-optional", What: "asked for in TLS 1.3, but not needed", Start: ask(tls.VersionTLS13, tls.RequestClientCert)},
		{Name: "mtls-optional-tls12", Finding: "tls-client-cert-optional", What: "asked for in TLS 1.2, but not needed", Start: ask(tls.VersionTLS12, tls.RequestClientCert)},
		{Name: "mtls-optional-then-fin", Finding: "tls-client-cert", What: "asked for in TLS 1.3; without one the connection ends by FIN", Start: func(tb testing.TB, pki *PKI) *Server {
			cfg := config(pki.Leaf().Serve())
			cfg.ClientAuth = tls.RequestClientCert
			return listen(tb, overTLS(cfg, answered((*Conn).FIN)))
		}},
		{Name: "mtls-optional-then-400", Finding: "tls-client-cert", What: "asked for; without one the answer is 400 with the reason, as nginx does", Start: func(tb testing.TB, pki *PKI) *Server {
			cfg := config(pki.Leaf().Serve())
			cfg.ClientAuth = tls.RequestClientCert
			return listen(tb, overTLS(cfg, noCertificateSent))
		}},
		{Name: "mtls-optional-then-403", Finding: "upgrade-forbidden", What: "asked for; without one the answer is 403", Start: func(tb testing.TB, pki *PKI) *Server {
			cfg := config(pki.Leaf().Serve())
			cfg.ClientAuth = tls.RequestClientCert
			return listen(tb, overTLS(cfg, status(403)))
		}},
	}
}

// noCertificateSent answers in the words of nginx's ssl_verify_client.
func noCertificateSent(c *Conn) {
	const page = "<html><head><title>400 No required SSL certificate was sent</title></head></html>\r\n"
	if c.ReadRequest() {
		c.Say(statusLine(400), "Server: nginx", "Content-Type: text/html", fmt.Sprintf("Content-Length: %d", len(page)), "Connection: close")
		io.WriteString(c, page)
	}
}
