package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ws-diagnose/plugin/diagnose"
	"ws-diagnose/plugin/trace"
	"ws-diagnose/plugin/watch"
)

// minNumbered keeps our own events from being a load.
const minNumbered = time.Second

// watchFlags are the flags of watch: some of its own, and of check's those that make sense here.
type watchFlags struct {
	checkFlags
	lasts    time.Duration // 0: until interrupted
	numbered time.Duration // 0: no events
}

// sharedFlags are those of check that watch has too.
var sharedFlags = []string{
	"endpoint", "token", "token-file", "username", "password", "ca-cert", "require-trusted", "timeout",
	"portal-url", "origin", "servername", "connect", "proxy", "plain", "json",
}

func (f *watchFlags) register(fs *pflag.FlagSet) {
	fs.SortFlags = false
	fs.DurationVar(&f.lasts, "for", 0, "stop after `TIME`; without it, at Ctrl-C")
	fs.DurationVar(&f.numbered, "events", 0,
		"post an event of our own every `TIME` and count those that get lost;\neveryone who listens to *.*.* sees them")
	all := pflag.NewFlagSet("", pflag.ContinueOnError)
	f.checkFlags.register(all)
	for _, name := range sharedFlags {
		fs.AddFlag(all.Lookup(name))
	}
	fs.Lookup("timeout").Usage = "`TIME` for each attempt to open the websocket"
	fs.Lookup("json").Usage = "one line of JSON for each event, and the report as the last one"
}

func watchCommand(version string, s System) *cobra.Command {
	var f watchFlags
	c := &cobra.Command{
		Use:   "watch [flags] [URL]",
		Short: "Hold a websocket open as the portal does, and report every drop",
		Long: `Watch holds the portal's websocket to a DRP endpoint open, or with --plain any other, and
says when it ends, how, and after which silence; it opens it again and says what stood in the
way. At the end it reports what the drops have in common: an idle timeout of a proxy, restarts
of the endpoint, an ended token, a network that loses connections.

The exit status is that of check, by the worst finding of that report.`,
		Example: `  ws-diagnose watch https://drp.example.com:8092
  ws-diagnose watch --for 10m --json --plain wss://proxy.example.com/socket
  ws-diagnose watch -E https://10.0.0.5:8092 --token-file token --events 10s`,
		GroupID:               people.ID,
		DisableFlagsInUseLine: true,
		Args:                  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			config, err := f.watchConfig(args, c.Flags().Changed, s)
			if err != nil {
				return fmt.Errorf("watch: %w", err)
			}
			config.Policy.Version = version
			if hint := config.hint(c.Flags().Changed); hint != "" {
				fmt.Fprintln(s.Stderr, "ws-diagnose: watch: "+hint)
			}
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
			if f.lasts > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, f.lasts)
				defer cancel()
			}
			return runWatch(ctx, config, f.numbered, s)
		},
	}
	f.register(c.Flags())
	return c
}

// watchConfig judges everything that was given.
func (f *watchFlags) watchConfig(args []string, given func(string) bool, s System) (Config, error) {
	switch {
	case given("for") && f.lasts <= 0:
		return Config{}, fmt.Errorf("--for %s must be more than 0", f.lasts)
	case given("events") && f.numbered < minNumbered:
		return Config{}, fmt.Errorf("--events %s must be %s or more", f.numbered, minNumbered)
	case given("events") && f.plain:
		return Config{}, errors.New("--events goes without --plain: only a DRP endpoint hands events on")
	}
	return f.config(args, given, s)
}

// runWatch watches until ctx ends, prints what happens, and returns the exit status as an error.
func runWatch(ctx context.Context, c Config, numbered time.Duration, s System) error {
	target := c.Targets[0]
	log := newWatchLog(target, c.JSON, s)
	began := time.Now()
	w := watch.Start(context.Background(), watch.Options{
		Open: watch.Prober(target, c.options(target)), Numbered: numbered, Notify: log.event,
	})
	log.follow(w)
	<-ctx.Done()
	history := w.Snapshot()
	w.Stop()
	last := log.stop()
	if last == nil {
		return &StatusError{StatusUnknown, fmt.Errorf("ended after %s, before the first attempt to open the websocket was over",
			time.Since(began).Round(time.Second))}
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	reports := diagnose.Diagnose(trace.Evidence{
		Time: time.Now(), Vantage: host, Traces: []*trace.Trace{last},
		History: map[string]*trace.Watch{target.ID(): history},
	}, c.Policy)
	if err := errors.Join(log.failed(), render(reports, c, s)); err != nil {
		return &StatusError{StatusUnknown, fmt.Errorf("the report cannot be written: %w", err)}
	}
	if status := worst(reports); status != StatusOK {
		return &StatusError{Status: status}
	}
	return nil
}
