package alert

import (
	"time"

	"ws-diagnose/plugin/diagnose"
	"ws-diagnose/plugin/report"
)

// maxCauses bounds what is remembered: some ten findings for each of the most targets there can be.
const maxCauses = 600

// Settings are what the operator chose.
type Settings struct {
	ConfirmRuns     int  // scheduled runs in a row that must agree
	AutoAcknowledge bool // clear an alert whose fault is gone; else only say so in its note
}

// Run says what kind of run the reports come from.
type Run struct {
	Time      time.Time
	Scheduled bool // only scheduled runs count for confirming
	Complete  bool // all targets there are were looked at
}

// Memory is what is known of each cause between runs. The zero value knows nothing.
type Memory struct {
	causes map[string]*cause // by the name of its alert
	primed bool              // the alerts of an earlier life have been taken over
	full   bool              // a cause was left out for want of room
}

// cause is one finding at one target.
type cause struct {
	finding, target, stage string
	level, contents        string
	report                 any
	present                bool // as of the last run that could tell
	seen                   int  // runs in a row that saw it
	gone                   int  // scheduled runs in a row that missed it
	goneSince              time.Time
	returns                int       // recoveries that were announced and did not last
	cleared                time.Time // when the last recovery was announced
	open                   string    // id of the open alert, as far as we know
	quiet                  string    // id of the alert that a person acknowledged; "" when none
	quietSince             time.Time // when that was
	ended                  time.Time // when it was last gone for confirm-runs, unless the alert was open after that
	blocked                bool      // somebody else's alert has the name: not to be raised as long as the fault lasts
	published              string    // level last told by an event instead of an alert
}

// Observe takes in what a run saw.
func (m *Memory) Observe(reports []diagnose.Report, run Run, s Settings) {
	if m.causes == nil {
		m.causes = map[string]*cause{}
	}
	found := map[string]bool{}
	for _, sighted := range told(reports) {
		name := Name(sighted.finding.ID, sighted.report.Target)
		found[name] = true
		if c := m.cause(name, sighted.finding.ID, sighted.report.Target); c != nil {
			c.sight(sighted, run)
		}
	}
	if !run.Scheduled {
		return
	}
	for name, c := range m.causes {
		if !found[name] && couldSee(c, reports, run) {
			c.miss(run.Time, s)
		}
	}
}

// cause returns what is known under that name, and begins to know it; nil when there is no room.
func (m *Memory) cause(name, finding, target string) *cause {
	c := m.causes[name]
	if c == nil && len(m.causes) >= maxCauses {
		m.full = true
		return nil
	}
	if c == nil {
		c = &cause{finding: finding, target: target}
		m.causes[name] = c
	}
	return c
}

// sight notes that a run saw the cause.
func (c *cause) sight(s sighting, run Run) {
	c.stage, c.level = s.finding.Stage, string(s.finding.Level)
	c.contents, c.report = report.Paragraph(s.report, s.finding), report.WithoutNulls(s.report)
	if run.Scheduled || atOnce(c.finding) {
		c.seen++
		c.present = true
		c.gone, c.goneSince = 0, time.Time{}
	}
}

// miss notes that a scheduled run would have seen the cause and did not.
func (c *cause) miss(now time.Time, s Settings) {
	c.present, c.blocked = false, false
	c.seen = 0
	c.gone++
	if c.goneSince.IsZero() || c.goneSince.After(now) { // the clock was set back: no waiting for that time
		c.goneSince = now
	}
	if c.gone >= s.ConfirmRuns {
		c.ended = now
	}
}

// couldSee says whether the run would have seen the cause: its target was looked at, as far as the
// stage in question. Behind a refused connection nobody knows whether the certificate still
// expires. A target that is no longer among those of a complete run has no causes.
func couldSee(c *cause, reports []diagnose.Report, run Run) bool {
	for _, r := range reports {
		if r.Target != c.target {
			continue
		}
		for _, s := range r.Stages {
			if s.Name == c.stage && s.Outcome == "skipped" {
				return false
			}
		}
		return true
	}
	return run.Complete
}

// confirmed says whether the cause was seen often enough to be told.
func (c *cause) confirmed(s Settings) bool {
	return c.present && (atOnce(c.finding) || c.seen >= s.ConfirmRuns)
}

// The hold of an alert: how long its fault must be gone before the recovery is announced. The
// first recovery is announced as soon as it is confirmed; each one that did not last doubles the
// hold, so that a link that comes and goes is told some two dozen times a day at most.
const (
	firstHold = 5 * time.Minute
	longHold  = time.Hour
	forgetful = 24 * time.Hour // a recovery that lasted so long lasted
)

// hold is how long the cause must be gone before its recovery is announced.
func (c *cause) hold() time.Duration {
	switch {
	case c.returns == 0:
		return 0
	case c.returns > 4:
		return longHold
	}
	return firstHold << (c.returns - 1)
}

// over says whether the fault is gone, as far as can be told, and its alert has served its purpose:
// an announcement stands longer than what it announces.
func (c *cause) over(s Settings, now time.Time) bool {
	return !c.present && c.gone >= s.ConfirmRuns &&
		now.Sub(c.goneSince) >= max(c.hold(), announcements[c.finding])
}

// story is what is to be remembered with the cause's alert. More missing runs than are needed to
// confirm are not counted: each would be a change of the alert.
func (c *cause) story(s Settings) story {
	return story{Stage: c.stage, Gone: min(c.gone, s.ConfirmRuns), GoneSince: c.goneSince, Returns: c.returns}
}

// forget drops causes that nothing is left to be known of.
func (m *Memory) forget(now time.Time) {
	for name, c := range m.causes {
		if !c.present && c.seen == 0 && c.open == "" && c.quiet == "" && c.published == "" &&
			now.Sub(c.cleared) >= forgetful {
			delete(m.causes, name)
		}
	}
}
