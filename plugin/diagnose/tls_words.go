package diagnose

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"ws-diagnose/plugin/trace"
)

// speaks names what the port speaks instead of TLS; "" when it speaks TLS or says nothing.
func speaks(t *trace.TLS) string {
	if len(t.First) > 0 {
		return protocol(t.First)
	}
	if len(t.Banner) > 0 {
		return protocol(t.Banner)
	}
	if t.PlainHTTP != nil && t.PlainHTTP.Status > 0 && !asksForTLS(t.PlainHTTP) {
		return "plain HTTP"
	}
	return ""
}

// asksForTLS says that the answer to a plain request came from a server that speaks TLS on that port:
// so Go's own, which DRP is built on, nginx and Apache say it. Why the handshake failed is then open.
func asksForTLS(h *trace.HTTP) bool {
	return h.Status == http.StatusBadRequest &&
		(bytes.Contains(h.Body, []byte("HTTPS")) || bytes.Contains(h.Body, []byte("SSL-enabled")))
}

// protocol names a protocol by its first bytes; "" for TLS records.
func protocol(first []byte) string {
	for _, known := range []struct{ prefix, name string }{
		{"HTTP/", "plain HTTP"}, {"SSH-", "SSH"}, {"220", "SMTP or FTP"}, {"+OK", "POP3"}, {"* OK", "IMAP"},
		{"RFB ", "VNC"}, {"<", "plain HTTP without a header"}, {"\x00\x00", "HTTP/2 without TLS, or another binary protocol"},
	} {
		if bytes.HasPrefix(first, []byte(known.prefix)) {
			return known.name
		}
	}
	if (first[0] == 21 || first[0] == 22) && (len(first) < 2 || first[1] == 3) {
		return "" // a TLS record with an alert or a handshake: RFC 8446 section 5.1
	}
	return "an unknown protocol"
}

// tlsValues are what the headlines of the stage name.
func tlsValues(t *trace.TLS) values {
	v := values{"speaks": speaks(t), "alert": alertName(t.Alert), "what": missing(t), "version": "an old version of TLS"}
	switch old := retryVersion(t); {
	case wrongVersion(t.Hello):
		v["version"] = tls.VersionName(t.Hello.Version)
	case old != 0:
		v["version"] = tls.VersionName(old)
	}
	return v
}

// retryVersion is the version below 1.2 that a wider offer brought about; 0 when none did.
func retryVersion(t *trace.TLS) uint16 {
	for _, h := range t.Retries {
		if h.Done && h.Version < tls.VersionTLS12 {
			return h.Version
		}
	}
	return 0
}

// missing says what the server wants that browsers do not offer.
func missing(t *trace.TLS) string {
	if works(t, trace.OfferP521) {
		return "it wants key exchange on P-521, which Chromium does not offer"
	}
	for _, offer := range []trace.Offer{trace.OfferWide, trace.OfferOld} {
		if h := retry(t, offer); h != nil && h.Done {
			return "it takes " + tls.CipherSuiteName(h.Cipher)
		}
	}
	if t.Hello != nil && t.Ended == trace.EndError {
		return chosen(t)
	}
	return "it refuses all that was offered"
}

// chosen says what the server chose, where it was our side that could not go on with that.
func chosen(t *trace.TLS) string {
	h := t.Hello
	switch {
	case h.Retry:
		return fmt.Sprintf("it asks for a key exchange (group %#04x) that was not offered", h.Group)
	case h.Version == tls.VersionTLS12 && !slices.Contains(trace.BrowserSuites, h.Cipher):
		return "it chose " + tls.CipherSuiteName(h.Cipher) + ", which was not offered"
	}
	return "it chose something that browsers refuse: " + plain(strings.TrimPrefix(t.Error, "tls: "))
}

// handshakeDetail tells how the first handshake failed and how the others went.
func handshakeDetail(s *scene) string {
	t := s.TLS
	parts := []string{handshakeEnd(&t.Handshake)}
	if what := speaks(t); what != "" {
		parts = append(parts, "first bytes: "+quote(firstBytes(t)))
	}
	for _, h := range t.Retries {
		if h.Done {
			parts = append(parts, fmt.Sprintf("offer %s works: %s, %s", h.Offer, tls.VersionName(h.Version),
				tls.CipherSuiteName(h.Cipher)))
		} else {
			parts = append(parts, fmt.Sprintf("offer %s: %s", h.Offer, handshakeEnd(&h)))
		}
	}
	return listedWith("; ", parts)
}

// firstBytes are the bytes by which the protocol was told.
func firstBytes(t *trace.TLS) []byte {
	if len(t.First) > 0 {
		return t.First
	}
	if len(t.Banner) > 0 {
		return t.Banner
	}
	if t.PlainHTTP != nil {
		return t.PlainHTTP.First
	}
	return nil
}

// handshakeEnd tells how one handshake failed.
func handshakeEnd(h *trace.Handshake) string {
	switch {
	case h.Alert > 0 && !h.Done:
		return "the server sent TLS alert " + alertName(h.Alert)
	case h.BadCert != "":
		return "the certificate cannot be parsed: " + plain(h.BadCert)
	case h.KeyMismatch:
		return "the signature of the handshake does not fit the certificate's key"
	}
	detail := endingAfter(h.Ended, h.Read)
	switch {
	case h.Ended == trace.EndNone:
		detail = "the handshake failed"
	case h.Ended == trace.EndTimeout:
		detail += fmt.Sprintf(" (%s, %d bytes received)", span(h.Duration), h.Read)
	case !h.HelloSent:
		detail += " before the ClientHello was sent"
	default:
		detail += fmt.Sprintf(" after the ClientHello, %d bytes received", h.Read)
	}
	if h.Error != "" {
		detail += ": " + plain(h.Error)
	}
	return detail
}

// alertName spells a TLS alert as in RFC 8446 section 6, with its number.
func alertName(alert int) string {
	names := map[int]string{
		0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 21: "decryption_failed",
		22: "record_overflow", 30: "decompression_failure", 40: "handshake_failure", 41: "no_certificate",
		42: "bad_certificate", 43: "unsupported_certificate", 44: "certificate_revoked",
		45: "certificate_expired", 46: "certificate_unknown", 47: "illegal_parameter", 48: "unknown_ca",
		49: "access_denied", 50: "decode_error", 51: "decrypt_error", 60: "export_restriction",
		70: "protocol_version", 71: "insufficient_security", 80: "internal_error",
		86: "inappropriate_fallback", 90: "user_canceled", 100: "no_renegotiation", 109: "missing_extension",
		110: "unsupported_extension", 111: "certificate_unobtainable", 112: "unrecognized_name",
		113: "bad_certificate_status_response", 114: "bad_certificate_hash_value",
		115: "unknown_psk_identity", 116: "certificate_required", 120: "no_application_protocol",
		121: "ech_required",
	}
	name := names[alert]
	if name == "" {
		name = "not registered"
	}
	return fmt.Sprintf("%d (%s)", alert, name)
}
