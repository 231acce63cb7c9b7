package diagnose

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/tls"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"ws-diagnose/plugin/trace"
)

func tlsTimeout(s *scene) []sighting    { return tlsFault(s, "tls-timeout") }
func tlsNotSpoken(s *scene) []sighting  { return tlsFault(s, "tls-not-spoken") }
func tlsVersion(s *scene) []sighting    { return tlsFault(s, "tls-version") }
func tlsLargeHello(s *scene) []sighting { return tlsFault(s, "tls-large-hello") }
func tlsAlert(s *scene) []sighting      { return tlsFault(s, "tls-alert") }

// tlsDropped also finds a reset that came so early that it ended the connection attempt itself.
func tlsDropped(s *scene) []sighting {
	if s.Connect != nil && s.Connect.Proxy == nil && classifyDials(s.Connect) == "tls-dropped" {
		return []sighting{{stage: trace.StageConnect, detail: dialDetails(s.Connect.Dials), values: values{"dial": firstDialled(s)}}}
	}
	return tlsFault(s, "tls-dropped")
}

// tlsFault is the sighting of id when that is how the first handshake failed.
func tlsFault(s *scene, id string) []sighting {
	if s.TLS == nil || s.TLS.Done || classifyTLS(s.TLS) != id {
		return nil
	}
	return []sighting{{detail: handshakeDetail(s), values: tlsValues(s.TLS)}}
}

// classifyTLS names the fault of a handshake that failed. What speaks comes first, then what the
// server said of itself, then what the other offers brought to light.
func classifyTLS(t *trace.TLS) string {
	switch {
	case weakKeyRefused(t):
		return "cert-weak-key"
	case chainRefused(t):
		return "cert-chain-invalid"
	case t.KeyMismatch || t.BadCert != "":
		return "tls-key-mismatch"
	case speaks(t) != "":
		return "tls-not-spoken"
	case t.ClientCert && (t.Alert > 0 || t.Ended != trace.EndTimeout):
		return "tls-client-cert"
	case works(t, trace.OfferSmall):
		return "tls-large-hello"
	case wrongVersion(t.Hello):
		return "tls-version"
	case t.Alert > 0:
		return classifyAlert(t)
	case t.Ended == trace.EndError:
		return classifyOwn(t)
	case t.Ended == trace.EndTimeout:
		return "tls-timeout"
	case t.Ended == trace.EndNone && t.Error == "":
		return "" // nothing is known; the failed stage gets its name from the fallback
	}
	if id := classifyRetries(t); id != "" && !intolerant(t) {
		return id
	}
	return "tls-dropped"
}

// weakKeyRefused and chainRefused say, by Go's own words, that our side ended the handshake over
// something that is no fault of it: a key that is too short, certificates that are too many.
func weakKeyRefused(t *trace.TLS) bool { return strings.Contains(t.Error, "keys are insecure") }
func chainRefused(t *trace.TLS) bool   { return strings.Contains(t.Error, "handshake message of length") }

// wrongVersion says that a ServerHello chose a version that no browser speaks: an old one, or a draft.
func wrongVersion(h *trace.ServerHello) bool {
	return h != nil && h.Version != 0 && h.Version != tls.VersionTLS12 && h.Version != tls.VersionTLS13
}

// intolerant says that the server drops the first offer and takes an older one with what browsers
// offer too: nothing is missing, the server or a device before it takes offence at the first.
func intolerant(t *trace.TLS) bool {
	h := retry(t, trace.OfferOld)
	return h != nil && h.Done && h.Version == tls.VersionTLS12 && slices.Contains(browserSuites, h.Cipher)
}

// browserSuites are the cipher suites of TLS 1.2 that Chromium and Firefox offer.
var browserSuites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
	tls.TLS_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.TLS_RSA_WITH_AES_256_CBC_SHA,
}

// Alerts of RFC 8446 section 6 that have findings of their own.
const (
	alertHandshakeFailure     = 40
	alertProtocolVersion      = 70
	alertInsufficientSecurity = 71
	alertNoALPN               = 120
)

// classifyAlert names the fault behind a fatal alert. Those about client certificates (42, 116) mean
// something else where the server did not ask for one.
func classifyAlert(t *trace.TLS) string {
	switch t.Alert {
	case alertNoALPN:
		return "tls-alpn"
	case alertProtocolVersion:
		if id := classifyRetries(t); id != "" {
			return id
		}
		return "tls-version"
	case alertHandshakeFailure, alertInsufficientSecurity:
		if works(t, trace.OfferNoSNI) && classifyRetries(t) == "" {
			return "tls-alert"
		}
		if id := classifyRetries(t); id != "" {
			return id
		}
		return "tls-cipher"
	}
	return "tls-alert"
}

// classifyOwn names the fault when it was our side that could not go on with what the server chose.
func classifyOwn(t *trace.TLS) string {
	switch {
	case strings.Contains(t.Error, "ALPN"):
		return "tls-alpn"
	case t.Hello != nil:
		return "tls-cipher"
	}
	return "tls-dropped"
}

// classifyRetries tells by the offers that worked what was missing from the first.
func classifyRetries(t *trace.TLS) string {
	if works(t, trace.OfferP521) {
		return "tls-cipher"
	}
	for _, offer := range []trace.Offer{trace.OfferWide, trace.OfferOld} {
		if h := retry(t, offer); h != nil && h.Done {
			if h.Version < tls.VersionTLS12 {
				return "tls-version"
			}
			return "tls-cipher"
		}
	}
	if works(t, trace.OfferNoALPN) || works(t, trace.OfferH2) {
		return "tls-alpn"
	}
	return ""
}

// retry is the handshake with that offer; nil when none was made.
func retry(t *trace.TLS, offer trace.Offer) *trace.Handshake {
	i := slices.IndexFunc(t.Retries, func(h trace.Handshake) bool { return h.Offer == offer })
	if i < 0 {
		return nil
	}
	return &t.Retries[i]
}

func works(t *trace.TLS, offer trace.Offer) bool {
	h := retry(t, offer)
	return h != nil && h.Done
}

// speaks names what the port speaks instead of TLS; "" when it speaks TLS or says nothing.
func speaks(t *trace.TLS) string {
	if len(t.First) > 0 {
		return protocol(t.First)
	}
	if len(t.Banner) > 0 {
		return protocol(t.Banner)
	}
	if t.PlainHTTP != nil && t.PlainHTTP.Status > 0 {
		return "plain HTTP"
	}
	return ""
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
	return "it refuses all that was offered"
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
	detail := ending(h.Ended)
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

// tlsCipher also finds what the check's own handshake put up with and a browser does not.
func tlsCipher(s *scene) []sighting {
	t := s.TLS
	if t == nil || !t.Done {
		return tlsFault(s, "tls-cipher")
	}
	what := refusedKey(s.leaf())
	if t.Group == tls.CurveP521 {
		what = "the key exchange is on P-521, which Chromium refuses"
	}
	if what == "" {
		return nil
	}
	return []sighting{{detail: what, values: values{"what": what}}}
}

// refusedKey says why a browser offers no signature for the leaf's key; "" when it does.
func refusedKey(leaf *trace.Cert) string {
	if leaf == nil {
		return ""
	}
	switch key := leaf.PublicKey.(type) {
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P521() {
			return "the certificate's key is on P-521, which Chromium refuses"
		}
	case ed25519.PublicKey:
		return "the certificate's key is Ed25519, which browsers refuse"
	}
	return ""
}

// tlsKeyMismatch also finds a certificate that cannot be parsed in a handshake that finished.
func tlsKeyMismatch(s *scene) []sighting {
	if s.TLS == nil || (!s.TLS.KeyMismatch && s.TLS.BadCert == "") || weakKeyRefused(s.TLS) {
		return nil
	}
	return []sighting{{detail: handshakeEnd(&s.TLS.Handshake)}}
}

// tlsALPN also finds servers that agree on HTTP/1.1 and then speak HTTP/2.
func tlsALPN(s *scene) []sighting {
	if a := s.answer(); a != nil && a.HTTP2 {
		return []sighting{{stage: trace.StageHTTP,
			detail: "http/1.1 was agreed on in ALPN, but the server answers with HTTP/2 frames: " + quote(a.First)}}
	}
	if s.TLS != nil && s.TLS.Done && s.TLS.ALPN != "" && s.TLS.ALPN != "http/1.1" {
		return []sighting{{detail: "the server chose " + quote(s.TLS.ALPN) + " in ALPN"}}
	}
	return tlsFault(s, "tls-alpn")
}

// tlsClientCert also finds the refusals that come after the handshake: TLS 1.3 reports a missing
// client certificate at the first read, nginx answers 400.
func tlsClientCert(s *scene) []sighting {
	if s.TLS == nil || !s.TLS.Done {
		return tlsFault(s, "tls-client-cert")
	}
	a := s.answer()
	if !s.TLS.ClientCert || a == nil {
		return nil
	}
	if stage := clientCertRefusal(a); stage != "" {
		detail := "the server asked for a client certificate; none was given, and it refused"
		switch {
		case a.Status > 0:
			detail += fmt.Sprintf(" with status %d: %s", a.Status, quote(a.Body))
		case a.Alert > 0:
			detail += " with TLS alert " + alertName(a.Alert)
		default:
			detail += ": " + ending(a.Ended)
		}
		return []sighting{{stage: stage, detail: detail}}
	}
	return nil
}

// clientCertRefusal says at which stage an answer refuses for want of a client certificate, "" when
// it does not.
func clientCertRefusal(a *trace.Answer) trace.StageName {
	hungUp := a.Ended != trace.EndNone && a.Ended != trace.EndTimeout
	switch {
	case a.Status == 0 && (a.Alert > 0 || hungUp):
		return trace.StageHTTP
	case a.Status == http.StatusBadRequest && bytes.Contains(a.Body, []byte("SSL certificate")):
		return trace.StageUpgrade // nginx: "No required SSL certificate was sent"
	}
	return ""
}

func tlsClientCertOptional(s *scene) []sighting {
	if s.TLS == nil || !s.TLS.Done || !s.TLS.ClientCert || len(tlsClientCert(s)) > 0 {
		return nil
	}
	return []sighting{{detail: "the server asked for a client certificate and went on without one"}}
}
