package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestStories tells both: each fails by itself when it does not go as it should. What is printed fits
// a page, commands to paste aside.
func TestStories(t *testing.T) {
	provider := filepath.Join(t.TempDir(), "ws-diagnose")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", provider, "./cmd/ws-diagnose")
	build.Dir = "../../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, show := range stories {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			if err := run(&out, provider, show); err != nil {
				t.Fatalf("%v\n%s", err, &out)
			}
			for line := range strings.SplitSeq(out.String(), "\n") {
				if utf8.RuneCountInString(line) > 100 && !strings.HasPrefix(line, "    ") {
					t.Errorf("%d columns: %s", utf8.RuneCountInString(line), line)
				}
			}
		})
	}
}

// TestNoProvider: without a binary there is nothing to show.
func TestNoProvider(t *testing.T) {
	if err := run(&strings.Builder{}, filepath.Join(t.TempDir(), "none"), showCheck); err == nil || !strings.Contains(err.Error(), "make build") {
		t.Errorf("%v", err)
	}
}
