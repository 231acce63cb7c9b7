package browser

import (
	"slices"
	"strings"

	"ws-diagnose/plugin/trace"
)

// chromiumUpgrade judges the headers of a 101 in Chromium's order: Upgrade, Accept, Connection,
// subprotocol, extensions. The version of HTTP does not matter to it (case 101-http10).
func chromiumUpgrade(t *trace.Trace) *Prediction {
	if !isSwitch(t) {
		return nil
	}
	a := &t.HTTP.Answer
	for _, check := range []func(*trace.Answer) string{
		chromiumUpgradeHeader, chromiumAcceptHeader, chromiumConnectionHeader, chromiumSubprotocol, chromiumExtensions,
	} {
		if err := check(a); err != "" {
			return refuse(codeAbnormal, handshakePrefix+cut(err))
		}
	}
	return nil
}

// maxQuoted bounds a text that quotes what the server sent, in bytes; Chromium itself does not.
const maxQuoted = 512

func cut(s string) string {
	if len(s) <= maxQuoted {
		return s
	}
	return strings.ToValidUTF8(s[:maxQuoted], "") + "..."
}

// lone is what is wrong with the number of times that a header stands there. A comma counts as two
// (Upgrade: websocket, h2c).
func lone(name string, v []string) string {
	switch len(v) {
	case 0:
		return "'" + name + "' header is missing"
	case 1:
		return ""
	}
	return "'" + name + "' header must not appear more than once in a response"
}

// chromiumUpgradeHeader: cases 101-missing-upgrade, 101-wrong-upgrade-value.
func chromiumUpgradeHeader(a *trace.Answer) string {
	v := values(a, "Upgrade")
	if err := lone("Upgrade", v); err != "" {
		return err
	}
	if !strings.EqualFold(v[0], "websocket") {
		return "'Upgrade' header value is not 'WebSocket': " + v[0]
	}
	return ""
}

// chromiumAcceptHeader: cases 101-missing-accept, 101-wrong-accept.
func chromiumAcceptHeader(a *trace.Answer) string {
	if err := lone("Sec-WebSocket-Accept", values(a, "Sec-WebSocket-Accept")); err != "" {
		return err
	}
	if !acceptFits(a) {
		return "Incorrect 'Sec-WebSocket-Accept' header value"
	}
	return ""
}

// chromiumConnectionHeader: cases 101-connection-close, 101-connection-keepalive-upgrade.
func chromiumConnectionHeader(a *trace.Answer) string {
	switch {
	case len(a.Header.Values("Connection")) == 0:
		return "'Connection' header is missing"
	case !hasToken(a, "Connection", "Upgrade"):
		return "'Connection' header value must contain 'Upgrade'"
	}
	return ""
}

// chromiumSubprotocol: any mismatch is refused, silence included; names are told apart by case.
func chromiumSubprotocol(a *trace.Answer) string {
	const header = "Sec-WebSocket-Protocol"
	v := values(a, header)
	switch {
	case len(a.OfferedProtocols) == 0 && len(v) > 0:
		return "Response must not include '" + header + "' header if not present in request: " + v[0]
	case len(a.OfferedProtocols) == 0:
		return ""
	case len(v) == 0:
		return "Sent non-empty '" + header + "' header but no response was received"
	case len(v) > 1:
		return lone(header, v)
	case !slices.Contains(a.OfferedProtocols, v[0]):
		return "'" + header + "' header value '" + v[0] + "' in response does not match any of sent values"
	}
	return ""
}

// chromiumExtensions: Chromium offers permessage-deflate (case 101-deflate-accepted) and refuses
// whatever else is answered. Each comma of the header begins a value of its own.
func chromiumExtensions(a *trace.Answer) string {
	seen := false
	for _, v := range values(a, "Sec-WebSocket-Extensions") {
		list, ok := parseExtensions(v)
		if !ok {
			return "'Sec-WebSocket-Extensions' header value is rejected by the parser: " + v
		}
		for _, e := range list {
			switch fault := deflateFault(e); {
			case e.name != deflate:
				return "Found an unsupported extension '" + e.name + "' in 'Sec-WebSocket-Extensions' header"
			case seen:
				return "Received duplicate permessage-deflate response"
			case fault != "":
				return "Error in permessage-deflate: " + fault
			}
			seen = true
		}
	}
	return ""
}
