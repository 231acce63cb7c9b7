package alert

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"pgregory.net/rapid"

	"ws-diagnose/plugin/diagnose"
)

// TestHistories lets random histories happen to two instances of the plugin and one server: faults
// and recoveries, restarts, people who acknowledge, deliveries that fail in the middle, and races.
// After every run the alerts are compared with a model that is far simpler than what is tested.
func TestHistories(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := newHistory(t)
		t.Repeat(map[string]func(*rapid.T){
			"run":         h.run,
			"run later":   func(t *rapid.T) { h.pass(t, 6*time.Hour); h.run(t) },
			"flip":        h.flip,
			"acknowledge": h.acknowledge,
			"restart":     h.restart,
			"fail":        h.failing,
			"race":        h.race,
			"":            h.check,
		})
	})
}

// modelled are the causes of a history: an ordinary fault, one that is certain at once, and two that
// tell one story.
var modelled = []string{"ws-dropped", "cert-name-mismatch", "cert-expiring", "cert-expired"}

const modelTarget = "https://[fe80::1]:8092"

// history is one random history and the model of what is right.
type history struct {
	clock    time.Time
	store    *fakeStore
	settings Settings
	one, two *Keeper
	faulty   map[string]bool
	truth    map[string]*truth
	clean    bool // the last run was delivered and nothing happened since
}

// truth is what the model knows of one cause.
type truth struct {
	seen      int       // runs in a row that saw it, since the last restart
	missed    int       // runs in a row that missed it, since the last restart
	goneSince time.Time // when the first of those was
	quiet     bool      // a person acknowledged it, and it was not gone since
	unclear   bool      // a person acknowledged it when the fault may have been gone or not
	opened    int       // alerts that were ever made for it when it became quiet
}

func newHistory(t *rapid.T) *history {
	h := &history{clock: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), faulty: map[string]bool{}, truth: map[string]*truth{}}
	h.settings = Settings{ConfirmRuns: rapid.IntRange(1, 3).Draw(t, "confirm"), AutoAcknowledge: true}
	h.store = &fakeStore{now: h.now, failAfter: -1, unique: rapid.SampledFrom([]uniqueness{reuses, ignored}).Draw(t, "unique")}
	h.store.touched = func(a Alert) {
		if !a.ours() {
			t.Fatalf("alert %q of somebody else was touched", a.Name)
		}
	}
	for _, finding := range modelled {
		h.truth[finding] = &truth{}
	}
	h.store.alerts = []*Alert{ // a person's, with a name that looks like ours
		{UUID: "foreign", Name: Name("ws-slow", modelTarget), Level: "Warn", Time: h.clock},
	}
	h.one, h.two = h.keeper(), h.keeper()
	return h
}

func (h *history) now() time.Time { return h.clock }

func (h *history) keeper() *Keeper {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return NewKeeper(Options{Store: h.store, Settings: h.settings, Publish: func(Event) bool { return true }, Log: log, Now: h.now})
}

func (h *history) pass(t *rapid.T, most time.Duration) {
	h.clock = h.clock.Add(time.Duration(rapid.Int64Range(1, int64(most/time.Second)).Draw(t, "pass")) * time.Second)
}

// flip begins or ends a fault.
func (h *history) flip(t *rapid.T) {
	finding := rapid.SampledFrom(modelled).Draw(t, "finding")
	h.faulty[finding] = !h.faulty[finding]
	if finding == "cert-expired" && h.faulty[finding] { // it expires, and no longer is about to
		h.faulty["cert-expiring"] = false
	}
	if finding == "cert-expiring" && h.faulty[finding] {
		h.faulty["cert-expired"] = false
	}
}

// reports is what a run sees now.
func (h *history) reports() []diagnose.Report {
	r := diagnose.Report{Target: modelTarget, Role: "loopback"}
	for _, finding := range modelled {
		if h.faulty[finding] {
			r.Findings = append(r.Findings, diagnose.Finding{ID: finding, Level: diagnose.LevelError, Title: finding})
		}
	}
	return []diagnose.Report{r}
}

// run is a scheduled run of the first instance.
func (h *history) run(t *rapid.T) {
	h.pass(t, 10*time.Minute)
	h.observe(h.one.memory.primed || h.store.down == nil && h.store.failAfter < 0)
	h.clean = h.take(h.one) == nil
}

// take has an instance take in what a scheduled run sees now. Tries in the background are left out:
// a later run stands for them.
func (h *history) take(k *Keeper) error {
	return k.take(context.Background(), h.reports(), Run{Time: h.clock, Scheduled: true, Complete: true})
}

// observe has the model see what the run sees. Without a look at the alerts since its restart the
// plugin cannot count what is missing: it does not know what there was.
func (h *history) observe(primed bool) {
	for finding, c := range h.truth {
		if !primed {
			c.unclear, c.quiet = c.unclear || c.quiet, false
			if !h.faulty[finding] {
				c.seen = 0
				continue
			}
		}
		if h.faulty[finding] {
			c.seen++
			c.missed, c.goneSince = 0, time.Time{}
			continue
		}
		c.seen = 0
		if c.missed++; c.missed == 1 {
			c.goneSince = h.clock
		}
		// Nobody may demand that it is raised again before this; from here on the plugin may.
		if c.missed >= h.settings.ConfirmRuns {
			c.quiet, c.unclear = false, false
		}
	}
}

// acknowledge is a person's.
func (h *history) acknowledge(t *rapid.T) {
	finding := rapid.SampledFrom(modelled).Draw(t, "finding")
	open := h.store.open(Name(finding, modelTarget))
	if len(open) == 0 {
		t.Skip("nothing to acknowledge")
	}
	for _, a := range open {
		a.Acknowledged, a.AcknowledgeTime = true, h.clock
	}
	c := h.truth[finding]
	c.quiet = h.faulty[finding] && c.seen > 0
	c.unclear = !c.quiet
	c.opened = h.made(finding)
	h.clean = false
}

func (h *history) made(finding string) int {
	n := 0
	for _, a := range h.store.alerts {
		if a.Name == Name(finding, modelTarget) {
			n++
		}
	}
	return n
}

// restart ends the first instance without a word, as DRP does.
func (h *history) restart(*rapid.T) {
	h.one = h.keeper()
	for finding, c := range h.truth {
		c.seen, c.missed, c.goneSince = 0, 0, time.Time{}
		last, known := lastAcknowledged(h.values())[Name(finding, modelTarget)]
		if known && last.story().Closed.IsZero() && !c.quiet {
			c.unclear = true // that it ended had not been delivered, and now nobody knows
		}
	}
	h.clean = false
}

// failing is a run whose delivery fails at one point or altogether.
func (h *history) failing(t *rapid.T) {
	if rapid.Bool().Draw(t, "down") {
		h.store.down = rapid.SampledFrom([]error{errDown, ErrRefused, ErrUnsupported}).Draw(t, "error")
	} else {
		h.store.failAfter = rapid.IntRange(1, 6).Draw(t, "after")
	}
	h.run(t)
	h.store.down, h.store.failAfter = nil, -1
	h.clean = false
}

// race has the second instance do a whole run between the first one's look and its deeds.
func (h *history) race(t *rapid.T) {
	h.store.afterList = func() {
		_ = h.take(h.two)
	}
	h.run(t)
	h.clean = false
	for finding, c := range h.truth {
		if c.quiet && !h.faulty[finding] { // the other one may have counted more than the first
			c.quiet, c.unclear = false, true
		}
	}
	if rapid.Bool().Draw(t, "other dies") {
		h.two = h.keeper()
	}
}

// check compares after a run that was delivered.
func (h *history) check(t *rapid.T) {
	for finding, c := range h.truth {
		if c.quiet && h.made(finding) > c.opened {
			t.Fatalf("%s: raised again although a person acknowledged it and it was never gone", finding)
		}
	}
	if !h.clean {
		return
	}
	for finding, c := range h.truth {
		open := len(h.store.open(Name(finding, modelTarget)))
		sure := c.seen >= h.settings.ConfirmRuns
		switch {
		case open > 1:
			t.Fatalf("%s: %d open alerts", finding, open)
		case sure && !c.quiet && !c.unclear && open == 0:
			t.Fatalf("%s: seen in %d runs, and no alert", finding, c.seen)
		case open == 1 && c.missed >= h.settings.ConfirmRuns && h.clock.Sub(c.goneSince) >= longHold:
			t.Fatalf("%s: gone for %v, and still an alert", finding, h.clock.Sub(c.goneSince))
		}
	}
}

func (h *history) values() []Alert {
	var list []Alert
	for _, a := range h.store.alerts {
		list = append(list, *a)
	}
	return list
}

// TestFlapping lets a link come and go a thousand times in a day, regular or random, and counts what a
// person gets to see.
func TestFlapping(t *testing.T) {
	const day, flaps = 24 * time.Hour, 1000
	for seed := range uint64(40) {
		random := rand.New(rand.NewPCG(seed, 0))
		h := &history{clock: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), faulty: map[string]bool{}}
		h.settings = Settings{ConfirmRuns: 1 + random.IntN(3), AutoAcknowledge: true}
		h.store = &fakeStore{now: h.now, failAfter: -1}
		h.one = h.keeper()
		end, up := h.clock.Add(day), 0.02+random.Float64()*1.96
		for i := range flaps {
			h.faulty["ws-dropped"] = i%2 == 0
			share := up
			if h.faulty["ws-dropped"] {
				share = 2 - up
			}
			if seed%2 == 0 { // most are short then, and some are long
				share *= random.ExpFloat64()
			}
			for range h.settings.ConfirmRuns {
				h.clock = h.clock.Add(time.Duration(share * float64(day) / flaps / float64(h.settings.ConfirmRuns)))
				if h.clock.Before(end) {
					_ = h.take(h.one)
				}
			}
		}
		if h.store.created == 0 || h.store.created > 30 {
			t.Errorf("seed %d: %d notices in a day", seed, h.store.created)
		}
	}
}

// TestSpitefulFlapping has the fault stay away exactly as long as it takes to be announced as gone.
func TestSpitefulFlapping(t *testing.T) {
	h := &history{clock: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), faulty: map[string]bool{}}
	h.settings = Settings{ConfirmRuns: 1, AutoAcknowledge: true}
	h.store = &fakeStore{now: h.now, failAfter: -1}
	h.one = h.keeper()
	for end := h.clock.Add(24 * time.Hour); h.clock.Before(end); h.clock = h.clock.Add(10 * time.Second) {
		h.faulty["ws-dropped"] = len(h.store.open(Name("ws-dropped", modelTarget))) == 0
		_ = h.take(h.one)
	}
	if h.store.created < 20 || h.store.created > 30 {
		t.Errorf("%d notices in a day", h.store.created)
	}
}

func Example_name() {
	fmt.Println(Name("cert-expired", "https://[fe80::1]:8092"))
	// Output: ws-diagnose cert-expired fe80--1 8092
}
