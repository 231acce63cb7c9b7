package plugin

import (
	"io"

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

// Fire hands one entry on, its fields after the message.
func (b bridge) Fire(entry *logrus.Entry) error {
	text, err := (&logrus.TextFormatter{DisableTimestamp: true, DisableColors: true}).Format(entry)
	if err != nil {
		return err
	}
	level := levels[entry.Level]
	b.box.put(func() { b.to.Logf(level, "%s", text) })
	return nil
}
