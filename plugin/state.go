package plugin

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"ws-diagnose/plugin/diagnose"
	"ws-diagnose/plugin/trace"
)

const (
	stateProfile = Name + "-state"
	stateParam   = Name + "/state"
	keptRuns     = 10
	keptTargets  = 200
	keptFor      = 90 * 24 * time.Hour // a certificate not seen for so long is not compared with
)

// state is what outlives the process, kept in a profile of its own: DRP would restart the plugin
// for a change of the plugin's own params.
type state struct {
	Known map[string]known `json:"known"` // by target
	Runs  []pastRun        `json:"runs"`  // newest first
}

type known struct {
	SHA256 string    `json:"sha256"`
	Seen   time.Time `json:"seen"`
}

type pastRun struct {
	Time      time.Time `json:"time"`
	StartedBy string    `json:"started_by"`
	Verdict   string    `json:"verdict"`
}

// notebook holds the state between runs and keeps the profile up to date.
type notebook struct {
	mu     sync.Mutex
	loaded bool
	state  state
	since  time.Time // from when on the trigger was found to be in force; zero when it was not
}

// inForce notes whether the trigger is in force now, and says since when it is as far as was seen:
// runs that were due before nobody may call missed.
func (n *notebook) inForce(enabled bool, now time.Time) time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !enabled {
		n.since = time.Time{}
		return now
	}
	if n.since.IsZero() {
		n.since = now
	}
	return n.since
}

// read returns what is remembered, from the server the first time. Without an answer it returns what
// this process knows, and asks again the next time.
func (n *notebook) read(ctx context.Context, s *server) state {
	n.mu.Lock()
	loaded := n.loaded
	n.mu.Unlock()
	if !loaded {
		stored, err := s.state(ctx)
		n.mu.Lock()
		if err == nil && !n.loaded {
			n.loaded = true
			n.state = stored.merge(n.state)
		}
		n.mu.Unlock()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.state
}

// note remembers a run: which certificates it saw, and, where it was a scheduled one, that it was.
// The state is whole once what was stored before is part of it.
func (n *notebook) note(traces []*trace.Trace, run *pastRun, now time.Time) (remembered state, whole bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	fresh := state{Known: map[string]known{}}
	for _, t := range traces {
		if sha := leaf(t); sha != "" {
			fresh.Known[t.Target.ID()] = known{SHA256: sha, Seen: now}
		}
	}
	if run != nil {
		fresh.Runs = []pastRun{*run}
	}
	n.state = n.state.merge(fresh)
	for id, k := range n.state.Known {
		if now.Sub(k.Seen) > keptFor || len(n.state.Known) > keptTargets && k.Seen.Before(now) {
			delete(n.state.Known, id)
		}
	}
	return n.state, n.loaded
}

// merge returns the state with what is newer in another one. Neither is changed.
func (s state) merge(newer state) state {
	merged := state{Known: map[string]known{}, Runs: []pastRun{}}
	for _, from := range []state{s, newer} {
		for id, k := range from.Known {
			merged.Known[id] = k
		}
	}
	merged.Runs = append(append(merged.Runs, newer.Runs...), s.Runs...)
	merged.Runs = merged.Runs[:min(len(merged.Runs), keptRuns)]
	return merged
}

// evidence is the state as far as rules judge it.
func (s state) evidence() (map[string]trace.Known, []trace.Run) {
	targets := map[string]trace.Known{}
	for id, k := range s.Known {
		targets[id] = trace.Known{SHA256: k.SHA256, Seen: k.Seen}
	}
	var runs []trace.Run
	for _, r := range s.Runs {
		runs = append(runs, trace.Run{Time: r.Time, StartedBy: r.StartedBy, Verdict: r.Verdict})
	}
	return targets, runs
}

// state reads the profile; nothing is remembered where there is none.
func (s *server) state(ctx context.Context) (state, error) {
	var profile struct{ Params map[string]json.RawMessage }
	err := s.get(ctx, &profile, "profiles", stateProfile)
	if err != nil && status(err) != http.StatusNotFound {
		return state{}, err
	}
	var stored state
	if text := profile.Params[stateParam]; text != nil {
		_ = json.Unmarshal(text, &stored) // somebody else's doing: then nothing is remembered
	}
	stored.Runs = slices.DeleteFunc(stored.Runs, func(r pastRun) bool { return !r.ours() })
	maps.DeleteFunc(stored.Known, func(_ string, k known) bool { return !isFingerprint(k.SHA256) })
	return stored, nil
}

// ours says whether the plugin may have written that of a run. It is shown to people, and others may
// write to the profile.
func (r pastRun) ours() bool {
	return slices.Contains([]string{byInterval, byTrigger, byWorkOrder}, r.StartedBy) &&
		slices.Contains([]diagnose.Verdict{diagnose.VerdictOK, diagnose.VerdictWarn, diagnose.VerdictError}, diagnose.Verdict(r.Verdict))
}

// isFingerprint says whether text is SHA-256 in lower-case hex.
func isFingerprint(text string) bool {
	return len(text) == 64 && strings.Trim(text, "0123456789abcdef") == ""
}

// saveState writes the profile, and makes it when it is missing.
func (s *server) saveState(ctx context.Context, remembered state) error {
	err := s.do(ctx, s.client.Req().Post(remembered).UrlFor("profiles", stateProfile, "params", stateParam), nil)
	if status(err) != http.StatusNotFound {
		return err
	}
	profile := map[string]any{
		"Name":          stateProfile,
		"Description":   "What the plugin ws-diagnose remembers between its runs",
		"Documentation": "Written by the plugin. It may be removed: the plugin then forgets which certificates it has seen.",
		"Meta":          map[string]string{"icon": "database", "color": "grey", "title": "Websocket diagnosis"},
		"Params":        map[string]any{stateParam: remembered},
	}
	return s.do(ctx, s.client.Req().Post(profile).UrlFor("profiles"), nil)
}
