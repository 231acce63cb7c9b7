// Package closecode knows the close codes of the websocket protocol (RFC 6455 section 7.4 and the
// IANA registry) and what each means for a DRP endpoint and its portal.
//
// What it says of DRP was observed on a running dr-provision, what it says of browsers on Chromium
// 156 and Firefox ESR 153. RackN's article KB-00056 lists codes as well: it is followed where it is
// right, and where it errs the field KB says so.
package closecode

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Address stands in remedies where the endpoint's host and port belong.
const Address = "HOST:8092"

// Who may send a code.
const (
	Either = "either"
	Server = "server"
	Client = "client"
	Nobody = "nobody"
)

// Code is what is known of one close code, or of a range of codes.
type Code struct {
	Low, High  int      // the range; equal for a single code
	Name       string   // as registered; "" in the unregistered ranges
	Sender     string   // who may send it: Either, Server, Client or Nobody
	OnWire     bool     // it may stand in a close frame
	Normal     bool     // a close in order: no fault by itself
	Meaning    string   // for a DRP endpoint and its portal
	Causes     []string // likely causes, the likeliest first
	Remedy     []string // what to do, commands first; a step that ends with a full stop is no command
	KB         string   // what RackN's KB-00056 says of it and where that is wrong; "" where there is nothing to say
	Reconnects string   // whether the portal reconnects by itself, as far as known
}

// Range spells the codes that c stands for: "1006", "3000-3999", "5000 and up", "below 0".
func (c Code) Range() string {
	switch {
	case c.Low == math.MinInt:
		return fmt.Sprintf("below %d", c.High+1)
	case c.High == math.MaxInt:
		return fmt.Sprintf("%d and up", c.Low)
	case c.Low == c.High:
		return strconv.Itoa(c.Low)
	}
	return fmt.Sprintf("%d-%d", c.Low, c.High)
}

// Lookup returns what is known of code. Every integer has an answer.
func Lookup(code int) Code {
	for _, c := range table {
		if code <= c.High {
			return c.clone()
		}
	}
	panic("unreachable: the last range has no end") // a test holds the table to it
}

// All lists the known codes and ranges, in order and without a gap.
func All() []Code {
	all := make([]Code, len(table))
	for i, c := range table {
		all[i] = c.clone()
	}
	return all
}

// clone keeps the table out of callers' hands.
func (c Code) clone() Code {
	c.Causes, c.Remedy = slices.Clone(c.Causes), slices.Clone(c.Remedy)
	return c
}

// table holds every integer exactly once, in order.
var table = slices.Concat(below, defined, registered, beyond)

// What is known of the portal's reconnecting: RackN writes of 1009 alone.
const (
	reconnectsUnknown = "not known; reload the page when the megaphone stays red"
	reconnectsItself  = "yes, by itself (says RackN's KB-00056)"
)

// Commands that several remedies begin with.
const (
	check   = "ws-diagnose check https://" + Address
	watch   = "ws-diagnose watch https://" + Address
	journal = "journalctl -u dr-provision -n 50 --no-pager"
	status  = "systemctl status dr-provision"
	accept  = "Open https://" + Address + " in the same browser and profile, and accept the certificate."
	around  = "Check port 8092 of the endpoint itself and the proxy's address one after the other: " +
		"the first that fails is at fault."
)
