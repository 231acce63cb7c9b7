package browser

import (
	"crypto/tls"
	"crypto/x509"

	"ws-diagnose/plugin/trace"
)

// chromiumTLS is what BoringSSL makes of the handshake up to the certificate.
func chromiumTLS(t *trace.Trace) *Prediction {
	if !t.Target.Secure() {
		return nil
	}
	if t.TLS == nil {
		return unfinished(t, chromiumTimeout)
	}
	h := &t.TLS.Handshake
	if bulky(h, chromiumChain) {
		return refuse(codeAbnormal, chromiumProtocol)
	}
	if err := chromiumHandshake(t.TLS); err != "" && !chromiumOffer.agrees(t.TLS) && !pastHello(h) {
		return refuse(codeAbnormal, err)
	}
	if h.Done || h.KeyMismatch {
		if err := chromiumLeafKey(t); err != "" {
			return refuse(codeAbnormal, err)
		}
	}
	return nil
}

// chromiumHandshake names what ended a failed handshake, "" when it was finished.
func chromiumHandshake(t *trace.TLS) string {
	h := &t.Handshake
	switch {
	case h.Done && chromiumOffer.includes(h):
		return ""
	case h.Done:
		return chromiumMismatch
	case h.BadCert != "":
		return chromiumBadCert(t)
	case h.Ended == trace.EndAlert:
		return chromiumAlert(h.Alert)
	case !speaksTLS(h.First):
		return chromiumForeign(h)
	case h.Hello != nil && !spoken(h.Hello): // case ssl30-only-serverhello; the same with 1.0, 1.1 and a draft of 1.3
		return chromiumMismatch
	}
	return chromiumEnding(h.Ended)
}

// chromiumChain is the longest list of certificates that BoringSSL takes, in bytes (cases
// chain-115kib, chain-hundred-certificates).
const chromiumChain = 100 << 10

// chromiumForeign: BoringSSL looks at the version in a record's head, and at its type only when the
// record is whole (cases of SSH, SMTP, plain HTTP; case sslv2-record).
func chromiumForeign(h *trace.Handshake) string {
	end, cut := short(h)
	if h.First[1] == 3 && cut {
		return chromiumEnding(end)
	}
	return chromiumProtocol
}

// chromiumBadCert: BoringSSL takes no more than the key out of a certificate; what else is wrong
// with it is found with the other faults (cases x509-garbage, x509-doubled-extension).
func chromiumBadCert(t *trace.TLS) string {
	if keyReadable(leafDER(t)) {
		return "net::ERR_CERT_INVALID"
	}
	return chromiumProtocol
}

// chromiumEnding names how a connection ended during the handshake (cases tcp-accept-silent,
// handshake-hangs-after-serverhello, tcp-fin-during-handshake). A close_notify is an alert out of
// place there.
func chromiumEnding(e trace.Ending) string {
	switch e {
	case trace.EndFIN:
		return "net::ERR_CONNECTION_CLOSED"
	case trace.EndRST:
		return "net::ERR_CONNECTION_RESET"
	case trace.EndCloseNotify, trace.EndError:
		return chromiumProtocol
	}
	return chromiumTimeout
}

// chromiumLeafKey is what BoringSSL has against the server's key. It offers no signature scheme
// for P-521 and Ed25519, so that a server of TLS 1.3 ends with handshake_failure; in TLS 1.2 the
// server may sign, and the curve is then refused. It looks at the key usage even of certificates
// that nobody trusts (case keyusage-certsign-only, and with a self-signed one).
func chromiumLeafKey(t *trace.Trace) string {
	modern := t.TLS.Version >= tls.VersionTLS13 || t.TLS.Hello != nil && t.TLS.Hello.Version >= tls.VersionTLS13
	switch k := leafKey(t); {
	case k == keyP521 && modern, k == keyWeakEC && modern, k == keyEd25519 && modern:
		return chromiumMismatch
	case k == keyP521, k == keyWeakEC:
		return chromiumProtocol
	}
	if c := t.Certificate; c != nil && c.Leaf.Certificate != nil && c.Leaf.HasKeyUsage {
		need := x509.KeyUsageDigitalSignature
		if c.KeyExchange == "RSA" {
			need = x509.KeyUsageKeyEncipherment
		}
		if c.Leaf.KeyUsage&need == 0 {
			return "net::ERR_SSL_KEY_USAGE_INCOMPATIBLE"
		}
	}
	return ""
}

// chromiumTLSEnd is what comes after the certificate. A server that asks for a client certificate
// makes Chromium cancel a websocket, needed or not, because there is no dialog to choose one
// (case mtls-required-tls13; the same with TLS 1.2 and an optional one).
func chromiumTLSEnd(t *trace.Trace) *Prediction {
	if !t.Target.Secure() || t.TLS == nil {
		return nil
	}
	switch h := &t.TLS.Handshake; {
	case leafKey(t) == keyWeakRSA: // Go ends that handshake, BoringSSL does not (case weak-rsa-512)
		return nil
	case h.ClientCert:
		return refuse(codeAbnormal, "WebSocket opening handshake was canceled")
	case h.KeyMismatch:
		return refuse(codeAbnormal, chromiumProtocol)
	case pastHello(h) && !chromiumOffer.agrees(t.TLS):
		return refuse(codeAbnormal, chromiumAlert(h.Alert))
	}
	return nil
}

// unfinished judges a secure target whose handshake was never begun: the deadline came first, and
// a browser would wait on. Without a word about the connection there is nothing to tell.
func unfinished(t *trace.Trace, timeout string) *Prediction {
	if t.Late {
		return refuse(codeAbnormal, timeout)
	}
	return nil
}
