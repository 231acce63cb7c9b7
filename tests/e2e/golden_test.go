package e2e

import (
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ws-diagnose/tests/emulator"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares text with a file of testdata.
func golden(t *testing.T, file, text string) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(text, "\n")); diff != "" {
		t.Errorf("%s (-want +got; -update rewrites it):\n%s", path, diff)
	}
}

// today is the day on which golden files play.
var today = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

// mask replaces what is another at each run by what a reader may take for real.
type mask []string

// ports stand for those that the kernel chose.
func (m *mask) ports(e *emulator.Endpoint) {
	for address, usual := range map[string]string{e.URL(): "8092", e.SecureFileURL(): "8090"} {
		u, _ := url.Parse(address) // it is the emulator's own
		*m = append(*m, u.Port(), usual)
	}
}

// days replaces the dates that lie so many days from the given moment.
func (m *mask) days(from time.Time, days ...int) {
	for _, d := range days {
		*m = append(*m, from.UTC().AddDate(0, 0, d).Format(time.DateOnly), today.AddDate(0, 0, d).Format(time.DateOnly))
	}
}

var measured = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`\d\d:\d\d:\d\d`), "09:00:00"},
	{regexp.MustCompile(` \d\d:\d\d UTC`), " 09:00 UTC"},
	{regexp.MustCompile(`\b[0-9a-f]{64}\b`), strings.Repeat("0123456789abcdef", 4)},
	{regexp.MustCompile(`(?m)  ok +\d+ ms`), "  ok      1 ms"},
	{regexp.MustCompile(`(?m)  failed +\d+ ms`), "  failed  1 ms"},
	{regexp.MustCompile(`\(\d+ ms, dial`), "(0 ms, dial"},
	{regexp.MustCompile(`nginx/[0-9.]+`), "nginx/1.22.1"},
	{regexp.MustCompile(`Checked from \S+ at`), "Checked from workstation at"},
	{regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`), "d6bfbd2f-0d8c-4d6b-9a3e-1f2a3b4c5d6e"},
}

// apply masks a text.
func (m mask) apply(text string) string {
	for _, r := range measured {
		text = r.pattern.ReplaceAllString(text, r.instead)
	}
	return strings.NewReplacer(m...).Replace(text)
}
