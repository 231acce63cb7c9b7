package command

import (
	"fmt"
	"io"
	"sync"
	"time"

	"ws-diagnose/plugin/trace"
)

const (
	quietFor      = 2 * time.Second // what takes less needs no progress line
	progressWidth = 79              // a longer line would wrap and could not be erased
)

// progress is a line on a terminal that says what is going on, for whatever takes long.
type progress struct {
	w       io.Writer
	started time.Time
	targets []trace.Target
	quit    chan struct{}
	done    sync.WaitGroup

	mu       sync.Mutex
	finished int
	stage    trace.StageName // begun last
}

// startProgress begins to report on w; nil, which does nothing, when w is nil.
func startProgress(w io.Writer, targets []trace.Target) *progress {
	if w == nil {
		return nil
	}
	p := &progress{w: w, started: time.Now(), targets: targets, quit: make(chan struct{})}
	p.done.Go(p.run)
	return p
}

// run draws the line every half second once it is due, and erases it at the end.
func (p *progress) run() {
	tick := time.NewTicker(quietFor / 4)
	defer tick.Stop()
	drawn := false
	for {
		select {
		case <-tick.C:
			if took := time.Since(p.started); took >= quietFor {
				fmt.Fprintf(p.w, "\r\x1b[K%.*s", progressWidth, p.line(took))
				drawn = true
			}
		case <-p.quit:
			if drawn {
				fmt.Fprint(p.w, "\r\x1b[K")
			}
			return
		}
	}
}

func (p *progress) line(took time.Duration) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	took = took.Truncate(time.Second)
	if len(p.targets) == 1 {
		return fmt.Sprintf("%s, %s: checking %s", took, p.stage, p.targets[0].ID())
	}
	return fmt.Sprintf("%s: %d of %d targets checked", took, p.finished, len(p.targets))
}

// at notes that a stage has begun.
func (p *progress) at(stage trace.StageName) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stage = stage
}

// one notes that a target is done.
func (p *progress) one() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finished++
}

// stop erases the line; nothing is written to it any more.
func (p *progress) stop() {
	if p == nil {
		return
	}
	close(p.quit)
	p.done.Wait()
}
