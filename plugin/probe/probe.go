// Package probe walks the stages from a name to a closed websocket and records what it saw. It
// judges nothing, and it stops only where what the next stage needs is missing.
package probe

import (
	"context"
	"time"

	"ws-diagnose/plugin/cert"
	"ws-diagnose/plugin/trace"
)

// Options are what a check needs beside its target.
type Options struct {
	Timeout time.Duration // of the whole check; default 10 s
	Listen  time.Duration // Plain: how long to listen before ping and close
	Roots   *cert.Roots
	// Credentials decides, connection by connection and after the handshake, what may be sent to
	// the peer at the other end; nil: nothing ever is.
	Credentials func(Peer) Credentials
	// FetchIssuer allows one GET of a missing intermediate from the address in the certificate, as
	// Chromium does. Off in the plugin: a certificate must not steer where the server connects.
	FetchIssuer bool
	ProxyAuth   string // user:password for Target.Proxy
	// Progress is told of each stage as it begins; nil: nobody listens.
	Progress func(trace.StageName)
}

// Peer is who answered: what the decision about credentials rests on.
type Peer struct {
	SHA256   string // fingerprint of the leaf, "" without TLS
	Verified bool   // the chain is trusted, in date, and covers the name
	Loopback bool   // the connection goes to a loopback address
}

// Credentials are a token, or a user and a password. They print as "[redacted]".
type Credentials struct {
	Token, User, Password string
}

// Check walks all stages for one target. It returns at the latest at the deadline, with what it has.
func Check(ctx context.Context, target trace.Target, o Options) *trace.Trace { return nil }
