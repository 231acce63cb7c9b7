package closecode

import (
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Every integer has exactly one entry: the ranges begin where the one before ends.
func TestRangesAreContiguous(t *testing.T) {
	next := math.MinInt
	all := All()
	for i, c := range all {
		if c.Low != next || c.High < c.Low {
			t.Errorf("entry %d is %d to %d, want it to begin at %d", i, c.Low, c.High, next)
		}
		next = c.High + 1
	}
	if last := all[len(all)-1].High; last != math.MaxInt {
		t.Errorf("the last range ends at %d", last)
	}
}

// The codes that RFC 6455 and IANA know stand for themselves; the others are in these ranges.
func TestLookup(t *testing.T) {
	cases := []struct {
		code   int
		spelt  string
		name   string
		sender string
		onWire bool
	}{
		{math.MinInt, "below 0", "", Nobody, false},
		{-1, "below 0", "", Nobody, false},
		{0, "0-999", "", Nobody, false},
		{999, "0-999", "", Nobody, false},
		{1000, "1000", "Normal Closure", Either, true},
		{1001, "1001", "Going Away", Either, true},
		{1002, "1002", "Protocol Error", Either, true},
		{1003, "1003", "Unsupported Data", Either, true},
		{1004, "1004", "Reserved", Nobody, false},
		{1005, "1005", "No Status Received", Nobody, false},
		{1006, "1006", "Abnormal Closure", Nobody, false},
		{1007, "1007", "Invalid Frame Payload Data", Either, true},
		{1008, "1008", "Policy Violation", Either, true},
		{1009, "1009", "Message Too Big", Either, true},
		{1010, "1010", "Mandatory Extension", Client, true},
		{1011, "1011", "Internal Error", Server, true},
		{1012, "1012", "Service Restart", Server, true},
		{1013, "1013", "Try Again Later", Server, true},
		{1014, "1014", "Bad Gateway", Server, true},
		{1015, "1015", "TLS Handshake", Nobody, false},
		{1016, "1016-2999", "", Nobody, false},
		{2999, "1016-2999", "", Nobody, false},
		{3000, "3000-3999", "", Either, true},
		{3999, "3000-3999", "", Either, true},
		{4000, "4000-4999", "", Either, true},
		{4999, "4000-4999", "", Either, true},
		{5000, "5000 and up", "", Nobody, false},
		{65535, "5000 and up", "", Nobody, false},
		{math.MaxInt, "5000 and up", "", Nobody, false},
	}
	for _, c := range cases {
		got := Lookup(c.code)
		if c.code < got.Low || c.code > got.High {
			t.Errorf("%d: answered with the entry of %d to %d", c.code, got.Low, got.High)
		}
		if got.Range() != c.spelt || got.Name != c.name || got.Sender != c.sender || got.OnWire != c.onWire {
			t.Errorf("%d: %s %q by %s, on the wire %v; want %s %q by %s, %v", c.code,
				got.Range(), got.Name, got.Sender, got.OnWire, c.spelt, c.name, c.sender, c.onWire)
		}
	}
}

// Nothing is left out, commands come first, and no line is too long to be read at night.
func TestEveryEntryIsComplete(t *testing.T) {
	for _, c := range All() {
		if c.Meaning == "" || len(c.Causes) == 0 || len(c.Remedy) == 0 || c.Reconnects == "" {
			t.Errorf("%s: something is missing: %+v", c.Range(), c)
		}
		if (c.Sender == Nobody) == c.OnWire {
			t.Errorf("%s: sent by %s, on the wire %v", c.Range(), c.Sender, c.OnWire)
		}
		if len(c.Meaning) > 340 {
			t.Errorf("%s: a meaning of %d bytes", c.Range(), len(c.Meaning))
		}
		if isProse(c.Remedy[0]) {
			t.Errorf("%s: the remedy begins without a command: %q", c.Range(), c.Remedy[0])
		}
		if !slices.IsSortedFunc(c.Remedy, func(a, b string) int { return rank(a) - rank(b) }) {
			t.Errorf("%s: a command after prose: %q", c.Range(), c.Remedy)
		}
		for _, line := range slices.Concat(c.Causes, c.Remedy) {
			if len(line) > 135 || strings.TrimSpace(line) != line || line == "" {
				t.Errorf("%s: a line of %d bytes: %q", c.Range(), len(line), line)
			}
		}
	}
}

func isProse(step string) bool { return strings.HasSuffix(step, ".") }

func rank(step string) int {
	if isProse(step) {
		return 1
	}
	return 0
}

// RackN tells of one code alone that the portal reconnects by itself; nothing is made up.
func TestReconnects(t *testing.T) {
	for _, c := range All() {
		known := !strings.HasPrefix(c.Reconnects, "not known")
		if known != (c.Low == 1009) {
			t.Errorf("%s: %q", c.Range(), c.Reconnects)
		}
	}
}

// Callers get copies.
func TestTableIsSafe(t *testing.T) {
	want := Lookup(1006).Causes[0]
	Lookup(1006).Causes[0] = "spoilt"
	for _, c := range All() {
		c.Causes[0], c.Remedy[0] = "spoilt", "spoilt"
	}
	if got := Lookup(1006).Causes[0]; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// The text as a whole is kept beside the code, to be read when it changes.
func TestText(t *testing.T) {
	var b strings.Builder
	for _, c := range All() {
		fmt.Fprintf(&b, "%s %s\n", c.Range(), c.Name)
		fmt.Fprintf(&b, "  sender: %s, on the wire: %v, normal: %v\n", c.Sender, c.OnWire, c.Normal)
		fmt.Fprintf(&b, "  means: %s\n", c.Meaning)
		for _, cause := range c.Causes {
			fmt.Fprintf(&b, "  cause: %s\n", cause)
		}
		for _, step := range c.Remedy {
			fmt.Fprintf(&b, "  do: %s\n", step)
		}
		if c.KB != "" {
			fmt.Fprintf(&b, "  KB: %s\n", c.KB)
		}
		fmt.Fprintf(&b, "  reconnects: %s\n\n", c.Reconnects)
	}
	const golden = "testdata/codes.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("the text differs from %s; look at it, then run the test with -update", golden)
	}
}
