package diagnose

import (
	"slices"

	"ws-diagnose/plugin/trace"
)

// Stages of findings that no stage of the walk can see: they are about the target itself, about
// what the watcher saw over time, or about the plugin.
const (
	stageTarget trace.StageName = "target"
	stageWatch  trace.StageName = "watch"
	stagePlugin trace.StageName = "plugin"
)

// stageOrder is the order of findings that are equally bad.
var stageOrder = append(append([]trace.StageName{stageTarget}, trace.StageNames...), stageWatch, stagePlugin)

// Entry is a finding as the catalogue knows it. In the tables Headline, Cause, User, Verify and
// Remedy are templates, see fill.
type Entry struct {
	ID       string          // never renamed, never reused
	Level    Level           // the default
	Stage    trace.StageName // where it shows; "target", "watch" and "plugin" beside the stages of the walk
	Title    string          // in general, for the list of findings
	Headline string          // for one target, with the decisive value; "": Title
	Seen     string          // what must have been seen
	User     string          // what the user of a browser sees
	Cause    string
	Remedy   []string // commands and configuration lines to paste, and steps in prose; see IsCommand
	Verify   string   // how to make sure that it is mended

	// DependsOn names the findings that this one may follow from: they stand before it.
	DependsOn []string
	// HeldBackBy names the findings that say the same or more: beside them, at the same stage, this
	// one is left out.
	HeldBackBy []string

	find func(*scene) []sighting
}

// sighting is one occurrence of a finding in one target.
type sighting struct {
	level  Level           // "" for the entry's
	stage  trace.StageName // "" for the entry's
	detail string          // the evidence; values from the network went through quote or plain
	values values          // for the entry's templates, beside those of the scene
	cause  string          // in place of the entry's, where the evidence tells more; "" for the entry's
	remedy []string        // in place of the entry's, likewise; templates
}

// catalogue is the table of all findings, in the order of the stages. Its index is the order of
// findings that are alike in all else.
var catalogue = slices.Concat(
	targetFindings, resolveFindings, connectFindings, tlsFindings, browserFindings, certFindings, certNotices,
	httpFindings, upgradeFindings, socketFindings, frameFindings, watchFindings, pluginFindings,
)

var byID = index(catalogue)

// index maps ids to their place in the catalogue. A doubled id, or a reference to an id that is
// not there, is a mistake in the tables above and panics at start.
func index(entries []Entry) map[string]int {
	ids := make(map[string]int, len(entries))
	for i, e := range entries {
		if _, doubled := ids[e.ID]; doubled {
			panic("diagnose: finding " + e.ID + " is twice in the catalogue")
		}
		ids[e.ID] = i
	}
	for _, e := range entries {
		for _, id := range slices.Concat(e.DependsOn, e.HeldBackBy) {
			if _, known := ids[id]; !known {
				panic("diagnose: finding " + e.ID + " refers to " + id + ", which is not in the catalogue")
			}
		}
	}
	return ids
}

// Catalogue lists all findings, in the order of the stages, as Lookup returns them.
func Catalogue() []Entry {
	all := make([]Entry, len(catalogue))
	for i, e := range catalogue {
		all[i] = e.general()
	}
	return all
}

// Lookup returns the finding of that id, to be explained in general: its templates are filled for the
// API port of an endpoint HOST with a self-signed certificate, and stand in capitals for what only a
// report can know.
func Lookup(id string) (Entry, bool) {
	i, ok := byID[id]
	if !ok {
		return Entry{}, false
	}
	return catalogue[i].general(), true
}
