package plugin

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gitlab.com/rackn/provision/v4/models"
	"gitlab.com/rackn/provision/v4/store"

	"ws-diagnose/content"
	"ws-diagnose/params"
)

// published reads the params that the content brings, by name.
func published(t *testing.T) map[string]*models.Param {
	t.Helper()
	list := map[string]*models.Param{}
	for _, file := range files(t, params.Files, "*.yaml") {
		text, err := params.Files.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p := &models.Param{}
		if err := store.YamlCodec.Decode(text, p); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if p.Validate(); len(p.Errors) > 0 {
			t.Errorf("%s: %v", file, p.Errors)
		}
		if want := strings.ReplaceAll(p.Name, "/", ".") + ".yaml"; file != want {
			t.Errorf("%s holds the param %s: its name should be %s", file, p.Name, want)
		}
		list[p.Name] = p
	}
	return list
}

func TestParamsAreDescribed(t *testing.T) {
	for name, p := range published(t) {
		if p.Description == "" || len(p.Documentation) < 80 {
			t.Errorf("%s: says too little about itself", name)
		}
		for _, key := range []string{"icon", "color", "title"} {
			if p.Meta[key] == "" {
				t.Errorf("%s: no %s", name, key)
			}
		}
		if p.Secure != (name == "ws-diagnose/endpoint-tokens") {
			t.Errorf("%s: Secure is %v", name, p.Secure)
		}
	}
}

// TestSchemasSayTheSame compares the table with the schemas: defaults, and what is at the edges.
func TestSchemasSayTheSame(t *testing.T) {
	schemas := published(t)
	for _, row := range paramTable {
		p := schemas[Name+"/"+row.name]
		if p == nil {
			t.Errorf("%s has no file in params/", row.name)
			continue
		}
		preset, ok := p.DefaultValue()
		if !ok {
			t.Errorf("%s has no default: menus hide an action for that", row.name)
		}
		if diff := cmp.Diff(plain(t, row.preset), plain(t, preset)); diff != "" {
			t.Errorf("%s: default of the table (-) and of the schema (+):\n%s", row.name, diff)
		}
		if err := row.set(&Settings{}, preset); err != nil {
			t.Errorf("%s: its default is refused: %v", row.name, err)
		}
		schema := p.Schema.(map[string]any)
		for edge, step := range map[string]float64{"minimum": -1, "maximum": 1} {
			value, ok := schema[edge].(float64)
			if !ok {
				continue
			}
			if err := row.set(&Settings{}, value); err != nil {
				t.Errorf("%s: %v, the %s of the schema, is refused: %v", row.name, value, edge, err)
			}
			if row.set(&Settings{}, value+step) == nil {
				t.Errorf("%s: %v is taken, outside the schema", row.name, value+step)
			}
		}
	}
}

func plain(t *testing.T, value any) any {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestConfigureDefaults(t *testing.T) {
	s, err := configure(map[string]any{"Name": "ws-diagnose", "server/sent-this": 1.5, "ws-diagnose/alerts": nil,
		"ws-diagnose/target": "an action's alone"})
	if err != nil {
		t.Fatal(err)
	}
	want := Settings{CertWarnDays: 30, CertErrorDays: 7, Timeout: 15 * time.Second, LatencyWarn: 500 * time.Millisecond,
		Interval: time.Hour, Watch: true, Alerts: true, AutoAcknowledge: true, ConfirmRuns: 2}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Error(diff)
	}
}

func TestConfigureSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		param string
		value any
		says  []string
	}{
		{"cert-warn-days", "soon", []string{`"soon"`, "1 to 3650"}},
		{"cert-warn-days", 2.5, []string{"2.5", "whole number"}},
		{"cert-warn-days", 0.0, []string{"is 0", "1 to 3650"}},
		{"cert-error-days", 31.0, []string{"31", "cert-warn-days (30)"}},
		{"timeout-seconds", 56.0, []string{"56", "3 to 55"}},
		{"alerts", "yes", []string{`"yes"`, "true or false"}},
		{"endpoints", "https://drp.example.com", []string{"list"}},
		{"endpoints", []any{7.0}, []string{"7", "https://host:port"}},
		{"endpoints", []any{"ftp://drp.example.com"}, []string{"scheme", "ftp"}},
		{"endpoints", []any{"drp.example.com:99999"}, []string{"99999", "65535"}},
		{"endpoints", []any{"drp.example.com/path"}, []string{"drp.example.com/path", "host and port"}},
		{"endpoints", []any{""}, []string{`""`}},
		{"endpoints", []any{"a b"}, []string{`"a b"`, "blank"}},
		{"endpoints", slices.Repeat([]any{"a"}, 51), []string{"at most 50"}},
		{"portal-url", "portal", []string{`"portal"`, "https://portal.rackn.io"}},
		{"portal-url", "https://u:p@portal.example.com", []string{"allowed"}},
		{"portal-url", 1.0, []string{"is 1"}},
		{"ca-cert", "/etc/ssl/ca.pem", []string{"not the name of a file"}},
		{"ca-cert", 3.0, []string{"PEM"}},
	} {
		_, err := configure(map[string]any{Name + "/" + c.param: c.value})
		if err == nil {
			t.Errorf("%s: %v is taken", c.param, c.value)
			continue
		}
		for _, word := range append(c.says, Name+"/"+c.param) {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%s: %v: the error does not say %q: %v", c.param, c.value, word, err)
			}
		}
	}
}

func TestErrorsQuoteNoSecrets(t *testing.T) {
	for param, value := range map[string]any{
		"endpoints":  []any{"https://admin:hunter2@drp.example.com"},
		"ca-cert":    "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----",
		"portal-url": "https://admin:hunter2@portal.example.com",
	} {
		_, err := configure(map[string]any{Name + "/" + param: value})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", param, err)
		}
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	_, err := configure(map[string]any{"ws-diagnose/alerts": 1.0, "ws-diagnose/confirm-runs": 0.0})
	if err == nil || !strings.Contains(err.Error(), "alerts") || !strings.Contains(err.Error(), "confirm-runs") {
		t.Errorf("%v", err)
	}
}

func TestTune(t *testing.T) {
	configured, err := configure(map[string]any{"ws-diagnose/cert-warn-days": 60.0,
		"ws-diagnose/endpoints": []any{"drp.example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	tuned, err := configured.tune(map[string]any{
		"ws-diagnose/cert-warn-days":  30.0, // filled in by the server: nobody chose it
		"ws-diagnose/cert-error-days": 9.0,
		"ws-diagnose/endpoints":       []any{"https://evil.example.com"},
		"ws-diagnose/ca-cert":         "whatever",
		"ws-diagnose/portal-url":      "https://evil.example.com",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := configured
	want.CertErrorDays = 9
	if diff := cmp.Diff(want, tuned); diff != "" {
		t.Errorf("an action may not choose that:\n%s", diff)
	}
	for param, value := range map[string]any{"cert-error-days": 61.0, "timeout-seconds": 900.0, "work-order": "x; y", "target": 5.0} {
		if _, err := configured.tune(map[string]any{Name + "/" + param: value}); err == nil || !strings.Contains(err.Error(), param) {
			t.Errorf("%s %v: %v", param, value, err)
		}
	}
}

// TestErrorDaysGiveWay has somebody choose few days to warn, and no days for an error: that is no reason
// to refuse, let alone to stop the plugin.
func TestErrorDaysGiveWay(t *testing.T) {
	few := map[string]any{"ws-diagnose/cert-warn-days": 5.0}
	filledIn := map[string]any{"ws-diagnose/cert-warn-days": 5.0, "ws-diagnose/cert-error-days": 7.0}
	for _, params := range []map[string]any{few, filledIn} {
		configured, err := configure(params)
		if err != nil || configured.CertErrorDays != 5 {
			t.Errorf("%v: %d, %v", params, configured.CertErrorDays, err)
		}
		if configured, err = configure(nil); err != nil {
			t.Fatal(err)
		}
		if tuned, err := configured.tune(params); err != nil || tuned.CertErrorDays != 5 || tuned.CertWarnDays != 5 {
			t.Errorf("%v: %d, %v", params, tuned.CertErrorDays, err)
		}
	}
}

func TestActionsMayNotSteer(t *testing.T) {
	for _, name := range paramNames(forAction) {
		if slices.Contains([]string{"endpoints", "ca-cert", "portal-url"}, strings.TrimPrefix(name, Name+"/")) {
			t.Errorf("%s is in an action's list", name)
		}
	}
}

// TestContentUsesKnownParams has every param that content names be one that content brings.
func TestContentUsesKnownParams(t *testing.T) {
	known := slices.Collect(maps.Keys(published(t)))
	task := &models.Task{}
	text, err := content.Files.ReadFile("tasks/ws-diagnose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := store.YamlCodec.Decode(text, task); err != nil {
		t.Fatal(err)
	}
	profile := &models.Profile{}
	if text, err = content.Files.ReadFile("profiles/ws-diagnose-defaults.yaml"); err != nil {
		t.Fatal(err)
	}
	if err := store.YamlCodec.Decode(text, profile); err != nil {
		t.Fatal(err)
	}
	for _, name := range append(slices.Collect(maps.Keys(profile.Params)), task.OptionalParams...) {
		if !slices.Contains(known, name) {
			t.Errorf("content names param %s, which it does not bring", name)
		}
	}
	for name, value := range profile.Params {
		if preset, _ := published(t)[name].DefaultValue(); !cmp.Equal(preset, value) {
			t.Errorf("profile: %s is %v, its default %v", name, value, preset)
		}
	}
}
