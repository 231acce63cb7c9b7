package diagnose

import (
	"fmt"
	"strconv"
	"time"

	"ws-diagnose/plugin/trace"
)

const day = 24 * time.Hour

// span spells a duration for people, in the unit that fits: "12 ms", "1.5 s", "350 s",
// "15 minutes", "5 hours", "35 days".
func span(d time.Duration) string {
	d = max(d, -d)
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second && d%time.Second >= 50*time.Millisecond:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 10*time.Minute:
		return fmt.Sprintf("%d s", int64(d.Round(time.Second)/time.Second))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d minutes", d/time.Minute)
	case d < 2*day:
		return fmt.Sprintf("%d hours", d/time.Hour)
	}
	return fmt.Sprintf("%d days", d/day)
}

// date spells a day as certificates and logs do, in UTC.
func date(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// count spells a number of things.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// endingAfter is ending for what had begun to come: so many bytes.
func endingAfter(e trace.Ending, read int64) string {
	if e == trace.EndTimeout && read > 0 {
		return "the rest did not come until the deadline"
	}
	return ending(e)
}

// ending spells how a connection ended.
func ending(e trace.Ending) string {
	switch e {
	case trace.EndFIN:
		return "the connection was closed (TCP FIN)"
	case trace.EndCloseNotify:
		return "the connection was closed in order (TLS close_notify)"
	case trace.EndRST:
		return "the connection was reset (TCP RST)"
	case trace.EndAlert:
		return "the connection was ended by a TLS alert"
	case trace.EndTimeout:
		return "nothing came until the deadline"
	case trace.EndError:
		return "the connection could not be read on"
	}
	return "the connection did not end"
}
