package main

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"
)

// step is one chapter in the life of an alert.
type step struct {
	story  string
	days   int      // that the certificate has left
	alerts []string // there must be afterwards: state, level and finding
}

var life = []step{
	{"A certificate as DRP makes it has 20 days left.", 20,
		[]string{"open Warn cert-expiring"}},
	{"Nobody mends it: 5 days left.", 5,
		[]string{"open Error cert-expiring"}},
	{"Nobody mends it: it expired 3 days ago.", -3,
		[]string{"open Error cert-expired", "cleared Error cert-expiring"}},
	{"Somebody installs a new certificate.", lifetime,
		[]string{"open Warn cert-changed", "cleared Error cert-expired", "cleared Error cert-expiring"}},
}

// showAlerts is the life of one cause: noticed, worse, come to pass, mended.
func showAlerts(s *scene) error {
	if err := s.upload(); err != nil {
		return err
	}
	if err := s.set("profiles/global", "trigger/ws-diagnose-enabled", true); err != nil {
		return err
	}
	s.say("Its trigger is switched on; each step below ends with two scheduled runs.")
	s.say("(No clock is turned: for each step a certificate is put in place that has so many days left,")
	s.say("and, until it is replaced in earnest, the plugin starts anew and has forgotten the former.)")
	for i, step := range life {
		if err := s.certificate(step.days); err != nil {
			return err
		}
		if i > 0 && step.days != lifetime {
			if err := s.forget(); err != nil {
				return err
			}
		}
		s.say("\n%d. %s\n", i+1, step.story)
		if err := s.scheduledRuns(2); err != nil {
			return err
		}
		if err := s.printAlerts(step.alerts...); err != nil {
			return err
		}
	}
	return nil
}

// forget removes what the plugin remembers of certificates and starts it anew, which a change of its
// params does.
func (s *scene) forget() error {
	if err := s.call(http.MethodDelete, "profiles/ws-diagnose-state", nil, nil); err != nil {
		return err
	}
	s.generation++
	return s.set("plugins/ws-diagnose", "ws-diagnose/latency-warn-ms", 500+s.generation)
}

// scheduledRuns has the trigger fire and does what the self-runner does with the work order, the
// task's one action included.
func (s *scene) scheduledRuns(n int) error {
	for range n {
		if _, err := s.endpoint.Fire("ws-diagnose"); err != nil {
			return err
		}
		var order struct{ Uuid string }
		if err := s.call(http.MethodPost, "machines/"+s.endpoint.SelfRunner().Key()+"/pick/demo", struct{}{}, &order); err != nil {
			return err
		}
		if _, err := s.act(map[string]any{"ws-diagnose/work-order": order.Uuid}); err != nil {
			return err
		}
		finished := []map[string]any{{"op": "replace", "path": "/State", "value": "finished"}}
		if err := s.call(http.MethodPatch, "work_orders/"+order.Uuid, finished, nil); err != nil {
			return err
		}
	}
	return nil
}

// alert is a DRP alert, as far as it is shown.
type alert struct {
	Name, Level, Note string
	Acknowledged      bool
	Params            map[string]any
}

func (a alert) state() string {
	if a.Acknowledged {
		return "cleared"
	}
	return "open"
}

// printAlerts shows the endpoint's alerts as a table, the open ones first and each note on a line of
// its own. It fails when they are not those that there must be.
func (s *scene) printAlerts(want ...string) error {
	var alerts []alert
	if err := s.call(http.MethodGet, "alerts", nil, &alerts); err != nil {
		return err
	}
	slices.SortFunc(alerts, func(a, b alert) int {
		return cmp.Or(-cmp.Compare(a.state(), b.state()), cmp.Compare(a.Name, b.Name))
	})
	var table strings.Builder
	t := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "STATE\tLEVEL\tNAME")
	for _, a := range alerts {
		fmt.Fprintf(t, "%s\t%s\t%s\n", a.state(), a.Level, a.Name)
	}
	t.Flush()
	var got []string
	for i, line := range strings.Split(strings.TrimSpace(table.String()), "\n") {
		s.say("  %s", strings.TrimRight(line, " "))
		if i == 0 {
			continue
		}
		a := alerts[i-1]
		if a.Note != "" {
			s.say("           %s", a.Note)
		}
		got = append(got, fmt.Sprintf("%s %s %v", a.state(), a.Level, a.Params["ws-diagnose/finding"]))
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("the alerts must be %q, and are %q", want, got)
	}
	return nil
}
