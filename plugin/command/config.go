package command

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"ws-diagnose/plugin/cert"
	"ws-diagnose/plugin/diagnose"
	"ws-diagnose/plugin/probe"
	"ws-diagnose/plugin/trace"
)

const (
	maxTimeout = time.Hour
	maxIdle    = 24 * time.Hour
	maxDays    = 36500
	maxCACert  = 4 << 20 // bytes; all the roots of a system are a quarter of a megabyte
)

// Config is what check is to do: flags, arguments and environment, all of them judged.
type Config struct {
	Targets     []trace.Target
	Endpoint    trace.Target      // the one that credentials are for
	Credentials probe.Credentials // zero when there are none
	Roots       *cert.Roots
	ProxyAuth   string // user:password for the proxy
	Timeout     time.Duration
	Listen      time.Duration
	Idle        time.Duration // the longest silence to try; 0 for none
	Policy      diagnose.Policy
	JSON, Quiet bool
}

// config judges everything that was given, and is the first to touch a file. Given says which flags
// were. An error names the flag, variable or argument, its value unless it may be secret, and what
// to give instead.
func (f *checkFlags) config(args []string, given func(flag string) bool, s System) (Config, error) {
	c := Config{Timeout: f.timeout, Listen: f.listen, Idle: f.idle, JSON: f.json, Quiet: f.quiet}
	c.Policy = diagnose.Policy{
		WarnDays: f.warnDays, ErrorDays: f.errorDays, RequireTrusted: f.requireTrusted, LatencyWarn: latencyWarn,
	}
	if err := f.checkNumbers(given); err != nil {
		return c, err
	}
	if !given("error-days") {
		c.Policy.ErrorDays = min(f.errorDays, f.warnDays)
	}
	if !given("listen") {
		c.Listen = min(c.Listen, c.Timeout/2)
	}
	if err := f.targets(&c, args, given, s); err != nil {
		return c, err
	}
	if err := f.route(&c, given); err != nil {
		return c, err
	}
	var err error
	if c.Credentials, err = f.credentials(given, s); err != nil {
		return c, err
	}
	c.Roots, err = f.roots(given, s)
	return c, err
}

// latencyWarn is above which an event's round trip is a warning.
const latencyWarn = 500 * time.Millisecond

// checkNumbers judges the flags that are numbers or exclude each other.
func (f *checkFlags) checkNumbers(given func(string) bool) error {
	switch {
	case f.timeout <= 0 || f.timeout > maxTimeout:
		return fmt.Errorf("--timeout %s must be more than 0 and at most %s", f.timeout, maxTimeout)
	case f.listen < 0:
		return fmt.Errorf("--listen %s must not be negative: 0 means not at all", f.listen)
	case given("listen") && !f.plain:
		return errors.New("--listen goes with --plain: a DRP endpoint is checked with an event of its own")
	case f.plain && given("listen") && f.listen >= f.timeout:
		return fmt.Errorf("--listen %s does not fit into --timeout %s: raise --timeout", f.listen, f.timeout)
	case given("idle") && (f.idle < time.Second || f.idle > maxIdle):
		return fmt.Errorf("--idle %s must be between 1s and %s", f.idle, maxIdle)
	case f.warnDays < 0 || f.warnDays > maxDays:
		return fmt.Errorf("--warn-days %d must be between 0 and %d", f.warnDays, maxDays)
	case given("error-days") && (f.errorDays < 0 || f.errorDays > f.warnDays):
		return fmt.Errorf("--error-days %d must be between 0 and --warn-days, which is %d", f.errorDays, f.warnDays)
	case f.json && f.quiet:
		return errors.New("give either --json or --quiet, not both")
	}
	return nil
}

// targets reads the endpoint and the URLs to check.
func (f *checkFlags) targets(c *Config, args []string, given func(string) bool, s System) error {
	where, endpoint := "--endpoint", f.endpoint
	if env := s.Getenv("RS_ENDPOINT"); env != "" && !given("endpoint") {
		where, endpoint = "RS_ENDPOINT", env
	}
	var err error
	c.Endpoint, err = probe.ParseTarget(strings.TrimSuffix(endpoint, "/"), f.plain)
	if err != nil {
		return fmt.Errorf("%s %s: %w", where, probe.QuoteTarget(endpoint), err)
	}
	if len(args) == 0 {
		c.Targets = []trace.Target{c.Endpoint}
	}
	for _, arg := range args {
		t, err := probe.ParseTarget(arg, f.plain)
		if err != nil {
			return fmt.Errorf("the URL %s: %w", probe.QuoteTarget(arg), err)
		}
		same := func(other trace.Target) bool { return other.ID() == t.ID() }
		if !slices.ContainsFunc(c.Targets, same) {
			c.Targets = append(c.Targets, t)
		}
	}
	return nil
}

// route reads the flags that say how every target is reached.
func (f *checkFlags) route(c *Config, given func(string) bool) (err error) {
	var serverName, connect, proxy, origin string
	if given("servername") {
		if serverName, err = probe.ParseHost(f.serverName); err != nil {
			return fmt.Errorf("--servername: %w", err)
		}
	}
	if given("connect") {
		if connect, err = probe.ParseHostPort(f.connect); err != nil {
			return fmt.Errorf("--connect %s: %w", probe.QuoteTarget(f.connect), err)
		}
	}
	if given("proxy") {
		if proxy, c.ProxyAuth, err = probe.ParseProxy(f.proxy); err != nil {
			return fmt.Errorf("--proxy %s: %w", probe.QuoteTarget(f.proxy), err)
		}
	}
	if c.Policy.PortalURL, err = probe.ParseOrigin(f.portalURL); err != nil {
		return fmt.Errorf("--portal-url %s: %w", probe.QuoteTarget(f.portalURL), err)
	}
	origin = c.Policy.PortalURL
	if given("origin") {
		if origin, err = probe.ParseOrigin(f.origin); err != nil {
			return fmt.Errorf("--origin %s: %w", probe.QuoteTarget(f.origin), err)
		}
	}
	for i := range c.Targets {
		t := &c.Targets[i]
		t.ServerName, t.Connect, t.Proxy, t.Origin = serverName, connect, proxy, origin
		if t.Names = []string{t.Host}; serverName != "" {
			t.Names = []string{serverName}
		}
	}
	return nil
}

// roots reads --ca-cert.
func (f *checkFlags) roots(given func(string) bool, s System) (*cert.Roots, error) {
	if !given("ca-cert") {
		return cert.LoadRoots(nil)
	}
	pem, err := s.ReadFile(f.caCert, maxCACert)
	switch {
	case err != nil:
		return nil, fmt.Errorf("--ca-cert %s cannot be read: %w", quoted(f.caCert), cause(err))
	case len(bytes.TrimSpace(pem)) == 0:
		return nil, fmt.Errorf("--ca-cert %s is empty: give a PEM file of root certificates", quoted(f.caCert))
	}
	roots, err := cert.LoadRoots(pem)
	if err != nil {
		return nil, fmt.Errorf("--ca-cert %s: %w", quoted(f.caCert), err)
	}
	return roots, nil
}

// cause leaves out of an error what the caller names itself: the operation and the file.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
