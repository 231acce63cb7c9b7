package faults

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

const (
	// lifetime bounds a connection. Chromium waits 240 s for the answer to an upgrade; nothing here
	// is to end before that by itself.
	lifetime = 6 * time.Minute
	// crowd is how many connections a server holds at a time.
	crowd = 64
	// lastWords is how long the end of a connection waits for the peer's own.
	lastWords = 2 * time.Second
)

// starter is the type of Case.Start.
type starter = func(testing.TB, *PKI) *Server

// wire speaks the server's part on one accepted TCP connection, from the first byte on.
type wire func(*net.TCPConn)

// script speaks the server's part once TLS, where there is any, is up.
type script func(*Conn)

// listen starts a server that handles every connection with serve, and ends it with tb.
func listen(tb testing.TB, serve wire) *Server {
	tb.Helper()
	return listenOn(tb, "127.0.0.1:0", serve)
}

func listenOn(tb testing.TB, addr string, serve wire) *Server {
	tb.Helper()
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		tb.Fatalf("faults: cannot listen on %s: %v", addr, err)
	}
	l := &lair{ln: ln, open: map[*net.TCPConn]bool{}, slots: make(chan struct{}, crowd)}
	l.wg.Go(func() { l.accept(serve) })
	tb.Cleanup(l.close)
	at := ln.Addr().(*net.TCPAddr)
	return &Server{Addr: at.String(), Connect: at.String(), Port: at.Port}
}

// lair is a listener with all its connections, so that they end together.
type lair struct {
	ln    net.Listener
	wg    sync.WaitGroup
	slots chan struct{}

	mu   sync.Mutex
	done bool
	open map[*net.TCPConn]bool
}

func (l *lair) accept(serve wire) {
	for {
		l.slots <- struct{}{}
		c, err := l.ln.Accept()
		if err != nil {
			return
		}
		conn := c.(*net.TCPConn)
		if !l.keep(conn) {
			conn.Close()
			return
		}
		l.wg.Go(func() {
			defer func() { <-l.slots }()
			defer l.drop(conn)
			conn.SetDeadline(time.Now().Add(lifetime))
			serve(conn)
		})
	}
}

func (l *lair) keep(c *net.TCPConn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.done {
		l.open[c] = true
	}
	return !l.done
}

func (l *lair) drop(c *net.TCPConn) {
	c.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, c)
}

func (l *lair) close() {
	l.mu.Lock()
	l.done = true
	for c := range l.open {
		c.Close()
	}
	l.mu.Unlock()
	l.ln.Close()
	select {
	case <-l.slots: // accept may wait for a slot rather than for a connection
	default:
	}
	l.wg.Wait()
}

// feed is a connection whose reader gets next before what the peer sends.
type feed struct {
	*net.TCPConn
	next []byte
}

func (f *feed) Read(p []byte) (int, error) {
	if len(f.next) == 0 {
		return f.TCPConn.Read(p)
	}
	n := copy(p, f.next)
	f.next = f.next[n:]
	return n, nil
}

// overTLS puts s on top of a handshake with cfg.
func overTLS(cfg *tls.Config, s script) wire {
	return func(raw *net.TCPConn) { tlsOn(&feed{TCPConn: raw}, cfg, s) }
}

// tlsOn does the handshake, plays s, and ends with close_notify and FIN unless s ended otherwise.
func tlsOn(under *feed, cfg *tls.Config, s script) {
	t := tls.Server(under, cfg)
	if t.Handshake() == nil {
		s(newConn(t, under))
		t.CloseWrite()
	}
	hangUp(under.TCPConn)
}

// overTCP plays s without TLS.
func overTCP(s script) wire {
	return func(raw *net.TCPConn) {
		s(newConn(raw, &feed{TCPConn: raw}))
		hangUp(raw)
	}
}

// hangUp ends the connection by FIN. It reads what the peer still sends first: to close with
// unread bytes would send RST and might overtake what was just written.
func hangUp(raw *net.TCPConn) {
	raw.CloseWrite()
	raw.SetReadDeadline(time.Now().Add(lastWords))
	io.Copy(io.Discard, raw)
}

// reset ends the connection by RST.
func reset(raw *net.TCPConn) {
	raw.SetLinger(0)
	raw.Close()
}

// hold reads, and forgets, until the peer ends the connection.
func hold(c io.Reader) { io.Copy(io.Discard, c) }

// says is a server that reads until the first bytes came, answers with text, and ends by FIN.
func says(text []byte) wire {
	return func(raw *net.TCPConn) {
		raw.Read(make([]byte, 4096))
		io.Copy(raw, bytes.NewReader(text))
		hangUp(raw)
	}
}

// start makes a starter of a server that needs no PKI.
func start(w wire) starter {
	return func(tb testing.TB, _ *PKI) *Server { return listen(tb, w) }
}
