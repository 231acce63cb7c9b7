package browsers

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ws-diagnose/plugin/browser"
	"ws-diagnose/plugin/cert"
	"ws-diagnose/plugin/probe"
	"ws-diagnose/tests/faults"
)

var (
	allCases = flag.Bool("all", false, "try every fault case in the browsers, not a sample; takes minutes")
	update   = flag.Bool("update", false, "with -all: write what the browsers did to testdata/truth.json")
	only     = flag.String("cases", "", "try the fault cases whose names contain this")
)

// sampleEvery is how many cases the quick run leaves out for each that it tries.
const sampleEvery = 12

// notForBrowsers are cases whose condition a browser cannot be put into from here.
var notForBrowsers = map[string]string{}

// variesBetweenRuns are cases in which a browser itself words the same failure differently from run
// to run; the code that the page sees does not vary.
var variesBetweenRuns = map[string]string{}

// verdict is what is compared: the model's prediction, and what the browser did.
type verdict struct {
	Opens           bool   `json:"opens"`
	CloseCode       int    `json:"close_code"`
	Error           string `json:"error"`
	OpensIfAccepted bool   `json:"opens_if_accepted"`
}

// subject is one case under way.
type subject struct {
	faults.Case
	server    *faults.Server
	predicted map[string]verdict
	seen      map[string]verdict
}

// TestPredictions holds the model against the browsers of this machine: for each fault case, what
// package browser predicts from the probe's trace must be what Chromium and Firefox do.
func TestPredictions(t *testing.T) {
	pki := faults.NewPKI(t)
	roots := pki.Roots()
	var subjects []*subject
	for _, c := range choose(t) {
		s := &subject{Case: c, server: c.Start(t, pki), predicted: map[string]verdict{}, seen: map[string]verdict{}}
		roots = append(roots, s.server.Roots...)
		subjects = append(subjects, s)
	}
	predictAll(t, subjects, roots)
	for name, start := range map[string]func([]byte) (Browser, error){
		"chromium": func(r []byte) (Browser, error) { return StartChromium(r) },
		"firefox":  func(r []byte) (Browser, error) { return StartFirefox(r) },
	} {
		t.Run(name, func(t *testing.T) { compare(t, name, start, roots, subjects) })
	}
	if *allCases && *update && *only == "" && !t.Skipped() {
		writeTruth(t, subjects)
	}
}

// choose returns the cases of this run: all, those asked for, or a sample.
func choose(t *testing.T) []faults.Case {
	var usable []faults.Case
	for _, c := range faults.All() {
		if notForBrowsers[c.Name] == "" && c.Group != "drp" && strings.Contains(c.Name, *only) {
			usable = append(usable, c)
		}
	}
	if *allCases || *only != "" {
		return usable
	}
	var sample []faults.Case
	for i := 0; i < len(usable); i += sampleEvery {
		sample = append(sample, usable[i])
	}
	t.Logf("a sample of %d of %d cases; `go test ./browsers -all` tries them all", len(sample), len(usable))
	return sample
}

func predictAll(t *testing.T, subjects []*subject, rootsPEM []byte) {
	roots, err := cert.LoadRoots(rootsPEM)
	if err != nil {
		t.Fatal(err)
	}
	each(subjects, 8, func(s *subject) {
		target, err := probe.ParseTarget(s.URL(s.server), true)
		if err != nil {
			t.Errorf("%s: %v", s.Name, err)
			return
		}
		target.Connect = s.server.Connect
		target.Names = []string{target.Host}
		tr := probe.Check(t.Context(), target, probe.Options{Timeout: 20 * time.Second, Listen: 1500 * time.Millisecond, Roots: roots,
			FetchIssuer: true, Resolver: faults.Resolver(t)})
		s.predicted["chromium"] = verdict(browser.Chromium(tr))
		s.predicted["firefox"] = verdict(browser.Firefox(tr))
	})
}

// each runs do for every subject, at most n at a time.
func each(subjects []*subject, n int, do func(*subject)) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, n)
	for _, s := range subjects {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			do(s)
		})
	}
	wg.Wait()
}

// parallel is how many visits a browser is given at once. Chromium's wait in tabs of their own, the
// silent ones for four minutes; Firefox takes turns, so several are started.
var parallel = map[string]int{"chromium": 40, "firefox": 4}

func compare(t *testing.T, name string, start func([]byte) (Browser, error), roots []byte, subjects []*subject) {
	pool, err := startPool(name, start, roots, len(subjects))
	if errors.Is(err, ErrMissing) {
		t.Skipf("SKIPPED: %s is not tested: %v", name, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer pool.close()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	var mu sync.Mutex
	fail := func(s *subject, err error) {
		mu.Lock()
		defer mu.Unlock()
		t.Errorf("%s: %v", s.Name, err)
	}
	each(subjects, parallel[name], func(s *subject) {
		b := pool.take()
		defer pool.give(b)
		out, err := b.Try(ctx, Visit{URL: s.URL(s.server), Settle: 2 * time.Second, Patience: 5 * time.Minute})
		if err != nil {
			fail(s, err)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		s.seen[name] = verdict{Opens: out.Opens, CloseCode: out.CloseCode, Error: out.Error, OpensIfAccepted: out.Opens}
	})
	// Only now, because Chromium remembers what was accepted for a host and certificate on all ports.
	each(subjects, 1, func(s *subject) {
		if seen, ok := s.seen[name]; ok && certificateError(seen) {
			accepted, err := tryAccepted(ctx, pool.browsers[0], s)
			if err != nil {
				fail(s, err)
			}
			seen.OpensIfAccepted = accepted
			s.seen[name] = seen
		}
	})
	tally(t, name, pool.browsers[0].Version(), subjects)
}

// certificateError says whether accepting by hand could matter: the browser named a certificate
// error, rather than a failure that no exception covers.
func certificateError(v verdict) bool {
	return strings.HasPrefix(v.Error, "net::ERR_CERT_") || (v.CloseCode == 1015 && !strings.HasPrefix(v.Error, "SSL_ERROR_RX_"))
}

func tryAccepted(ctx context.Context, b Browser, s *subject) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	url := "https" + strings.TrimPrefix(s.URL(s.server), "wss")
	if _, err := b.Accept(ctx, url); err != nil {
		return false, fmt.Errorf("accepting by hand: %w", err)
	}
	out, err := b.Try(ctx, Visit{URL: s.URL(s.server), Settle: time.Second, Patience: 30 * time.Second})
	return out.Opens, err
}

// tally reports each wrong prediction, and the score.
func tally(t *testing.T, name, version string, subjects []*subject) {
	right := 0
	for _, s := range subjects {
		want, got := s.seen[name], s.predicted[name]
		if variesBetweenRuns[s.Name] != "" {
			got.Error = want.Error
		}
		if got == want {
			right++
			continue
		}
		t.Errorf("%s (%s)\n predicted %+v\n      seen %+v", s.Name, s.What, s.predicted[name], want)
	}
	t.Logf("%s %s: %d of %d predictions right", name, version, right, len(subjects))
}

// pool hands out browsers: one that takes many visits at once, or several that take turns.
type pool struct {
	browsers []Browser
	free     chan Browser
}

func startPool(name string, start func([]byte) (Browser, error), roots []byte, visits int) (*pool, error) {
	n := parallel[name]
	p := &pool{free: make(chan Browser, n)}
	processes := 1
	if name == "firefox" {
		processes = min(n, (visits+9)/10)
	}
	for range processes {
		b, err := start(roots)
		if err != nil {
			p.close()
			return nil, err
		}
		p.browsers = append(p.browsers, b)
	}
	if name == "firefox" {
		for _, b := range p.browsers {
			p.free <- b
		}
		return p, nil
	}
	for range n {
		p.free <- p.browsers[0]
	}
	return p, nil
}

func (p *pool) take() Browser  { return <-p.free }
func (p *pool) give(b Browser) { p.free <- b }
func (p *pool) close() {
	for _, b := range p.browsers {
		b.Close()
	}
}

// writeTruth writes the table of what the browsers did: a new browser version shows its differences as a diff.
func writeTruth(t *testing.T, subjects []*subject) {
	type line struct {
		Case     string  `json:"case"`
		What     string  `json:"what"`
		Chromium verdict `json:"chromium"`
		Firefox  verdict `json:"firefox"`
	}
	slices.SortFunc(subjects, func(a, b *subject) int { return strings.Compare(a.Name, b.Name) })
	var out strings.Builder
	for _, s := range subjects {
		data, err := json.Marshal(line{s.Name, s.What, s.seen["chromium"], s.seen["firefox"]})
		if err != nil {
			t.Fatal(err)
		}
		out.Write(append(data, '\n'))
	}
	if err := os.WriteFile("testdata/truth.jsonl", []byte(out.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
