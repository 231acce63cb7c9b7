package main

import "os"

// showAlerts is the life of one cause: noticed, worse, come to pass, mended.
func showAlerts(s *scene) error {
	if err := s.certificate(20); err != nil {
		return err
	}
	if err := s.upload(); err != nil {
		return err
	}
	for _, days := range []int{20, 5, -3, lifetime} {
		if days != 20 {
			if err := s.certificate(days); err != nil {
				return err
			}
		}
		if err := s.scheduledRuns(); err != nil {
			return err
		}
		if err := s.printAlerts(os.Stdout); err != nil {
			return err
		}
	}
	return nil
}

// scheduledRuns runs the check as the schedule does, as often as a recovery has to be confirmed.
func (s *scene) scheduledRuns() error {
	for range 2 {
		if _, err := s.run(map[string]any{"ws-diagnose/work-order": "demo"}); err != nil {
			return err
		}
	}
	return nil
}
