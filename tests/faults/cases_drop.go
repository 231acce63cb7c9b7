package faults

import "time"

// dropCases end an open socket without a close frame.
func dropCases() []Case {
	const dropped = "ws-dropped"
	torn := frameHead(fin|opText, 100)
	return []Case{
		{Name: "drop-close-notify", Finding: dropped, What: "close_notify and FIN", Start: dropping((*Conn).CloseNotify)},
		{Name: "drop-fin", Finding: dropped, What: "FIN alone", Start: dropping((*Conn).FIN)},
		{Name: "drop-rst", Finding: dropped, What: "RST", Start: dropping((*Conn).RST)},
		{Name: "drop-alert", Finding: dropped, What: "a fatal TLS alert", Start: dropping((*Conn).Alert)},
		{Name: "drop-bad-record", Finding: dropped, What: "a TLS record that cannot be decrypted", Start: dropping(func(c *Conn) {
			c.under.Write(record(23, tls12, make([]byte, 64)))
			hold(c)
		})},
		{Name: "drop-after-message", Finding: dropped, What: "a message, then FIN", Start: dropping((*Conn).FIN, text("hello"))},
		{Name: "drop-fin-mid-frame", Finding: dropped, What: "FIN inside a frame", Start: dropping((*Conn).FIN, torn, []byte("ten bytes "))},
		{Name: "drop-rst-mid-frame", Finding: dropped, What: "RST inside a frame", Start: dropping(func(c *Conn) {
			c.ReadFrame() // what the client says next: RST at once could overtake the bytes before
			c.RST()
		}, torn, []byte("ten bytes "))},
		{Name: "drop-fin-mid-head", Finding: dropped, What: "FIN inside a frame's header", Start: dropping((*Conn).FIN, torn[:1])},
		{Name: "drop-mid-message", Finding: dropped, What: "FIN between two fragments of a message", Start: dropping((*Conn).FIN, frame(opText, []byte("first")))},
		{Name: "drop-on-ping", Finding: dropped, What: "FIN when a ping comes", Start: dropOn(opPing)},
		{Name: "drop-on-text", DRP: true, Finding: dropped, What: "FIN when the first text message comes", Start: dropOn(opText)},
		{Name: "idle-timeout-3s", Finding: dropped, Check: Check{Listen: 5 * time.Second}, What: "dropped after 3 s of silence", Start: play(idle(3 * time.Second))},
	}
}

// dropping sends frames on an open socket, then ends the connection.
func dropping(end func(*Conn), frames ...[]byte) starter {
	return play(func(c *Conn) {
		if c.Open() {
			c.Send(frames...)
			end(c)
		}
	})
}

// dropOn drops the connection when the first frame of that kind comes.
func dropOn(kind byte) starter {
	return play(func(c *Conn) {
		if !c.Upgrade() {
			return
		}
		for {
			opcode, payload, err := c.ReadFrame()
			if err != nil || opcode == kind {
				c.FIN()
				return
			}
			if opcode == opPing {
				c.Send(frame(fin|opPong, payload))
			}
		}
	})
}

// idle drops the connection once the client has been silent for d, as a proxy does.
func idle(d time.Duration) script {
	return func(c *Conn) {
		if !c.Upgrade() {
			return
		}
		for {
			c.SetReadDeadline(time.Now().Add(d))
			opcode, payload, err := c.ReadFrame()
			if err != nil || opcode == opClose {
				c.FIN()
				return
			}
			if opcode == opPing {
				c.Send(frame(fin|opPong, payload))
			}
		}
	}
}
