// Package faults is a collection of servers that each misbehave in one exact way.
//
// A case names the fault, says which finding of the catalogue it must lead to, and starts a real
// server on loopback that has it. The package's own test runs the check against every case; the
// browser tests point Chromium and Firefox at the same servers. So what the program says and what
// a browser shows are measured against one and the same fault.
//
// Names in the cases end in zoo.test: a check dials Server.Connect, or asks the resolver that
// Resolver returns; a browser needs a rule that maps the name to 127.0.0.1.
package faults

import (
	"net"
	"strconv"
	"testing"
	"time"
)

// DefaultHost is the name that the certificates of most cases are for.
const DefaultHost = "zoo.test"

// Token is what the DRP-like cases accept as credentials.
const Token = "token-of-the-zoo"

// Case is one way in which a server can misbehave.
type Case struct {
	Name    string   // unique; lower-case words joined by hyphens
	Group   string   // the stage at which it shows: target, resolve, connect, tls, ...
	What    string   // one line: what the server does
	Finding string   // id of the finding that must come first; "" for a healthy server
	Also    []string // findings that the same fault must lead to as well; no other Error may stand beside

	Scheme string // default wss
	Host   string // what a user types; default DefaultHost
	Path   string // path and query to open; default "/", with DRP "/api/v3/ws"
	DRP    bool   // a DRP endpoint: register, events, token; else any websocket server
	Check  Check

	// Start runs the server until tb ends. It may be called more than once.
	Start func(tb testing.TB, pki *PKI) *Server
}

// Check is how the check of a case differs from the usual one; the zero value is the usual one.
type Check struct {
	RequireTrusted bool
	FetchIssuer    bool          // a missing intermediate may be fetched
	NoToken        bool          // with DRP: no credentials are given
	Listen         time.Duration // how long the socket is listened to; 0: the walker's own short time
	LatencyWarn    time.Duration // 0: the default
	Portal         string        // URL of the page; "": one on loopback
	Names          []string      // names that users type; nil: the host
	NamesUnknown   bool
	Known          string // fingerprint remembered of an earlier run
}

// Server is a running case.
type Server struct {
	Addr    string // host:port on which it listens; "" when nothing does
	Connect string // where to dial for the case's host; "": resolve the host
	Port    int    // of the URL
	Proxy   string // HTTP proxy to go through as http://host:port; "" for none
	Roots   []byte // PEM of the roots to trust beside the PKI's own
	Static  string // host:port of the HTTPS file port; "" when there is none
}

// URL is what a browser or a user would open.
func (c Case) URL(s *Server) string {
	return c.scheme() + "://" + net.JoinHostPort(c.HostName(), strconv.Itoa(s.Port)) + c.path()
}

// HostName is the name or address that a user types.
func (c Case) HostName() string { return or(c.Host, DefaultHost) }

func (c Case) scheme() string { return or(c.Scheme, "wss") }

func (c Case) path() string {
	if c.DRP {
		return or(c.Path, "/api/v3/ws")
	}
	return or(c.Path, "/")
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

// All returns every case, in the order of the stages.
func All() []Case {
	var all []Case
	for _, group := range []struct {
		name  string
		cases []Case
	}{
		{"target", targetCases()},
		{"resolve", resolveCases()},
		{"connect", connectCases()},
		{"tls", tlsCases()},
		{"tls", alertCases()},
		{"tls", clientCertCases()},
		{"certificate", certHealthyCases()},
		{"certificate", certLeafCases()},
		{"certificate", certChainCases()},
		{"certificate", certUsageCases()},
		{"certificate", certKeyCases()},
		{"certificate", certStateCases()},
		{"http", httpCases()},
		{"http", statusCases()},
		{"upgrade", upgradeCases()},
		{"websocket", closeCases()},
		{"websocket", dropCases()},
		{"websocket", frameCases()},
		{"websocket", socketCases()},
		{"drp", drpCases()},
	} {
		for _, c := range group.cases {
			c.Group = group.name
			all = append(all, c)
		}
	}
	return all
}
