package diagnose

import (
	"time"

	"ws-diagnose/plugin/trace"
)

// Policy is what the operator chose.
type Policy struct {
	WarnDays       int           // cert-expiring from this many days on (default 30), at most a third of the lifetime
	ErrorDays      int           // and as Error from this many (default 7), at most a tenth of the lifetime
	RequireTrusted bool          // an untrusted or self-signed certificate is an error
	LatencyWarn    time.Duration // ws-slow above this event round trip (default 500 ms)
	PortalURL      string        // where the portal's page comes from, e.g. https://portal.rackn.io
	Version        string        // of this program
}

// Diagnose judges a run: one report for each trace, in the same order.
func Diagnose(ev trace.Evidence, p Policy) []Report {
	return nil
}
