package faults

import (
	"crypto/tls"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"
)

// certStateCases are faults that only show beside something else: a staple, a header, a clock,
// what was seen before, or who asks.
func certStateCases() []Case {
	another := strings.Repeat("5a", 32)
	return []Case{
		{Name: "must-staple-missing", Finding: "cert-must-staple", What: "must-staple, nothing stapled", Start: leaf(mustStaple())},
		{Name: "must-staple-good", What: "must-staple, a good answer stapled", Start: stapled(ocsp.Good, time.Now(), mustStaple())},
		{Name: "must-staple-old", Finding: "cert-staple-invalid", What: "must-staple, what is stapled is a month old", Start: stapled(ocsp.Good, time.Now().AddDate(0, -1, 0), mustStaple())},
		{Name: "staple-good", What: "a good answer stapled without need", Start: stapled(ocsp.Good, time.Now())},
		{Name: "staple-revoked", Finding: "cert-revoked", What: "the server itself staples that its certificate is revoked", Start: stapled(ocsp.Revoked, time.Now())},
		{Name: "staple-unknown", Finding: "cert-staple-invalid", What: "what is stapled does not know the certificate: Firefox refuses that", Start: stapled(ocsp.Unknown, time.Now())},
		{Name: "staple-old", Finding: "cert-staple-invalid", What: "what is stapled is a month old: Firefox refuses that", Start: stapled(ocsp.Good, time.Now().AddDate(0, -1, 0))},
		{Name: "staple-garbage", Finding: "cert-staple-invalid", What: "what is stapled is no OCSP response: Firefox refuses that", Start: tlsWith(func(_ *PKI, cfg *tls.Config) {
			cfg.Certificates[0].OCSPStaple = []byte("garbage")
		})},
		{Name: "hsts-set", What: "trusted, Strict-Transport-Security sent", Start: play(hsts)},
		{Name: "hsts-self-signed", Finding: "hsts-no-exception", Also: []string{"cert-self-signed"}, What: "self-signed, Strict-Transport-Security sent", Start: func(tb testing.TB, pki *PKI) *Server {
			id := pki.Mint(nil, keyName("self"))
			return listen(tb, overTLS(config(id.Serve()), hsts))
		}},
		{Name: "changed-trusted", Finding: "cert-changed", Check: Check{Known: another}, What: "another certificate than last time, trusted", Start: leaf()},
		{Name: "changed-self-signed", Finding: "cert-changed", Check: Check{Known: another}, What: "another certificate than last time, self-signed", Start: selfSigned()},
		{Name: "static-differs", Finding: "cert-static-differs", What: "the HTTPS file port has another certificate", Start: staticDiffers},
		{Name: "clock-late", Finding: "clock-skew", What: "the Date header is an hour slow", Start: play(dated(-time.Hour))},
		{Name: "clock-early", Finding: "clock-skew", What: "the Date header is a day fast", Start: play(dated(24 * time.Hour))},
		{Name: "clock-nearly-right", What: "the Date header is two minutes slow", Start: play(dated(-2 * time.Minute))},
		{Name: "not-yet-valid-clock", Finding: "cert-not-yet-valid", What: "valid from tomorrow on, and the server's clock is two days fast", Start: func(tb testing.TB, pki *PKI) *Server {
			id := pki.Mint(pki.Root, valid(1, 300))
			return listen(tb, overTLS(config(id.Serve()), dated(48*time.Hour)))
		}},
		{Name: "names-unknown", Host: "127.0.0.1", Finding: "names-unknown", Check: Check{NamesUnknown: true}, What: "nobody told which names users type", Start: leaf(dns("drp.example"))},
		{Name: "page-public-address-space", DRP: true, Host: "127.0.0.1", Finding: "browser-local-network", Check: Check{Portal: "https://portal.rackn.io"},
			What: "healthy on a private address, the page on a public site", Start: endpoint(drp{})},
	}
}

// hsts switches to the websocket and tells browsers to insist on a trusted certificate. Other
// requests get a page, so that a browser can be made to learn it.
func hsts(c *Conn) {
	const header = "Strict-Transport-Security: max-age=31536000"
	for c.ReadRequest() {
		if c.Request.Header.Get("Upgrade") != "" {
			c.Say(statusLine(http.StatusSwitchingProtocols), append([]string{header}, rightUpgrade...)...)
			c.Live(manners{})
			return
		}
		c.Say(statusLine(http.StatusNoContent), header)
	}
}

// dated switches with a Date header that is off.
func dated(off time.Duration) script {
	return answered(func(c *Conn) {
		date := "Date: " + time.Now().Add(off).UTC().Format(http.TimeFormat)
		c.Say(statusLine(http.StatusSwitchingProtocols), append([]string{date}, rightUpgrade...)...)
		c.Live(manners{})
	})
}

// stapled starts a server that staples an OCSP response of that status, made then for a day, and
// signed by the root.
func stapled(status int, made time.Time, edits ...Edit) starter {
	return func(tb testing.TB, pki *PKI) *Server {
		id := pki.Mint(pki.Root, edits...)
		answer, err := ocsp.CreateResponse(pki.Root.Certificate, pki.Root.Certificate, ocsp.Response{
			Status: status, SerialNumber: id.SerialNumber,
			ThisUpdate: made.Add(-time.Hour), NextUpdate: made.Add(24 * time.Hour),
			RevokedAt: made.Add(-2 * time.Hour), RevocationReason: ocsp.KeyCompromise,
		}, pki.Root.Key)
		if err != nil {
			tb.Fatalf("faults: OCSP response: %v", err)
		}
		c := id.Serve()
		c.OCSPStaple = answer
		return listen(tb, overTLS(config(c), healthy))
	}
}

func staticDiffers(tb testing.TB, pki *PKI) *Server {
	files := listen(tb, overTLS(config(pki.Mint(pki.Root).Serve()), healthy))
	s := listen(tb, overTLS(config(pki.Leaf().Serve()), healthy))
	s.Static = files.Addr
	return s
}
