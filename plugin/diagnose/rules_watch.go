package diagnose

import (
	"fmt"
	"strconv"
	"time"

	"ws-diagnose/plugin/trace"
)

// flappingDrops in an hour are still no flapping.
const flappingDrops = 3

// wsFlapping counts the drops of the last hour. Those for which our own machine's sleep is to blame
// do not count.
func wsFlapping(s *scene) []sighting {
	w := s.watch()
	if w == nil {
		return nil
	}
	var drops []Drop
	for _, d := range Drops(w, s.evidence.History) {
		if d.Kind != DropSlept && d.At.After(s.now().Add(-time.Hour)) {
			drops = append(drops, d)
		}
	}
	if len(drops) <= flappingDrops {
		return nil
	}
	var ends []string
	for _, d := range drops {
		ends = append(ends, d.At.UTC().Format(time.TimeOnly)+" after "+span(d.Held)+": "+d.Text)
	}
	return []sighting{{
		detail: listedWith("; ", ends), cause: flappingCause(drops),
		values: values{"drops": count(len(drops), "time", "times")},
	}}
}

// flappingCause is the cause that most drops share; "" when none has more than half of them.
func flappingCause(drops []Drop) string {
	counts := map[DropKind]int{}
	for _, d := range drops {
		counts[d.Kind]++
		if 2*counts[d.Kind] > len(drops) && dropCauses[d.Kind] != "" {
			return fmt.Sprintf("%d of %d drops: %s", counts[d.Kind], len(drops), dropCauses[d.Kind])
		}
	}
	return ""
}

// endWords is how a watched socket ended, in short.
func endWords(e *trace.End) string {
	if e.Close != nil {
		words := "close code " + strconv.Itoa(e.Close.Code)
		if len(e.Close.Reason) > 0 {
			words += " " + quote(e.Close.Reason)
		}
		return words
	}
	if e.Manner == trace.EndAlert {
		return fmt.Sprintf("TLS alert %d", e.Alert)
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
