// Command recorder is a plugin provider that answers what it was asked: for tests of the plugin
// host. It declares what the provider of the recorded transcript did.
package main

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"gitlab.com/rackn/logger"
	"gitlab.com/rackn/provision/v4/api"
	"gitlab.com/rackn/provision/v4/models"
	"gitlab.com/rackn/provision/v4/plugin"
)

// content is byte for byte that of the transcript.
const content = `
meta: {Name: recorder, Version: v1.0.0, Description: recorder content}
sections:
  params:
    recorder/opt: {Name: recorder/opt, Description: optional, Schema: {type: integer, default: 7, minimum: 1}}
    recorder/req: {Name: recorder/req, Description: required, Schema: {type: string}}
    recorder/fail: {Name: recorder/fail, Description: fail config, Schema: {type: boolean, default: false}}
`

func definition() *models.PluginProvider {
	none, opt := []string{}, []string{"recorder/opt"}
	def := &models.PluginProvider{
		Name: "recorder", Version: "v1.0.0", PluginVersion: 4, Content: content,
		OptionalParams: []string{"recorder/opt", "recorder/fail"},
		AvailableActions: []models.AvailableAction{
			{Command: "echo", Model: "plugins", RequiredParams: none, OptionalParams: opt},
			{Command: "needs", Model: "plugins", RequiredParams: []string{"recorder/req"}, OptionalParams: none},
			{Command: "fail", Model: "plugins", RequiredParams: none, OptionalParams: none},
			{Command: "status", RequiredParams: none, OptionalParams: opt},
		},
	}
	def.Fill()
	return def
}

// recorder keeps the configuration it was given.
type recorder struct {
	mu     sync.Mutex
	config map[string]any
}

func refusal(code int) *models.Error {
	return &models.Error{Code: code, Model: "plugin", Key: "recorder", Type: "plugin", Messages: []string{"asked to fail"}}
}

// Config fails when it is told to.
func (r *recorder) Config(_ logger.Logger, _ *api.Client, config map[string]any) *models.Error {
	if config["recorder/fail"] == true {
		return refusal(http.StatusUnprocessableEntity)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.config = config
	return nil
}

// answer is what the actions return.
type answer struct {
	Command, Plugin       string
	Config, Model, Params any
}

// Action returns what it was called with.
func (r *recorder) Action(l logger.Logger, a *models.Action) (any, *models.Error) {
	if a.Command == "fail" {
		return nil, refusal(http.StatusTeapot)
	}
	l.Infof("asked for %s", a.Command)
	plugin.Publish("recorder", a.Command, a.Plugin, a.Params)
	r.mu.Lock()
	defer r.mu.Unlock()
	return answer{a.Command, a.Plugin, maps.Clone(r.config), a.Model, a.Params}, nil
}

// Unpack leaves a page for the file servers.
func (r *recorder) Unpack(_ logger.Logger, dir string) error {
	return os.WriteFile(filepath.Join(dir, "hello.txt"), []byte("hello from the recorder\n"), 0o644)
}

func main() {
	plugin.InitApp("recorder", "Answers what it was asked", "v1.0.0", definition(), &recorder{})
	if err := plugin.App.Execute(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
