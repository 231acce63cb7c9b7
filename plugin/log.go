package plugin

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/sirupsen/logrus"
	"gitlab.com/rackn/logger"
)

// newLog returns a log whose entries go to the server's log through the SDK's logger. Without a
// logger they go nowhere.
func newLog(to logger.Logger, box *outbox) *logrus.Logger {
	log := logrus.New()
	log.SetOutput(io.Discard)
	if to != nil {
		log.AddHook(bridge{to: to.NoRepublish(), box: box})
	}
	return log
}

// bridge is the hook between the two ways of logging.
type bridge struct {
	to  logger.Logger
	box *outbox
}

// levels says how the server names what logrus calls a level.
var levels = map[logrus.Level]logger.Level{
	logrus.PanicLevel: logger.Error, // the SDK's Panic and Fatal would end the process
	logrus.FatalLevel: logger.Error,
	logrus.ErrorLevel: logger.Error,
	logrus.WarnLevel:  logger.Warn,
	logrus.InfoLevel:  logger.Info,
	logrus.DebugLevel: logger.Debug,
	logrus.TraceLevel: logger.Trace,
}

// Levels says that every entry is wanted.
func (bridge) Levels() []logrus.Level { return logrus.AllLevels }

// maxLine bounds a line of the log in bytes; a stack fits.
const maxLine = 8 << 10

// Fire hands one entry on, its fields after the message. The server adds time, level and service.
func (b bridge) Fire(entry *logrus.Entry) error {
	text := entry.Message
	for _, key := range slices.Sorted(maps.Keys(entry.Data)) {
		text += fmt.Sprintf(" %s=%v", key, entry.Data[key])
	}
	if len(text) > maxLine {
		text = strings.ToValidUTF8(text[:maxLine], "") + "..."
	}
	level := levels[entry.Level]
	b.box.put(func() { b.to.Logf(level, "%s", text) })
	return nil
}
