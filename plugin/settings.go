package plugin

import (
	"fmt"
	"math"
	"strings"
	"time"

	"ws-diagnose/plugin/diagnose"
	"ws-diagnose/plugin/probe"
	"ws-diagnose/plugin/trace"
)

// Settings are what the operator chose, every default applied.
type Settings struct {
	Endpoints       []trace.Target // the names and addresses that users type
	CACert          string         // PEM
	CertWarnDays    int
	CertErrorDays   int
	RequireTrusted  bool
	Timeout         time.Duration // of a whole run
	LatencyWarn     time.Duration
	Interval        time.Duration // between the plugin's own runs; 0: none
	Watch           bool
	Alerts          bool
	AutoAcknowledge bool
	ConfirmRuns     int
	PortalURL       string // origin; "" where the server's own page leads to it
	Target          string // an action's choice among the targets; "" for all
	WorkOrder       string // the work order that an action says it runs for
}

// policy is what diagnose has to know of the settings.
func (s Settings) policy(version string) diagnose.Policy {
	return diagnose.Policy{
		WarnDays:       s.CertWarnDays,
		ErrorDays:      s.CertErrorDays,
		RequireTrusted: s.RequireTrusted,
		LatencyWarn:    s.LatencyWarn,
		PortalURL:      s.PortalURL,
		Version:        version,
	}
}

// Where a param may come from: the plugin's own configuration, an action, or both. DRP fills an
// action's params from the object that it runs on, which others may own; so an action may tune
// thresholds and choose among the targets, but not say where to connect or whom to trust.
type origin int

const (
	forConfig origin = 1 << iota
	forAction
)

// param is one row of the table of params: its name without the prefix, where it may come from,
// its default, and how a value of it is checked and kept.
type param struct {
	name   string
	from   origin
	preset any
	set    func(*Settings, any) error
}

const defaultErrorDays = 7

// paramTable drives the definition, the defaults, and the checking of what the server sends. The
// schemas in params/ say the same to the server; a test compares.
var paramTable = []param{
	{"endpoints", forConfig, []any{}, setEndpoints},
	{"ca-cert", forConfig, "", setCACert},
	{"cert-warn-days", forConfig | forAction, 30,
		whole(1, 3650, func(s *Settings, n int) { s.CertWarnDays = n })},
	{"cert-error-days", forConfig | forAction, defaultErrorDays,
		whole(1, 3650, func(s *Settings, n int) { s.CertErrorDays = n })},
	{"require-trusted", forConfig | forAction, false,
		truth(func(s *Settings, b bool) { s.RequireTrusted = b })},
	{"timeout-seconds", forConfig | forAction, 15,
		whole(3, 55, func(s *Settings, n int) { s.Timeout = time.Duration(n) * time.Second })},
	{"latency-warn-ms", forConfig | forAction, 500,
		whole(1, 60000, func(s *Settings, n int) { s.LatencyWarn = time.Duration(n) * time.Millisecond })},
	{"interval-minutes", forConfig, 60,
		whole(0, 1440, func(s *Settings, n int) { s.Interval = time.Duration(n) * time.Minute })},
	{"watch", forConfig, true, truth(func(s *Settings, b bool) { s.Watch = b })},
	{"alerts", forConfig, true, truth(func(s *Settings, b bool) { s.Alerts = b })},
	{"auto-acknowledge", forConfig, true, truth(func(s *Settings, b bool) { s.AutoAcknowledge = b })},
	{"confirm-runs", forConfig, 2, whole(1, 10, func(s *Settings, n int) { s.ConfirmRuns = n })},
	{"portal-url", forConfig, "", setPortalURL},
	{"target", forAction, "", setTarget},
	{"work-order", forAction, "", setWorkOrder},
}

// paramNames lists the full names of the params of that origin.
func paramNames(from origin) []string {
	names := []string{}
	for _, p := range paramTable {
		if p.from&from != 0 {
			names = append(names, Name+"/"+p.name)
		}
	}
	return names
}

// configure makes settings of the params that the server sent. What was not sent has its default;
// params that we do not know are left alone, as servers add some of their own. The error names
// every param that is wrong, its value, and what is allowed.
func configure(params map[string]any) (Settings, error) {
	var s Settings
	var wrong problems
	for _, p := range paramTable {
		value, sent := params[Name+"/"+p.name]
		if !sent || value == nil || p.from&forConfig == 0 {
			value = p.preset
		}
		wrong.add(p.name, p.set(&s, value))
	}
	wrong.add("cert-error-days", s.reconcile(params))
	return s, wrong.err()
}

// tune returns the settings with an action's choices. A value that is the param's default is no
// choice: the server fills it in for whoever did not choose.
func (s Settings) tune(params map[string]any) (Settings, error) {
	var wrong problems
	for _, p := range paramTable {
		value, sent := params[Name+"/"+p.name]
		if !sent || value == nil || p.from&forAction == 0 || isPreset(value, p.preset) {
			continue
		}
		wrong.add(p.name, p.set(&s, value))
	}
	wrong.add("cert-error-days", s.reconcile(params))
	return s, wrong.err()
}

// isPreset compares a value from JSON with a default of the table, which is never a list where an
// action may send it.
func isPreset(value, preset any) bool {
	if n, ok := integer(value); ok {
		return preset == n
	}
	switch value.(type) {
	case string, bool:
		return value == preset
	}
	return false
}

// reconcile has no certificate be an error before it is a warning. Days that these params did not choose
// give way; days that they did are wrong.
func (s *Settings) reconcile(params map[string]any) error {
	if s.CertErrorDays <= s.CertWarnDays {
		return nil
	}
	if n, sent := integer(params[Name+"/cert-error-days"]); !sent || n == defaultErrorDays {
		s.CertErrorDays = s.CertWarnDays
		return nil
	}
	return fmt.Errorf("is %d, which is more than ws-diagnose/cert-warn-days (%d): allowed is at most that",
		s.CertErrorDays, s.CertWarnDays)
}

// problems collects what is wrong with params, so that one answer tells all of it.
type problems []string

func (p *problems) add(name string, err error) {
	if err != nil {
		*p = append(*p, fmt.Sprintf("param %s/%s %v", Name, name, err))
	}
}

func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return fmt.Errorf("%s", strings.Join(p, "; "))
}

// whole makes a setter of a whole number between low and high.
func whole(low, high int, keep func(*Settings, int)) func(*Settings, any) error {
	return func(s *Settings, value any) error {
		n, ok := integer(value)
		if !ok || n < low || n > high {
			return fmt.Errorf("is %s: allowed is a whole number from %d to %d", shown(value), low, high)
		}
		keep(s, n)
		return nil
	}
}

// integer reads a whole number as JSON decodes it.
func integer(value any) (int, bool) {
	switch n := value.(type) {
	case int:
		return n, true
	case float64:
		if n == math.Trunc(n) && math.Abs(n) < 1<<31 {
			return int(n), true
		}
	}
	return 0, false
}

// truth makes a setter of a boolean.
func truth(keep func(*Settings, bool)) func(*Settings, any) error {
	return func(s *Settings, value any) error {
		b, ok := value.(bool)
		if !ok {
			return fmt.Errorf("is %s: allowed is true or false", shown(value))
		}
		keep(s, b)
		return nil
	}
}

// shown spells a value for an error, bounded: whoever set it must find it again, not read all of it.
func shown(value any) string {
	text := fmt.Sprintf("%v", value)
	if s, ok := value.(string); ok {
		text = fmt.Sprintf("%q", s)
	}
	if runes := []rune(text); len(runes) > 80 {
		text = string(runes[:80]) + "..."
	}
	return text
}

func setPortalURL(s *Settings, value any) error {
	text, ok := value.(string)
	if !ok {
		return fmt.Errorf("is %s: allowed is the address of a site, such as https://portal.rackn.io", shown(value))
	}
	if text == "" {
		s.PortalURL = ""
		return nil
	}
	origin, err := probe.ParseOrigin(text)
	if err != nil {
		return fmt.Errorf("is %s: %w; allowed is the address of a site, such as https://portal.rackn.io", probe.QuoteTarget(text), err)
	}
	s.PortalURL = origin
	return nil
}

// maxTargetChoice bounds the name of a target in characters: scheme, host name and port.
const maxTargetChoice = 300

func setTarget(s *Settings, value any) error {
	text, ok := value.(string)
	if !ok || len(text) > maxTargetChoice {
		return fmt.Errorf("is %s: allowed is the name of one target, or \"\" for all", shown(value))
	}
	s.Target = text
	return nil
}
