// Package closecode knows the close codes of the websocket protocol (RFC 6455 section 7.4 and the
// IANA registry) and what each means for a DRP endpoint and its portal.
package closecode

// Code is what is known of one close code, or of a range of codes.
type Code struct {
	Low, High  int      // the range; equal for a single code
	Name       string   // as registered; "" in the unregistered ranges
	Sender     string   // who may send it: "either", "server", "client", "nobody"
	OnWire     bool     // it may stand in a close frame
	Meaning    string   // for a DRP endpoint and its portal
	Causes     []string // likely causes, the likeliest first
	Remedy     []string // what to do, commands first
	Reconnects string   // whether the portal reconnects by itself, as far as known
}

// Lookup returns what is known of code. Every integer has an answer.
func Lookup(code int) Code { return Code{} }

// All lists the known codes and ranges, in order.
func All() []Code { return nil }
