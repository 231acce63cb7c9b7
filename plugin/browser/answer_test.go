package browser_test

import (
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"ws-diagnose/plugin/browser"
	"ws-diagnose/plugin/trace"
)

const duringHandshake = "Error during WebSocket handshake: "

// malformed is an answer that Go's parser refuses.
func malformed(first string) edit {
	return func(t *trace.Trace) {
		t.Socket = nil
		t.HTTP = &trace.HTTP{Answer: trace.Answer{Sent: true, Alert: -1, First: []byte(first), Read: int64(len(first)), Malformed: "not HTTP"}}
	}
}

func TestHTTP(t *testing.T) {
	said := func(what string) row { return row{chromium: no(1006, duringHandshake+what)} }
	multiple := func(h string) row {
		r := said("net::ERR_RESPONSE_HEADERS_MULTIPLE_" + h)
		r.firefox = no(1006, "NS_ERROR_CORRUPTED_CONTENT")
		return r
	}
	code := func(c string, firefox string) row {
		r := said("Unexpected response code: " + c)
		r.firefox = no(1006, firefox)
		return r
	}
	invalid := said("net::ERR_INVALID_HTTP_RESPONSE").chromium
	truncated := said("net::ERR_RESPONSE_HEADERS_TRUNCATED").chromium
	refused := no(1006, "NS_ERROR_WEBSOCKET_CONNECTION_REFUSED")
	plain := edit(func(t *trace.Trace) { t.Target.Scheme = "ws" })
	interim := edit(func(t *trace.Trace) { t.HTTP.Interim = []int{103} })
	nul := edit(func(t *trace.Trace) { t.HTTP.NUL, t.HTTP.Malformed, t.HTTP.Header = true, "NUL", nil })
	large := edit(func(t *trace.Trace) { t.HTTP.TooLarge, t.HTTP.Malformed, t.HTTP.Partial = true, "too large", true })
	body := edit(func(t *trace.Trace) { t.HTTP.Body = []byte(strings.Repeat("a", 600)) })
	late := edit(func(t *trace.Trace) { t.HTTP.Alert = 42 })
	tell := func(name string, r row, edits ...edit) row { r.name, r.edits = name, edits; return r }
	check(t, []row{
		tell("short body of unknown type", code("404", ""), answered(404)),
		tell("long body of unknown type", code("404", "NS_ERROR_WEBSOCKET_CONNECTION_REFUSED"), answered(404), body),
		tell("304", code("304", ""), answered(304)),
		tell("999", code("999", "NS_ERROR_WEBSOCKET_CONNECTION_REFUSED"), text(999)),
		tell("redirect to wss", code("302", "NS_ERROR_CORRUPTED_CONTENT"), text(302, "Location", "wss://zoo.test/")),
		tell("redirect to nowhere", code("301", "NS_ERROR_CORRUPTED_CONTENT"), text(301, "Location", "http://[::x")),
		tell("two lengths", multiple("CONTENT_LENGTH"), text(200, "Content-Length", "2", "Content-Length", "3")),
		tell("the same length twice", code("200", "NS_ERROR_WEBSOCKET_CONNECTION_REFUSED"), text(200, "Content-Length", "2", "Content-Length", "2")),
		tell("two locations", multiple("LOCATION"), text(200, "Location", "/a", "Location", "/b")),
		{"early hints first", []edit{interim}, code("103", "").chromium, opens},
		{"early hints alone", []edit{hungUp(trace.EndFIN), interim}, code("103", "").chromium, refused},
		{"NUL", []edit{nul}, invalid, no(1006, "NS_ERROR_DOM_INVALID_HEADER_VALUE")},
		{"header too large", []edit{large}, said("net::ERR_RESPONSE_HEADERS_TOO_BIG").chromium, no(1006, "NS_ERROR_FILE_TOO_BIG")},
		{"http-icy", []edit{malformed("ICY 200 OK\r\n\r\n")}, invalid, no(1006, "")},
		{"http-header-without-colon", []edit{malformed("HTTP/1.1 101 Switching Protocols\r\n"), func(t *trace.Trace) { t.HTTP.Status, t.HTTP.Header = 101, http.Header{} }},
			said("'Upgrade' header is missing").chromium, no(1006, "")},
		{"HTML", []edit{malformed("<html><body>hello</body></html>")}, invalid, refused},
		{"two bytes", []edit{malformed("hi")}, truncated, refused},
		{"two bytes without TLS", []edit{plain, malformed("hi")}, invalid, refused},
		{"HTTP/2", []edit{malformed("\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03"), func(t *trace.Trace) { t.HTTP.HTTP2 = true }}, invalid, refused},
		{"line breaks first", []edit{malformed("\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n")}, opens, opens},
		{"lower case", []edit{malformed("http/1.1 101 Switching Protocols\r\n")}, opens, refused},
		{"status of letters", []edit{malformed("HTTP/1.1 abc Switching Protocols\r\n")}, code("200", "").chromium, no(1006, "NS_ERROR_PARSING_HTTP_STATUS_LINE")},
		{"status of four digits", []edit{malformed("HTTP/1.1 1010 Switching\r\n")}, code("1010", "").chromium, no(1006, "NS_ERROR_PARSING_HTTP_STATUS_LINE")},
		{"HTTP/0.9", []edit{func(t *trace.Trace) { t.HTTP.Proto = "HTTP/0.9" }}, opens, refused},
		{"HTTP/2.0", []edit{func(t *trace.Trace) { t.HTTP.Proto = "HTTP/2.0" }}, opens, no(1006, "")},
		{"header cut by a reset", []edit{cutHeader(trace.EndRST)}, said("net::ERR_CONNECTION_RESET").chromium, no(1006, "NS_ERROR_NET_RESET")},
		{"header cut without TLS", []edit{plain, cutHeader(trace.EndFIN)}, said("net::ERR_CONNECTION_CLOSED").chromium, no(1006, "")},
		{"alert after the handshake", []edit{hungUp(trace.EndAlert), late}, said("net::ERR_BAD_SSL_CLIENT_AUTH_CERT").chromium, no(1015, "SSL_ERROR_BAD_CERT_ALERT")},
	})
}

func TestUpgradeHeaders(t *testing.T) {
	const accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
	quiet := no(1006, "")
	one := func(name string, e edit, said string, firefoxOpens bool) row {
		r := row{name, []edit{func(t *trace.Trace) { t.Socket = nil }, e}, opens, quiet}
		if said != "" {
			r.chromium = no(1006, duringHandshake+said)
		}
		if firefoxOpens {
			r.firefox = opens
		}
		return r
	}
	ext := func(v ...string) edit { return header("Sec-WebSocket-Extensions", "unoffered", v...) }
	offered := func(v ...string) edit {
		return func(t *trace.Trace) {
			header("Sec-WebSocket-Protocol", "", v...)(t)
			t.HTTP.OfferedProtocols = []string{"v1.drp", "v2.drp"}
		}
	}
	twice := func(h string) string { return "'" + h + "' header must not appear more than once in a response" }
	check(t, []row{
		one("Upgrade twice", header("Upgrade", "doubled", "websocket", "websocket"), twice("Upgrade"), true),
		one("Upgrade list", header("Upgrade", "wrong", "websocket, h2c"), twice("Upgrade"), true),
		one("Upgrade empty", header("Upgrade", "wrong", ""), "'Upgrade' header value is not 'WebSocket': ", false),
		one("Upgrade in capitals", header("Upgrade", "", "WebSocket"), "", true),
		one("Connection missing", header("Connection", "missing"), "'Connection' header is missing", false),
		one("Connection twice", header("Connection", "", "keep-alive", "Upgrade"), "", true),
		one("Accept twice", header("Sec-WebSocket-Accept", "doubled", accept, accept), twice("Sec-WebSocket-Accept"), false),
		one("Accept and Connection missing", func(t *trace.Trace) {
			header("Connection", "missing")(t)
			header("Sec-WebSocket-Accept", "missing")(t)
		}, "'Sec-WebSocket-Accept' header is missing", false),
		one("subprotocol unasked", header("Sec-WebSocket-Protocol", "unoffered", "v1.drp"),
			"Response must not include 'Sec-WebSocket-Protocol' header if not present in request: v1.drp", true),
		one("subprotocol of another", offered("v9"), "'Sec-WebSocket-Protocol' header value 'v9' in response does not match any of sent values", false),
		one("subprotocol in capitals", offered("V1.DRP"), "'Sec-WebSocket-Protocol' header value 'V1.DRP' in response does not match any of sent values", false),
		one("subprotocol twice", offered("v1.drp", "v1.drp"), twice("Sec-WebSocket-Protocol"), false),
		one("subprotocol unanswered", offered(), "Sent non-empty 'Sec-WebSocket-Protocol' header but no response was received", true),
		one("extension empty", ext(""), "'Sec-WebSocket-Extensions' header value is rejected by the parser: ", true),
		one("extension malformed", ext(";;,"), "'Sec-WebSocket-Extensions' header value is rejected by the parser: ;;", false),
		one("deflate and another", ext("permessage-deflate, x-zoo"), "Found an unsupported extension 'x-zoo' in 'Sec-WebSocket-Extensions' header", false),
		one("deflate twice", ext("permessage-deflate", "permessage-deflate"), "Received duplicate permessage-deflate response", false),
		one("deflate with windows", ext("permessage-deflate; server_max_window_bits=10; client_max_window_bits=10"), "", true),
		one("deflate without takeover", ext("permessage-deflate; server_no_context_takeover; client_no_context_takeover"), "", true),
		one("deflate with a window of 7", ext("permessage-deflate; server_max_window_bits=7"),
			"Error in permessage-deflate: Received invalid server_max_window_bits parameter", false),
		one("deflate with an open window", ext("permessage-deflate; client_max_window_bits"),
			"Error in permessage-deflate: client_max_window_bits must have value", false),
		one("deflate with something else", ext("permessage-deflate; foo=1"),
			"Error in permessage-deflate: Received an unexpected permessage-deflate extension parameter", false),
	})
}

func TestLongValueIsCut(t *testing.T) {
	tr := sound(header("Upgrade", "wrong", strings.Repeat("\u00e9", 1<<16)))
	got := browser.Chromium(tr).Error
	if len(got) > 600 || !utf8.ValidString(got) {
		t.Errorf("quotes %d bytes of the server's header", len(got))
	}
}

func TestFrames(t *testing.T) {
	bad := func(name, text string, f trace.FrameFault) row {
		return row{name, []edit{badFrame(f)}, yes(1006, text), yes(1006, "")}
	}
	after := func(op byte) edit {
		return func(t *trace.Trace) {
			closed(1000)(t)
			t.Socket.Faults = []trace.FrameFault{{Kind: trace.FrameAfterClose, Opcode: op}, {Kind: trace.FrameUTF8, Opcode: op}}
		}
	}
	afterClean := func(op byte) edit {
		return func(t *trace.Trace) { after(op)(t); t.Socket.Faults = t.Socket.Faults[:1] }
	}
	const header = "Invalid frame header"
	check(t, []row{
		bad("length not minimal", header, trace.FrameFault{Kind: trace.FrameLength, Opcode: 1}),
		bad("ping too long", header, trace.FrameFault{Kind: trace.FrameControlLong, Opcode: 9}),
		bad("ping in pieces", header, trace.FrameFault{Kind: trace.FrameControlSplit, Opcode: 9}),
		bad("all reserved bits", "One or more reserved bits are on: reserved1 = 1, reserved2 = 1, reserved3 = 1", trace.FrameFault{Kind: trace.FrameRSV, Opcode: 1, RSV: 7}),
		bad("stray continuation", "Received unexpected continuation frame.", trace.FrameFault{Kind: trace.FrameContinuation}),
		bad("interleaved", "Received start of new message but previous message is unfinished.", trace.FrameFault{Kind: trace.FrameInterleaved, Opcode: 1}),
		{"close masked", []edit{func(t *trace.Trace) { closed(1000, trace.FrameMasked)(t); t.Socket.Faults[0].Opcode = 8 }},
			yes(1006, "A server must not mask any frames that it sends to the client."), yes(1000, "")},
		{"close with bad UTF-8", []edit{ended(trace.End{Close: &trace.CloseFrame{Code: 1000, BadUTF8: true}})},
			yes(1006, "Received a broken close frame containing invalid UTF-8."), yes(1006, "")},
		{"1005 on the wire", []edit{closed(1005, trace.FrameCloseCode)}, yes(1006, "Received a broken close frame containing a reserved status code."), yes(1005, "")},
		{"1015 on the wire", []edit{closed(1015, trace.FrameCloseCode)}, yes(1006, "Received a broken close frame containing a reserved status code."), yes(1015, "")},
		{"ping after close", []edit{afterClean(9)}, yes(1006, "Ping received after close"), yes(1000, "")},
		{"pong after close", []edit{afterClean(10)}, yes(1006, "Pong received after close"), yes(1000, "")},
		{"close after close", []edit{afterClean(8)}, yes(1006, "Close received after close"), yes(1000, "")},
		{"bad text after close", []edit{after(1)}, yes(1006, "Could not decode a text frame as UTF-8."), yes(1000, "")},
		{"reset", []edit{ended(trace.End{Manner: trace.EndRST})}, yes(1006, ""), yes(1006, "")},
		{"alert", []edit{ended(trace.End{Manner: trace.EndAlert})}, yes(1006, ""), yes(1006, "")},
		{"message too large for us", []edit{ended(trace.End{TooLarge: true, Manner: trace.EndFIN})}, opens, opens},
		{"our close is not answered", []edit{func(t *trace.Trace) { t.Socket.Close.Answered = false }}, opens, opens},
		{"masked", []edit{badFrame(trace.FrameFault{Kind: trace.FrameMasked, Opcode: 1})},
			yes(1006, "A server must not mask any frames that it sends to the client."), opens},
	})
}
