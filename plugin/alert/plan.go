package alert

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// Verb says what is to be done with an alert.
type Verb int

// The verbs.
const (
	Raise  Verb = iota // create Alert
	Update             // make Alert.UUID's level, contents, note and params those of Alert
	Clear              // the same, and then acknowledge it
)

// Change is one thing to be done so that DRP's alerts say what is known.
type Change struct {
	Verb  Verb
	Alert Alert
}

// Plan says what is to change, given the open alerts of the server, the acknowledged ones where
// NeedsAcknowledged asked for them, and what was seen. Of the memory it changes only what the
// alerts themselves tell: what an earlier life of the plugin, another instance, or a person did.
//
// Asked again with the changes carried out it asks for none: it may be repeated at will.
func Plan(open, acknowledged []Alert, m *Memory, now time.Time, s Settings) []Change {
	if m.causes == nil {
		m.causes = map[string]*cause{}
	}
	kept, changes := single(open, now)
	m.adopt(kept)
	m.recall(acknowledged, kept, now)
	m.primed = true
	for _, name := range slices.Sorted(maps.Keys(m.causes)) {
		c := m.causes[name]
		if alert, isOpen := kept[name]; isOpen {
			changes = append(changes, c.follow(alert, m.successor(c, s), now, s)...)
		} else {
			changes = append(changes, c.begin(name, m.successor(c, s), now, s)...)
		}
	}
	m.forget(now)
	return changes
}

// single keeps one open alert of ours for each name, the oldest, and clears the others: two
// instances raised them at the same moment.
func single(open []Alert, now time.Time) (map[string]Alert, []Change) {
	mine := slices.DeleteFunc(slices.Clone(open), func(a Alert) bool { return a.Acknowledged || !a.ours() })
	slices.SortFunc(mine, func(a, b Alert) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.UUID, b.UUID))
	})
	kept := map[string]Alert{}
	var changes []Change
	for _, a := range mine {
		first, known := kept[a.Name]
		if !known {
			kept[a.Name] = a
			continue
		}
		changes = append(changes, closing(a, a.story(), "the same is told by the alert "+first.UUID, now))
	}
	return kept, changes
}

// adopt takes over open alerts that this life of the plugin knows nothing of.
func (m *Memory) adopt(kept map[string]Alert) {
	for name, a := range kept {
		c := m.causes[name]
		if c == nil {
			finding, _ := a.Params[paramFinding].(string)
			target, _ := a.Params[paramTarget].(string)
			if c = m.cause(name, finding, target); c == nil {
				continue
			}
			s := a.story()
			c.stage, c.level, c.contents, c.report = s.Stage, a.Level, a.Contents, a.Params[paramReport]
			c.gone, c.goneSince, c.returns = s.Gone, s.GoneSince, s.Returns
			c.present = s.Gone == 0
		}
		c.returns = max(c.returns, a.story().Returns)
		c.open, c.quiet, c.ended = a.UUID, "", time.Time{}
	}
}

// NeedsAcknowledged says whether Plan has to see the acknowledged alerts: at the beginning of a
// life, when an alert is no longer open though we did not clear it, and before one is raised.
func (m *Memory) NeedsAcknowledged(open []Alert, s Settings) bool {
	still := map[string]bool{}
	for _, a := range open {
		still[a.UUID] = true
	}
	for _, c := range m.causes {
		lost := c.open != "" && !still[c.open]
		toRaise := c.open == "" && c.quiet == "" && !c.blocked && c.confirmed(s)
		if lost || toRaise {
			return true
		}
	}
	return !m.primed
}

// recall learns from the acknowledged alerts what became of those that are no longer open: cleared
// by us in an earlier life or by another instance, or acknowledged by a person while the fault
// lasted, which keeps the cause quiet. An alert that is nowhere was deleted, and is forgotten.
func (m *Memory) recall(acknowledged []Alert, kept map[string]Alert, now time.Time) {
	for name, a := range lastAcknowledged(acknowledged) {
		c, known := m.causes[name], a.story()
		_, isOpen := kept[name]
		if isOpen || c == nil && m.primed || c != nil && c.quiet != "" ||
			!known.Closed.IsZero() && now.Sub(known.Closed) >= forgetful {
			continue
		}
		finding, _ := a.Params[paramFinding].(string)
		target, _ := a.Params[paramTarget].(string)
		if c = m.cause(name, finding, target); c == nil {
			continue
		}
		c.returns = max(c.returns, known.Returns)
		if c.contents == "" { // not seen in this life
			c.stage, c.level, c.contents, c.report = known.Stage, a.Level, a.Contents, a.Params[paramReport]
		}
		if known.Closed.IsZero() {
			c.quiet, c.quietSince = a.UUID, acknowledgedAt(a)
		} else {
			c.cleared = known.Closed
		}
	}
	for name, c := range m.causes {
		if _, isOpen := kept[name]; !isOpen {
			c.open = ""
		}
	}
}

// lastAcknowledged is, for each name, the alert of ours that was acknowledged last; at the same
// moment a person's deed counts, not our clearing of a duplicate.
func lastAcknowledged(list []Alert) map[string]Alert {
	last := map[string]Alert{}
	for _, a := range list {
		if !a.Acknowledged || !a.ours() {
			continue
		}
		former, known := last[a.Name]
		order := acknowledgedAt(a).Compare(acknowledgedAt(former))
		if !known || order > 0 || order == 0 && a.story().Closed.IsZero() {
			last[a.Name] = a
		}
	}
	return last
}

// acknowledgedAt is when that was, or at least the time of the alert.
func acknowledgedAt(a Alert) time.Time {
	if a.AcknowledgeTime.IsZero() {
		return a.Time
	}
	return a.AcknowledgeTime
}

// successor is the name of the alert that tells the cause's story on, "" when there is none.
func (m *Memory) successor(c *cause, s Settings) string {
	for _, finding := range successors[c.finding] {
		name := Name(finding, c.target)
		if next := m.causes[name]; next != nil && next.confirmed(s) {
			return name
		}
	}
	return ""
}

// follow says what becomes of an open alert.
func (c *cause) follow(a Alert, successor string, now time.Time, s Settings) []Change {
	want := c.alert(a.Name, s)
	want.UUID, want.Time, want.Note = a.UUID, a.Time, note(a.Note, "")
	since := c.goneSince.UTC().Format(time.RFC3339)
	switch {
	case successor != "":
		return []Change{closing(want, c.story(s), "told on by the alert \""+successor+"\"", now)}
	case c.over(s, now) && s.AutoAcknowledge:
		return []Change{closing(want, c.story(s), "gone since "+since, now)}
	case c.over(s, now):
		want.Note = note(a.Note, "gone since "+since+", to be acknowledged by a person")
	}
	if want.Level == a.Level && want.Contents == a.Contents && want.Note == a.Note && c.story(s).same(a.story()) {
		return nil
	}
	return []Change{{Update, want}}
}

// begin says whether an alert is to be raised, and marks the one that a person acknowledged once
// the fault was gone.
func (c *cause) begin(name, successor string, now time.Time, s Settings) []Change {
	var changes []Change
	a := c.alert(name, s)
	if c.quiet != "" {
		if !c.ended.After(c.quietSince) {
			return nil
		}
		a.UUID, a.Acknowledged = c.quiet, true
		changes = append(changes, closing(a, c.story(s), "gone since then", now))
	}
	if c.blocked || !c.confirmed(s) || successor != "" {
		return changes
	}
	a = c.alert(name, s)
	fresh := story{Stage: c.stage}
	if !c.cleared.IsZero() && now.Sub(c.cleared) < forgetful {
		fresh.Returns = c.returns + 1
	}
	a.Params[paramStory] = fresh
	return append(changes, Change{Raise, a})
}

// alert is the alert that tells of the cause as it is now.
func (c *cause) alert(name string, s Settings) Alert {
	return Alert{Name: name, Level: c.level, Contents: c.contents, Params: map[string]any{
		paramFinding: c.finding,
		paramTarget:  c.target,
		paramReport:  c.report,
		paramStory:   c.story(s),
	}}
}

// closing is the change that clears an alert and says why.
func closing(a Alert, s story, why string, now time.Time) Change {
	s.Closed = now
	a.Params = maps.Clone(a.Params)
	a.Params[paramStory] = s
	a.Note = note(a.Note, "cleared: "+why)
	return Change{Clear, a}
}

// signature begins our line in an alert's note.
const signature = "ws-diagnose: "

// note is an alert's note with our line in place of the one that we wrote before; none when ours
// is "". What people wrote stays.
func note(former, ours string) string {
	lines := slices.DeleteFunc(strings.Split(former, "\n"), func(line string) bool {
		return strings.HasPrefix(line, signature) || line == ""
	})
	if ours != "" {
		lines = append(lines, signature+ours+".")
	}
	return strings.Join(lines, "\n")
}

// done notes that a change was carried out; id is the alert's, "" when it could not be raised because
// somebody else's alert has its name.
func (m *Memory) done(change Change, id string, now time.Time) {
	c := m.causes[change.Alert.Name]
	if c == nil {
		return
	}
	switch change.Verb {
	case Raise:
		if c.blocked = id == ""; c.blocked {
			return
		}
		c.open, c.published, c.ended = id, "", time.Time{}
		c.returns = change.Alert.story().Returns
	case Clear:
		if c.open == id {
			c.open, c.cleared = "", now
		}
		if c.quiet == id {
			c.quiet, c.cleared = "", now
		}
	}
}
