package browser

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"

	"ws-diagnose/plugin/trace"
)

// interimStatus is the first 1xx answer before the real one, 0 when there was none.
func interimStatus(a *trace.Answer) int {
	if len(a.Interim) > 0 {
		return a.Interim[0]
	}
	return 0
}

// clashes returns the first of the headers that a browser refuses to see with different values.
func clashes(h http.Header) string {
	for _, name := range []string{"Content-Length", "Content-Disposition", "Location"} {
		v := h.Values(name)
		for _, other := range v[min(1, len(v)):] {
			if other != v[0] {
				return name
			}
		}
	}
	return ""
}

// startsLikeHTTP says whether name stands at the start of an answer, or within the few bytes of
// junk in front of it that both browsers pass over (4; leading line breaks do not count in
// Firefox, and come to no more in Chromium).
func startsLikeHTTP(first []byte, fold bool) bool {
	const junk = 4
	for i := 0; i <= junk && i+4 <= len(first); i++ {
		if string(first[i:i+4]) == "HTTP" || fold && bytes.EqualFold(first[i:i+4], []byte("HTTP")) {
			return true
		}
	}
	return false
}

// handshakePrefix begins Chromium's console text for whatever goes wrong after the request.
const handshakePrefix = "Error during WebSocket handshake: "

// chromiumHTTP is what Chromium makes of the answer up to its status.
func chromiumHTTP(t *trace.Trace) *Prediction {
	if t.HTTP == nil {
		return nil
	}
	if err := chromiumAnswer(&t.HTTP.Answer, t.Target.Secure()); err != "" {
		return refuse(codeAbnormal, err)
	}
	return nil
}

// chromiumAnswer: cases http-*, http-headers-*, tls-ok-*.
func chromiumAnswer(a *trace.Answer, secure bool) string {
	foreign := a.Malformed != "" && !startsLikeHTTP(a.First, true)
	switch {
	case interimStatus(a) != 0:
		return handshakePrefix + "Unexpected response code: " + strconv.Itoa(interimStatus(a))
	case a.TooLarge: // 256 KiB, tried with 250 and 300
		return handshakePrefix + "net::ERR_RESPONSE_HEADERS_TOO_BIG"
	case a.Malformed != "" && foreign && secure && a.Read > 0 && a.Read < 8 && hungUp(a.Ended):
		return handshakePrefix + "net::ERR_RESPONSE_HEADERS_TRUNCATED"
	case a.HTTP2, foreign, a.NUL:
		return handshakePrefix + "net::ERR_INVALID_HTTP_RESPONSE"
	case a.Status == 0 || a.Partial:
		return chromiumCut(a, secure)
	case clashes(a.Header) != "":
		name := strings.ToUpper(strings.ReplaceAll(clashes(a.Header), "-", "_"))
		return handshakePrefix + "net::ERR_RESPONSE_HEADERS_MULTIPLE_" + name
	}
	return chromiumStatus(a.Status)
}

func hungUp(e trace.Ending) bool { return e == trace.EndFIN || e == trace.EndCloseNotify }

// chromiumCut is an answer that did not come, or whose header did not end (cases
// tls-ok-request-then-close, tls-ok-request-then-rst, http-headers-cut,
// http-headers-never-finish). Without TLS an end in the header has another name.
func chromiumCut(a *trace.Answer, secure bool) string {
	switch {
	case a.Ended == trace.EndAlert && a.Alert >= 0:
		return handshakePrefix + chromiumAlert(a.Alert)
	case a.Ended == trace.EndRST:
		return handshakePrefix + "net::ERR_CONNECTION_RESET"
	case a.Ended == trace.EndError:
		return handshakePrefix + chromiumProtocol
	case hungUp(a.Ended) && a.Read == 0:
		return "Connection closed before receiving a handshake response"
	case hungUp(a.Ended) && secure:
		return handshakePrefix + "net::ERR_RESPONSE_HEADERS_TRUNCATED"
	case hungUp(a.Ended):
		return handshakePrefix + "net::ERR_CONNECTION_CLOSED"
	case a.Malformed != "": // a status that is no number counts as 200
		return chromiumStatus(http.StatusOK)
	}
	return chromiumTimeout
}

// chromiumStatus: every status but three is told as it is. A 401 is final, challenge or not,
// because a websocket has no dialog (cases http-401-bearer, http-401-plain,
// http-401-then-basic-ok; the same with Digest and Negotiate).
func chromiumStatus(status int) string {
	switch status {
	case http.StatusSwitchingProtocols:
		return ""
	case http.StatusUnauthorized:
		return "HTTP Authentication failed; no valid credentials available"
	case http.StatusProxyAuthRequired:
		return "net::ERR_UNEXPECTED_PROXY_AUTH"
	}
	return handshakePrefix + "Unexpected response code: " + strconv.Itoa(status)
}
