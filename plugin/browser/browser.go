// Package browser predicts what Chromium and Firefox do with a websocket, from a trace.
//
// It is a model, not a lookup: the order in which each browser looks at things and its rules for
// ports, TLS, trust, usages, keys, HTTP answers and frames. It rests on what was measured with
// Chromium 156 and Firefox ESR 153: the cases that comments name are those of testdata/truth.json
// and of package tests/faults, against whose servers tests/browsers holds every prediction; where
// they say "tried", the same browsers met a server with just that fault.
//
// A browser comes to the certificate only after it has agreed on TLS with the server, and to the
// HTTP answer only after the certificate has passed; the probe walks on regardless. So a
// prediction is the first refusal on the way, and what lies behind a bad certificate tells
// whether accepting it by hand would help.
package browser

import "ws-diagnose/plugin/trace"

// Prediction is what one browser shows for one target, in a fresh profile that trusts the same
// roots as the check, with local-network permission granted.
type Prediction struct {
	Opens     bool   `json:"opens"`      // the socket's open event fires
	CloseCode int    `json:"close_code"` // that the page's script sees; 0 while the socket stays open until we close it
	Error     string `json:"error"`      // what the browser itself shows: Chromium's net:: error or console text, Firefox's error name; "" when none
	// OpensIfAccepted says whether accepting this very certificate by hand would do: false where the
	// browser offers no way to accept it, or where something else stands in the way too; true where
	// the socket opens anyway. An exception made before the certificate expired does not cover it
	// afterwards.
	OpensIfAccepted bool `json:"opens_if_accepted"`
}

// Close codes that a browser makes up itself (RFC 6455 section 7.4.1).
const (
	codeNoStatus = 1005
	codeAbnormal = 1006
	codeTLS      = 1015
)

// Chromium predicts Chromium and its kin (Chrome, Edge).
func Chromium(t *trace.Trace) Prediction { return chromium.predict(t) }

// Firefox predicts Firefox.
func Firefox(t *trace.Trace) Prediction { return firefox.predict(t) }
