package e2e

import (
	"strings"
	"testing"

	"gitlab.com/rackn/provision/v4/models"

	"ws-diagnose/tests/emulator"
)

// TestBadParams: the server refuses what the schemas forbid, on the plugin and for a run, and says
// which param it is.
func TestBadParams(t *testing.T) {
	t.Parallel()
	_, c := install(t, emulator.Options{})
	for _, bad := range []struct{ param, value, why string }{
		{"cert-warn-days", "soon", "integer"},
		{"cert-warn-days", "0", "greater than or equal to 1"},
		{"timeout-seconds", "3600", "less than or equal to 55"},
		{"confirm-runs", "2.5", "integer"},
		{"alerts", `"yes"`, "boolean"},
		{"endpoints", "drp.example.com", "array"},
		{"interval-minutes", "2000", "less than or equal to 1440"},
		{"portal-url", `["https://portal.rackn.io"]`, "string"},
	} {
		set := []string{"plugins", "set", name, "param", name + "/" + bad.param, "to", bad.value}
		act := []string{"plugins", "runaction", name, name, name + "/" + bad.param, bad.value}
		for _, args := range [][]string{set, act} {
			out, err := c.Try(args...)
			if err == nil || !strings.Contains(err.Error(), "ws-diagnose/"+bad.param) || !strings.Contains(err.Error(), bad.why) {
				t.Errorf("%s %s: %s, %v", bad.param, bad.value, out, err)
			}
		}
	}
	if out, err := c.Try("plugins", "runaction", name, name, name+"/endpoint-tokens", `{"a:1":"b"}`); err == nil {
		t.Errorf("a secure param is taken from an action: %s", out)
	}
	run(c) // none of it has done harm
}

// TestConfigRefuses: what no schema can say the plugin refuses itself. Its error stands in the plugin
// object, and with a right value it works again.
func TestConfigRefuses(t *testing.T) {
	t.Parallel()
	_, c := install(t, emulator.Options{})
	for _, bad := range []struct{ param, wrong, right, why string }{
		{"cert-error-days", "40", "7", "more than ws-diagnose/cert-warn-days (30)"},
		{"ca-cert", "/etc/ssl/ca.pem", `""`, "allowed are certificates in PEM"},
		{"endpoints", `["https://drp.example.com:99999"]`, "[]", "drp.example.com:99999"},
	} {
		set(c, bad.param, bad.wrong)
		var plugin models.Plugin
		c.Into(&plugin, "plugins", "show", name)
		told := strings.Join(plugin.PluginErrors, "\n")
		if !strings.Contains(told, "ws-diagnose/"+bad.param) || !strings.Contains(told, bad.why) {
			t.Errorf("%s %s: %q", bad.param, bad.wrong, told)
		}
		if out, err := c.Try("plugins", "runaction", name, name); err == nil {
			t.Errorf("%s %s: the action runs: %s", bad.param, bad.wrong, out)
		}
		set(c, bad.param, bad.right)
		plugin = models.Plugin{}
		c.Into(&plugin, "plugins", "show", name)
		if len(plugin.PluginErrors) > 0 {
			t.Errorf("%s set right: %q", bad.param, plugin.PluginErrors)
		}
		run(c)
	}
}

// TestActionChooses: an action may choose among the targets and tune thresholds. Where to connect and
// whom to trust it may not say.
func TestActionChooses(t *testing.T) {
	t.Parallel()
	e, c := install(t, emulator.Options{CertificateDays: 20})
	elsewhere := listen(t, nil, answerUnauthorized)
	r := run(c, "endpoints", `["`+elsewhere.url()+`"]`, "cert-error-days", "25")
	if got := r.about(t, e.URL()); !got.has("cert-expiring") || got.Verdict != "error" {
		t.Errorf("with 20 days left and cert-error-days 25: %+v", got)
	}
	if heard := elsewhere.heard(); heard != "" {
		t.Errorf("an action led the check to a server of its own:\n%s", heard)
	}
	if open := alerts(e); open != "" {
		t.Errorf("a run with thresholds of its own raised alerts:\n%s", open)
	}
	if r := run(c, "target", e.Addr()); len(r.Reports) != 1 || r.Reports[0].Target != e.URL() {
		t.Errorf("with a target: %+v", r.Reports)
	}
	if _, err := c.Try("plugins", "runaction", name, name, name+"/target", "evil.example.com"); err == nil ||
		!strings.Contains(err.Error(), "evil.example.com") || !strings.Contains(err.Error(), e.URL()) {
		t.Errorf("a target that is none: %v", err)
	}
}
