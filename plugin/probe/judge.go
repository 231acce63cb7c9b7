package probe

import (
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"strings"

	"ws-diagnose/plugin/trace"
)

// acceptKey is the Sec-WebSocket-Accept that answers key (RFC 6455 section 4.2.2).
func acceptKey(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// judge takes a 101 apart, header by header (RFC 6455 section 4.1), as browsers do: they take
// Connection for a list, the others for a single value.
func judge(a *trace.Answer, key string) []trace.HandshakeFault {
	var faults []trace.HandshakeFault
	add := func(header, kind, got, want string) {
		faults = append(faults, trace.HandshakeFault{Header: header, Kind: kind, Got: cut(got, 256), Want: want})
	}
	if a.Proto == "HTTP/1.0" {
		add("", "http/1.0", a.Proto, "HTTP/1.1")
	}
	single := func(header, want string, right func(string) bool) {
		switch v := a.Header.Values(header); {
		case len(v) == 0:
			add(header, "missing", "", want)
		case len(v) > 1:
			add(header, "doubled", strings.Join(v, " | "), want)
		case !right(v[0]):
			add(header, "wrong", v[0], want)
		}
	}
	single("Upgrade", "websocket", func(v string) bool { return strings.EqualFold(v, "websocket") })
	if v := a.Header.Values("Connection"); len(v) == 0 {
		add("Connection", "missing", "", "Upgrade")
	} else if !hasToken(v, "upgrade") {
		add("Connection", "wrong", strings.Join(v, ", "), "Upgrade")
	}
	accept := acceptKey(key)
	single("Sec-WebSocket-Accept", accept, func(v string) bool { return v == accept })
	for _, header := range []string{"Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol"} {
		if v, ok := a.Header[http.CanonicalHeaderKey(header)]; ok {
			add(header, "unoffered", strings.Join(v, ", "), "")
		}
	}
	return faults
}

// hasToken says whether one of the comma-separated values is token, in any case.
func hasToken(values []string, token string) bool {
	for _, v := range values {
		for part := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(part), token) {
				return true
			}
		}
	}
	return false
}
