package proxies

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ws-diagnose/plugin/browser"
	"ws-diagnose/plugin/diagnose"
	"ws-diagnose/plugin/trace"
	"ws-diagnose/tests/emulator"
)

var update = flag.Bool("update", false, "write table.md anew")

// row is one fault of a proxy's setup.
type row struct {
	name      string
	setup     string          // what is wrong, in words
	at        string          // where the fault goes: a line of the sound configuration, which it replaces
	fault     string          // the lines there; "" leaves the line out
	mend      string          // what mends it, in place of the fault
	mendAt    string          // where it goes instead, the fault staying as it is
	plain     bool            // a server with the library that DRP is built on takes DRP's place
	longToken bool            // in the address, of more than 512 bytes; with plain
	faults    emulator.Faults // of the endpoint, which the mended proxy must bear
	watch     *scenario       // nil: a check is enough
	finding   string          // the first of the report
	told      string          // what the remedy speaks of; "" for the name of the setting that mends
	also      string          // id of a finding that the mended setup has, beside being ok
}

// harmless is a setting that ends no socket.
type harmless struct {
	at, line string
	also     [2]string // another replacement that the line asks for
}

// setups are the proxies with their rows.
var setups = []struct {
	newProxy maker
	name     string
	rows     []row
	harmless []harmless
}{
	{NewNginx, "nginx", nginxRows, nginxHarmless},
	{NewHAProxy, "HAProxy", haproxyRows, haproxyHarmless},
}

// TestTable finds every fault, mends it by its line, and finds it gone.
func TestTable(t *testing.T) {
	files := newFiles(t)
	var lines, fine []string
	complete := true
	for _, s := range setups {
		users := make([]string, len(s.rows))
		passed := t.Run(s.name, func(t *testing.T) {
			for i, r := range s.rows {
				t.Run(r.name, func(t *testing.T) {
					t.Parallel()
					users[i] = try(t, newLab(t, s.newProxy, files, r), r)
				})
			}
			for _, h := range s.harmless {
				t.Run("harmless "+h.line, func(t *testing.T) {
					t.Parallel()
					bear(t, newLab(t, s.newProxy, files, row{}), h)
				})
			}
		})
		complete = complete && passed && !slices.Contains(users, "")
		for i, r := range s.rows {
			lines = append(lines, r.markdown(s.name, users[i]))
		}
		for _, h := range s.harmless {
			fine = append(fine, fmt.Sprintf("| %s | %s |", s.name, code(h.line)))
		}
	}
	if !complete {
		t.Log("not all rows were tried: the table is not compared")
		return
	}
	compareTable(t, lines, fine)
}

// try finds the fault, mends it and finds it gone. It returns what the user of a browser sees.
func try(t *testing.T, l *lab, r row) string {
	faulty, mended := r.configs(t, l.proxy.Sound())
	l.drp.Misbehave(r.faults)
	l.start(faulty)
	var before, after diagnose.Report
	found := func(rep diagnose.Report) bool { return first(rep) == r.finding }
	if r.watch == nil {
		before = l.await(found)
	} else {
		before = l.watchFaulty(r.watch, r.finding)
	}
	if !found(before) {
		t.Fatalf("the faulty setup is judged as\n%s", listed(before))
	}
	if remedy := strings.Join(before.Findings[0].Remedy, "\n"); !strings.Contains(remedy, r.directive()) {
		t.Errorf("the remedy does not speak of %q:\n%s", r.directive(), remedy)
	}
	if before.Certificate != nil {
		l.known[l.target.ID()] = trace.Known{SHA256: before.Certificate.SHA256, Seen: before.Time}
	}
	l.reload(mended)
	sound := func(rep diagnose.Report) bool { return rep.Verdict == diagnose.VerdictOK }
	after = l.await(sound)
	if r.watch != nil && sound(after) {
		if after = l.watchMended(r.watch); len(after.Watch.DropsHour) > 0 {
			t.Errorf("the mended setup drops sockets: %v", after.Watch.DropsHour)
		}
	}
	if !sound(after) || r.also != "" && !strings.Contains(listed(after), r.also) {
		t.Fatalf("the mended setup is judged as\n%s", listed(after))
	}
	return userSees(before)
}

// bear finds a setup sound.
func bear(t *testing.T, l *lab, h harmless) {
	sound := l.proxy.Sound()
	if h.also[0] != "" {
		sound = strings.Replace(sound, h.also[0], h.also[1], 1)
	}
	l.start(replaced(t, sound, h.at, h.line))
	if r := l.check(); r.Verdict != diagnose.VerdictOK {
		t.Errorf("is judged as\n%s", listed(r))
	}
}

// configs makes the faulty configuration from the sound one, and the mended from the faulty.
func (r row) configs(t *testing.T, sound string) (faulty, mended string) {
	t.Helper()
	faulty = replaced(t, sound, r.at, r.fault)
	if r.mendAt != "" {
		return faulty, replaced(t, faulty, r.mendAt, r.mend)
	}
	return faulty, replaced(t, sound, r.at, r.mend)
}

// directive is what an operator has to be told of: the beginning of the last line that mends.
func (r row) directive() string {
	if r.told != "" {
		return r.told
	}
	line := r.mend[strings.LastIndex(r.mend, "\n")+1:]
	words := strings.Fields(strings.TrimSuffix(line, ";"))
	switch words[0] {
	case "timeout", "option", "http-request":
		return words[0] + " " + words[1]
	}
	return words[0]
}

// replaced puts lines in the place of one, which must be there once.
func replaced(t *testing.T, config, at, lines string) string {
	t.Helper()
	if n := strings.Count(config, at+"\n"); n != 1 {
		t.Fatalf("%q is %d places of the configuration", at, n)
	}
	return strings.Replace(config, at+"\n", lines+"\n", 1)
}

func first(r diagnose.Report) string {
	if len(r.Findings) == 0 {
		return ""
	}
	return r.Findings[0].ID
}

// listed is a report's findings for the log of a test.
func listed(r diagnose.Report) string {
	lines := []string{string(r.Verdict) + ": " + r.Summary}
	for _, f := range r.Findings {
		lines = append(lines, fmt.Sprintf("%s %s: %s", f.Level, f.ID, f.Detail))
	}
	return strings.Join(lines, "\n")
}

// userSees is what a page and its user get to see, for the table.
func userSees(r diagnose.Report) string {
	chromium, firefox := r.Browser.Chromium, r.Browser.Firefox
	at := "Chromium " + shown(chromium) + ", Firefox " + shown(firefox)
	if r.Watch == nil {
		return at
	}
	var codes []string
	for c := range r.Watch.DropsHour {
		codes = append(codes, c)
	}
	slices.Sort(codes)
	dropped := "connects, then " + strings.Join(codes, " or ")
	if chromium.Opens && firefox.Opens {
		return dropped + ", again and again"
	}
	return dropped + "; from then on " + at
}

func shown(p browser.Prediction) string {
	switch {
	case p.Opens:
		return "connects"
	case p.Error == "":
		return fmt.Sprint(p.CloseCode)
	}
	return fmt.Sprintf("%d %s", p.CloseCode, code(p.Error))
}

// markdown is the row in the table.
func (r row) markdown(proxy, user string) string {
	setup, mend := r.setup, code(r.mend)
	if r.fault != "" {
		setup += ": " + code(r.fault)
	}
	if place, ok := strings.CutPrefix(r.mendAt, "# "); ok {
		mend += " in `" + place + "`"
	}
	return fmt.Sprintf("| %s | %s | %s | `%s` | %s |", proxy, setup, user, r.finding, mend)
}

// code is text as code in a table's cell.
func code(s string) string {
	return "`" + strings.ReplaceAll(strings.ReplaceAll(s, "|", `\|`), "\n", "`<br>`") + "`"
}

const tableFile = "table.md"

func compareTable(t *testing.T, rows, fine []string) {
	t.Helper()
	table := "| Proxy | Setup | The browser user sees | Finding | Line that mends it |\n|---|---|---|---|---|\n" +
		strings.Join(rows, "\n") + "\n\nOften blamed, and without harm to a websocket:\n\n| Proxy | Setting |\n|---|---|\n" +
		strings.Join(fine, "\n") + "\n"
	if *update {
		if err := os.WriteFile(tableFile, []byte(table), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(tableFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), table); diff != "" {
		t.Errorf("%s differs (-file +now); write it anew with -update:\n%s", tableFile, diff)
	}
}

// patience bounds every wait for something to happen.
const patience = time.Minute
