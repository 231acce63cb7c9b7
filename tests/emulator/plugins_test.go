package emulator_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gitlab.com/rackn/provision/v4/models"

	"ws-diagnose/tests/emulator"
	"ws-diagnose/tests/emulator/emutest"
)

// script writes a provider that is a shell script.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "provider")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestBadProviders uploads what is no provider, or none that this server takes.
func TestBadProviders(t *testing.T) {
	e := emutest.Start(t, emulator.Options{})
	c := cli(t, e)
	for name, bad := range map[string]struct{ text, want string }{
		"noise on stderr": {`echo hello >&2; echo '{"Name":"x1","Version":"v1.0.0","PluginVersion":4}'`, "bad json"},
		"old protocol":    {`echo '{"Name":"x1","Version":"v1.0.0","PluginVersion":2}'`, "bad version: 2"},
		"exit status":     {`echo broken; exit 3`, "exit status 3: broken"},
		"bad content":     {`test $1 = unpack || echo '{"Name":"x1","PluginVersion":4,"Content":"meta: ["}'`, "bad content"},
		"missing feature": {`test $1 = unpack || echo '{"Name":"x1","PluginVersion":4,"Content":"meta: {RequiredFeatures: flying}"}'`, "missing feature flying"},
		"taken object": {`test $1 = unpack || echo '{"Name":"x1","PluginVersion":4,"Content":"sections: {profiles: {global: {Name: global}}}"}'`,
			"collides with a writable object"},
	} {
		_, err := c.Try("plugin_providers", "upload", "x1", "from", script(t, bad.text))
		if err == nil || !strings.Contains(err.Error(), "Import plugin failed x1") || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if out := c.Run("plugin_providers", "list"); strings.TrimSpace(out) != "[]" {
		t.Errorf("providers: %s", out)
	}
}

// withRecorder starts an endpoint with the recorder as plugin "rec".
func withRecorder(t *testing.T, o emulator.Options) *emulator.Endpoint {
	t.Helper()
	e := emutest.Start(t, o)
	c := cli(t, e)
	c.Run("plugin_providers", "upload", "recorder", "from", buildRecorder(t))
	c.Run("plugins", "create", `{"Name":"rec","Provider":"recorder"}`)
	return e
}

// TestPluginEvents hears what the life of a plugin and its actions tell.
func TestPluginEvents(t *testing.T) {
	e := emutest.Start(t, emulator.Options{})
	c := cli(t, e)
	c.Run("plugin_providers", "upload", "recorder", "from", buildRecorder(t))
	s := openSocket(t, e)
	s.register("plugins,recorder.configed,stopped,echo.*")
	c.Run("plugins", "create", `{"Name":"rec","Provider":"recorder"}`)
	c.Run("plugins", "runaction", "rec", "echo")
	c.Run("plugins", "destroy", "rec")
	for _, want := range []string{"plugins configed rec", "plugins echo rec", "recorder echo rec", "plugins stopped rec"} {
		ev := s.hear()
		if got := ev.Type + " " + ev.Action + " " + ev.Key; got != want {
			t.Errorf("heard %q, want %q", got, want)
		}
		if ev.Type == "recorder" && ev.Principal != "plugin:rec" {
			t.Errorf("principal %q", ev.Principal)
		}
	}
}

// TestPluginKilled: a plugin that dies is not noticed, and its actions conflict until it is made
// anew.
func TestPluginKilled(t *testing.T) {
	e := withRecorder(t, emulator.Options{StopTimeout: time.Second})
	c := cli(t, e)
	if err := syscall.Kill(e.PluginPID("rec"), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Try("plugins", "runaction", "rec", "echo"); err == nil {
		t.Error("a dead plugin answers")
	}
	c.Run("plugins", "destroy", "rec")
	c.Run("plugins", "create", `{"Name":"rec","Provider":"recorder"}`)
	c.Run("plugins", "runaction", "rec", "echo")
}

// TestPluginRestart: Params restart a plugin, Meta does not.
func TestPluginRestart(t *testing.T) {
	e := withRecorder(t, emulator.Options{})
	c := cli(t, e)
	before := e.PluginPID("rec")
	c.Run("plugins", "update", "rec", `{"Meta":{"color":"red"}}`)
	if e.PluginPID("rec") != before {
		t.Error("a change of Meta restarted the plugin")
	}
	c.Run("plugins", "update", "rec", `{"Description":"other"}`)
	if pid := e.PluginPID("rec"); pid == before || pid == 0 {
		t.Errorf("a change of Description left the plugin at %d (was %d)", pid, before)
	}
}

// TestResolveConfig: with the option, Config gets what the schemas say as well.
func TestResolveConfig(t *testing.T) {
	e := withRecorder(t, emulator.Options{ResolveConfig: true})
	var echo struct{ Config map[string]any }
	cli(t, e).Into(&echo, "plugins", "runaction", "rec", "echo")
	if echo.Config["recorder/opt"] != 7.0 || echo.Config["recorder/fail"] != false {
		t.Errorf("config %v", echo.Config)
	}
}

// TestOperatorRole: a user whose role grants one action may run that one and no more.
func TestOperatorRole(t *testing.T) {
	e := withRecorder(t, emulator.Options{})
	c := cli(t, e)
	c.Run("roles", "create", `{"Name":"caller","Claims":[{"scope":"plugins","action":"action:echo","specific":"rec"}]}`)
	c.Run("users", "create", `{"Name":"op","Roles":["caller"]}`)
	var token models.UserToken
	c.Run("users", "password", "op", "hush")
	c.Into(&token, "users", "token", "op")
	op := c.WithToken(token.Token)
	op.Run("plugins", "runaction", "rec", "echo")
	if out, err := op.Try("plugins", "runaction", "rec", "fail"); err == nil {
		t.Errorf("another action: %s", out)
	}
}

// TestUnpackedFiles: what a provider unpacks is on all three ports.
func TestUnpackedFiles(t *testing.T) {
	e := withRecorder(t, emulator.Options{})
	client := insecureClient(t)
	path := "/files/plugin_providers/recorder/hello.txt"
	for _, url := range []string{e.FileURL() + path, e.SecureFileURL() + path, e.URL() + "/api/v3" + path + "?token=" + e.Token(time.Hour)} {
		resp, err := client.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK || string(body) != "hello from the recorder\n" {
			t.Errorf("%s: %s %q", url, resp.Status, body)
		}
	}
}
