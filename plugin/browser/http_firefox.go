package browser

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"ws-diagnose/plugin/trace"
)

// firefoxHTTP is what Firefox makes of the answer up to its status.
func firefoxHTTP(t *trace.Trace) *Prediction {
	if t.HTTP == nil {
		return nil
	}
	a := &t.HTTP.Answer
	switch {
	case a.Ended == trace.EndAlert && a.Alert >= 0: // case mtls-required-tls13
		return refuse(codeTLS, firefoxAlert(a.Alert, false))
	case a.Ended == trace.EndError && a.Read == 0 && t.Target.Secure():
		return refuse(codeTLS, "SSL_ERROR_BAD_MAC_READ")
	}
	if err, stops := firefoxAnswer(a); stops {
		return refuse(codeAbnormal, err)
	}
	return nil
}

// firefoxRefused is what Firefox cancels its channel with when the answer is no 101.
const firefoxRefused = "NS_ERROR_WEBSOCKET_CONNECTION_REFUSED"

// firefoxAnswer: cases http-*, http-headers-*, tls-ok-*. The limit of the header is 384 KiB, above
// the 256 KiB at which the probe stops counting.
func firefoxAnswer(a *trace.Answer) (err string, stops bool) {
	line, like := statusLine(a.First, "HTTP/", false)
	_, icy := statusLine(a.First, "ICY ", true)
	switch {
	case icy: // taken for HTTP/1.0, as a radio station's server meant it (case http-icy)
		return firefoxStatus(&trace.Answer{Status: http.StatusOK}), true
	case a.TooLarge:
		return "NS_ERROR_FILE_TOO_BIG", true
	case a.HTTP2, a.Malformed != "" && !like, strings.HasPrefix(a.Proto, "HTTP/0"): // taken for HTTP/0.9
		return firefoxRefused, true
	case a.NUL:
		return "NS_ERROR_DOM_INVALID_HEADER_VALUE", true
	case a.Malformed != "" && a.Status == 0 && statusDigits(line) == "101":
		return "", false
	case a.Malformed != "" && a.Status == 0:
		return "NS_ERROR_PARSING_HTTP_STATUS_LINE", true
	case a.Status == 0 || a.Partial:
		return firefoxCut(a), true
	case clashes(a.Header) != "" || badRedirect(a):
		return "NS_ERROR_CORRUPTED_CONTENT", true
	case a.Status == 101:
		return "", false
	}
	return firefoxStatus(a), true
}

// firefoxCut is an answer that did not come, or whose header did not end (cases
// tls-ok-request-then-close, tls-ok-request-then-rst, http-headers-cut,
// http-headers-never-finish).
func firefoxCut(a *trace.Answer) string {
	switch {
	case hungUp(a.Ended) && len(a.Interim) > 0:
		return firefoxRefused
	case hungUp(a.Ended) && a.Read > 0:
		return ""
	case hungUp(a.Ended), a.Ended == trace.EndRST:
		return firefoxReset
	}
	return "NS_ERROR_NET_TIMEOUT"
}

// sniffed is how many bytes of a body without a Content-Type Firefox gathers to guess its type
// before it looks at the answer at all.
const sniffed = 512

// firefoxStatus is what the channel ends with when the status is not 101 (cases http-*). Where it
// waits for a body to guess its type by, and the body is short, the channel has ended well before
// the status is looked at (tried with and without a Content-Type, and bodies of 0 to 1,000 bytes).
func firefoxStatus(a *trace.Answer) string {
	if a.Status >= 200 && a.Header.Get("Content-Type") == "" && len(a.Body) < sniffed {
		return ""
	}
	return firefoxRefused
}

// badRedirect says that an answer redirects to where a websocket cannot go at all: Firefox looks at
// that before it refuses to be redirected (tried with wss, data and an address that is none).
func badRedirect(a *trace.Answer) bool {
	if !slices.Contains([]int{301, 302, 303, 307, 308}, a.Status) || a.Header.Get("Location") == "" {
		return false
	}
	u, err := url.Parse(a.Header.Get("Location"))
	if err != nil {
		return true
	}
	scheme := strings.ToLower(u.Scheme)
	return scheme != "" && scheme != "http" && scheme != "https"
}
