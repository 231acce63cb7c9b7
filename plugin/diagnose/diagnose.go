package diagnose

import (
	"cmp"
	"time"

	"ws-diagnose/plugin/browser"
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

// withDefaults fills in what was left out.
func (p Policy) withDefaults() Policy {
	p.WarnDays = cmp.Or(p.WarnDays, 30)
	p.ErrorDays = cmp.Or(p.ErrorDays, 7)
	p.LatencyWarn = cmp.Or(p.LatencyWarn, 500*time.Millisecond)
	return p
}

// Diagnose judges a run: one report for each trace, in the same order.
func Diagnose(ev trace.Evidence, p Policy) []Report {
	p = p.withDefaults()
	reports := make([]Report, len(ev.Traces))
	for i, t := range ev.Traces {
		if t == nil {
			t = &trace.Trace{}
		}
		reports[i] = judge(&scene{Trace: t, evidence: &ev, policy: p})
	}
	return reports
}

// judge makes the report of one target.
func judge(s *scene) Report {
	findings := assemble(s)
	stages := stageOutcomes(s, findings)
	r := Report{
		Verdict:     verdict(findings),
		Target:      plain(s.Target.ID()),
		Role:        string(s.Target.Role),
		Vantage:     s.evidence.Vantage,
		Time:        s.evidence.Time.UTC().Truncate(time.Second),
		Version:     s.policy.Version,
		FailedStage: failedStage(stages),
		Stages:      stages,
		Certificate: certificateOf(s),
		Findings:    findings,
		Accept:      acceptOf(s),
		SelfTest:    selfTestOf(s),
		Watch:       watchOf(s),
		Idle:        idleOf(s),
		Notes:       notesOf(s),
	}
	if len(s.Stages) > 0 && !s.Target.CertOnly {
		r.Browser = &Browser{Chromium: browser.Chromium(s.Trace), Firefox: browser.Firefox(s.Trace)}
	}
	r.Summary = summary(s, findings)
	return r
}

// verdict is that of the worst finding.
func verdict(findings []Finding) Verdict {
	v := VerdictOK
	for _, f := range findings {
		switch f.Level {
		case LevelError:
			return VerdictError
		case LevelWarn:
			v = VerdictWarn
		}
	}
	return v
}
