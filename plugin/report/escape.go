package report

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxRunes bounds one field of a report. What is longer came from the network and is cut.
const maxRunes = 4000

// printable returns s as one line that a terminal shows as it is. Whatever is not a printing
// character or a plain space (control characters, ANSI sequences, bidirectional and zero-width
// characters, other spaces, invalid UTF-8) stands there as an escape such as \x1b or \u202e.
func printable(s string) string {
	var b strings.Builder
	for count := 0; len(s) > 0; count++ {
		if count == maxRunes {
			b.WriteString("...")
			break
		}
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case strconv.IsPrint(r):
			b.WriteRune(r)
		default:
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		s = s[size:]
	}
	return b.String()
}

// markdown returns s as one line of Markdown text that reads as s: printable, with everything
// escaped that Markdown or HTML would take for markup. Markup that means nothing where it stands
// (an underscore inside a word) is left alone, since the text is read unrendered as well.
func markdown(s string) string {
	s = strings.TrimSpace(printable(s))
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '<':
			b.WriteString("&lt;")
		case c == '>':
			b.WriteString("&gt;")
		case c == '&' && i+1 < len(s) && (s[i+1] == '#' || isWord(s[i+1])):
			b.WriteString("&amp;")
		case strings.IndexByte("\\`*[]|~", c) >= 0,
			c == '_' && !insideWord(s, i),
			i == 0 && strings.IndexByte("#+-=", c) >= 0,
			(c == '.' || c == ')') && i > 0 && isNumber(s[:i]):
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func insideWord(s string, i int) bool {
	return i > 0 && i+1 < len(s) && isWord(s[i-1]) && isWord(s[i+1])
}

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func isNumber(s string) bool { return strings.Trim(s, "0123456789") == "" }

// columns counts the columns that s takes at most: everything from the Hangul letters up may be wide.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n += runeColumns(r)
	}
	return n
}

func runeColumns(r rune) int {
	if r >= 0x1100 {
		return 2
	}
	return 1
}

// wrap breaks prose into printable lines of at most width columns. Line breaks in s count as spaces,
// so that nothing from the network can begin a line of its own; a word that does not fit is cut.
func wrap(s string, width int) []string {
	width = max(width, 8)
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		for _, piece := range cut(printable(word), width) {
			switch {
			case line == "":
				line = piece
			case columns(line)+1+columns(piece) <= width:
				line += " " + piece
			default:
				lines = append(lines, line)
				line = piece
			}
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// cut divides a word into pieces of at most width columns; most words stay whole.
func cut(word string, width int) []string {
	var pieces []string
	start, used := 0, 0
	for i, r := range word {
		if used+runeColumns(r) > width {
			pieces = append(pieces, word[start:i])
			start, used = i, 0
		}
		used += runeColumns(r)
	}
	return append(pieces, word[start:])
}
