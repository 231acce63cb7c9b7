package trace

import (
	"net/http"
	"time"
)

// HTTP is the answer to the upgrade request, and the answers to its variants that were sent to
// tell causes apart.
type HTTP struct {
	Answer
	Retries []Answer // in the order in which they were made
}

// Answer is one request for an upgrade and what came back.
type Answer struct {
	Change string      // what was changed against the first request: one of the Change* constants
	Sent   bool        // the request was written
	Token  bool        // with credentials
	Origin string      // the Origin sent
	Status int         // 0 when no status line came
	Reason string      // reason phrase
	Proto  string      // "HTTP/1.1"
	Header http.Header // at most 256 KiB
	Body   []byte      // the first KiB
	First  []byte      // the first bytes of the answer, at most 64: what it is when it is not HTTP
	Read   int64       // bytes received in all
	// Interim are the statuses of the 1xx answers, 101 aside, that came before this one, in their
	// order. Chromium takes the first for the answer, Firefox passes over them.
	Interim   []int
	NUL       bool   // the header holds a NUL byte. Neither browser takes that
	Malformed string // why it is not HTTP; "" when it is
	TooLarge  bool   // the header is over 256 KiB
	HTTP2     bool   // an HTTP/2 frame came in answer to the HTTP/1.1 request
	Partial   bool   // a status line came, but the header never ended
	Ended     Ending // how the connection ended instead of an answer
	Alert     int    // TLS alert that came instead of an answer, -1 when none (TLS 1.3 reports a missing client certificate only here)
	Error     string
	Received  time.Time        // when the status line was in; to compare with the Date header
	Duration  time.Duration    // from the request's last byte to the end of the header
	Faults    []HandshakeFault // of a 101, header by header; empty when it is right
	// OfferedProtocols are the subprotocols that the request offered.
	OfferedProtocols []string
}

// What a retry changed.
const (
	ChangeNone     = ""
	ChangeNoOrigin = "without-origin"
	ChangeNoToken  = "without-token"
	ChangeInfo     = "info" // GET /api/v3/info with the same credentials instead of the upgrade
)

// Switched says that the answer is a right 101 of the websocket protocol.
func (a *Answer) Switched() bool {
	return a.Status == http.StatusSwitchingProtocols && len(a.Faults) == 0
}

// HandshakeFault is one violation of RFC 6455 section 4.1 in a 101 answer.
type HandshakeFault struct {
	Header string // "Upgrade", "Connection", "Sec-WebSocket-Accept", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions", or "" for the status line
	Kind   string // "missing", "wrong", "doubled", "unoffered", "http/1.0"
	Got    string // the offending value, at most 256 bytes
	Want   string
}

// Info is what GET /api/v3/info answered, the parts that matter here.
type Info struct {
	Version        string
	Address        string // that the endpoint takes for its own
	SecureFilePort int
}
