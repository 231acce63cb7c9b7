package browser

import (
	"slices"
	"strings"

	"ws-diagnose/plugin/trace"
)

// firefoxUpgrade judges the headers of a 101. Firefox never says which was wrong, and its channel
// ended well. It wants HTTP/1.1 (case 101-http10), takes Upgrade and Connection for lists, and so
// passes a doubled or a longer Upgrade.
func firefoxUpgrade(t *trace.Trace) *Prediction {
	if !isSwitch(t) {
		return nil
	}
	a := &t.HTTP.Answer
	fits := firefoxProto(a.Proto) &&
		hasToken(a, "Upgrade", "websocket") && hasToken(a, "Connection", "upgrade") &&
		len(a.Header.Values("Sec-WebSocket-Accept")) == 1 && acceptFits(a) &&
		firefoxSubprotocol(a) && firefoxExtensions(a)
	if !fits {
		return refuse(codeAbnormal, "")
	}
	return nil
}

// firefoxProto: a later minor version passes, HTTP/1.0 and HTTP/2.0 do not.
func firefoxProto(proto string) bool {
	return proto == "" || strings.HasPrefix(proto, "HTTP/1.") && proto != "HTTP/1.0"
}

// firefoxSubprotocol: an answer that the page did not ask for passes, and so does silence; of
// several Firefox makes one name, which fits none.
func firefoxSubprotocol(a *trace.Answer) bool {
	v := a.Header.Values("Sec-WebSocket-Protocol")
	if len(a.OfferedProtocols) == 0 || len(v) == 0 {
		return true
	}
	return len(v) == 1 && slices.Contains(a.OfferedProtocols, v[0])
}

// firefoxExtensions: Firefox offers permessage-deflate and takes one answer to it; an empty header
// passes.
func firefoxExtensions(a *trace.Answer) bool {
	value := strings.Join(a.Header.Values("Sec-WebSocket-Extensions"), ", ")
	if strings.TrimSpace(value) == "" {
		return true
	}
	list, ok := parseExtensions(value)
	return ok && len(list) == 1 && list[0].name == deflate && deflateFault(list[0]) == ""
}
