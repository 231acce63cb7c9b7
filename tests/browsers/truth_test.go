package browsers

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"ws-diagnose/plugin/browser"
	"ws-diagnose/plugin/cert"
	"ws-diagnose/plugin/probe"
	"ws-diagnose/tests/faults"
)

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
	heldOut bool
	server  *faults.Server

	mu              sync.Mutex
	predicted, seen map[string]verdict
}

// origin is that of the page from which the sockets are opened, as far as it matters.
const origin = "http://localhost"

// watched is how long an open socket is watched, by the probe and by the browsers.
func (s *subject) watched() time.Duration { return cmp.Or(s.Check.Listen, 1500*time.Millisecond) }

// TestPredictions holds the model against the browsers of this machine: for each fault case, what
// package browser predicts from the probe's trace must be what Chromium and Firefox do.
func TestPredictions(t *testing.T) {
	pki := faults.NewPKI(t)
	roots := pki.Roots()
	subjects := choose(t)
	for _, s := range subjects {
		s.server = s.Start(t, pki)
		roots = append(roots, s.server.Roots...)
	}
	predictAll(t, subjects, roots)
	t.Run("in", func(t *testing.T) {
		for _, k := range kinds {
			t.Run(k.name, func(t *testing.T) {
				t.Parallel()
				compare(t, k, roots, subjects)
			})
		}
	})
	if *allCases && *update && *only == "" {
		writeTruth(t, subjects)
	}
}

func predictAll(t *testing.T, subjects []*subject, rootsPEM []byte) {
	roots, err := cert.LoadRoots(rootsPEM)
	if err != nil {
		t.Fatal(err)
	}
	resolver := faults.Resolver(t)
	var wg sync.WaitGroup
	slots := make(chan struct{}, 24)
	for _, s := range subjects {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			target := s.Target(s.server)
			target.Plain, target.Origin = true, origin
			target.Names, target.NamesUnknown = []string{target.Host}, false // a browser knows where it goes
			tr := probe.Check(t.Context(), target, probe.Options{
				Timeout: 12*time.Second + s.watched(), Listen: s.watched(), Roots: roots, FetchIssuer: true, Resolver: resolver})
			s.predicted["chromium"] = verdict(browser.Chromium(tr))
			s.predicted["firefox"] = verdict(browser.Firefox(tr))
		})
	}
	wg.Wait()
}

// kind is how a browser is put to work.
type kind struct {
	name  string
	start func(roots []byte) (Browser, error)
	// processes are started, at most one for each ten cases, and each takes so many visits at once.
	processes, visits int
	// crowd says that visits in which nobody does anything may come on top of these.
	crowd bool
	// handshake says whether an outcome is about TLS, so that accepting by hand might mend it.
	handshake func(Outcome) bool
}

// Chromium has profiles within a process. Firefox has one, and opens one socket at a time anyway.
var kinds = []kind{
	{name: "chromium", start: func(r []byte) (Browser, error) { return StartChromium(r) }, processes: 1, visits: 6, crowd: true,
		handshake: func(o Outcome) bool {
			return strings.HasPrefix(o.Error, "net::ERR_CERT_") || strings.HasPrefix(o.Error, "net::ERR_SSL_")
		}},
	{name: "firefox", start: func(r []byte) (Browser, error) { return StartFirefox(r) }, processes: 5, visits: 1,
		handshake: func(o Outcome) bool { return o.CloseCode == 1015 }},
}

// compare shows all subjects to one browser.
func compare(t *testing.T, k kind, roots []byte, subjects []*subject) {
	crew, err := k.hire(roots, len(subjects))
	defer crew.close()
	if errors.Is(err, ErrMissing) {
		t.Skipf("SKIPPED: the predictions for %s are not tested: %v", k.name, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	var wg sync.WaitGroup
	show := func(s *subject, b Browser) {
		seen, err := k.visit(ctx, b, s)
		if err != nil {
			t.Errorf("%s: %v", s.Name, err)
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.seen[k.name] = seen
	}
	first, rest := split(subjects)
	for _, s := range append(first, rest...) {
		if k.crowd && waits(s.Case) {
			wg.Go(func() { show(s, crew.browsers[0]) })
			continue
		}
		b := <-crew.free
		wg.Go(func() {
			defer func() { crew.free <- b }()
			show(s, b)
		})
	}
	wg.Wait()
	tally(t, k.name, crew.browsers[0].Version(), subjects)
}

// split parts the subjects for which browsers wait, which are to begin first, from the others.
func split(subjects []*subject) (waiting, others []*subject) {
	for _, s := range subjects {
		if waits(s.Case) {
			waiting = append(waiting, s)
		} else {
			others = append(others, s)
		}
	}
	return waiting, others
}

// visit opens the case's socket and, where its certificate may be to blame, once more after accepting
// that by hand. What a browser then remembers holds for this very certificate, or for the port, and
// so for no other case; only hosts that insist on HTTPS would be remembered in all.
func (k kind) visit(ctx context.Context, b Browser, s *subject) (verdict, error) {
	p := Profile(b)
	if s.server.Proxy != "" || strings.HasPrefix(s.Name, "hsts-") {
		var err error
		if p, err = b.Fresh(ctx, s.server.Proxy); err != nil {
			return verdict{}, err
		}
		defer p.Close()
	}
	v := Visit{URL: socketURL(s.URL(s.server)), Settle: s.watched(), Patience: 5 * time.Minute}
	out, err := tryOpen(ctx, p, v)
	if err != nil {
		return verdict{}, err
	}
	seen := verdict{Opens: out.Opens, CloseCode: out.CloseCode, Error: out.Error, OpensIfAccepted: out.Opens}
	if out.Opens || !k.handshake(out) {
		return seen, nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	offered, err := p.Accept(ctx, "https"+strings.TrimPrefix(v.URL, "wss"))
	if err != nil || !offered {
		return seen, err
	}
	again, err := p.Try(ctx, Visit{URL: v.URL, Settle: time.Millisecond, Patience: 40 * time.Second})
	seen.OpensIfAccepted = again.Opens
	return seen, err
}

// tryOpen tries a socket that failed without a word again: a busy Firefox forgets to tell its page
// that a socket opened when a fault follows at once. What really failed fails again.
func tryOpen(ctx context.Context, p Profile, v Visit) (out Outcome, err error) {
	for range 3 {
		begin := time.Now()
		out, err = p.Try(ctx, v)
		if err != nil || out.Opens || out.Error != "" || time.Since(begin) > 5*time.Second {
			break
		}
	}
	return out, err
}

// socketURL is a URL as the page hands it to the browser: endpoints are also named by https and http.
func socketURL(url string) string {
	if rest, ok := strings.CutPrefix(url, "http"); ok {
		return "ws" + rest
	}
	return url
}

// tally reports each wrong prediction, and the score.
func tally(t *testing.T, name, version string, subjects []*subject) {
	compared, right, held, heldRight := 0, 0, 0, 0
	for _, s := range subjects {
		if leftOut(s.Name, name) {
			continue
		}
		compared++
		want, got := s.seen[name], s.predicted[name]
		if variesBetweenRuns[s.Name+" "+name] != "" {
			got.Error = want.Error
		}
		if s.heldOut {
			held++
		}
		if got != want {
			t.Errorf("%s (%s)\n predicted %+v\n      seen %+v", s.Name, s.What, s.predicted[name], want)
			continue
		}
		right++
		if s.heldOut {
			heldRight++
		}
	}
	t.Logf("%s %s: %d of %d predictions right; of the cases held out %d of %d", name, version, right, compared, heldRight, held)
}

// crew is the browsers at work.
type crew struct {
	browsers []Browser
	free     chan Browser // one entry for each visit that may be under way
}

// hire starts the browsers, side by side.
func (k kind) hire(roots []byte, cases int) (*crew, error) {
	n := min(k.processes, cases/10+1)
	c := &crew{free: make(chan Browser, n*k.visits)}
	started, failed := make([]Browser, n), make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { started[i], failed[i] = k.start(roots) })
	}
	wg.Wait()
	for i, b := range started {
		if failed[i] == nil {
			c.browsers = append(c.browsers, b)
			for range k.visits {
				c.free <- b
			}
		}
	}
	return c, errors.Join(failed...)
}

func (c *crew) close() {
	for _, b := range c.browsers {
		b.Close()
	}
}

// writeTruth writes the table of what the browsers did, a line for each case.
func writeTruth(t *testing.T, subjects []*subject) {
	type line struct {
		Case     string  `json:"case"`
		What     string  `json:"what"`
		Chromium verdict `json:"chromium"`
		Firefox  verdict `json:"firefox"`
	}
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	for _, s := range subjects {
		if len(s.seen) != len(kinds) {
			t.Fatalf("%s was not tried in every browser: the table stays as it was", s.Name)
		}
		for browser, seen := range s.seen {
			if variesBetweenRuns[s.Name+" "+browser] != "" {
				seen.Error = "(varies)"
				s.seen[browser] = seen
			}
		}
		if err := enc.Encode(line{s.Name, s.What, s.seen["chromium"], s.seen["firefox"]}); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile("testdata/truth.jsonl", []byte(out.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
