package plugin

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"ws-diagnose/plugin/diagnose"
	"ws-diagnose/plugin/report"
	"ws-diagnose/plugin/trace"
)

// Result is what an action returns: the sum of a run, and the report of each target. The summary
// comes first, for portals that show the beginning.
type Result struct {
	Summary  string            `json:"summary"`
	Verdict  diagnose.Verdict  `json:"verdict"`
	Time     time.Time         `json:"time"`
	Version  string            `json:"version"`
	Schedule *Schedule         `json:"schedule,omitempty"` // nil where the server knows no triggers
	Markdown string            `json:"markdown"`           // all of it for people, for a job's log
	Reports  []json.RawMessage `json:"reports"`
}

// Schedule is when the check ran by itself.
type Schedule struct {
	Trigger      string    `json:"trigger"`
	Enabled      bool      `json:"enabled"`
	EveryMinutes int       `json:"every_minutes"` // 0 when the trigger's time could not be read
	Runs         []pastRun `json:"runs"`          // the last ones, newest first
}

// newSchedule is the schedule as the evidence has it.
func newSchedule(s *trace.Schedule) *Schedule {
	if s == nil {
		return nil
	}
	schedule := &Schedule{Trigger: s.Trigger, Enabled: s.Enabled, EveryMinutes: int(s.Every / time.Minute), Runs: []pastRun{}}
	for _, r := range s.Runs {
		schedule.Runs = append(schedule.Runs, pastRun{
			Time: r.Time.UTC().Truncate(time.Second), StartedBy: r.StartedBy, Verdict: r.Verdict})
	}
	return schedule
}

// markdown says in a paragraph when the last runs were and what started them.
func (s *Schedule) markdown() string {
	state := "off"
	if s.Enabled {
		state = "on"
	}
	text := fmt.Sprintf("## Schedule\n\nTrigger %s: %s.\n", s.Trigger, state)
	for _, r := range s.Runs {
		text += fmt.Sprintf("- %s by %s: %s\n", r.Time.Format(time.RFC3339), r.StartedBy, cmp.Or(r.Verdict, "this run"))
	}
	return text
}

// newResult sums a run up.
func newResult(evidence trace.Evidence, reports []diagnose.Report, version string) *Result {
	worst := worstOf(reports)
	result := &Result{
		Summary:  summary(reports, worst),
		Verdict:  worst.Verdict,
		Time:     evidence.Time.UTC().Truncate(time.Second),
		Version:  version,
		Schedule: newSchedule(evidence.Schedule),
		Reports:  []json.RawMessage{},
	}
	parts := []string{}
	for _, r := range reports {
		var line bytes.Buffer
		if err := report.JSON(&line, r); err == nil {
			result.Reports = append(result.Reports, bytes.TrimSpace(line.Bytes()))
		}
		parts = append(parts, report.Markdown(r))
	}
	if result.Schedule != nil {
		parts = append(parts, result.Schedule.markdown())
	}
	result.Markdown = strings.Join(parts, "\n")
	return result
}

// encode is the result as JSON, in the order of its fields.
func (r *Result) encode() json.RawMessage {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // remedies are shell commands: && and > are to stay legible
	if err := encoder.Encode(r); err != nil {
		return json.RawMessage(fmt.Sprintf(`{"summary":%q,"verdict":"error"}`, err))
	}
	return bytes.TrimSpace(text.Bytes())
}

// worstOf returns the first of the worst reports.
func worstOf(reports []diagnose.Report) diagnose.Report {
	rank := map[diagnose.Verdict]int{diagnose.VerdictWarn: 1, diagnose.VerdictError: 2}
	worst := diagnose.Report{Verdict: diagnose.VerdictOK}
	for i, r := range reports {
		if i == 0 || rank[r.Verdict] > rank[worst.Verdict] {
			worst = r
		}
	}
	return worst
}

// summary is one line on all targets.
func summary(reports []diagnose.Report, worst diagnose.Report) string {
	bad := 0
	for _, r := range reports {
		if r.Verdict != diagnose.VerdictOK {
			bad++
		}
	}
	switch {
	case len(reports) == 0:
		return "nothing to check"
	case bad == 0:
		return fmt.Sprintf("%d of %d targets ok", len(reports), len(reports))
	}
	return fmt.Sprintf("%d of %d targets not ok; %s: %s", bad, len(reports), worst.Target, worst.Summary)
}
