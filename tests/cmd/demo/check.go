package main

import (
	"fmt"

	"ws-diagnose/plugin/diagnose"
	"ws-diagnose/plugin/report"
)

// showCheck is the main job: a certificate that has five days left.
func showCheck(s *scene) error {
	s.say("Its certificate has 5 days left.")
	if err := s.certificate(5); err != nil {
		return err
	}
	if err := s.upload(); err != nil {
		return err
	}
	s.say("\nRunning the action ws-diagnose on the plugin ws-diagnose, as the portal's menu does:\n")
	result, err := s.act(nil)
	if err != nil {
		return err
	}
	root, err := s.printReports(result)
	if err != nil {
		return err
	}
	if root.ID != "cert-expiring" || root.Level != diagnose.LevelError {
		return fmt.Errorf("the root cause is %s (%s), where a certificate with five days left must be cert-expiring (Error)",
			root.ID, root.Level)
	}
	s.say("\nAlerts of the endpoint:\n")
	return s.printAlerts("open Error cert-expiring")
}

// result is what the action returns.
type result struct {
	Summary string            `json:"summary"`
	Reports []diagnose.Report `json:"reports"`
}

// printReports shows the report of the first target, names the others, and returns the root cause.
func (s *scene) printReports(r *result) (diagnose.Finding, error) {
	if len(r.Reports) == 0 || len(r.Reports[0].Findings) == 0 {
		return diagnose.Finding{}, fmt.Errorf("the action found nothing: %q", r.Summary)
	}
	s.say("%s\n", r.Summary)
	err := report.Text(s.out, r.Reports[:1], report.TextOptions{})
	if err == nil && len(r.Reports) > 1 {
		s.say("\nThe other targets of the same run, first lines only:")
		err = report.Text(s.out, r.Reports[1:], report.TextOptions{Quiet: true})
	}
	return r.Reports[0].Findings[0], err
}
