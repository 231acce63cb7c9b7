package faults

import (
	"fmt"
	"strings"
)

// closeCases close an open socket, rightly or not.
func closeCases() []Case {
	var cases []Case
	for _, code := range []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4401, 4999} {
		cases = append(cases, Case{
			Name: fmt.Sprintf("close-%d", code), Finding: "ws-closed",
			What: fmt.Sprintf("closes with %d and a reason", code), Start: closing(closeFrame(code, "zoo")),
		})
	}
	for _, code := range []int{0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535} {
		cases = append(cases, Case{
			Name: fmt.Sprintf("close-invalid-%d", code), Finding: "ws-closed-invalid",
			What: fmt.Sprintf("closes with %d, which must not stand on the wire", code), Start: closing(closeFrame(code, "")),
		})
	}
	return append(cases, oddCloses()...)
}

func oddCloses() []Case {
	full := strings.Repeat("r", 123)
	return []Case{
		{Name: "close-empty", Finding: "ws-closed", What: "close frame without body", Start: closing(frame(fin|opClose, nil))},
		{Name: "close-1000-no-reason", Finding: "ws-closed", What: "closes with 1000 and no reason", Start: closing(closeFrame(1000, ""))},
		{Name: "close-reason-123", Finding: "ws-closed", What: "the longest reason there can be", Start: closing(closeFrame(1011, full))},
		{Name: "close-reason-ansi", Finding: "ws-closed", What: "terminal escapes in the reason", Start: closing(closeFrame(1011, "\x1b[2J\x1b]0;owned\x07\x1b[31mred"))},
		{Name: "close-reason-bidi", Finding: "ws-closed", What: "bidirectional controls in the reason", Start: closing(closeFrame(1011, "\u202egnp.exe\u2066\u200b"))},
		{Name: "close-reason-markup", Finding: "ws-closed", What: "HTML and Markdown in the reason", Start: closing(closeFrame(1011, "<script>alert(1)</script> [a](javascript:b) `c` | d\n# e"))},
		{Name: "close-reason-newlines", Finding: "ws-closed", What: "line breaks and NUL in the reason", Start: closing(closeFrame(1011, "a\r\nOK: all is well\r\n\x00"))},
		{Name: "close-reason-token", DRP: true, Finding: "ws-closed", What: "the request's Authorization echoed as the reason", Start: play(func(c *Conn) {
			if c.Open() {
				c.Send(closeFrame(1008, c.Request.Header.Get("Authorization")+" "+c.Request.URL.RawQuery))
				hold(c)
			}
		})},
		{Name: "close-then-holds", Finding: "ws-closed", What: "closes with 1001, but never ends the connection", Start: play(func(c *Conn) {
			if c.Open() {
				c.Send(closeFrame(1001, "zoo"))
				hold(c)
			}
		})},
		{Name: "close-one-byte-body", Finding: "ws-closed-invalid", What: "a close payload of one byte", Start: closing(frame(fin|opClose, []byte{3}))},
		{Name: "close-reason-not-utf8", Finding: "ws-closed-invalid", What: "a reason that is not UTF-8", Start: closing(closeFrame(1011, "\xff\xfe\xed\xa0\x80"))},
		{Name: "close-reason-over-123", Finding: "ws-protocol-error", What: "reason of 200 bytes: a control frame over 125", Start: closing(closeFrame(1011, strings.Repeat("r", 200)))},
		{Name: "close-1011-then-rst", Finding: "ws-closed", What: "close frame, then RST", Start: play(func(c *Conn) {
			if c.Open() {
				c.Send(closeFrame(1011, "zoo"))
				c.ReadFrame() // the answer: RST before it could overtake the close frame
				c.RST()
			}
		})},
		{Name: "close-1001-then-fin", Finding: "ws-closed", What: "close frame, then FIN without awaiting the answer", Start: play(func(c *Conn) {
			if c.Open() {
				c.Send(closeFrame(1001, "shutting down"))
				c.FIN()
			}
		})},
		{Name: "close-after-message", Finding: "ws-closed", What: "a message, then close 1008", Start: closing(text("policy"), closeFrame(1008, "policy"))},
		{Name: "close-after-ping", Finding: "ws-closed", What: "a ping, then close 1001", Start: closing(frame(fin|opPing, []byte("zoo")), closeFrame(1001, ""))},
		{Name: "data-after-close", Finding: "ws-protocol-error", What: "close 1000, then a text frame", Start: closing(closeFrame(1000, ""), text("late"))},
	}
}

// closing sends frames, the last of which ends the socket, and awaits the client's own end.
func closing(frames ...[]byte) starter {
	return play(func(c *Conn) {
		if !c.Open() || c.Send(frames...) != nil {
			return
		}
		for {
			if opcode, _, err := c.ReadFrame(); err != nil || opcode == opClose {
				return
			}
		}
	})
}
