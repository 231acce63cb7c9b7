package browser

import (
	"net/http"

	"ws-diagnose/plugin/trace"
)

// way is how far the walk got below TLS.
type way int

const (
	wayOpen way = iota
	wayUnresolved
	wayRefused
	wayTimeout
	wayUnreachable
	wayDenied
	wayBroken      // what is left: mostly a reset as soon as the connection stood
	wayProxyDown   // the proxy itself cannot be reached
	wayProxyStatus // the proxy answered CONNECT with another status than 200
	wayProxyAuth   // it asks for credentials
	wayProxyEnded  // the proxy ended the connection in answer to CONNECT
	wayProxyAlien  // what answers is no proxy
	wayProxySilent // the proxy does not answer CONNECT
)

// wayTo sums up the stages resolve and connect. Of several addresses browsers report what became
// of the last one that they tried.
func wayTo(t *trace.Trace) way {
	proxied := t.Target.Proxy != ""
	if c := t.Connect; c != nil {
		switch {
		case c.Chosen.IsValid() && c.Proxy == nil:
			return wayOpen
		case c.Proxy != nil && c.Proxy.Error == "" && (c.Proxy.Status == 0 || c.Proxy.Status == 200):
			return wayOpen
		case c.Proxy != nil && c.Chosen.IsValid():
			return wayThrough(c.Proxy)
		case proxied:
			return wayProxyDown
		}
		return lastDial(c.Dials)
	}
	if r := t.Resolve; r != nil && len(r.Addresses) == 0 && (r.NotFound || r.Timeout || r.Error != "") {
		if proxied {
			return wayProxyDown
		}
		return wayUnresolved
	}
	if t.Stage(trace.StageConnect).Outcome == trace.Failed {
		return wayTimeout
	}
	return wayOpen
}

// wayThrough is how a proxy that was reached refuses.
func wayThrough(p *trace.Proxy) way {
	switch {
	case p.Status == http.StatusProxyAuthRequired:
		return wayProxyAuth
	case p.Status != 0:
		return wayProxyStatus
	case p.Foreign:
		return wayProxyAlien
	case p.Ended == trace.EndTimeout:
		return wayProxySilent
	}
	return wayProxyEnded
}

func lastDial(dials []trace.Dial) way {
	for i := len(dials) - 1; i >= 0; i-- {
		switch dials[i].Outcome {
		case trace.DialOK:
			return wayOpen
		case trace.DialRefused:
			return wayRefused
		case trace.DialUnreachable:
			return wayUnreachable
		case trace.DialDenied:
			return wayDenied
		case trace.DialError:
			return wayBroken
		case trace.DialTimeout:
			return wayTimeout
		}
	}
	return wayTimeout // nothing was tried in time
}

// chromiumTimeout is what Chromium says whenever it gives up waiting before the socket is open.
const chromiumTimeout = "WebSocket opening handshake timed out"

// chromiumWays: cases dns-nxdomain, dns-timeout, port-closed, connect-prohibited, proxy-*; the others as in net/socket and net/http of its source. A dropped SYN fails
// after 135 s by the kernel's own timeout, before the handshake's 240 s are over.
var chromiumWays = map[way]string{
	wayUnresolved:  "net::ERR_NAME_NOT_RESOLVED",
	wayRefused:     "net::ERR_CONNECTION_REFUSED",
	wayTimeout:     "net::ERR_CONNECTION_TIMED_OUT",
	wayUnreachable: "net::ERR_ADDRESS_UNREACHABLE",
	wayDenied:      "net::ERR_NETWORK_ACCESS_DENIED",
	wayBroken:      "net::ERR_CONNECTION_RESET",
	wayProxyDown:   "net::ERR_PROXY_CONNECTION_FAILED",
	wayProxyStatus: "Establishing a tunnel via proxy server failed.",
	wayProxyAuth:   "Proxy authentication failed",
	wayProxyEnded:  "net::ERR_EMPTY_RESPONSE",
	wayProxyAlien:  "net::ERR_INVALID_HTTP_RESPONSE",
	wayProxySilent: chromiumTimeout,
}

func chromiumConnect(t *trace.Trace) *Prediction {
	if err, failed := chromiumWays[wayTo(t)]; failed {
		return refuse(codeAbnormal, err)
	}
	return nil
}

// firefoxWays: the same cases. Necko folds unreachable and denied into refused, and gives up on a
// dropped SYN and on a proxy after 20 s, before the channel has an error.
var firefoxWays = map[way]string{
	wayUnresolved:  "NS_ERROR_UNKNOWN_HOST",
	wayRefused:     "NS_ERROR_CONNECTION_REFUSED",
	wayTimeout:     "",
	wayUnreachable: "NS_ERROR_CONNECTION_REFUSED",
	wayDenied:      "NS_ERROR_CONNECTION_REFUSED",
	wayBroken:      firefoxReset,
	wayProxyDown:   "NS_ERROR_PROXY_CONNECTION_REFUSED",
	wayProxyEnded:  "NS_ERROR_NET_RESET",
	wayProxyAlien:  "",
	wayProxySilent: "",
}

func firefoxConnect(t *trace.Trace) *Prediction {
	w := wayTo(t)
	if w == wayProxyStatus || w == wayProxyAuth {
		return refuse(codeAbnormal, firefoxProxyError(t.Connect.Proxy.Status))
	}
	if err, failed := firefoxWays[w]; failed {
		return refuse(codeAbnormal, err)
	}
	return nil
}

// firefoxProxyErrors are Necko's names for a proxy's answer to CONNECT (nsHttp of its source, case
// proxy-connect-403).
var firefoxProxyErrors = map[int]string{
	300: "NS_ERROR_CONNECTION_REFUSED",
	301: "NS_ERROR_CONNECTION_REFUSED",
	302: "NS_ERROR_CONNECTION_REFUSED",
	303: "NS_ERROR_CONNECTION_REFUSED",
	307: "NS_ERROR_CONNECTION_REFUSED",
	308: "NS_ERROR_CONNECTION_REFUSED",
	400: "NS_ERROR_UNKNOWN_HOST",
	401: "NS_ERROR_PROXY_UNAUTHORIZED",
	402: "NS_ERROR_PROXY_PAYMENT_REQUIRED",
	403: "NS_ERROR_PROXY_FORBIDDEN",
	404: "NS_ERROR_UNKNOWN_HOST",
	405: "NS_ERROR_PROXY_METHOD_NOT_ALLOWED",
	406: "NS_ERROR_PROXY_NOT_ACCEPTABLE",
	407: "NS_ERROR_PROXY_AUTHENTICATION_FAILED",
	408: "NS_ERROR_PROXY_REQUEST_TIMEOUT",
	409: "NS_ERROR_PROXY_CONFLICT",
	410: "NS_ERROR_PROXY_GONE",
	411: "NS_ERROR_PROXY_LENGTH_REQUIRED",
	412: "NS_ERROR_PROXY_PRECONDITION_FAILED",
	413: "NS_ERROR_PROXY_REQUEST_ENTITY_TOO_LARGE",
	414: "NS_ERROR_PROXY_REQUEST_URI_TOO_LONG",
	415: "NS_ERROR_PROXY_UNSUPPORTED_MEDIA_TYPE",
	416: "NS_ERROR_PROXY_REQUESTED_RANGE_NOT_SATISFIABLE",
	417: "NS_ERROR_PROXY_EXPECTATION_FAILED",
	421: "NS_ERROR_PROXY_MISDIRECTED_REQUEST",
	425: "NS_ERROR_PROXY_TOO_EARLY",
	426: "NS_ERROR_PROXY_UPGRADE_REQUIRED",
	428: "NS_ERROR_PROXY_PRECONDITION_REQUIRED",
	429: "NS_ERROR_PROXY_TOO_MANY_REQUESTS",
	431: "NS_ERROR_PROXY_REQUEST_HEADER_FIELDS_TOO_LARGE",
	451: "NS_ERROR_PROXY_UNAVAILABLE_FOR_LEGAL_REASONS",
	500: "NS_ERROR_UNKNOWN_HOST",
	501: "NS_ERROR_PROXY_NOT_IMPLEMENTED",
	502: "NS_ERROR_PROXY_BAD_GATEWAY",
	503: "NS_ERROR_CONNECTION_REFUSED",
	504: "NS_ERROR_PROXY_GATEWAY_TIMEOUT",
	505: "NS_ERROR_PROXY_VERSION_NOT_SUPPORTED",
	506: "NS_ERROR_PROXY_VARIANT_ALSO_NEGOTIATES",
	510: "NS_ERROR_PROXY_NOT_EXTENDED",
	511: "NS_ERROR_PROXY_NETWORK_AUTHENTICATION_REQUIRED",
}

func firefoxProxyError(status int) string {
	if name, ok := firefoxProxyErrors[status]; ok {
		return name
	}
	return "NS_ERROR_PROXY_CONNECTION_REFUSED"
}
