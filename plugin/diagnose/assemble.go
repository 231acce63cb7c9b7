package diagnose

import (
	"cmp"
	"slices"
	"strings"

	"ws-diagnose/plugin/trace"
)

// assemble applies every rule of the catalogue, adds a finding for failures that no rule explains,
// holds back what only repeats another, and orders the rest, the root cause first.
func assemble(s *scene) []Finding {
	base := s.values()
	seen := map[string]Finding{}
	for _, e := range catalogue {
		if sightings := e.find(s); len(sightings) > 0 {
			seen[e.ID] = compose(e, sightings, base)
		}
	}
	for _, name := range trace.StageNames {
		if id := unexplained(s, name, seen); id != "" {
			e := catalogue[byID[id]]
			seen[id] = compose(e, []sighting{{level: LevelError, stage: name, detail: failure(s, name)}}, base)
		}
	}
	if explainsRefusal(seen) {
		delete(seen, refusesID)
	}
	return order(holdBack(seen))
}

// compose makes one finding of all occurrences in a target: the worst level, every detail, the
// values of the first.
func compose(e Entry, sightings []sighting, base values) Finding {
	first := sightings[0]
	f := Finding{
		ID:    e.ID,
		Level: cmp.Or(first.level, e.Level),
		Stage: string(cmp.Or(first.stage, e.Stage)),
	}
	var details []string
	for _, o := range sightings {
		if level := cmp.Or(o.level, e.Level); rank(level) < rank(f.Level) {
			f.Level = level
		}
		if o.detail != "" && !slices.Contains(details, o.detail) {
			details = append(details, o.detail)
		}
	}
	v := base.with(first.values)
	f.Title = e.Title
	if e.Headline != "" && complete(e.Headline, v) {
		f.Title = fill(e.Headline, v, plain)
	}
	f.Detail = listedWith("; ", details)
	f.Cause = cmp.Or(first.cause, fill(e.Cause, v, plain))
	f.Remedy = fillSteps(e.Remedy, v)
	if len(first.remedy) > 0 {
		f.Remedy = fillSteps(first.remedy, v)
	}
	return f
}

// fallback names what a failed stage is called when nothing else explains its failure: at the
// deadline of the whole check, and before it.
var fallback = map[trace.StageName]struct{ late, early string }{
	trace.StageResolve:     {"dns-failed", "dns-failed"},
	trace.StageConnect:     {"connect-timeout", "connect-unreachable"},
	trace.StageTLS:         {"tls-timeout", "tls-dropped"},
	trace.StageCertificate: {"tls-key-mismatch", "tls-key-mismatch"},
	trace.StageHTTP:        {"http-timeout", "http-dropped"},
	trace.StageUpgrade:     {"upgrade-bad-handshake", "upgrade-bad-handshake"},
	trace.StageRegister:    {"ws-no-ack", "ws-no-ack"},
	trace.StageEvent:       {"ws-no-event", "ws-no-event"},
	trace.StagePing:        {"ws-no-pong", "ws-no-pong"},
}

// unexplained returns the id to use for a stage that failed without an Error finding of its own,
// "" when there is none to add. An unanswered close is a warning and needs no more.
func unexplained(s *scene, name trace.StageName, seen map[string]Finding) string {
	if s.Stage(name).Outcome != trace.Failed {
		return ""
	}
	if name == trace.StageCertificate && s.Certificate != nil {
		return "" // certificates are judged here, not by the probe
	}
	if stageRank(string(name)) > stageRank(string(trace.StageUpgrade)) && containsAny(seen, endings) {
		return "" // all that is left undone follows from the end of the socket
	}
	for _, f := range seen {
		if f.Stage == string(name) && (f.Level == LevelError || tolerated[f.ID]) {
			return ""
		}
	}
	id := fallback[name].early
	if s.Late {
		id = fallback[name].late
	}
	if _, there := seen[id]; there {
		return "" // the cause showed at an earlier stage
	}
	return id
}

// endings are the findings about how a socket ended.
var endings = []string{"ws-closed", "ws-closed-invalid", "ws-dropped", "ws-protocol-error", "ws-invalid-utf8", "ws-too-large"}

func containsAny(seen map[string]Finding, ids []string) bool {
	return slices.ContainsFunc(ids, func(id string) bool { _, ok := seen[id]; return ok })
}

// tolerated are findings that explain a failed stage without being errors: the portal would work.
var tolerated = map[string]bool{"ws-close-ignored": true, "ws-no-event": true, "ws-closed": true}

// failure is the detail of a failure that no rule explains.
func failure(s *scene, name trace.StageName) string {
	detail := "stage " + string(name) + " failed"
	if why := s.Stage(name).Why; why != "" {
		detail += ": " + plain(why)
	}
	if s.Late {
		detail += ", when the whole check's time of " + span(s.Timeout) + " was up"
	}
	return detail
}

// holdBack leaves out the findings that only repeat another one that is there.
func holdBack(seen map[string]Finding) []Finding {
	var kept []Finding
	for _, e := range catalogue {
		f, ok := seen[e.ID]
		if ok && !repeats(f, e, seen) {
			kept = append(kept, f)
		}
	}
	for i := range kept {
		for _, id := range catalogue[byID[kept[i].ID]].DependsOn {
			if slices.ContainsFunc(kept, func(f Finding) bool { return f.ID == id }) {
				kept[i].DependsOn = append(kept[i].DependsOn, id)
			}
		}
	}
	return kept
}

// repeats says that a finding of the same stage says as much as f: at another stage it may be
// about something else.
func repeats(f Finding, e Entry, seen map[string]Finding) bool {
	return slices.ContainsFunc(e.HeldBackBy, func(id string) bool {
		other, there := seen[id]
		return there && other.Stage == f.Stage
	})
}

// order puts causes before what depends on them, then the worst first, then the earliest stage.
// A cause counts as bad as the worst that follows from it.
func order(findings []Finding) []Finding {
	weight := map[string]int{}
	for _, f := range findings {
		weight[f.ID] = rank(f.Level)
	}
	for range findings { // as often as the longest chain of dependencies may be
		for _, f := range findings {
			for _, id := range f.DependsOn {
				weight[id] = min(weight[id], weight[f.ID])
			}
		}
	}
	ordered := make([]Finding, 0, len(findings))
	for len(findings) > 0 {
		i := next(findings, weight)
		ordered = append(ordered, findings[i])
		findings = slices.Delete(findings, i, i+1)
	}
	return ordered
}

// next picks the finding to stand next among those that wait for no other.
func next(findings []Finding, weight map[string]int) int {
	waits := func(f Finding) bool {
		return slices.ContainsFunc(findings, func(g Finding) bool { return slices.Contains(f.DependsOn, g.ID) })
	}
	best := -1
	for i, f := range findings {
		if waits(f) {
			continue
		}
		if best < 0 || before(f, findings[best], weight) {
			best = i
		}
	}
	return max(best, 0)
}

// before compares two findings neither of which waits for another.
func before(a, b Finding, weight map[string]int) bool {
	return cmp.Or(
		cmp.Compare(weight[a.ID], weight[b.ID]),
		cmp.Compare(stageRank(a.Stage), stageRank(b.Stage)),
		cmp.Compare(byID[a.ID], byID[b.ID]),
	) < 0
}

// rank orders levels, the worst first.
func rank(l Level) int {
	return slices.Index([]Level{LevelError, LevelWarn, LevelInfo, LevelDebug}, l)
}

func stageRank(stage string) int { return slices.Index(stageOrder, trace.StageName(stage)) }

// listedWith joins the details of several occurrences, the first few of many.
func listedWith(separator string, details []string) string {
	const most = 12
	if len(details) > most {
		details = append(details[:most:most], "and more")
	}
	return strings.Join(details, separator)
}

// stageOutcomes tells how each stage ended. The probe judges no certificate: that stage failed
// where a finding says so. And an event that the token may not post proves nothing.
func stageOutcomes(s *scene, findings []Finding) []Stage {
	bad := func(f Finding) bool { // one that expires soon still does
		return f.Stage == string(trace.StageCertificate) && f.Level == LevelError && f.ID != "cert-expiring"
	}
	stages := make([]Stage, 0, len(trace.StageNames))
	for _, name := range trace.StageNames {
		st := s.Stage(name)
		if name == trace.StageEvent && mayNotPost(s) {
			st.Outcome = trace.Skipped
		}
		if name == trace.StageCertificate && s.Certificate != nil {
			st.Outcome, st.Why = trace.OK, ""
			if i := slices.IndexFunc(findings, bad); i >= 0 {
				st.Outcome, st.Why = trace.Failed, findings[i].Title
			}
		}
		stages = append(stages, Stage{
			Name: string(name), Outcome: string(st.Outcome), MS: st.Duration.Milliseconds(), Why: plain(st.Why),
		})
	}
	return stages
}

// failedStage is the earliest that failed.
func failedStage(stages []Stage) string {
	for _, st := range stages {
		if st.Outcome == string(trace.Failed) {
			return st.Name
		}
	}
	return ""
}
