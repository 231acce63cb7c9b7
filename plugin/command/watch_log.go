package command

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"ws-diagnose/plugin/diagnose"
	"ws-diagnose/plugin/trace"
	"ws-diagnose/plugin/watch"
)

// watchLog prints what happens to a watched socket, a line an event, and keeps on a terminal a line
// below that says how it stands.
type watchLog struct {
	target trace.Target
	json   bool
	out    io.Writer
	live   io.Writer // nil without a terminal
	ready  chan struct{}
	quit   chan struct{}
	done   sync.WaitGroup

	mu      sync.Mutex
	watcher *watch.Watcher // set once ready is closed
	last    *trace.Trace   // of the last attempt
	err     error          // of writing to out
}

func newWatchLog(target trace.Target, asJSON bool, s System) *watchLog {
	l := &watchLog{target: target, json: asJSON, out: s.Stdout, ready: make(chan struct{}), quit: make(chan struct{})}
	if s.StderrTerminal {
		l.live = s.Stderr
	}
	return l
}

// follow tells which watcher's events come, and begins to draw the line that says how it stands.
func (l *watchLog) follow(w *watch.Watcher) {
	l.watcher = w
	close(l.ready)
	if l.live != nil {
		l.done.Go(l.draw)
	}
}

// stop ends the drawing and returns the trace of the last attempt; nil when none was over.
func (l *watchLog) stop() *trace.Trace {
	close(l.quit)
	l.done.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// failed is why a line could not be written; nil when all could.
func (l *watchLog) failed() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// draw draws the line every second, and erases it at the end.
func (l *watchLog) draw() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		line := l.state(l.watcher.Snapshot(), time.Now())
		l.mu.Lock()
		fmt.Fprintf(l.live, "\r\x1b[K%.*s", progressWidth, line)
		l.mu.Unlock()
		select {
		case <-tick.C:
		case <-l.quit:
			fmt.Fprint(l.live, "\r\x1b[K")
			return
		}
	}
}

// state says in one line how the socket stands.
func (l *watchLog) state(w *trace.Watch, now time.Time) string {
	whole := func(d time.Duration) time.Duration { return max(0, d).Truncate(time.Second) }
	drops := 0
	for _, n := range w.Lives {
		drops += n
	}
	line := "not open"
	switch {
	case w.Open:
		line = fmt.Sprintf("open for %s", whole(now.Sub(w.Opened)))
	case len(w.Ends) > 0:
		line = fmt.Sprintf("down for %s", whole(now.Sub(w.Ends[len(w.Ends)-1].At)))
	}
	line += fmt.Sprintf(", %d drops in %s", drops, whole(now.Sub(w.Since)))
	if w.Sent > 0 {
		line += fmt.Sprintf(", %d of %d events lost", w.Lost, w.Sent)
	}
	return line + "; Ctrl-C ends and sums up"
}

// event is told by the watcher of everything that happens.
func (l *watchLog) event(e watch.Event) {
	<-l.ready
	cause := diagnose.Drop{}
	if e.Kind == watch.Open && e.End.Held > 0 {
		if drops := diagnose.Drops(l.watcher.Snapshot(), nil); len(drops) > 0 {
			cause = drops[len(drops)-1]
		}
	}
	line := ""
	if l.json {
		line = eventJSON(l.target, e, cause)
	} else {
		line = e.At.UTC().Format("2006-01-02 15:04:05") + "  " + fmt.Sprintf("%-6s  ", e.Kind) + eventText(e, cause)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.Trace != nil {
		l.last = e.Trace
	}
	if l.live != nil {
		fmt.Fprint(l.live, "\r\x1b[K")
	}
	if _, err := io.WriteString(l.out, line+"\n"); err != nil && l.err == nil {
		l.err = err
	}
}

// eventText words an event for people.
func eventText(e watch.Event, cause diagnose.Drop) string {
	switch e.Kind {
	case watch.Open:
		text := "to " + e.Trace.Connect.Chosen.String()
		if e.Trace.Info != nil && e.Trace.Info.Version != "" {
			text += ", version " + e.Trace.Info.Version
		}
		if cause.Kind != "" {
			text += "; it had ended by " + string(cause.Kind) + ": " + cause.Text
		}
		return oneLine(text)
	case watch.Drop:
		return oneLine(fmt.Sprintf("after %s, silent for %s: %s; next attempt in %s", tenth(e.End.Held),
			tenth(min(e.End.QuietIn, e.End.QuietOut)), howEnded(&e.End.End), tenth(e.Wait)))
	case watch.Failed:
		stage, why := failure(e.Trace)
		return oneLine(fmt.Sprintf("at %s: %s; next attempt in %s", stage, why, tenth(e.Wait)))
	default:
		return "an event of our own did not come back"
	}
}

// howEnded is the way in which a socket ended, with the code that a page would see.
func howEnded(e *trace.End) string {
	if e.Close != nil {
		return strings.TrimSpace(fmt.Sprintf("close code %d %s", e.Close.Code, e.Close.Reason))
	}
	return fmt.Sprintf("no close frame (1006), %s", e.Manner)
}

// failure is the last stage that failed, and why.
func failure(t *trace.Trace) (stage trace.StageName, why string) {
	for _, s := range t.Stages {
		if s.Outcome == trace.Failed {
			stage, why = s.Name, s.Why
		}
	}
	return stage, why
}

func tenth(d time.Duration) time.Duration { return d.Round(100 * time.Millisecond) }

// eventLine is an event as a line of JSON. Durations are in milliseconds.
type eventLine struct {
	Time      string `json:"time"`
	Event     string `json:"event"` // open, drop, failed, lost
	Target    string `json:"target"`
	Address   string `json:"address,omitempty"` // open: which was connected to
	Version   string `json:"version,omitempty"` // open: of the endpoint
	AwayMS    int64  `json:"away_ms,omitempty"` // open: since the drop
	Cause     string `json:"cause,omitempty"`   // open: what most likely brought that drop about
	CauseText string `json:"cause_text,omitempty"`
	HeldMS    int64  `json:"held_ms,omitempty"`   // drop: how long the socket lived
	SilentMS  int64  `json:"silent_ms,omitempty"` // drop: how long neither side had sent a byte
	Code      int    `json:"code,omitempty"`      // drop: the close code that a page would see
	Reason    string `json:"reason,omitempty"`
	Manner    string `json:"manner,omitempty"` // drop: how the connection ended
	Stage     string `json:"stage,omitempty"`  // failed: at which stage
	Why       string `json:"why,omitempty"`
	Status    int    `json:"status,omitempty"`  // failed: of the HTTP answer
	WaitMS    int64  `json:"wait_ms,omitempty"` // until the next attempt
}

func eventJSON(target trace.Target, e watch.Event, cause diagnose.Drop) string {
	line := eventLine{
		Time: e.At.UTC().Format(time.RFC3339Nano), Event: string(e.Kind), Target: target.ID(), WaitMS: e.Wait.Milliseconds(),
	}
	switch e.Kind {
	case watch.Open:
		line.Address = e.Trace.Connect.Chosen.String()
		if e.Trace.Info != nil {
			line.Version = e.Trace.Info.Version
		}
		if !e.End.Back.IsZero() {
			line.AwayMS = e.End.Back.Sub(e.End.At).Milliseconds()
		}
		line.Cause, line.CauseText = string(cause.Kind), cause.Text
	case watch.Drop:
		end := e.End.End
		line.HeldMS, line.SilentMS = end.Held.Milliseconds(), min(end.QuietIn, end.QuietOut).Milliseconds()
		line.Code, line.Manner = 1006, string(end.Manner)
		if end.Close != nil {
			line.Code, line.Reason = end.Close.Code, string(end.Close.Reason)
		}
	case watch.Failed:
		stage, why := failure(e.Trace)
		line.Stage, line.Why = string(stage), why
		if e.Trace.HTTP != nil {
			line.Status = e.Trace.HTTP.Status
		}
	}
	text, err := json.Marshal(line)
	if err != nil {
		return "{}" // strings and numbers alone: it does not fail
	}
	return string(text)
}
