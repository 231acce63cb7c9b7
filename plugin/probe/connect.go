package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"ws-diagnose/plugin/trace"
)

// grace is how long the other addresses of a name may still answer once one has: longer than one
// retransmitted SYN (1 s).
const grace = 2 * time.Second

// connect dials every address, and opens the proxy's tunnel where there is a proxy.
func (w *walk) connect(ctx context.Context) error {
	c := &trace.Connect{}
	w.tr.Connect = c
	if w.target.Proxy != "" {
		c.Proxy = &trace.Proxy{URL: w.target.Proxy}
	}
	conns := w.dialAll(ctx, c, dial)
	var chosen net.Conn
	for i, conn := range conns {
		switch {
		case conn == nil:
		case chosen == nil:
			chosen, c.Chosen = conn, c.Dials[i].Address
		default:
			_ = conn.Close()
		}
	}
	if chosen == nil {
		err := errors.New(sumUp(c.Dials))
		w.proxyFailed(err.Error())
		return err
	}
	w.conn = newLink(w.life, chosen)
	if c.Proxy == nil {
		return nil
	}
	if err := w.tunnel(ctx, w.conn, c.Proxy); err != nil {
		w.conn.Close()
		w.conn = nil
		c.Proxy.Error = w.secret.text(err.Error())
		return err
	}
	return nil
}

// dialAll dials the addresses side by side, each by dial, and notes each outcome. The connections
// stand at the index of their address; nil where there is none.
func (w *walk) dialAll(ctx context.Context, c *trace.Connect, dial func(context.Context, *trace.Dial) net.Conn) []net.Conn {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	addrs := w.tr.Resolve.Addresses
	c.Dials = make([]trace.Dial, len(addrs))
	conns := make([]net.Conn, min(len(addrs), maxAddresses))
	for i, a := range addrs {
		c.Dials[i] = trace.Dial{Address: netip.AddrPortFrom(a, uint16(w.port)), Outcome: trace.DialUntried}
	}
	if len(conns) == 1 {
		conns[0] = dial(ctx, &c.Dials[0])
		return conns
	}
	done := make(chan int)
	for i := range conns {
		go func() {
			conns[i] = dial(ctx, &c.Dials[i])
			done <- i
		}()
	}
	for range conns {
		if i := <-done; conns[i] != nil {
			defer time.AfterFunc(grace, cancel).Stop()
		}
	}
	return conns
}

// dial tries one address. It dials directly, whatever proxy the environment names.
func dial(ctx context.Context, d *trace.Dial) net.Conn {
	begin := time.Now()
	// FallbackDelay is for names; addresses are dialled one by one here.
	dialer := net.Dialer{FallbackDelay: -1}
	conn, err := dialer.DialContext(ctx, "tcp", d.Address.String())
	if errors.Is(err, syscall.ECONNRESET) {
		// Connected and reset before Go looked: the next stage can tell more of that.
		conn, err = dialer.DialContext(ctx, "tcp", d.Address.String())
	}
	d.Duration = time.Since(begin)
	d.Outcome = dialOutcome(err)
	if err != nil {
		d.Error = cut(err.Error(), maxError)
		return nil
	}
	return conn
}

func dialOutcome(err error) trace.DialOutcome {
	is := func(codes ...syscall.Errno) bool {
		for _, c := range codes {
			if errors.Is(err, c) {
				return true
			}
		}
		return false
	}
	switch {
	case err == nil:
		return trace.DialOK
	case is(syscall.ECONNREFUSED):
		return trace.DialRefused
	case is(syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EADDRNOTAVAIL):
		return trace.DialUnreachable
	case is(syscall.EACCES, syscall.EPERM):
		return trace.DialDenied
	case is(syscall.ETIMEDOUT) || timedOut(err):
		return trace.DialTimeout
	}
	return trace.DialError
}

// sumUp says in one line how the addresses answered.
func sumUp(dials []trace.Dial) string {
	parts := make([]string, 0, 4)
	for i, d := range dials {
		if i == 3 {
			parts = append(parts, fmt.Sprintf("and %d more", len(dials)-i))
			break
		}
		parts = append(parts, fmt.Sprintf("%s: %s", d.Address, d.Outcome))
	}
	return strings.Join(parts, ", ")
}

// again opens another connection to the address that the walk goes on with.
func (w *walk) again(ctx context.Context) (*link, error) {
	d := trace.Dial{Address: w.tr.Connect.Chosen}
	conn := dial(ctx, &d)
	if conn == nil {
		return nil, errors.New(d.Error)
	}
	l := newLink(w.life, conn)
	l.until(ctx)
	if w.target.Proxy != "" {
		if err := w.tunnel(ctx, l, &trace.Proxy{}); err != nil {
			l.Close()
			return nil, err
		}
	}
	return l, nil
}
