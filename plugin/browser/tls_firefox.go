package browser

import (
	"crypto/tls"

	"ws-diagnose/plugin/trace"
)

const firefoxReset = "NS_ERROR_NET_RESET"

// firefoxTLS is what NSS makes of the handshake up to the certificate.
func firefoxTLS(t *trace.Trace) *Prediction {
	if !t.Target.Secure() {
		return nil
	}
	if t.TLS == nil {
		return unfinished(t, "")
	}
	h := firefoxFirst(t.TLS)
	if bulky(h, firefoxChain) {
		return refuse(codeTLS, "SSL_ERROR_RX_MALFORMED_HANDSHAKE")
	}
	if p := firefoxHandshake(t.TLS, h); p != nil && !firefoxOffer.agrees(t.TLS) && !pastHello(h) {
		return p
	}
	// The signature is checked before anything is said of the certificate. Go calls one by too short
	// a key wrong.
	if h.KeyMismatch && leafKey(t) != keyWeakRSA {
		return refuse(codeTLS, "SEC_ERROR_BAD_SIGNATURE")
	}
	if h.Done {
		if err := firefoxLeafKey(t); err != "" {
			return refuse(codeTLS, err)
		}
	}
	return nil
}

// firefoxFirst is the handshake that is like Firefox's own: it offers h2 beside http/1.1, and comes
// back with http/1.1 alone where h2 was chosen (cases alpn-h2-only, alpn-not-offered,
// alpn-h2-and-http11).
func firefoxFirst(t *trace.TLS) *trace.Handshake {
	for i := range t.Retries {
		r := &t.Retries[i]
		if r.Offer == trace.OfferH2 && (r.Done && r.ALPN != "h2" || r.Ended == trace.EndTimeout) {
			return r
		}
	}
	return &t.Handshake
}

// firefoxChain is the longest list of certificates that NSS takes, in bytes (cases chain-115kib,
// chain-200kib).
const firefoxChain = 1<<17 - 1

// firefoxHandshake is what ends a failed handshake, nil when it was finished. What is TLS, but
// wrong, has a name of NSS and 1015; a connection that just ends has neither.
func firefoxHandshake(t *trace.TLS, h *trace.Handshake) *Prediction {
	switch {
	case h.Done && firefoxOffer.includes(h):
		return nil
	case h.Done:
		return refuse(codeTLS, firefoxAlert(alertHandshakeFailure, true))
	case h.BadCert != "" && doubledExtension(leafDER(t)):
		return refuse(codeTLS, "SEC_ERROR_EXTENSION_VALUE_INVALID")
	case h.BadCert != "": // cases x509-garbage, x509-truncated: NSS makes no certificate of it
		return refuse(codeTLS, "SEC_ERROR_INVALID_ARGS")
	case h.Ended == trace.EndAlert:
		return refuse(codeTLS, firefoxAlert(h.Alert, h.Hello == nil))
	case !speaksTLS(h.First):
		return firefoxForeign(h)
	case h.Hello != nil && h.Hello.Version < tls.VersionTLS12: // case ssl30-only-serverhello; the same with 1.0 and 1.1
		return refuse(codeTLS, "SSL_ERROR_UNSUPPORTED_VERSION")
	case h.Hello != nil && !spoken(h.Hello): // case tls13-draft-serverhello
		return refuse(codeTLS, "SSL_ERROR_RX_MALFORMED_SERVER_HELLO")
	case h.Hello != nil && h.Ended == trace.EndError:
		return refuse(codeTLS, firefoxBadHello(h.Hello))
	case h.Ended == trace.EndError && recordLength(h.First) > maxRecord:
		return refuse(codeTLS, "SSL_ERROR_RX_RECORD_TOO_LONG")
	case h.Ended == trace.EndError:
		return refuse(codeTLS, "SSL_ERROR_RX_MALFORMED_SERVER_HELLO")
	}
	return refuse(codeAbnormal, firefoxEnding(h.Ended))
}

// firefoxEnding names how a connection ended during the handshake (cases tcp-fin-during-handshake,
// tcp-accept-silent, handshake-hangs-after-serverhello).
func firefoxEnding(e trace.Ending) string {
	switch e {
	case trace.EndFIN, trace.EndRST, trace.EndCloseNotify:
		return firefoxReset
	}
	return ""
}

// maxRecord is the longest record that NSS takes: 2^14 bytes and 2,048 for what encryption adds.
const maxRecord = 18432

// firefoxForeign: NSS takes the first five bytes for a record's head whatever they are. A length
// beyond what it takes is an error; else it waits for as many bytes, and only a record that is
// whole is looked at. Text mostly announces 8 to 32 KiB: "HTTP/" 20527 bytes, "SSH-2" 11570.
func firefoxForeign(h *trace.Handshake) *Prediction {
	if recordLength(h.First) > maxRecord {
		return refuse(codeTLS, "SSL_ERROR_RX_RECORD_TOO_LONG")
	}
	if end, cut := short(h); cut {
		return refuse(codeAbnormal, firefoxEnding(end))
	}
	switch h.First[0] {
	case recordApplication:
		return refuse(codeTLS, "SSL_ERROR_RX_UNEXPECTED_APPLICATION_DATA")
	case recordCipherSpec:
		return refuse(codeTLS, "SSL_ERROR_RX_UNEXPECTED_CHANGE_CIPHER")
	case recordHandshake:
		return refuse(codeTLS, "SSL_ERROR_RX_MALFORMED_SERVER_HELLO")
	}
	return refuse(codeTLS, "SSL_ERROR_RX_UNKNOWN_RECORD_TYPE")
}

// firefoxBadHello: a ServerHello of a right version that cannot be gone on with. A suite that was
// not offered has a name; of the other faults an unoffered extension is by far the likeliest.
func firefoxBadHello(hello *trace.ServerHello) string {
	offered := hello.Version >= tls.VersionTLS13
	for _, s := range firefoxOffer.suites {
		offered = offered || s == hello.Cipher
	}
	if !offered {
		return "SSL_ERROR_NO_CYPHER_OVERLAP"
	}
	return "SSL_ERROR_RX_UNEXPECTED_EXTENSION"
}

// firefoxLeafKey: NSS takes P-521, but no Ed25519, and has a least size for keys. Its name for
// Ed25519 in TLS 1.2 is what its library of signatures says.
func firefoxLeafKey(t *trace.Trace) string {
	switch leafKey(t) {
	case keyWeakEC:
		return "SSL_ERROR_WEAK_SERVER_CERT_KEY"
	case keyEd25519:
		if t.TLS.Version < tls.VersionTLS13 {
			return "SEC_ERROR_LIBRARY_FAILURE"
		}
		return "SSL_ERROR_NO_CYPHER_OVERLAP"
	}
	return ""
}

// firefoxTLSEnd: Firefox answers a request for a client certificate with none and goes on; a
// server that needs one says so with an alert (case mtls-required-tls13).
func firefoxTLSEnd(t *trace.Trace) *Prediction {
	switch {
	case !t.Target.Secure() || t.TLS == nil:
		return nil
	case leafKey(t) == keyWeakRSA: // Go ends that handshake, NSS does not (case weak-rsa-512)
		return nil
	case pastHello(&t.TLS.Handshake) && !firefoxOffer.agrees(t.TLS):
		return refuse(codeTLS, firefoxAlert(t.TLS.Alert, false))
	}
	return nil
}
