package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ws-diagnose/plugin/browser"
	"ws-diagnose/plugin/diagnose"
	"ws-diagnose/plugin/trace"
)

var verbose = flag.Bool("findings", false, "print what the check found in each case")

// crews is how many cases are checked at a time: most of the time of most of them is waiting.
const crews = 16

// elsewhere are the findings that no single check of a server can reach, and who proves them.
var elsewhere = map[string]string{
	"ws-idle-dropped": "the watcher's: needs several drops after equal silences",
	"ws-flapping":     "the watcher's: needs a history of drops",
	"events-lost":     "the watcher's: needs a history of numbered events",
	"schedule-missed": "the plugin's: about its own runs, not about a server",
}

// TestCatalogueReached proves that every finding of the catalogue has a case, or a reason not to.
func TestCatalogueReached(t *testing.T) {
	reached := map[string]bool{}
	for _, c := range All() {
		for _, id := range append([]string{c.Finding}, c.Also...) {
			reached[id] = true
			if _, known := diagnose.Lookup(id); id != "" && !known {
				t.Errorf("%s: finding %q is not in the catalogue", c.Name, id)
			}
		}
	}
	for _, e := range diagnose.Catalogue() {
		if reached[e.ID] == (elsewhere[e.ID] != "") {
			t.Errorf("finding %s: reached by a case: %v, on the list of those proven elsewhere: %q", e.ID, reached[e.ID], elsewhere[e.ID])
		}
	}
}

// outcome is what came out of the check of one case.
type outcome struct {
	trace  *trace.Trace
	report diagnose.Report
	err    error
}

// TestCatalogue runs the real check against every case: what comes first must be the root cause,
// and no other error may be claimed.
func TestCatalogue(t *testing.T) {
	k := &Checker{PKI: NewPKI(t), Resolver: Resolver(t), Timeout: 5 * time.Second, Listen: 400 * time.Millisecond}
	slots := make(chan struct{}, crews)
	var wg sync.WaitGroup
	for _, c := range All() {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			t.Run(c.Name, func(t *testing.T) { checkCase(t, k, c) })
		})
	}
	wg.Wait()
}

func checkCase(t *testing.T, k *Checker, c Case) {
	var o outcome
	o.trace, o.report, o.err = k.Run(context.Background(), c, c.Start(t, k.PKI))
	if *verbose {
		t.Logf("%s: %s", strings.Join(ids(o.report.Findings), " "), o.report.Summary)
	}
	if msg := disagreement(c, o); msg != "" {
		t.Errorf("%s\n%s", msg, account(o))
	}
	if msg := unexplained(o.report); msg != "" {
		t.Errorf("%s\n%s", msg, account(o))
	}
	report, err := json.Marshal(o.report)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{Token, `\u001b`, "\u202e", "\u2066", `\u0000`} {
		if bytes.Contains(report, []byte(bad)) {
			t.Errorf("the report holds %q: %s", bad, report)
		}
	}
}

// disagreement says in what the outcome is not what the case wants; "" when it is.
func disagreement(c Case, o outcome) string {
	if o.err != nil {
		return o.err.Error()
	}
	found := o.report.Findings
	switch {
	case c.Finding == "" && o.report.Verdict != diagnose.VerdictOK:
		return fmt.Sprintf("healthy (%s), but found: %v", c.What, ids(found))
	case c.Finding != "" && len(found) == 0:
		return fmt.Sprintf("%s: want %s, found nothing", c.What, c.Finding)
	case c.Finding != "" && found[0].ID != c.Finding:
		return fmt.Sprintf("%s: want %s first, found %v", c.What, c.Finding, ids(found))
	}
	for _, f := range found {
		if f.Level == diagnose.LevelError && f.ID != c.Finding && !slices.Contains(c.Also, f.ID) {
			return fmt.Sprintf("%s: %s is claimed beside %s", c.What, f.ID, c.Finding)
		}
	}
	if refuses := "browser-refuses"; c.Finding != refuses && slices.Contains(ids(found), refuses) {
		return fmt.Sprintf("%s: %s, although the fault has a finding of its own: %v", c.What, refuses, ids(found))
	}
	for _, id := range c.Also {
		if !slices.Contains(ids(found), id) {
			return fmt.Sprintf("%s: %s is missing beside %v", c.What, id, ids(found))
		}
	}
	return ""
}

// notices are the findings that tell why a browser does not open the socket and are no alarm.
var notices = []string{"cert-self-signed", "cert-unknown-issuer", "names-unknown"}

// unexplained says which browser is predicted to refuse the socket, or to see it end uncleanly, in a
// report without a finding that would tell why; "" when there is none.
func unexplained(r diagnose.Report) string {
	if r.Browser == nil || slices.ContainsFunc(r.Findings, func(f diagnose.Finding) bool {
		return f.Level == diagnose.LevelError || f.Level == diagnose.LevelWarn || slices.Contains(notices, f.ID)
	}) {
		return ""
	}
	for name, p := range map[string]browser.Prediction{"Chromium": r.Browser.Chromium, "Firefox": r.Browser.Firefox} {
		if !p.Opens || p.CloseCode == 1006 || p.CloseCode == 1015 {
			return fmt.Sprintf("%s is predicted to fail (%d, %s), and no finding says why: %v", name, p.CloseCode, p.Error, ids(r.Findings))
		}
	}
	return ""
}

func ids(findings []diagnose.Finding) []string {
	var out []string
	for _, f := range findings {
		out = append(out, f.ID)
	}
	return out
}

// account tells of a check what is needed to see why it came out as it did.
func account(o outcome) string {
	var b strings.Builder
	for _, f := range o.report.Findings {
		fmt.Fprintf(&b, "  %s %s: %s | %s\n", f.Level, f.ID, f.Title, f.Detail)
	}
	if o.trace == nil {
		return b.String()
	}
	for _, s := range o.trace.Stages {
		if s.Outcome != trace.OK {
			fmt.Fprintf(&b, "  stage %s %s: %q\n", s.Name, s.Outcome, s.Why)
		}
	}
	return b.String()
}
