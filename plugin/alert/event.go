package alert

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Event is what goes out where an alert cannot: `ws-diagnose.<level>.<finding>` in DRP's words.
type Event struct {
	Action string // the level in lower case, or "cleared"
	Key    string // the finding
	Object map[string]any
}

// publish tells without alerts what is to be told: causes that are confirmed and have no alert, once for
// each level, and their end if their beginning was told. What is not taken is told the next time.
func (m *Memory) publish(now time.Time, s Settings, take func(Event) bool) {
	for _, name := range slices.Sorted(maps.Keys(m.causes)) {
		c := m.causes[name]
		told := c.open != "" || c.quiet != ""
		switch {
		case !told && c.confirmed(s) && m.successor(c, s) == "" && c.published != c.level:
			if take(c.event(name, strings.ToLower(c.level))) {
				c.published = c.level
			}
		case c.published != "" && c.over(s, now):
			if take(c.event(name, "cleared")) {
				c.published = ""
			}
		}
	}
}

func (c *cause) event(name, action string) Event {
	return Event{Action: action, Key: c.finding, Object: map[string]any{
		"Name": name, "Level": c.level, "Contents": c.contents,
		"Finding": c.finding, "Target": c.target,
	}}
}
