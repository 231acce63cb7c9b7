package browser

import (
	"cmp"
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

// junk is how many bytes in front of a status line both browsers pass over.
const junk = 4

// statusLine finds the status line at the start of an answer that is not quite HTTP: what follows
// name, which may be written in lower case where fold is set. Go's parser is stricter than
// browsers, so that a Malformed answer may be good enough for them.
func statusLine(first []byte, name string, fold bool) (rest string, ok bool) {
	for i := 0; i <= junk && i+len(name) <= len(first); i++ {
		start := string(first[i : i+len(name)])
		if start == name || fold && strings.EqualFold(start, name) {
			rest, _, _ = strings.Cut(string(first[i+len(name):]), "\n")
			return strings.TrimRight(rest, "\r"), true
		}
	}
	return "", false
}

// statusDigits is the status in a status line, version left out: its first field's leading digits.
func statusDigits(line string) string {
	_, after, _ := strings.Cut(line, " ")
	after = strings.TrimLeft(after, " ")
	end := strings.IndexFunc(after, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(after)
	}
	return after[:end]
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
	line, like := statusLine(a.First, "HTTP", true)
	switch {
	case interimStatus(a) != 0:
		return handshakePrefix + "Unexpected response code: " + strconv.Itoa(interimStatus(a))
	case a.TooLarge: // 256 KiB, tried with 250 and 300
		return handshakePrefix + "net::ERR_RESPONSE_HEADERS_TOO_BIG"
	case a.Malformed != "" && !like && secure && a.Read < 8: // too short to tell; tried with 2 and 7 bytes
		return handshakePrefix + "net::ERR_RESPONSE_HEADERS_TRUNCATED"
	case a.HTTP2, a.NUL, a.Malformed != "" && !like:
		return handshakePrefix + "net::ERR_INVALID_HTTP_RESPONSE"
	case a.Malformed != "" && a.Status == 0: // a status that is no number counts as 200
		return chromiumStatus(cmp.Or(statusDigits(line), "200"))
	case a.Status == 0 || a.Partial:
		return chromiumCut(a, secure)
	case clashes(a.Header) != "":
		name := strings.ToUpper(strings.ReplaceAll(clashes(a.Header), "-", "_"))
		return handshakePrefix + "net::ERR_RESPONSE_HEADERS_MULTIPLE_" + name
	}
	return chromiumStatus(strconv.Itoa(a.Status))
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
	}
	return chromiumTimeout
}

// chromiumStatus: every status but three is told as it is. A 401 is final, challenge or not,
// because a websocket has no dialog (cases http-401-bearer, http-401-plain,
// http-401-then-basic-ok; the same with Digest and Negotiate).
func chromiumStatus(status string) string {
	switch status {
	case "101":
		return ""
	case "401":
		return "HTTP Authentication failed; no valid credentials available"
	case "407":
		return "net::ERR_UNEXPECTED_PROXY_AUTH"
	}
	return handshakePrefix + "Unexpected response code: " + status
}
