// Package probe walks the stages from a name to a closed websocket and records what it saw. It
// judges nothing, and it stops only where what the next stage needs is missing.
//
// The walk is a table of stages over one value of evidence. Below it lie three recorders: wire
// notes what passes under TLS, head reads HTTP answers within bounds, and tap reads the frames
// under gorilla, which hides some of what it refuses.
package probe

import (
	"context"
	"net"
	"time"

	"ws-diagnose/plugin/cert"
	"ws-diagnose/plugin/trace"
)

// DefaultTimeout is the deadline of a whole check where Options name none.
const DefaultTimeout = 10 * time.Second

// Options are what a check needs beside its target.
type Options struct {
	Timeout time.Duration // of the whole check; default 10 s
	Listen  time.Duration // Plain: how long to listen before ping and close
	Roots   *cert.Roots
	// Credentials decides, connection by connection and after the handshake, what may be sent to
	// the peer at the other end; nil: nothing ever is. Several goroutines may ask at once.
	Credentials func(Peer) Credentials
	// FetchIssuer allows one GET of a missing intermediate from the address in the certificate, as
	// Chromium does. Off in the plugin: a certificate must not steer where the server connects.
	FetchIssuer bool
	ProxyAuth   string // user:password for Target.Proxy
	Version     string // of this program, for the User-Agent header
	// Progress is told of each stage as it begins; nil: nobody listens.
	Progress func(trace.StageName)
	Resolver *net.Resolver // nil: the system's
}

// Peer is who answered: what the decision about credentials rests on.
type Peer struct {
	SHA256   string // fingerprint of the leaf, "" without TLS
	Verified bool   // the chain is trusted, in date, and covers the name
	Loopback bool   // the connection goes to a loopback address
}

// Check walks all stages for one target. It returns at the latest at the deadline, with what it
// has, and leaves no connection and no goroutine behind; only a resolver that does not answer is
// waited for in the background, by Go's own code, until that gives up.
func Check(ctx context.Context, target trace.Target, o Options) *trace.Trace {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	w := newWalk(ctx, target, o)
	defer w.close()
	for i := range stages {
		w.step(ctx, &stages[i])
	}
	w.tr.Took = time.Since(w.tr.Time)
	return w.tr
}
