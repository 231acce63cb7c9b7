package plugin

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"ws-diagnose/plugin/probe"
	"ws-diagnose/plugin/trace"
)

// fingerprintWait is how long a check of another target waits for loopback's handshake, which
// takes milliseconds unless the server is in trouble itself.
const fingerprintWait = 2 * time.Second

// vault decides which credentials a run sends where. The superuser's token goes to the API over
// loopback, and to an address that shows the same leaf certificate: TLS has it prove that it holds
// that certificate's key. Another target gets what was set for exactly its host and port, over a
// verified chain or with the certificate that was pinned; or nothing.
type vault struct {
	token    string // the superuser's
	tokens   map[string]endpointToken
	loopback *promise // fingerprint of loopback's leaf
}

// endpointToken is an entry of ws-diagnose/endpoint-tokens.
type endpointToken struct {
	Token  string `json:"token"`
	SHA256 string `json:"sha256"` // pinned fingerprint; "" for none
}

// UnmarshalJSON takes a bare token as well.
func (t *endpointToken) UnmarshalJSON(text []byte) error {
	if json.Unmarshal(text, &t.Token) == nil {
		return nil
	}
	type plain endpointToken
	return json.Unmarshal(text, (*plain)(t))
}

// String keeps the token out of whatever is printed.
func (endpointToken) String() string { return "[redacted]" }

// GoString keeps the token out of %#v as well.
func (endpointToken) GoString() string { return "[redacted]" }

// pinned says whether the peer shows the certificate that was pinned. Colons and case do not count.
func (t endpointToken) pinned(peer probe.Peer) bool {
	want := strings.ToLower(strings.ReplaceAll(t.SHA256, ":", ""))
	return want != "" && subtle.ConstantTimeCompare([]byte(want), []byte(peer.SHA256)) == 1
}

// forTarget returns what decides about the credentials for one target. It is called after the
// handshake of each connection, before anything is sent over it.
func (v *vault) forTarget(ctx context.Context, target trace.Target) func(probe.Peer) probe.Credentials {
	return func(peer probe.Peer) probe.Credentials {
		if target.Role == trace.RoleLoopback && peer.Loopback {
			v.loopback.keep(peer.SHA256)
			return probe.Credentials{Token: v.token}
		}
		entry, own := v.tokens[net.JoinHostPort(target.Host, strconv.Itoa(target.Port))]
		switch {
		case own && entry.pinned(peer):
			return probe.Credentials{Token: entry.Token}
		case own && entry.SHA256 == "" && peer.Verified:
			return probe.Credentials{Token: entry.Token}
		case peer.SHA256 != "" && peer.SHA256 == v.loopback.wait(ctx, fingerprintWait):
			return probe.Credentials{Token: v.token}
		}
		return probe.Credentials{}
	}
}

// promise is a text that is there later, or never.
type promise struct {
	once  sync.Once
	ready chan struct{}
	text  string
}

func newPromise() *promise { return &promise{ready: make(chan struct{})} }

// keep keeps the promise; the first text counts.
func (p *promise) keep(text string) {
	p.once.Do(func() {
		p.text = text
		close(p.ready)
	})
}

// wait returns the text, or "" when it does not come in time.
func (p *promise) wait(ctx context.Context, limit time.Duration) string {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	select {
	case <-p.ready:
		return p.text
	case <-ctx.Done():
		return ""
	}
}
