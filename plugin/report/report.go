// Package report renders reports: text for a terminal, Markdown for a job log or an alert, JSON for
// programs.
//
// It judges nothing and adds nothing: every word that a report holds is rendered, the answer first
// (what is wrong, which command mends it, what users see), the walk and the certificate after it.
// What came from the network is escaped for where it goes, and bounded: no control character, no
// bidirectional override and no invalid UTF-8 reaches a terminal, no markup reaches Markdown.
//
// A remedy that is to be pasted (diagnose.IsCommand) stands alone on its line and is never wrapped.
package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"ws-diagnose/plugin/browser"
	"ws-diagnose/plugin/diagnose"
)

// maxNames is how many names, links or addresses of one list are shown; the rest is counted. JSON has them all.
const maxNames = 12

// statusWords are the words of monitoring plugins for the verdicts.
var statusWords = map[diagnose.Verdict]string{
	diagnose.VerdictOK:    "OK",
	diagnose.VerdictWarn:  "WARNING",
	diagnose.VerdictError: "CRITICAL",
}

// statusWord returns the first word of a report: OK, WARNING, CRITICAL, or UNKNOWN for any other verdict.
func statusWord(v diagnose.Verdict) string {
	if word, ok := statusWords[v]; ok {
		return word
	}
	return "UNKNOWN"
}

// firstLine is the line that monitoring reads; it is not yet escaped.
func firstLine(r diagnose.Report) string {
	return statusWord(r.Verdict) + ": " + r.Target + ": " + r.Summary
}

// part is a finding and what it is to its report.
type part struct {
	heading string
	diagnose.Finding
}

// parts divides the findings of a report into those to be read first, the root cause and what else
// is wrong, and those that are for information.
func parts(r diagnose.Report) (wrong, information []part) {
	for i, f := range r.Findings {
		switch {
		case f.Level != diagnose.LevelError && f.Level != diagnose.LevelWarn:
			information = append(information, part{"For information", f})
		case i == 0:
			wrong = append(wrong, part{"Root cause", f})
		default:
			wrong = append(wrong, part{"Also", f})
		}
	}
	return wrong, information
}

// prediction is one browser's row.
type prediction struct {
	name string
	browser.Prediction
}

func predictions(b *diagnose.Browser) []prediction {
	return []prediction{{"Chromium", b.Chromium}, {"Firefox", b.Firefox}}
}

// opens says in words whether the portal's socket opens, and whether a hand would help.
func (p prediction) opens() string {
	switch {
	case p.Opens && p.CloseCode != 0:
		return "opens, then closes"
	case p.Opens:
		return "opens"
	case p.OpensIfAccepted:
		return "fails until the certificate is accepted by hand"
	default:
		return "fails"
	}
}

// words is the whole prediction in words.
func (p prediction) words() string {
	text := p.opens()
	if p.CloseCode != 0 {
		text += fmt.Sprintf(", close code %d", p.CloseCode)
	}
	if p.Error != "" {
		text += ", " + p.Error
	}
	return text
}

// users is what browser users see, in running text; "" when it is not known.
func users(r diagnose.Report) string {
	if r.Browser == nil {
		return ""
	}
	var sentences []string
	for _, p := range predictions(r.Browser) {
		sentences = append(sentences, p.name+" "+p.words()+".")
	}
	return strings.Join(sentences, " ")
}

// selfTest says where the page is that tests from the user's browser. The address stays whole.
func selfTest(r diagnose.Report) string { return "Test from the user's browser: " + r.SelfTest }

// names joins a list for people: the first of it, and how many more there are.
func names(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	if len(list) > maxNames {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:maxNames], ", "), len(list)-maxNames)
	}
	return strings.Join(list, ", ")
}

// validity says from when to when a certificate is valid, and how that stands at the time of the check.
func validity(c *diagnose.Certificate, now time.Time) string {
	span := c.NotBefore.UTC().Format(time.DateOnly) + " to " + c.NotAfter.UTC().Format("2006-01-02 15:04 MST")
	switch {
	case now.After(c.NotAfter):
		return span + " (expired " + days(now.Sub(c.NotAfter)) + " ago)"
	case now.Before(c.NotBefore):
		return span + " (not yet valid)"
	default:
		return span + " (" + days(c.NotAfter.Sub(now)) + " left)"
	}
}

// days counts the whole days in d.
func days(d time.Duration) string {
	switch n := int(d / (24 * time.Hour)); n {
	case 0:
		return "less than a day"
	case 1:
		return "1 day"
	default:
		return fmt.Sprintf("%d days", n)
	}
}

// trust says in words what the chain comes to.
func trust(c *diagnose.Certificate) string {
	switch {
	case c.Trusted && c.SelfSigned:
		return "self-signed, and itself among the trusted roots"
	case c.Trusted:
		return "issued under a trusted root"
	case c.SelfSigned:
		return "self-signed: trusted by nobody who has not accepted it"
	default:
		return "no chain to a trusted root"
	}
}

// issuers has one line for each link above the leaf.
func issuers(c *diagnose.Certificate) []string {
	var lines []string
	for i, link := range c.Chain {
		if i == 0 {
			continue
		}
		if i > maxNames {
			return append(lines, fmt.Sprintf("and %d more", len(c.Chain)-i))
		}
		from := "from the trusted roots"
		if link.Sent {
			from = "sent by the server"
		}
		lines = append(lines, fmt.Sprintf("%s, until %s, %s", link.Subject, link.NotAfter.UTC().Format(time.DateOnly), from))
	}
	return lines
}

// findingRows is what is to be said of a finding beside its title and remedy: labels and values.
func findingRows(f diagnose.Finding) [][]string {
	var rows [][]string
	if f.Detail != "" {
		rows = append(rows, []string{"Seen", f.Detail})
	}
	if f.Cause != "" {
		rows = append(rows, []string{"Cause", f.Cause})
	}
	if len(f.DependsOn) > 0 {
		rows = append(rows, []string{"May follow", names(f.DependsOn)})
	}
	return rows
}

// stageRows is the walk: stage, outcome, duration, and why it did not succeed.
func stageRows(stages []diagnose.Stage) [][]string {
	rows := make([][]string, len(stages))
	for i, s := range stages {
		took := ""
		if s.Outcome != "skipped" {
			took = fmt.Sprintf("%5d ms", s.MS)
		}
		rows[i] = []string{s.Name, s.Outcome, took, s.Why}
	}
	return rows
}

// browserRows has one row for each browser.
func browserRows(b *diagnose.Browser) [][]string {
	var rows [][]string
	for _, p := range predictions(b) {
		rows = append(rows, []string{p.name, p.words()})
	}
	return rows
}

// certificateRows is the certificate block: labels and values.
func certificateRows(c *diagnose.Certificate, now time.Time) [][]string {
	rows := [][]string{
		{"Subject", c.Subject},
		{"Issuer", c.Issuer},
		{"DNS names", names(c.DNSNames)},
		{"Addresses", names(c.IPAddresses)},
		{"Valid", validity(c, now)},
		{"Key", c.Key},
		{"Trust", trust(c)},
		{"SHA-256", c.SHA256},
	}
	for _, line := range issuers(c) {
		rows = append(rows, []string{"Chain", line})
	}
	return rows
}

// watchRows is the watcher's block: labels and values.
func watchRows(w *diagnose.Watch) [][]string {
	state := "closed"
	if w.Open {
		state = "open for " + seconds(w.UptimeS)
	}
	rows := [][]string{
		{"Socket", state + ", watched since " + w.Since.UTC().Format("2006-01-02 15:04 MST")},
		{"Longest", seconds(w.LongestS)},
		{"Last hour", drops(w.DropsHour)},
		{"Last day", drops(w.DropsDay)},
	}
	if len(w.CausesDay) > 0 {
		rows = append(rows, []string{"Causes", counted(w.CausesDay, "%d %s")})
	}
	if w.LastEnd != "" {
		rows = append(rows, []string{"Last end", w.LastEnd})
	}
	if w.EventsSent > 0 {
		rows = append(rows, []string{"Events", fmt.Sprintf("%d of %d did not come back", w.EventsLost, w.EventsSent)})
	}
	if w.Websockets > 0 {
		rows = append(rows, []string{"Server's view", serverView(w)})
	}
	return rows
}

// serverView is what the endpoint itself says of who is connected.
func serverView(w *diagnose.Watch) string {
	text := fmt.Sprintf("websockets connected: %d", w.Websockets)
	if w.TokenEnds != nil {
		text += ", the first of their tokens ends at " + w.TokenEnds.UTC().Format("2006-01-02 15:04 MST")
	}
	return text
}

// idleRows is the block of an active test of silences: labels and values.
func idleRows(t *diagnose.Idle) [][]string {
	return [][]string{{"Tried", "silences of up to " + seconds(t.AskedS)}, {"Found", t.Text}}
}

func seconds(s int64) string { return (time.Duration(s) * time.Second).String() }

// drops says how many sockets ended, by close code.
func drops(byCode map[string]int) string {
	if len(byCode) == 0 {
		return "no drops"
	}
	return "drops: " + counted(byCode, "%d with %s")
}

// counted lists counts by what they are of.
func counted(of map[string]int, format string) string {
	var parts []string
	for _, what := range slices.Sorted(maps.Keys(of)) {
		parts = append(parts, fmt.Sprintf(format, of[what], what))
	}
	return names(parts)
}

// provenance says who looked, when, and with which version.
func provenance(r diagnose.Report) string {
	return fmt.Sprintf("Checked from %s at %s by ws-diagnose %s.",
		r.Vantage, r.Time.UTC().Format(time.RFC3339), r.Version)
}
