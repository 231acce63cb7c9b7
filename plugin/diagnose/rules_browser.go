package diagnose

import (
	"cmp"
	"strconv"
	"strings"

	"ws-diagnose/plugin/browser"
	"ws-diagnose/plugin/trace"
)

// refusesID is the finding for a browser that refuses where nothing else is found.
const refusesID = "browser-refuses"

// bystanders are the findings with which both browsers open the socket: they explain no refusal.
var bystanders = map[string]bool{
	"connect-partial": true, "cert-expiring": true, "cert-validity-too-long": true, "cert-changed": true, "clock-skew": true,
	"ws-slow": true, "ws-close-ignored": true, "ws-idle-dropped": true, "ws-flapping": true, "events-lost": true, "schedule-missed": true,
}

// explainsRefusal says whether one of the findings tells why a browser does not open the socket.
// An untrusted certificate does, though it is no alarm: it can be accepted by hand.
func explainsRefusal(seen map[string]Finding) bool {
	for id, f := range seen {
		alarm := f.Level == LevelError || f.Level == LevelWarn
		if id == "cert-self-signed" || alarm && id != refusesID && !bystanders[id] {
			return true
		}
	}
	return false
}

// engines are the browsers that the model knows.
var engines = []struct {
	name    string
	predict func(*trace.Trace) browser.Prediction
}{{"Chromium", browser.Chromium}, {"Firefox", browser.Firefox}}

// browserRefuses holds what is predicted against the walk; assemble drops it where a finding explains
// as much.
func browserRefuses(s *scene) []sighting {
	if len(s.Stages) == 0 || s.Target.CertOnly {
		return nil
	}
	var who, errs []string
	var stage trace.StageName
	for _, e := range engines {
		p := e.predict(s.Trace)
		if p.Opens {
			continue
		}
		if at := refusedAt(e.predict, *s.Trace); stage == "" || stageRank(string(at)) < stageRank(string(stage)) {
			stage = at
		}
		who = append(who, e.name)
		errs = append(errs, e.name+" refuses it with "+cmp.Or(plain(p.Error), "close code "+strconv.Itoa(p.CloseCode)))
	}
	if len(who) == 0 {
		return nil
	}
	seen := refusalHints(s, stage)
	seen.stage, seen.detail = stage, strings.Join(errs, "; ")+", at the stage "+string(stage)
	seen.values = values{"engines": strings.Join(who, " and ")}
	if len(who) == 2 {
		seen.level = LevelError
	}
	return []sighting{seen}
}

// refusalHints are the cause and the remedy, where more can be told of them than in general.
func refusalHints(s *scene, stage trace.StageName) sighting {
	switch leaf := s.leaf(); {
	case stage != trace.StageCertificate:
		return sighting{remedy: answerByHand}
	case leaf != nil && s.Certificate.AnchorLeaf && !leaf.IsCA:
		return sighting{
			cause: "The server's own certificate was put among the trusted roots. Firefox honours that; Chromium takes nothing " +
				"but a CA's certificate for a root, and refuses this one without a way to accept it.",
			remedy: leafAmongRoots,
		}
	}
	return sighting{}
}

// refusedAt is the stage at which a browser stops: the first without whose evidence it would go on.
func refusedAt(predict func(*trace.Trace) browser.Prediction, t trace.Trace) trace.StageName {
	t.Socket = nil
	if t.HTTP = nil; predict(&t).Opens {
		return trace.StageUpgrade
	}
	if t.Certificate = nil; predict(&t).Opens {
		return trace.StageCertificate
	}
	if t.TLS = nil; predict(&t).Opens {
		return trace.StageTLS
	}
	return trace.StageConnect
}
