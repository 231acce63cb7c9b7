package diagnose

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxQuoted bounds a single value from the network in a detail, in bytes.
const maxQuoted = 160

// quote makes a string that came from the network fit to stand in a sentence: bounded, between
// double quotes, with everything that does not print (control characters, terminal escapes,
// bidirectional overrides, bytes that are not UTF-8) spelled out as an escape.
func quote[T string | []byte](s T) string {
	short, cut := bound(string(s))
	q := strconv.Quote(short)
	if cut {
		q += "..."
	}
	return q
}

// plain is quote for values that read better without quotes, such as host names.
func plain(s string) string {
	short, cut := bound(s)
	q := strconv.Quote(short)
	q = strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
	if cut {
		q += "..."
	}
	return q
}

// bound cuts s to maxQuoted bytes, at a rune's edge.
func bound(s string) (string, bool) {
	if len(s) <= maxQuoted {
		return s, false
	}
	end := maxQuoted
	for end > maxQuoted-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end], true
}

// shellArg makes s one word for a POSIX shell. What does not print becomes "?", for a remedy is
// pasted into a terminal; so does a leading dash, which would be read as an option.
func shellArg(s string) string {
	s, _ = bound(s)
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
	if strings.HasPrefix(s, "-") {
		s = "?" + s[1:]
	}
	if s != "" && strings.IndexFunc(s, needsQuotes) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// needsQuotes says that r may mean something to a shell.
func needsQuotes(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return false
	}
	return !strings.ContainsRune("-._:/@%+=,", r)
}

// listed joins values for a sentence, the first few of many.
func listed(items []string) string {
	const most = 8
	if more := len(items) - most; more > 0 {
		return strings.Join(items[:most], ", ") + " and " + strconv.Itoa(more) + " more"
	}
	return strings.Join(items, ", ")
}
