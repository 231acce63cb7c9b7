// Package alert keeps DRP's alerts true to what the reports say: raised once for each cause, told on
// while the fault lasts, and cleared when it is gone.
//
// Memory counts what the runs see, Plan compares that with the alerts that DRP has and says what is
// to change, Keeper carries it out. The first two know neither network nor clock. What must survive a
// restart is kept with the alerts themselves, so that nothing else can disagree with them.
package alert

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"ws-diagnose/plugin/diagnose"
)

// Alert is an alert of DRP, as far as we read and write it. The SDK's own type would send zero
// times and an empty id along.
type Alert struct {
	UUID            string         `json:"Uuid,omitempty"`
	Name            string         `json:"Name"`
	Level           string         `json:"Level"`
	Contents        string         `json:"Contents"`
	Note            string         `json:"Note,omitempty"`
	Time            time.Time      `json:"Time,omitzero"`
	Acknowledged    bool           `json:"Acknowledged,omitempty"`
	AcknowledgeTime time.Time      `json:"AcknowledgeTime,omitzero"`
	Params          map[string]any `json:"Params,omitempty"`
}

// The params of an alert of ours.
const (
	paramFinding = "ws-diagnose/finding"
	paramTarget  = "ws-diagnose/target"
	paramReport  = "ws-diagnose/report"
	paramStory   = "ws-diagnose/story"
)

// prefix begins the name of every alert of ours.
const prefix = "ws-diagnose "

// story is what we remember with an alert.
type story struct {
	Stage     string    `json:"stage,omitempty"`     // of the finding: where it must be looked for
	Gone      int       `json:"gone,omitempty"`      // scheduled runs in a row that missed the finding
	GoneSince time.Time `json:"gone_since,omitzero"` // the first of them
	Returns   int       `json:"returns,omitempty"`   // recoveries that were announced and did not last
	// Closed is when the fault's end was established; zero on an acknowledged alert: a person
	// acknowledged it while the fault lasted.
	Closed time.Time `json:"closed,omitzero"`
}

// Name is the name of the alert for a finding at a target. DRP takes letters, digits, spaces and
// -._ in names, so whatever else stands in a host, the colons of an IPv6 address above all, becomes
// a hyphen.
func Name(finding, target string) string {
	host, port := splitTarget(target)
	host = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '_':
			return r
		}
		return '-'
	}, host)
	return prefix + finding + " " + host + " " + port
}

// splitTarget takes host and port out of a target's id, scheme://host:port.
func splitTarget(id string) (host, port string) {
	_, address, _ := strings.Cut(id, "://")
	address, _, _ = strings.Cut(address, "/")
	i := strings.LastIndexByte(address, ':')
	if i < 0 {
		return address, "0"
	}
	port = address[i+1:]
	if _, err := strconv.Atoi(port); err != nil {
		port = "0"
	}
	return strings.Trim(address[:i], "[]"), port
}

// ours says whether the plugin raised the alert: it has the name that its params call for. What a
// person or another plugin raised is never touched.
func (a Alert) ours() bool {
	finding, _ := a.Params[paramFinding].(string)
	target, _ := a.Params[paramTarget].(string)
	return finding != "" && target != "" && a.Name == Name(finding, target)
}

// maxCount bounds what is counted in a story: more makes no difference.
const maxCount = 1000

// story reads what was remembered with the alert. Others may have written to it: what makes no sense
// is not remembered.
func (a Alert) story() story {
	var s story
	if text, err := json.Marshal(a.Params[paramStory]); err == nil {
		_ = json.Unmarshal(text, &s)
	}
	s.Gone, s.Returns = min(max(s.Gone, 0), maxCount), min(max(s.Returns, 0), maxCount)
	return s
}

// same says whether nothing has to be written to remember t in place of s.
func (s story) same(t story) bool {
	return s.Stage == t.Stage && s.Gone == t.Gone && s.Returns == t.Returns &&
		s.GoneSince.Equal(t.GoneSince) && s.Closed.Equal(t.Closed)
}

// certChanged is told of although it is often for information only: users must act on it.
const certChanged = "cert-changed"

// worthAnAlert says whether a finding is to be told by an alert at all.
func worthAnAlert(f diagnose.Finding) bool {
	return f.Level == diagnose.LevelError || f.Level == diagnose.LevelWarn || f.ID == certChanged
}

// atOnce says whether one run is proof enough: certificates do not come and go.
func atOnce(finding string) bool {
	return strings.HasPrefix(finding, "cert-")
}

// announcements are findings that only one run sees, and for how long their alerts stand.
var announcements = map[string]time.Duration{certChanged: 24 * time.Hour}

// successors names, for a finding, those that tell its story on.
var successors = map[string][]string{"cert-expiring": {"cert-expired"}}

// told lists the findings of a run that are to be told: the causes, and not what follows from them.
// What the server's own certificate is at fault with is told once, on loopback, and not again under
// every other address that shows the same certificate.
func told(reports []diagnose.Report) []sighting {
	var list []sighting
	for i, r := range reports {
		for _, f := range r.Findings {
			if worthAnAlert(f) && !follows(f, r) && !repeats(f, i, reports) {
				list = append(list, sighting{finding: f, report: r})
			}
		}
	}
	return list
}

// sighting is a finding and the report it stands in.
type sighting struct {
	finding diagnose.Finding
	report  diagnose.Report
}

// follows says whether the finding depends on another one of the report that is told.
func follows(f diagnose.Finding, r diagnose.Report) bool {
	return slices.ContainsFunc(r.Findings, func(other diagnose.Finding) bool {
		return slices.Contains(f.DependsOn, other.ID) && worthAnAlert(other)
	})
}

// repeats says whether loopback's report has the same finding for the same reason: the same
// certificate, or the same server by its own address.
func repeats(f diagnose.Finding, i int, reports []diagnose.Report) bool {
	r := reports[i]
	return slices.ContainsFunc(reports, func(loopback diagnose.Report) bool {
		return loopback.Role == "loopback" && r.Role != "loopback" &&
			r.Certificate != nil && loopback.Certificate != nil &&
			r.Certificate.SHA256 == loopback.Certificate.SHA256 &&
			(r.Role == "own" || f.Stage == "certificate") &&
			slices.ContainsFunc(loopback.Findings, func(g diagnose.Finding) bool { return g.ID == f.ID })
	})
}
