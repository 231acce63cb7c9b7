package emulator_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab.com/rackn/provision/v4/models"

	"ws-diagnose/tests/drpcli"
	"ws-diagnose/tests/emulator"
	"ws-diagnose/tests/emulator/emutest"
)

// cli is the real drpcli for an endpoint.
func cli(t *testing.T, e *emulator.Endpoint) *drpcli.CLI {
	t.Helper()
	return drpcli.New(t, e.URL(), e.Username(), e.Password())
}

func TestDrpcliInfoAndToken(t *testing.T) {
	e := emutest.Start(t, emulator.Options{ID: "ep1"})
	c := cli(t, e)
	var info models.Info
	c.Into(&info, "info", "get")
	if info.Id != "ep1" || !info.HasFeature("alerts") {
		t.Errorf("info: id %q, features %q", info.Id, info.Features)
	}
	var token models.UserToken
	c.Run("roles", "create", `{"Name":"looker","Claims":[{"scope":"info","action":"get","specific":"*"}]}`)
	c.Into(&token, "users", "token", e.Username(), "ttl", "60", "role", "looker")
	limited := c.WithToken(token.Token)
	limited.Run("info", "get")
	if out, err := limited.Try("plugins", "list"); err == nil {
		t.Errorf("a token for info alone may list plugins: %s", out)
	}
	wrong := drpcli.New(t, e.URL(), e.Username(), "wrong")
	if out, err := wrong.Try("-x", "info", "get"); err == nil {
		t.Errorf("a wrong password gets an answer: %s", out)
	}
}

// TestDrpcliPlugin goes through the life of a provider.
func TestDrpcliPlugin(t *testing.T) {
	e := emutest.Start(t, emulator.Options{})
	c := cli(t, e)
	var uploaded models.PluginProviderUploadInfo
	c.Into(&uploaded, "plugin_providers", "upload", "recorder", "from", buildRecorder(t))
	if uploaded.Path != "recorder" || uploaded.Size == 0 {
		t.Errorf("upload: %+v", uploaded)
	}
	c.Run("plugins", "create", `{"Name":"rec","Provider":"recorder"}`)
	var actions []models.AvailableAction
	c.Into(&actions, "plugins", "actions", "rec")
	if len(actions) != 2 || actions[0].Command != "echo" || actions[1].Command != "fail" {
		t.Errorf("actions without their required params must be hidden: %+v", actions)
	}
	var echo struct {
		Command, Plugin string
		Config, Params  map[string]any
	}
	c.Into(&echo, "plugins", "runaction", "rec", "echo", "recorder/opt", "5")
	if echo.Plugin != "rec" || echo.Params["recorder/opt"] != 5.0 {
		t.Errorf("echo: %+v", echo)
	}
	c.Into(&echo, "system", "runaction", "status")
	if echo.Command != "status" || echo.Params["recorder/opt"] != 7.0 {
		t.Errorf("status: %+v", echo)
	}
	if _, err := c.Try("plugins", "runaction", "rec", "echo", "recorder/opt", "five"); err == nil || !strings.Contains(err.Error(), "Expected: integer") {
		t.Errorf("a value against the schema: %v", err)
	}
	c.Run("plugins", "set", "rec", "param", "recorder/opt", "to", "9")
	c.Into(&echo, "plugins", "runaction", "rec", "echo")
	if echo.Config["recorder/opt"] != 9.0 {
		t.Errorf("config after the param was set: %v", echo.Config)
	}
	c.Run("plugin_providers", "destroy", "recorder")
	if _, err := c.Try("plugins", "runaction", "rec", "echo"); err == nil {
		t.Error("an action runs without its provider")
	}
}

func TestDrpcliAlerts(t *testing.T) {
	e := emutest.Start(t, emulator.Options{})
	c := cli(t, e)
	var first, again, other models.Alert
	c.Into(&first, "alerts", "post", "Error", "disk full", "--unique")
	c.Into(&again, "alerts", "post", "Error", "disk full", "--unique")
	c.Into(&other, "alerts", "post", "Error", "disk full")
	if first.Key() != again.Key() || again.Count != 1 || other.Key() == first.Key() {
		t.Errorf("unique: %s (%d), %s (%d), %s", first.Key(), first.Count, again.Key(), again.Count, other.Key())
	}
	if out, err := c.Try("alerts", "post", "loud", "x"); err == nil {
		t.Errorf("level loud: %s", out)
	}
	var updated models.Alert
	c.Into(&updated, "alerts", "update", first.Key(), `{"Note":"looked at"}`)
	c.Into(&updated, "alerts", "ack", first.Key())
	if !updated.Acknowledged || updated.Note != "looked at" {
		t.Errorf("acknowledged: %+v", updated)
	}
	var open []models.Alert
	c.Into(&open, "alerts", "list", "Name=disk full", "Acknowledged=Eq(false)")
	if len(open) != 1 || open[0].Key() != other.Key() {
		t.Errorf("open alerts: %+v", open)
	}
	if out := c.Run("alerts", "count"); strings.TrimSpace(out) != "2" {
		t.Errorf("count: %q", out)
	}
}

// TestDrpcliEvents watches events and posts one.
func TestDrpcliEvents(t *testing.T) {
	e := emutest.Start(t, emulator.Options{})
	c := cli(t, e)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	watch := c.Command(ctx, "events", "watch", "disk.*.*")
	out, err := watch.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := watch.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = watch.Wait() // ended by the context
	})
	if err := e.WaitRegistered(ctx, "disk.*.*"); err != nil {
		t.Fatal(err)
	}
	c.Run("events", "post", `{"Type":"disk","Action":"full","Key":"sda","Object":{"Left":3}}`)
	var ev models.Event
	if err := json.NewDecoder(bufio.NewReader(out)).Decode(&ev); err != nil || ev.Action != "full" || ev.Key != "sda" {
		t.Errorf("event %+v, %v", ev, err)
	}
}

// TestDrpcliContents bundles, uploads and removes content.
func TestDrpcliContents(t *testing.T) {
	e := emutest.Start(t, emulator.Options{})
	c := cli(t, e)
	dir := t.TempDir()
	for name, text := range map[string]string{
		"meta.yaml":           "Name: pack\nVersion: v1.2.3\nDescription: a pack\n",
		"params/pack.n.yaml":  "Name: pack/n\nDescription: n\nSchema: {type: integer, default: 3}\n",
		"blueprints/one.yaml": "Name: one\nTasks: [one]\n",
		"triggers/one.yaml":   "Name: one\nTriggerProvider: cron-trigger\nBlueprint: one\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	bundle := filepath.Join(t.TempDir(), "pack.yaml")
	bundling := c.Command(t.Context(), "contents", "bundle", bundle)
	bundling.Dir = dir
	if out, err := bundling.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	c.Run("contents", "upload", bundle)
	c.Run("contents", "upload", bundle) // again: replaces itself
	var param models.Param
	c.Into(&param, "params", "show", "pack/n")
	if !param.ReadOnly || param.Bundle != "pack" {
		t.Errorf("param of a bundle: %+v", param)
	}
	var trigger models.Trigger
	c.Into(&trigger, "triggers", "show", "one")
	if trigger.FilterCount != 1 {
		t.Errorf("trigger: %+v", trigger)
	}
	if out, err := c.Try("params", "destroy", "pack/n"); err == nil {
		t.Errorf("an object of a bundle is destroyed: %s", out)
	}
	c.Run("contents", "destroy", "pack")
	if _, err := c.Try("params", "show", "pack/n"); err == nil {
		t.Error("the objects of a bundle outlive it")
	}
}

// TestDrpcliParams sets plain and secure params.
func TestDrpcliParams(t *testing.T) {
	e := emutest.Start(t, emulator.Options{})
	c := cli(t, e)
	c.Run("params", "create", `{"Name":"my/secret","Secure":true,"Schema":{"type":"string"}}`)
	c.Run("profiles", "create", `{"Name":"mine"}`)
	c.Run("profiles", "set", "mine", "param", "my/secret", "to", "hush")
	c.Run("profiles", "set", "global", "param", "my/free", "to", `{"a": [1, 2]}`)
	if out := c.Run("profiles", "get", "mine", "param", "my/secret", "--decode"); strings.TrimSpace(out) != `"hush"` {
		t.Errorf("decoded: %s", out)
	}
	if out := c.Run("profiles", "get", "mine", "param", "my/secret"); strings.Contains(out, "hush") || !strings.Contains(out, "Payload") {
		t.Errorf("sealed: %s", out)
	}
	if out := c.Run("profiles", "show", "global"); !strings.Contains(out, "my/free") {
		t.Errorf("global: %s", out)
	}
	c.Run("profiles", "remove", "global", "param", "my/free")
	if out := c.Run("profiles", "get", "global", "param", "my/free"); strings.TrimSpace(out) != "null" {
		t.Errorf("removed: %s", out)
	}
}

// TestDrpcliCertificates replaces the API port's certificate, which new connections see at once.
func TestDrpcliCertificates(t *testing.T) {
	e := emutest.Start(t, emulator.Options{})
	c := cli(t, e)
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "server.crt"), filepath.Join(dir, "server.key")
	c.Run("system", "certs", "get", certFile, keyFile)
	if _, err := tls.LoadX509KeyPair(certFile, keyFile); err != nil {
		t.Fatal(err)
	}
	other := emutest.Start(t, emulator.Options{})
	cli(t, other).Run("system", "certs", "set", certFile, keyFile)
	conn, err := tls.Dial("tcp", other.Addr(), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	raw, err := os.ReadFile(certFile)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(raw)
	if got := conn.ConnectionState().PeerCertificates[0].Raw; string(got) != string(block.Bytes) {
		t.Error("the new certificate is not served")
	}
	c.Run("files", "certs", "get", certFile, keyFile)
}
