package diagnose

import (
	"crypto/tls"
	"slices"
	"strings"

	"ws-diagnose/plugin/trace"
)

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
	return h != nil && h.Done && h.Version == tls.VersionTLS12 && slices.Contains(trace.BrowserSuites, h.Cipher)
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
