package faults

import (
	"math/rand/v2"
	"time"
)

const (
	kib = 1 << 10
	mib = 1 << 20
)

// socketCases are sockets that stay open, but on which something is amiss.
func socketCases() []Case {
	patient := Check{Listen: 5 * time.Second} // megabytes take their time on a busy machine
	return []Case{
		{Name: "no-pong", Finding: "ws-no-pong", What: "pings are not answered", Start: live(manners{noPong: true})},
		{Name: "wrong-pong", Finding: "ws-no-pong", What: "pings are answered with another payload", Start: play(wrongPong)},
		{Name: "close-ignored", Finding: "ws-close-ignored", What: "our close frame is not answered", Start: live(manners{noClose: true})},
		{Name: "close-answered-by-fin", Finding: "ws-close-ignored", What: "our close frame is answered by FIN alone", Start: dropOn(opClose)},
		{Name: "close-answered-otherwise", What: "our close frame is answered with another code", Start: play(answerClose(4242))},
		{Name: "socket-deaf", Finding: "ws-no-pong", What: "nothing is read or written after the upgrade", Start: play(func(c *Conn) {
			if c.Upgrade() {
				hold(c)
			}
		})},
		{Name: "message-60kib", What: "a message of 60 KiB", Start: play(upgraded(message(60*kib, fin|opText)))},
		{Name: "message-64mib", Finding: "ws-too-large", Check: patient, What: "64 MiB binary message, then close 1000", Start: play(bulk(64 * mib))},
		{Name: "message-512mib", Finding: "ws-too-large", Check: patient, What: "512 MiB binary message, then close 1000", Start: play(bulk(512 * mib))},
		{Name: "message-64mib-fragments", Finding: "ws-too-large", Check: patient, What: "64 MiB in fragments of 64 KiB", Start: play(fragments(64*mib, 64*kib))},
		{Name: "length-huge-declared", Finding: "ws-too-large", What: "2^40 bytes declared, 10 sent, then FIN", Start: dropping((*Conn).FIN, frameHead(fin|opBinary, 1<<40), []byte("ten bytes "))},
		{Name: "ws-insecure-localhost", Scheme: "ws", Host: "localhost", What: "ws:// to localhost", Start: start(overTCP(healthy))},
		{Name: "random-bytes", Finding: "ws-protocol-error", What: "bytes that are no frames", Start: sending(randomBytes())},
		{Name: "second-handshake", Finding: "ws-protocol-error", What: "the 101 answer comes twice", Start: play(upgraded(func(c *Conn) {
			c.Say(statusLine(101), rightUpgrade...)
		}))},
	}
}

func live(m manners) starter {
	return play(func(c *Conn) {
		if c.Upgrade() {
			c.Live(m)
		}
	})
}

func wrongPong(c *Conn) {
	if !c.Upgrade() {
		return
	}
	for {
		opcode, payload, err := c.ReadFrame()
		switch {
		case err != nil:
			return
		case opcode == opPing:
			c.Send(frame(fin|opPong, []byte("something else")))
		case opcode == opClose:
			c.Send(frame(fin|opClose, payload))
			return
		}
	}
}

func answerClose(code int) script {
	return func(c *Conn) {
		if !c.Upgrade() {
			return
		}
		for {
			opcode, payload, err := c.ReadFrame()
			switch {
			case err != nil:
				return
			case opcode == opPing:
				c.Send(frame(fin|opPong, payload))
			case opcode == opClose:
				c.Send(closeFrame(code, "otherwise"))
				return
			}
		}
	}
}

// message sends one message of n letters.
func message(n int, first byte) func(*Conn) {
	return func(c *Conn) {
		c.Send(frameHead(first, uint64(n)))
		pour(c, n)
	}
}

// bulk sends one binary message of n bytes, then closes with 1000.
func bulk(n int) script {
	return upgraded(func(c *Conn) {
		message(n, fin|opBinary)(c)
		c.closed = true
		c.Send(closeFrame(1000, ""))
	})
}

// fragments sends n bytes as one message in frames of size each.
func fragments(n, size int) script {
	return upgraded(func(c *Conn) {
		first := byte(opBinary)
		for sent := 0; sent < n; sent += size {
			if sent+size >= n {
				first |= fin
			}
			if c.Send(frameHead(first, uint64(size))) != nil || pour(c, size) != nil {
				return
			}
			first = opContinuation
		}
	})
}

// pour writes n letters without holding them all.
func pour(c *Conn, n int) error {
	chunk := make([]byte, min(n, 64*kib))
	for i := range chunk {
		chunk[i] = 'a'
	}
	for n > 0 {
		m, err := c.Write(chunk[:min(n, len(chunk))])
		if err != nil {
			return err
		}
		n -= m
	}
	return nil
}

// randomBytes are bytes of no meaning, the same each time. The first is a reserved opcode.
func randomBytes() []byte {
	b := make([]byte, 256)
	rand.NewChaCha8([32]byte{}).Read(b)
	b[0] = 0xff
	return b
}
