package faults

import (
	"bytes"
	"fmt"
)

// frameCases send what RFC 6455 section 5 forbids, and odd things that it allows.
func frameCases() []Case {
	const bad, utf8 = "ws-protocol-error", "ws-invalid-utf8"
	part := func(op byte, s string) []byte { return frame(op, []byte(s)) }
	cases := []Case{
		{Name: "masked-server-frame", Finding: bad, What: "a masked frame", Start: sending([]byte{fin | opText, 0x80 | 2, 1, 2, 3, 4, 'h' ^ 1, 'i' ^ 2})},
		{Name: "rsv1-set", Finding: bad, What: "reserved bit 1: compressed, though nothing was agreed", Start: sending(part(fin|rsv1|opText, "hi"))},
		{Name: "rsv2-set", Finding: bad, What: "reserved bit 2", Start: sending(part(fin|rsv2|opText, "hi"))},
		{Name: "rsv3-set", Finding: bad, What: "reserved bit 3", Start: sending(part(fin|rsv3|opText, "hi"))},
		{Name: "ping-fragmented", Finding: bad, What: "a ping without FIN", Start: sending(part(opPing, "hi"))},
		{Name: "close-fragmented", Finding: bad, What: "a close frame without FIN", Start: sending(frame(opClose, []byte{3, 0xe8}))},
		{Name: "ping-too-long", Finding: bad, What: "a ping of 126 bytes", Start: sending(frame(fin|opPing, make([]byte, 126)))},
		{Name: "length-not-minimal-16", Finding: bad, What: "5 bytes with a 16-bit length", Start: sending([]byte{fin | opText, 126, 0, 5}, []byte("hello"))},
		{Name: "length-not-minimal-64", Finding: bad, What: "5 bytes with a 64-bit length", Start: sending([]byte{fin | opText, 127, 0, 0, 0, 0, 0, 0, 0, 5}, []byte("hello"))},
		{Name: "length-64bit-msb", Finding: bad, What: "a length with its top bit set", Start: sending([]byte{fin | opText, 127, 0x80, 0, 0, 0, 0, 0, 0, 1}, []byte("h"))},
		{Name: "stray-continuation", Finding: bad, What: "a continuation of nothing", Start: sending(part(fin|opContinuation, "hi"))},
		{Name: "interleaved-messages", Finding: bad, What: "a new message inside a fragmented one", Start: sending(part(opText, "one "), text("two"))},
		{Name: "http-after-upgrade", Finding: bad, What: "plain HTTP where frames should be", Start: sending([]byte("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n400 Bad Request"))},

		{Name: "text-utf8-surrogate", Finding: utf8, What: "a surrogate in UTF-8: ed a0 80", Start: sending(text("\xed\xa0\x80"))},
		{Name: "text-utf8-overlong", Finding: utf8, What: "an overlong slash: c0 af", Start: sending(text("\xc0\xaf"))},
		{Name: "text-utf8-latin1", Finding: utf8, What: "Latin-1 where UTF-8 should be", Start: sending(text("M\xfcller"))},
		{Name: "text-utf8-cut", Finding: utf8, What: "a message that ends inside a character", Start: sending(text("M\xc3"))},
		{Name: "text-utf8-in-fragment", Finding: utf8, What: "a wrong byte in the second fragment", Start: sending(part(opText, "good "), part(fin|opContinuation, "\xff"))},

		{Name: "text-utf8-split", What: "a character split over two fragments", Start: sending(part(opText, "M\xc3"), part(fin|opContinuation, "\xbcller"))},
		{Name: "fragments-with-ping", What: "a ping between two fragments", Start: sending(part(opText, "one "), part(fin|opPing, "now?"), part(fin|opContinuation, "two"))},
		{Name: "fragments-empty", What: "empty fragments", Start: sending(part(opText, ""), part(opContinuation, ""), part(fin|opContinuation, ""))},
		{Name: "ping-125", What: "the longest ping there can be", Start: sending(frame(fin|opPing, make([]byte, 125)))},
		{Name: "pong-unasked", What: "pongs that nobody asked for", Start: sending(part(fin|opPong, "a"), part(fin|opPong, ""))},
		{Name: "binary-not-utf8", What: "a binary message of any bytes", Start: sending(part(fin|opBinary, "\xff\xfe\x00"))},
		{Name: "ping-flood", What: "5,000 pings", Start: sending(bytes.Repeat(part(fin|opPing, "flood"), 5000))},
		{Name: "message-flood", What: "5,000 messages", Start: sending(bytes.Repeat(text("flood"), 5000))},
	}
	for _, op := range []byte{0x3, 0x7, 0xb, 0xf} {
		cases = append(cases, Case{
			Name: fmt.Sprintf("unknown-opcode-%x", op), Finding: bad,
			What: fmt.Sprintf("reserved opcode %#x", op), Start: sending(part(fin|op, "hi")),
		})
	}
	return cases
}

// sending sends frames on an open socket and then behaves well.
func sending(frames ...[]byte) starter {
	return play(upgraded(func(c *Conn) { c.Send(frames...) }))
}
