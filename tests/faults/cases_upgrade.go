package faults

import (
	"slices"
	"strings"
)

// upgradeCases are 101 answers that break RFC 6455 section 4.1 in one way, and odd right ones.
func upgradeCases() []Case {
	const bad = "upgrade-bad-handshake"
	return []Case{
		{Name: "101-wrong-accept", Finding: bad, What: "the accept value of another key", Start: with("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")},
		{Name: "101-empty-accept", Finding: bad, What: "an empty accept value", Start: with("Sec-WebSocket-Accept:")},
		{Name: "101-missing-accept", Finding: bad, What: "no Sec-WebSocket-Accept", Start: without("Sec-WebSocket-Accept")},
		{Name: "101-doubled-accept", Finding: bad, What: "Sec-WebSocket-Accept twice", Start: adding("Sec-WebSocket-Accept: {accept}")},
		{Name: "101-missing-upgrade", Finding: bad, What: "no Upgrade", Start: without("Upgrade")},
		{Name: "101-wrong-upgrade-value", Finding: bad, What: "Upgrade: h2c", Start: with("Upgrade: h2c")},
		{Name: "101-doubled-upgrade", Finding: bad, What: "Upgrade twice", Start: adding("Upgrade: websocket")},
		{Name: "101-upgrade-list", Finding: bad, What: "Upgrade: websocket, h2c", Start: with("Upgrade: websocket, h2c")},
		{Name: "101-missing-connection", Finding: bad, What: "no Connection", Start: without("Connection")},
		{Name: "101-connection-close", Finding: bad, What: "Connection: close, as a proxy rewrites it", Start: with("Connection: close")},
		{Name: "101-no-headers", Finding: bad, What: "a bare status line", Start: play(switching("HTTP/1.1 101 Switching Protocols"))},
		{Name: "101-http10", Finding: bad, What: "HTTP/1.0 101", Start: play(switching("HTTP/1.0 101 Switching Protocols", rightUpgrade...))},
		{Name: "101-unrequested-extension", Finding: bad, What: "extension x-zoo, which nobody offered", Start: adding("Sec-WebSocket-Extensions: x-zoo")},
		{Name: "101-unrequested-subprotocol", Finding: "upgrade-subprotocol", What: "subprotocol v1.drp, which nobody offered", Start: adding("Sec-WebSocket-Protocol: v1.drp")},
		{Name: "101-doubled-subprotocol", Finding: "upgrade-subprotocol", What: "two subprotocols", Start: adding("Sec-WebSocket-Protocol: v1.drp", "Sec-WebSocket-Protocol: v2.drp")},
		{Name: "101-subprotocol-ok", What: "picks the subprotocol offered, none when none was", Start: play(agree)},
		{Name: "101-deflate-accepted", What: "permessage-deflate when it was offered", Start: play(agreeDeflate)},
		{Name: "101-connection-keepalive-upgrade", What: "Connection: keep-alive, Upgrade", Start: with("Connection: keep-alive, Upgrade")},
		{Name: "101-connection-two-lines", What: "keep-alive and Upgrade in two Connection lines", Start: with("Connection: keep-alive\r\nConnection: Upgrade")},
		{Name: "101-lower-case", What: "everything in lower case", Start: play(switching("HTTP/1.1 101 ", "upgrade: WebSocket", "connection: upgrade", "sec-websocket-accept: {accept}"))},
		{Name: "101-spaces", What: "blanks round the values", Start: with("Upgrade:   websocket \t")},
		{Name: "101-no-reason", What: "no reason phrase", Start: play(switching("HTTP/1.1 101", rightUpgrade...))},
		{Name: "101-first-frame-attached", What: "the first message comes in the answer's own packet", Start: play(answered(func(c *Conn) {
			c.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
				accept(c.Request.Header.Get("Sec-WebSocket-Key")) + "\r\n\r\n" + string(text("hello"))))
			c.Live(manners{})
		}))},
	}
}

// switching answers with these fields alone, and then behaves well.
func switching(line string, fields ...string) script {
	return answered(func(c *Conn) {
		if c.Say(line, fields...) == nil {
			c.Live(manners{})
		}
	})
}

// with is a right answer but for one field.
func with(field string) starter {
	name, _, _ := strings.Cut(field, ":")
	fields := slices.Clone(rightUpgrade)
	fields[index(name)] = field
	return play(switching(statusLine(101), fields...))
}

// without is a right answer that lacks a field.
func without(name string) starter {
	i := index(name)
	return play(switching(statusLine(101), slices.Delete(slices.Clone(rightUpgrade), i, i+1)...))
}

// adding is a right answer with more fields.
func adding(fields ...string) starter {
	return play(switching(statusLine(101), append(slices.Clone(rightUpgrade), fields...)...))
}

func index(name string) int {
	return slices.IndexFunc(rightUpgrade, func(f string) bool { return strings.HasPrefix(f, name+":") })
}

// agree takes the first subprotocol offered.
func agree(c *Conn) {
	if !c.ReadRequest() {
		return
	}
	fields := slices.Clone(rightUpgrade)
	if first, _, _ := strings.Cut(c.Request.Header.Get("Sec-WebSocket-Protocol"), ","); first != "" {
		fields = append(fields, "Sec-WebSocket-Protocol: "+first)
	}
	c.Say(statusLine(101), fields...)
	c.Live(manners{})
}

// agreeDeflate takes permessage-deflate where it is offered. It sends no compressed message: the
// extension leaves that to the sender.
func agreeDeflate(c *Conn) {
	if !c.ReadRequest() {
		return
	}
	fields := slices.Clone(rightUpgrade)
	if strings.Contains(c.Request.Header.Get("Sec-WebSocket-Extensions"), "permessage-deflate") {
		fields = append(fields, "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover")
	}
	c.Say(statusLine(101), fields...)
	c.Live(manners{})
}
