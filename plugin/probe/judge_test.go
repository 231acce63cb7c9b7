package probe

import (
	"strings"
	"testing"
)

func TestJudge(t *testing.T) {
	const key = "dGhlIHNhbXBsZSBub25jZQ==" // of RFC 6455 section 1.3
	const right = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
	replace := func(old, by string) string { return strings.Replace(right, old, by, 1) }
	tests := []struct{ name, line, header, want string }{
		{"right", "HTTP/1.1", right, ""},
		{"case", "HTTP/1.1", replace("websocket", "WebSocket"), ""},
		{"list", "HTTP/1.1", replace(": Upgrade", ": keep-alive, upgrade"), ""},
		{"two lists", "HTTP/1.1", right + "Connection: keep-alive\r\n", ""},
		{"old version", "HTTP/1.0", right, "/http/1.0"},
		{"no upgrade", "HTTP/1.1", replace("Upgrade: websocket\r\n", ""), "Upgrade/missing"},
		{"h2c", "HTTP/1.1", replace("websocket", "h2c"), "Upgrade/wrong"},
		{"upgrade twice", "HTTP/1.1", right + "Upgrade: websocket\r\n", "Upgrade/doubled"},
		{"no connection", "HTTP/1.1", replace("Connection: Upgrade\r\n", ""), "Connection/missing"},
		{"close", "HTTP/1.1", replace(": Upgrade", ": close"), "Connection/wrong"},
		{"no accept", "HTTP/1.1", replace("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", ""), "Sec-WebSocket-Accept/missing"},
		{"other accept", "HTTP/1.1", replace("s3p", "S3p"), "Sec-WebSocket-Accept/wrong"},
		{"accept twice", "HTTP/1.1", right + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", "Sec-WebSocket-Accept/doubled"},
		{"extension", "HTTP/1.1", right + "Sec-WebSocket-Extensions: x-zoo\r\n", "Sec-WebSocket-Extensions/unoffered"},
		{"subprotocol", "HTTP/1.1", right + "Sec-WebSocket-Protocol: chat\r\n", "Sec-WebSocket-Protocol/unoffered"},
		{"nothing right", "HTTP/1.0", "", "/http/1.0 Upgrade/missing Connection/missing Sec-WebSocket-Accept/missing"},
	}
	for _, tt := range tests {
		a, _ := parsed(strings.NewReader(tt.line + " 101 Switching Protocols\r\n" + tt.header + "\r\n"))
		var got []string
		for _, f := range judge(&a, key) {
			got = append(got, f.Header+"/"+f.Kind)
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s: faults %q, want %q", tt.name, s, tt.want)
		}
	}
}
