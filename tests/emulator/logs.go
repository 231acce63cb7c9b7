package emulator

import (
	"net/http"
	"slices"
	"sync"

	"gitlab.com/rackn/logger"
)

// logLength is how many lines the server's log keeps.
const logLength = 4000

// logBuffer holds the newest lines of the log.
type logBuffer struct {
	mu    sync.Mutex
	lines []*logger.Line
}

// log keeps a line, and sends it to those who registered for log events unless it says otherwise.
func (e *Endpoint) log(line *logger.Line) {
	e.logs.mu.Lock()
	e.logs.lines = append(e.logs.lines, line)
	if over := len(e.logs.lines) - logLength; over > 0 {
		e.logs.lines = slices.Delete(e.logs.lines, 0, over)
	}
	e.logs.mu.Unlock()
	e.opt.Log.Printf("%s %v: %s", line.Service, line.Level, line.Message)
	if !line.IgnorePublish {
		e.publish(line.Principal, "log", line.Level.String(), line.Service, line, nil)
	}
}

// logLine logs what a plugin's process printed.
func (e *Endpoint) logLine(service, message string) {
	e.log(&logger.Line{Service: service, Level: logger.Info, Message: message, Time: e.opt.Now(), IgnorePublish: true})
}

// Log returns the lines of the log.
func (e *Endpoint) Log() []*logger.Line {
	e.logs.mu.Lock()
	defer e.logs.mu.Unlock()
	return slices.Clone(e.logs.lines)
}

func (c *call) serveLogs() {
	switch {
	case len(c.path) != 1 || c.r.Method != http.MethodGet:
		c.noRoute()
	case c.need("logs", "get", "*"):
		c.reply(http.StatusOK, c.e.Log())
	}
}
