// Command demo shows the main job on an emulated DRP endpoint: it uploads the real provider binary
// over HTTP, runs its action as the portal's menu does, and prints the report and the alerts.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	provider := flag.String("provider", "", "`path` of the ws-diagnose binary")
	story := flag.String("story", "check", "what to show: `check`, or alerts (the life of one alert)")
	flag.Parse()
	show, ok := map[string]func(*scene) error{"check": showCheck, "alerts": showAlerts}[*story]
	if !ok {
		fmt.Fprintf(os.Stderr, "demo: there is no story %q, only check and alerts\n", *story)
		os.Exit(2)
	}
	s, err := open(*provider)
	if err == nil {
		err = show(s)
		if closing := s.endpoint.Close(); err == nil {
			err = closing
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// showCheck is the main job: a certificate that has five days left.
func showCheck(s *scene) error {
	if err := s.certificate(5); err != nil {
		return err
	}
	if err := s.upload(); err != nil {
		return err
	}
	result, err := s.run(nil)
	if err != nil {
		return err
	}
	root, err := result.print(os.Stdout)
	if err != nil {
		return err
	}
	if err := s.printAlerts(os.Stdout); err != nil {
		return err
	}
	if root.ID != "cert-expiring" || root.Level != "Error" {
		return fmt.Errorf("the root cause is %s (%s), where a certificate with five days left must be cert-expiring (Error)", root.ID, root.Level)
	}
	return nil
}
