package diagnose

import (
	"os/exec"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// hostile is what a server or a mistaken user may put where a name is expected.
const hostile = "-x'; touch owned; $(touch owned) `touch owned` \"\\\n\x1b[31m\u202e"

// TestPlaceholdersStandOutsideQuotes: shellArg makes a word of any value, which holds only where the
// template has no quotes of its own around it.
func TestPlaceholdersStandOutsideQuotes(t *testing.T) {
	for _, e := range catalogue {
		for _, step := range e.Remedy {
			if !IsCommand(step) {
				continue
			}
			for _, at := range placeholder.FindAllStringIndex(step, -1) {
				before := step[:at[0]]
				if strings.Count(before, "'")%2 != 0 || strings.Count(before, `"`)%2 != 0 {
					t.Errorf("%s: a placeholder between quotes: %s", e.ID, step)
				}
			}
		}
	}
}

// TestShellArg has a shell print back what it was given.
func TestShellArg(t *testing.T) {
	for _, s := range []string{
		"drp.example.com", "", "a b", "it's", `"$HOME"`, "$(id)", "`id`", "a;b", "a&&b", "*", "~", "#x", "Müller", "[::1]:8092", "a\\b", "!x",
		"x'; touch owned; $(touch owned) `touch owned` \"\\",
	} {
		out, err := exec.Command("sh", "-c", "printf %s "+shellArg(s)).Output()
		if err != nil || string(out) != s {
			t.Errorf("a shell reads %s as %q, want %q (%v)", shellArg(s), out, s, err)
		}
	}
	for s, want := range map[string]string{"-rf": "'?rf'", "a\nb": "'a?b'", "\x1b[2J": "'?[2J'", "\u202ea": "'?a'"} {
		if got := shellArg(s); got != want {
			t.Errorf("shellArg(%q) = %s, want %s", s, got, want)
		}
	}
}

func TestQuotePrintsSafely(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		for _, got := range []string{quote(s), plain(s), shellArg(s)} {
			if len(got) > 4*maxQuoted+8 {
				t.Fatalf("%d bytes became %d", len(s), len(got))
			}
			if !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Fatalf("%q holds what does not print", got)
			}
		}
	})
}
