package browsers

import (
	"flag"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ws-diagnose/tests/faults"
)

var (
	allCases = flag.Bool("all", false, "try every fault case in the browsers, not a sample; takes minutes")
	update   = flag.Bool("update", false, "with -all: write what the browsers did to testdata/truth.jsonl")
	only     = flag.String("cases", "", "try the fault cases whose names match this regular expression")
)

// sampleEvery is how many cases there are for each that the quick run tries.
const sampleEvery = 16

// notForBrowsers are cases whose condition a browser cannot be put into from here, or in which its
// answer hangs on what no check can see; with a browser's name behind, for that one alone.
var notForBrowsers = map[string]string{
	"dns-servfail": "the browsers' name server cannot be replaced, names can only be missing",
	"dns-refused":  "the same",
	"dns-timeout":  "the same",

	"message-64mib":           "the check gives up at 16 MiB and does not see the close frame behind",
	"message-64mib-fragments": "the same",
	"message-512mib":          "the same",

	"ipv6-without-san": "the server listens at an IPv4 address, and a browser goes to the one in the URL",

	"retry-for-unknown-group firefox":   "Firefox has that group and goes on, while the server stops where the check does",
	"tls12-sha1-signature-only firefox": "Firefox takes that signature and goes on, while the server stops where the check does",
}

// leftOut says whether a case is not for a browser; "" for any.
func leftOut(name, browser string) bool {
	return notForBrowsers[name] != "" || notForBrowsers[name+" "+browser] != ""
}

// variesBetweenRuns are cases in which a browser itself words the same failure differently from run
// to run; the code that the page sees does not vary.
var variesBetweenRuns = map[string]string{
	// "Connection closed before receiving a handshake response" or net::ERR_SOCKET_NOT_CONNECTED, as
	// the end comes before or after the request is written.
	"tls-ok-then-close chromium": "a race between request and end",
	"tls-ok-then-fin chromium":   "the same",
	"tls-ok-then-rst chromium":   "the same",

	// NS_ERROR_NET_TIMEOUT or none.
	"http-silent firefox":               "its own timeout ends the page's socket, and not always the channel below",
	"http-headers-never-finish firefox": "the same",
	"http-headers-drip firefox":         "the same",

	// SEC_ERROR_INVALID_ARGS or SEC_ERROR_LIBRARY_FAILURE.
	"x509-garbage firefox":        "NSS sets no error, and tells the one that was set before",
	"x509-truncated firefox":      "the same",
	"x509-trailing-bytes firefox": "the same",
}

// waits says whether browsers wait long for what never comes.
func waits(c faults.Case) bool {
	return strings.HasSuffix(c.Finding, "-timeout") || slices.Contains([]string{"large-hello-hangs", "proxy-silent"}, c.Name)
}

// usable are the cases that browsers can be tried with, by name.
func usable() []faults.Case {
	var cases []faults.Case
	for _, c := range faults.All() {
		// The DRP cases differ in what is said over an open socket, which a plain page leaves.
		if !leftOut(c.Name, "") && c.Group != "drp" {
			cases = append(cases, c)
		}
	}
	slices.SortFunc(cases, func(a, b faults.Case) int { return strings.Compare(a.Name, b.Name) })
	return cases
}

// heldOut says whether the i-th usable case is among those that no rule was made from.
func heldOut(i int) bool { return i%10 == 0 }

// choose returns the cases of this run: all, those asked for, or a sample in which nobody waits.
func choose(t *testing.T) []*subject {
	var chosen []*subject
	all, wanted := usable(), regexp.MustCompile(*only)
	for i, c := range all {
		asked := *allCases || i%sampleEvery == 0 && !waits(c)
		if *only != "" {
			asked = wanted.MatchString(c.Name)
		}
		if asked {
			chosen = append(chosen, &subject{Case: c, heldOut: heldOut(i), predicted: map[string]verdict{}, seen: map[string]verdict{}})
		}
	}
	if len(chosen) < len(all) {
		t.Logf("%d of %d cases; `make test-browsers` tries them all", len(chosen), len(all))
	}
	return chosen
}

func TestNamesOfCasesLeftOut(t *testing.T) {
	known := map[string]bool{}
	for _, c := range faults.All() {
		known[c.Name] = true
	}
	for _, list := range []map[string]string{notForBrowsers, variesBetweenRuns} {
		for name := range list {
			if name, _, _ := strings.Cut(name, " "); !known[name] {
				t.Errorf("%s: there is no such case", name)
			}
		}
	}
}
