package report

import (
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"":                         "",
		"plain text, ä, 日本":        "plain text, ä, 日本",
		`a\b "c"`:                  `a\b "c"`,
		"\x1b[31mred":              `\x1b[31mred`,
		"line\nbreak\ttab\r":       `line\nbreak\ttab\r`,
		"\xff\xfe":                 `\xff\xfe`,
		"\u202eevil":               `\u202eevil`,
		"zero\u200bwidth":          `zero\u200bwidth`,
		"\u009b31m":                `\u009b31m`,
		"\U000e0041":               `\U000e0041`,
		strings.Repeat("x", 5000):  strings.Repeat("x", maxRunes) + "...",
		"\x7f":                     `\x7f`,
		"no\u00a0break\u2028space": `no\u00a0break\u2028space`,
	} {
		if got := printable(in); got != want {
			t.Errorf("printable(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestMarkdown(t *testing.T) {
	for in, want := range map[string]string{
		"ERR_CERT_DATE_INVALID":   "ERR_CERT_DATE_INVALID",
		"*.example.com":           `\*.example.com`,
		"_emphasis_ a_b":          `\_emphasis\_ a_b`,
		"<b>":                     "&lt;b&gt;",
		"a & b &amp; &#60; R&D":   "a & b &amp;amp; &amp;#60; R&amp;D",
		"[x](http://y)":           `\[x\](http://y)`,
		"# heading":               `\# heading`,
		"- item":                  `\- item`,
		"12. item":                `12\. item`,
		"12.5 ms":                 `12\.5 ms`,
		"a 12. b - c # d":         "a 12. b - c # d",
		"    code":                "code",
		"`code` | cell ~~gone~~":  "\\`code\\` \\| cell \\~\\~gone\\~\\~",
		`C:\x`:                    `C:\\x`,
		"\x1b[0m":                 `\\x1b\[0m`,
		"https://10.0.0.5:8092/x": "https://10.0.0.5:8092/x",
	} {
		if got := markdown(in); got != want {
			t.Errorf("markdown(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		in    string
		width int
		want  string
	}{
		{"", 20, ""},
		{"one two three", 8, "one two|three"},
		{"forged\nfirst line\n\nof its own", 40, "forged first line of its own"},
		{"abcdefghijklmnopqrst", 8, "abcdefgh|ijklmnop|qrst"},
		{"日本日本日本", 8, "日本日本|日本"},
		{"narrower than allowed", -5, "narrower|than|allowed"},
	} {
		if got := strings.Join(wrap(c.in, c.width), "|"); got != c.want {
			t.Errorf("wrap(%q, %d) = %q, want %q", c.in, c.width, got, c.want)
		}
	}
}

// checkLine fails on anything in s that a terminal would not print as it is.
func checkLine(t *testing.T, s string) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Fatalf("not UTF-8: %q", s)
	}
	for _, r := range s {
		if !strconv.IsPrint(r) {
			t.Fatalf("%U in %q", r, s)
		}
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add(nasty)
	f.Fuzz(func(t *testing.T, s string) {
		got := printable(s)
		checkLine(t, got)
		if printable(got) != got && len(got) < maxRunes {
			t.Fatalf("what is escaped is escaped again: %q", got)
		}
	})
}

func FuzzMarkdown(f *testing.F) {
	f.Add(nasty)
	f.Add("1) &x; \\")
	f.Fuzz(func(t *testing.T, s string) {
		got := markdown(s)
		checkLine(t, got)
		if strings.ContainsAny(got, "<>") {
			t.Fatalf("HTML in %q", got)
		}
		for i := 0; i < len(got); i++ {
			switch got[i] {
			case '\\':
				i++ // an escape: what follows is literal
				if i == len(got) {
					t.Fatalf("a lone backslash at the end of %q", got)
				}
			case '`', '*', '[', ']', '|', '~':
				t.Fatalf("%c is markup in %q", got[i], got)
			}
		}
	})
}

func FuzzWrap(f *testing.F) {
	f.Add(nasty, 20)
	f.Fuzz(func(t *testing.T, s string, width int) {
		width = 8 + int(uint8(width))
		for _, line := range wrap(s, width) {
			checkLine(t, line)
			if columns(line) > width {
				t.Fatalf("%d columns where %d are allowed: %q", columns(line), width, line)
			}
		}
	})
}

// FuzzReport puts the same bytes into every field that may come from the network.
func FuzzReport(f *testing.F) {
	f.Add(nasty)
	f.Fuzz(func(t *testing.T, s string) {
		r := expired()
		r.Notes = []string{s}
		r.Summary, r.Findings[0].Detail, r.Findings[0].Remedy[1], r.Stages[2].Why = s, s, s, s
		for line := range strings.Lines(text(t, TextOptions{}, r) + Markdown(r) + Paragraph(r, r.Findings[0])) {
			checkLine(t, strings.TrimSuffix(line, "\n"))
		}
	})
}
