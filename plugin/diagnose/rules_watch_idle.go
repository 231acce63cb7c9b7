package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ws-diagnose/plugin/trace"
)

const (
	// idleRepeats is how many silences of the same length make an idle timeout.
	idleRepeats = 3
	// idleShortest keeps connections that die at once out: no proxy's idle timeout is that short.
	idleShortest = 2 * time.Second
)

// wsIdleDropped looks at what the watcher saw, and at an active test of silences.
func wsIdleDropped(s *scene) []sighting {
	var seen []sighting
	if silence, members := idleTimeout(s.watch()); len(members) > 0 {
		seen = append(seen, idleSighting(silence, fmt.Sprintf("%s came after %s without a byte in either direction",
			count(len(members), "drop", "drops"), span(silence))))
	}
	if silence, detail := idleTested(s.Idle); silence > 0 {
		seen = append(seen, idleSighting(silence, detail))
	}
	return seen
}

func idleSighting(silence time.Duration, detail string) sighting {
	products, steps := suspects(silence)
	return sighting{detail: detail + ". " + products, values: values{"silence": span(silence)}, remedy: steps}
}

// idleTimeout returns the silence after which sockets were dropped, and the indices of the ends that
// it explains, the newest first; none unless there are idleRepeats of them. A socket that has outlived
// a longer silence since then shows that there is no such timeout, or no longer.
func idleTimeout(w *trace.Watch) (silence time.Duration, members []int) {
	if w == nil {
		return 0, nil
	}
	var silent []int
	for i := len(w.Ends) - 1; i >= 0; i-- {
		if silentDrop(&w.Ends[i]) {
			silent = append(silent, i)
		}
	}
	for n := range silent {
		members = alike(w.Ends, silent[n:])
		if len(members) >= idleRepeats && !outlived(w, members) {
			var sum time.Duration
			for _, i := range members {
				sum += quietAt(&w.Ends[i])
			}
			return sum / time.Duration(len(members)), members
		}
	}
	return 0, nil
}

// silentDrop says that the other side, or something between, ended the connection without a close
// frame after a silence.
func silentDrop(e *trace.WatchEnd) bool {
	if e.Held == 0 || e.Close != nil || e.TooLarge || e.MidFrame || e.Jump != 0 || quietAt(e) < idleShortest {
		return false
	}
	return e.Manner == trace.EndFIN || e.Manner == trace.EndCloseNotify || e.Manner == trace.EndRST
}

// quietAt is how long both sides had been silent at the end.
func quietAt(e *trace.WatchEnd) time.Duration { return min(e.QuietIn, e.QuietOut) }

// alike returns those of the ends at these indices whose silence is within 5 % of the first one's,
// and of each other's.
func alike(ends []trace.WatchEnd, at []int) []int {
	var members []int
	var low, high time.Duration
	for _, i := range at {
		quiet := quietAt(&ends[i])
		if len(members) == 0 {
			low, high = quiet, quiet
		}
		if l, h := min(low, quiet), max(high, quiet); h-l <= l/20 {
			low, high = l, h
			members = append(members, i)
		}
	}
	return members
}

// outlived says that since the last idleRepeats members began a socket has lived through a longer
// silence than theirs.
func outlived(w *trace.Watch, members []int) bool {
	longest := longestOf(w.Ends, members)
	return w.Open && w.Survived > longest || bore(w.Ends[members[idleRepeats-1]:], longest)
}

// longestOf is the longest silence of the members, and a little: timers are not exact.
func longestOf(ends []trace.WatchEnd, members []int) time.Duration {
	longest := time.Duration(0)
	for _, i := range members {
		longest = max(longest, quietAt(&ends[i]))
	}
	return longest + longest/100
}

// bore says that one of the sockets was silent for longer than that, and lived.
func bore(ends []trace.WatchEnd, silence time.Duration) bool {
	return slices.ContainsFunc(ends, func(e trace.WatchEnd) bool {
		return e.Survived > silence || e.Held > 0 && quietAt(&e) > silence
	})
}

// endedIdle says of each end whether an idle timeout explains it that was in force at that time, and
// perhaps no longer is: it is one of idleRepeats alike, with no longer silence borne in between.
func endedIdle(ends []trace.WatchEnd) []bool {
	idle := make([]bool, len(ends))
	for i := range ends {
		if !silentDrop(&ends[i]) {
			continue
		}
		row := []int{i}
		for j := i + 1; j < len(ends) && len(row) < idleRepeats; j++ {
			if silentDrop(&ends[j]) && len(alike(ends, append(row[:len(row):len(row)], j))) > len(row) {
				row = append(row, j)
			}
		}
		if len(row) == idleRepeats && !bore(ends[i:row[idleRepeats-1]+1], longestOf(ends, row)) {
			for _, j := range row {
				idle[j] = true
			}
		}
	}
	return idle
}

// idleTested returns the silence that ended sockets in an active test, with what was seen; 0 when
// none did, or another attempt did not bear it out.
func idleTested(t *trace.Idle) (silence time.Duration, detail string) {
	if t == nil {
		return 0, ""
	}
	borne, failed := idleExtremes(t)
	if failed == nil || t.Confirm == nil || !t.Confirm.Opened || t.Confirm.Proved {
		return 0, ""
	}
	if failed.End == nil {
		return failed.Reached, fmt.Sprintf("after %s of silence the socket was dead, without having been ended; after %s "+
			"it still worked", span(failed.Reached), span(borne))
	}
	first, again := quietOf(failed.End), t.Confirm.Reached
	if t.Confirm.End != nil {
		again = quietOf(t.Confirm.End)
	}
	if d := first - again; d > first/20 || d < -first/20 {
		return 0, ""
	}
	return first, fmt.Sprintf("kept silent, the socket was ended after %s, and another one after %s (%s); after %s it "+
		"still worked", exactly(first), exactly(again), endWords(failed.End), span(borne))
}

// idleExtremes returns the longest silence that a socket bore, and the shortest that ended one.
func idleExtremes(t *trace.Idle) (borne time.Duration, failed *trace.IdleStep) {
	for i := range t.Steps {
		step := &t.Steps[i]
		switch {
		case step.Proved:
			borne = max(borne, step.Reached)
		case step.Opened && (failed == nil || step.Reached < failed.Reached):
			failed = step
		}
	}
	return borne, failed
}

// quietOf is how long both sides had been silent at the end.
func quietOf(e *trace.End) time.Duration { return min(e.QuietIn, e.QuietOut) }

// exactly spells a silence to a tenth of a second.
func exactly(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

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

// idleOf is the idle test's section of the report.
func idleOf(s *scene) *Idle {
	t := s.Idle
	if t == nil {
		return nil
	}
	borne, failed := idleExtremes(t)
	r := &Idle{AskedS: seconds(t.Asked), BorneS: seconds(borne)}
	silence, _ := idleTested(t)
	r.DroppedS = seconds(silence)
	pings := slices.ContainsFunc(t.Steps, func(step trace.IdleStep) bool {
		return step.Proved && step.Pings > 0 && step.Reached < step.Want
	})
	switch {
	case silence > 0:
		r.Text = "the path ends a websocket that is silent for " + exactly(silence)
	case failed != nil:
		r.Text = "a socket ended after " + exactly(failed.Reached) + " of silence, but another one did not: no idle timeout"
	case borne == 0:
		r.Text = "no socket could be tried"
	default:
		r.Text = "the websocket works after " + span(borne) + " of silence"
	}
	if pings && failed == nil {
		r.Text += "; longer silences do not occur, as the server's own pings break them: a timeout beyond does no harm"
		r.Pinged = true
	}
	if t.Late {
		r.Text += " (interrupted before its time)"
	}
	return r
}

func seconds(d time.Duration) int64 { return int64(d.Round(time.Second) / time.Second) }
