package diagnose

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"ws-diagnose/plugin/trace"
)

const (
	// idleRepeats is how many silences of the same length make an idle timeout.
	idleRepeats = 3
	// idleShortest keeps connections that die at once out: no proxy's idle timeout is that short.
	idleShortest = 2 * time.Second
	// flappingDrops in an hour are still no flapping.
	flappingDrops = 3
)

// wsIdleDropped looks at the last ends for silences of equal length in both directions.
func wsIdleDropped(s *scene) []sighting {
	w := s.watch()
	if w == nil {
		return nil
	}
	silence, times := idleTimeout(w.Ends)
	if times < idleRepeats {
		return nil
	}
	products, steps := suspects(silence)
	return []sighting{{
		detail: fmt.Sprintf("the last %d drops came after %s without a byte in either direction. %s",
			times, span(silence), products),
		values: values{"silence": span(silence)}, remedy: steps,
	}}
}

// idleTimeout returns the silence after which the last sockets were dropped, and how many of them in
// a row, counted from the newest. Failed attempts to reconnect do not interrupt the row.
func idleTimeout(ends []trace.WatchEnd) (silence time.Duration, times int) {
	var shortest, longest, sum time.Duration
	for i := len(ends) - 1; i >= 0; i-- {
		e := &ends[i]
		if e.Held == 0 {
			continue
		}
		quiet := min(e.QuietIn, e.QuietOut)
		if !silentDrop(e) || quiet < idleShortest {
			break
		}
		low, high := quiet, quiet
		if times > 0 {
			low, high = min(shortest, quiet), max(longest, quiet)
		}
		if high-low > low/20 { // 5 %
			break
		}
		shortest, longest = low, high
		sum += quiet
		times++
	}
	if times == 0 {
		return 0, 0
	}
	return sum / time.Duration(times), times
}

// silentDrop says that the connection was ended by the other side, without a close frame.
func silentDrop(e *trace.WatchEnd) bool {
	if e.Close != nil || e.TooLarge || e.MidFrame {
		return false
	}
	return e.Manner == trace.EndFIN || e.Manner == trace.EndCloseNotify || e.Manner == trace.EndRST
}

// idleDefaults are the idle timeouts that products come with, by their own documentation, and the
// line that raises each; "" where that is a matter of a device's own menus.
var idleDefaults = []struct {
	after time.Duration
	what  string
	line  string
}{
	{30 * time.Second, "Google Cloud's backend service timeout", idleGoogle},
	{50 * time.Second, "HAProxy's timeout client and server, as its packages set them", idleHAProxy},
	{time.Minute, "nginx's proxy_read_timeout", idleNginx},
	{time.Minute, "Apache's ProxyTimeout", idleApache},
	{time.Minute, "the idle timeout of AWS ALB and classic ELB", idleAWS},
	{3 * time.Minute, "Traefik's idleTimeout", idleTraefik},
	{4 * time.Minute, "the idle timeout of Azure Load Balancer", idleAzure},
	{5 * time.Minute, "Envoy's stream_idle_timeout", idleEnvoy},
	{350 * time.Second, "the idle timeout of AWS NLB", idleNLB},
	{10 * time.Minute, "Google Cloud's connection tracking", ""},
	{30 * time.Minute, "the session timeout of common firewalls", ""},
	{time.Hour, "HAProxy's timeout tunnel as commonly set", "timeout tunnel 24h"},
	{time.Hour, "Envoy's idle_timeout", "idle_timeout: 0s"},
	{time.Hour, "the session timeout of common firewalls", ""},
}

// suspects names the products whose default is that long, within 5 %, and the steps that raise it.
func suspects(silence time.Duration) (named string, steps []string) {
	var products, lines []string
	for _, d := range idleDefaults {
		if off := silence - d.after; off > d.after/20 || off < -d.after/20 {
			continue
		}
		products = append(products, d.what)
		if d.line != "" {
			lines = append(lines, d.line)
		}
	}
	if len(products) == 0 {
		return "No product that we know has this default: somebody set it.", nil
	}
	named = "By default that long: " + strings.Join(products, "; ") + "."
	return named, append(lines, named+" Take the line for what stands in front of {hostport}, where there is one.")
}

func wsFlapping(s *scene) []sighting {
	w := s.watch()
	if w == nil {
		return nil
	}
	drops := dropsSince(w, s.now().Add(-time.Hour))
	if len(drops) <= flappingDrops {
		return nil
	}
	var ends []string
	for _, e := range drops {
		ends = append(ends, e.At.UTC().Format(time.TimeOnly)+" after "+span(e.Held)+": "+endWords(&e))
	}
	return []sighting{{detail: listedWith("; ", ends), values: values{"drops": count(len(drops), "time", "times")}}}
}

// dropsSince are the ends of open sockets since then; failed attempts to reconnect do not count.
func dropsSince(w *trace.Watch, since time.Time) []trace.WatchEnd {
	var drops []trace.WatchEnd
	for _, e := range w.Ends {
		if e.Held > 0 && e.At.After(since) {
			drops = append(drops, e)
		}
	}
	return drops
}

// endWords is how a watched socket ended, in short.
func endWords(e *trace.WatchEnd) string {
	if e.Close != nil {
		return "close code " + strconv.Itoa(e.Close.Code)
	}
	return ending(e.Manner)
}

func eventsLost(s *scene) []sighting {
	w := s.watch()
	if w == nil || w.Lost <= 0 {
		return nil
	}
	return []sighting{{
		detail: fmt.Sprintf("%d numbered events sent since %s, %d missing", w.Sent, stamp(w.Since), w.Lost),
		values: values{"lost": strconv.Itoa(w.Lost), "total": strconv.Itoa(w.Sent)},
	}}
}

// watchOf is the watcher's section of the report.
func watchOf(s *scene) *Watch {
	w := s.watch()
	if w == nil {
		return nil
	}
	r := &Watch{
		Since: w.Since, Open: w.Open, LongestS: int64(w.Longest / time.Second),
		DropsHour: dropsByCode(w, s.now().Add(-time.Hour)),
		DropsDay:  dropsByCode(w, s.now().Add(-day)),
	}
	if w.Open {
		r.UptimeS = max(0, int64(s.now().Sub(w.Opened)/time.Second))
		r.LongestS = max(r.LongestS, r.UptimeS)
	}
	return r
}

// countSpan is how long a trace.WatchCount counts.
const countSpan = 10 * time.Minute

// dropsByCode counts ends by the code that a browser's page would see.
func dropsByCode(w *trace.Watch, since time.Time) map[string]int {
	codes := map[string]int{}
	for _, c := range w.Counts {
		if c.From.Add(countSpan).After(since) {
			codes[strconv.Itoa(c.Code)] += c.N
		}
	}
	return codes
}
