package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"ws-diagnose/plugin/diagnose"
	"ws-diagnose/plugin/probe"
	"ws-diagnose/plugin/report"
	"ws-diagnose/plugin/trace"
)

// maxConcurrent is how many targets are checked at a time.
const maxConcurrent = 8

func checkCommand(version string, s System) *cobra.Command {
	var f checkFlags
	c := &cobra.Command{
		Use:   "check [flags] [URL...]",
		Short: "Check DRP endpoints, or other websocket servers, once",
		Long: `Check walks the way of the portal to each URL and reports what is wrong, why, what browsers
show for it and how to mend it. A URL is https://host:port, host:port or host (port 8092);
without one the endpoint of --endpoint is checked. With --plain it may be any websocket
server's, such as wss://host/path.

Token, user and password are shown to the endpoint of --endpoint alone (same host and port),
never to other URLs, and not over an unencrypted connection. There is no default password.

The exit status is 0 if all is well, 1 for a warning, 2 for an error and 3 if the check could
not be made, as monitoring plugins have it; with several URLs it is the worst.`,
		Example: `  ws-diagnose check https://drp.example.com:8092
  ws-diagnose check -E https://10.0.0.5:8092 --token-file token
  ws-diagnose check --quiet --warn-days 60 drp1.example.com drp2.example.com
  ws-diagnose check --ca-cert ca.pem --require-trusted --json drp.example.com
  ws-diagnose check --connect 10.0.0.5:8092 https://drp.example.com
  ws-diagnose check --plain --listen 0 wss://echo.example.com/socket
  ws-diagnose check --plain --idle 2m wss://proxy.example.com/socket`,
		GroupID:               people.ID,
		DisableFlagsInUseLine: true,
		RunE: func(c *cobra.Command, args []string) error {
			config, err := f.config(args, c.Flags().Changed, s)
			if err != nil {
				return fmt.Errorf("check: %w", err)
			}
			config.Policy.Version = version
			if hint := config.hint(c.Flags().Changed); hint != "" {
				fmt.Fprintln(s.Stderr, "ws-diagnose: check: "+hint)
			}
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
			return run(ctx, config, s)
		},
	}
	f.register(c.Flags())
	return c
}

// hint says that credentials were given on the line which no target gets; "" when all is well.
func (c *Config) hint(given func(string) bool) string {
	if !given("token") && !given("token-file") && !given("username") && !given("password") {
		return ""
	}
	for _, t := range c.Targets {
		if c.isEndpoint(t) {
			return ""
		}
	}
	return fmt.Sprintf("the credentials go to %s alone, which is not checked; name the endpoint they are for with --endpoint",
		c.Endpoint.ID())
}

// run checks, prints the reports, and returns the exit status as an error.
func run(ctx context.Context, c Config, s System) (err error) {
	defer func() {
		// Go's own exit status for a panic is 2, which is ours for a broken endpoint.
		if fault := recover(); fault != nil {
			err = &StatusError{StatusUnknown, internalError(fault)}
		}
	}()
	began := time.Now()
	traces, err := checkAll(ctx, c, s)
	if err != nil {
		return &StatusError{StatusUnknown, err}
	}
	done := traces[:0]
	for _, t := range traces {
		if t != nil {
			done = append(done, t)
		}
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	reports := diagnose.Diagnose(trace.Evidence{Time: began, Vantage: host, Traces: done}, c.Policy)
	if err := render(reports, c, s); err != nil {
		return &StatusError{StatusUnknown, fmt.Errorf("the report cannot be written: %w", err)}
	}
	if missing := len(c.Targets) - len(done); missing > 0 {
		return &StatusError{StatusUnknown, fmt.Errorf("interrupted: %d of %d targets not checked", missing, len(c.Targets))}
	}
	if status := worst(reports); status != StatusOK {
		return &StatusError{Status: status}
	}
	return nil
}

// checkAll probes all targets, a bounded number at a time, and returns their traces in the targets'
// order; nil for those that an interrupt left unfinished.
func checkAll(ctx context.Context, c Config, s System) ([]*trace.Trace, error) {
	var terminal io.Writer
	if s.StderrTerminal {
		terminal = s.Stderr
	}
	p := startProgress(terminal, c.Targets)
	defer p.stop()

	traces := make([]*trace.Trace, len(c.Targets))
	faults := make([]error, len(c.Targets))
	slots := make(chan struct{}, maxConcurrent)
	var all sync.WaitGroup
	for i, t := range c.Targets {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			traces[i], faults[i] = checkOne(ctx, c, t, p)
		})
	}
	all.Wait()
	return traces, errors.Join(faults...)
}

// checkOne probes one target. A trace that an interrupt cut short would accuse the server of our
// own silence: it is dropped.
func checkOne(ctx context.Context, c Config, t trace.Target, p *progress) (tr *trace.Trace, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			tr, err = nil, fmt.Errorf("checking %s: %w", quoted(t.ID()), internalError(fault))
		}
	}()
	if ctx.Err() != nil {
		return nil, nil
	}
	o := c.options(t)
	o.Progress = p.at
	tr = probe.Check(ctx, t, o)
	if c.Idle > 0 && ctx.Err() == nil {
		tr.Idle = c.tryIdle(ctx, t, p)
	}
	if ctx.Err() != nil {
		return nil, nil
	}
	p.one()
	return tr, nil
}

// options are what a check of t needs.
func (c *Config) options(t trace.Target) probe.Options {
	return probe.Options{
		Timeout: c.Timeout, Listen: c.Listen, Roots: c.Roots, Credentials: c.credentialsFor(t),
		FetchIssuer: true, ProxyAuth: c.ProxyAuth, Version: c.Policy.Version,
	}
}

// render writes the reports to stdout in the form that was asked for.
func render(reports []diagnose.Report, c Config, s System) error {
	if !c.JSON {
		return report.Text(s.Stdout, reports, textOptions(s, c.Quiet))
	}
	for _, r := range reports {
		if err := report.JSON(s.Stdout, r); err != nil {
			return err
		}
	}
	return nil
}

// textOptions suit the terminal, if stdout is one, and https://no-color.org.
func textOptions(s System, quiet bool) report.TextOptions {
	o := report.TextOptions{Quiet: quiet, Color: s.StdoutTerminal && s.Getenv("NO_COLOR") == ""}
	if s.Width > 0 {
		o.Width = min(s.Width, report.DefaultWidth)
	}
	return o
}

// worst is the exit status for reports.
func worst(reports []diagnose.Report) int {
	statuses := map[diagnose.Verdict]int{
		diagnose.VerdictOK: StatusOK, diagnose.VerdictWarn: StatusWarning, diagnose.VerdictError: StatusCritical,
	}
	worst := StatusOK
	for _, r := range reports {
		status, known := statuses[r.Verdict]
		if !known {
			status = StatusUnknown
		}
		worst = max(worst, status)
	}
	return worst
}
