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

// events lists what is to be told without alerts: causes that are confirmed and have no alert, once
// for each level, and their end if their beginning was told.
func (m *Memory) events(now time.Time, s Settings) []Event {
	var list []Event
	for _, name := range slices.Sorted(maps.Keys(m.causes)) {
		c := m.causes[name]
		told := c.open != "" || c.quiet != ""
		switch {
		case !told && c.confirmed(s) && m.successor(c, s) == "" && c.published != c.level:
			c.published = c.level
			list = append(list, c.event(name, strings.ToLower(c.level)))
		case c.published != "" && c.over(s, now):
			c.published = ""
			list = append(list, c.event(name, "cleared"))
		}
	}
	return list
}

func (c *cause) event(name, action string) Event {
	return Event{Action: action, Key: c.finding, Object: map[string]any{
		"Name": name, "Level": c.level, "Contents": c.contents,
		"Finding": c.finding, "Target": c.target,
	}}
}
