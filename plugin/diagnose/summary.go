package diagnose

import (
	"strings"

	"ws-diagnose/plugin/trace"
)

// summary is the report in one line: the root cause with its decisive value and what else is wrong,
// or, where nothing is, what was proven.
func summary(s *scene, findings []Finding) string {
	if verdict(findings) == VerdictOK {
		return proven(s, findings)
	}
	line := findings[0].Title
	var others []string
	for _, f := range findings[1:] {
		if f.Level == LevelError || f.Level == LevelWarn {
			others = append(others, f.ID)
		}
	}
	if len(others) > 0 {
		line += "; also " + listed(others)
	}
	return line
}

// proven tells what went well.
func proven(s *scene, findings []Finding) string {
	var facts []string
	if sock := s.Socket; sock != nil {
		if sock.Register != nil && sock.Register.Answered {
			facts = append(facts, "register")
		}
		if sock.Event != nil && sock.Event.Arrived {
			facts = append(facts, "event "+span(sock.Event.Took))
		}
		if s.Target.Plain && sock.Ping != nil && sock.Ping.Answered {
			facts = append(facts, "ping "+span(sock.Ping.Took))
		}
	}
	if leaf := s.leaf(); leaf != nil {
		facts = append(facts, "certificate valid "+span(leaf.NotAfter.Sub(s.now())))
	}
	for _, f := range findings {
		if f.ID == "cert-self-signed" {
			facts = append(facts, "self-signed: each browser must accept it")
		}
	}
	switch {
	case s.Stage(trace.StageUpgrade).Outcome == trace.OK:
		return strings.TrimSuffix("websocket works: "+strings.Join(facts, ", "), ": ")
	case len(facts) > 0:
		return strings.Join(facts, ", ")
	}
	return "nothing was checked"
}
