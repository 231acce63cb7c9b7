package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"reflect"
	"syscall"
	"time"

	"ws-diagnose/plugin/trace"
)

// The most of the server's first flight that is kept to be read off the wire: a ServerHello and,
// in TLS 1.2, the certificates.
const maxFlight = 64 << 10

// wire is a connection below TLS that notes what passes.
type wire struct {
	net.Conn
	read   int64        // bytes received
	wrote  int64        // bytes sent
	flight []byte       // the first bytes received, while recording
	record bool         // flight is being filled
	end    trace.Ending // how reading ended
	early  []byte       // received before its time, to be read first
}

func (w *wire) Read(p []byte) (int, error) {
	if len(w.early) > 0 {
		n := copy(p, w.early)
		w.early = w.early[n:]
		w.note(p[:n])
		return n, nil
	}
	n, err := w.Conn.Read(p)
	w.note(p[:n])
	if err != nil && w.end == trace.EndNone {
		w.end = endOf(err)
	}
	return n, err
}

func (w *wire) note(p []byte) {
	w.read += int64(len(p))
	if w.record {
		w.flight = append(w.flight, p[:min(len(p), maxFlight-len(w.flight))]...)
	}
}

// Write looks, before the first byte goes out, whether the server has hung up already: afterwards
// that is easily taken for an answer to what was written.
func (w *wire) Write(p []byte) (int, error) {
	if w.wrote == 0 {
		if err := hungUp(w.Conn); err != nil {
			w.end = endOf(err)
			return 0, err
		}
	}
	n, err := w.Conn.Write(p)
	w.wrote += int64(n)
	return n, err
}

// Bounds of what is read on after an answer that is not TLS.
const (
	afterTime = time.Second
	maxAfter  = 64 << 10
)

// afterwards reads on to learn how the server ends the connection by itself, and how many bytes it
// has sent in all: browsers wait for as many as the first of them announce.
func (w *wire) afterwards(ctx context.Context) (trace.Ending, int64) {
	if w.end == trace.EndNone {
		until := time.Now().Add(afterTime)
		if t, ok := ctx.Deadline(); ok && t.Before(until) {
			until = t
		}
		_ = w.Conn.SetReadDeadline(until)
		_, _ = io.Copy(io.Discard, io.LimitReader(w, maxAfter))
	}
	return w.end, w.read
}

// endOf names how a connection ended by the error of a read or write below TLS.
func endOf(err error) trace.Ending {
	switch {
	case err == nil:
		return trace.EndNone
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return trace.EndFIN
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNABORTED):
		return trace.EndRST
	case timedOut(err):
		return trace.EndTimeout
	}
	return trace.EndError
}

// timedOut says whether err is a deadline's doing, ours or the kernel's. A connection that was
// closed under the read is one too: only the end of the check does that.
func timedOut(err error) bool {
	var ne net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) ||
		errors.As(err, &ne) && ne.Timeout()
}

// alertOf returns the TLS alert that the peer sent, -1 when err is none. Go has no exported type
// for it: it is a net.OpError "remote error" around a uint8.
func alertOf(err error) int {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" {
		return -1
	}
	if v := reflect.ValueOf(op.Err); v.Kind() == reflect.Uint8 {
		return int(v.Uint())
	}
	return -1
}

// link is one connection to the server: TCP, perhaps through a proxy, and TLS over it.
type link struct {
	net.Conn             // what HTTP is spoken over
	wire     *wire       // what lies below TLS
	tls      *tls.Conn   // nil without TLS
	pending  []byte      // read from Conn, but meant for the next reader
	release  func() bool // ends the watch over the check's context
}

// newLink wraps a fresh connection; the end of ctx closes it.
func newLink(ctx context.Context, c net.Conn) *link {
	w := &wire{Conn: c}
	return &link{Conn: w, wire: w, release: context.AfterFunc(ctx, func() { _ = c.Close() })}
}

func (l *link) Read(p []byte) (int, error) {
	if len(l.pending) > 0 {
		n := copy(p, l.pending)
		l.pending = l.pending[n:]
		return n, nil
	}
	return l.Conn.Read(p)
}

// Close ends the connection at once. TLS's own close would wait up to 5 s for a peer that does not
// read.
func (l *link) Close() error {
	l.release()
	return l.wire.Conn.Close()
}

// until sets the deadline of reads and writes to that of ctx.
func (l *link) until(ctx context.Context) {
	t, _ := ctx.Deadline()
	_ = l.wire.Conn.SetDeadline(t)
}

// ending tells from the error of a read or write over l how the connection ended, and the TLS
// alert, -1 when there was none.
func (l *link) ending(err error) (trace.Ending, int) {
	if a := alertOf(err); a >= 0 {
		return trace.EndAlert, a
	}
	end := endOf(err)
	// TLS reports close_notify as EOF too; only under a FIN has the wire seen one.
	if end == trace.EndFIN && l.wire.end == trace.EndNone {
		end = trace.EndCloseNotify
	}
	return end, -1
}
