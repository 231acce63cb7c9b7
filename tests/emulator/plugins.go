package emulator

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"

	"gitlab.com/rackn/provision/v4/models"
)

// pluginHost runs the plugins. Starts and stops go one after the other, as on a real server.
type pluginHost struct {
	e    *Endpoint
	life sync.Mutex // one start or stop at a time

	mu      sync.Mutex
	running map[string]*process
	offered map[string][]offered // by plugin
	counter int                  // makes socket names unique
}

func newPluginHost(e *Endpoint) *pluginHost {
	return &pluginHost{e: e, running: map[string]*process{}, offered: map[string][]offered{}}
}

// plugins serves plugin instances: as objects, and with what that does to their processes.
func (c *call) plugins() {
	switch {
	case len(c.path) == 1 && c.r.Method == http.MethodPost:
		o := object{}
		if !c.need("plugins", "create", "*") || !c.decode(&o) {
			return
		}
		made, err := c.e.create(c.who.principal, "plugins", o)
		if err == nil {
			c.e.host.start(keyOf("plugins", made))
			made = c.e.store.find("plugins", keyOf("plugins", made))
		}
		c.replyObject(http.StatusCreated, "plugins", made, err)
	case len(c.path) == 2 && c.r.Method == http.MethodDelete:
		if c.need("plugins", "delete", c.path[1]) {
			gone, err := c.e.delete(c.who.principal, "plugins", c.path[1])
			if err == nil {
				c.e.host.stop(c.path[1])
			}
			c.replyObject(http.StatusOK, "plugins", gone, err)
		}
	default:
		c.objects()
	}
}

// pluginChanged restarts a plugin whose Params, Description or Provider changed; other fields may
// change under it.
func (h *pluginHost) pluginChanged(was, is object) {
	for _, field := range []string{"Params", "Description", "Provider"} {
		if !sameField(was, is, field) {
			h.stop(keyOf("plugins", is))
			h.start(keyOf("plugins", is))
			return
		}
	}
}

// startProvider starts every plugin of a provider.
func (h *pluginHost) startProvider(provider string) {
	for _, o := range h.e.store.list("plugins") {
		if o["Provider"] == provider {
			h.start(keyOf("plugins", o))
		}
	}
}

// stopProvider stops every plugin of a provider.
func (h *pluginHost) stopProvider(provider string) {
	for _, o := range h.e.store.list("plugins") {
		if o["Provider"] == provider {
			h.stop(keyOf("plugins", o))
		}
	}
}

func (h *pluginHost) stopAll() {
	h.mu.Lock()
	names := slices.Collect(maps.Keys(h.running))
	h.mu.Unlock()
	for _, name := range names {
		h.stop(name)
	}
}

// start runs a plugin and configures it. What goes wrong is written into its PluginErrors, except
// that a 403 of its Config removes the whole provider.
func (h *pluginHost) start(name string) {
	h.life.Lock()
	defer h.life.Unlock()
	var plugin models.Plugin
	var provider models.PluginProvider
	if !h.e.store.load("plugins", name, &plugin) || !h.e.store.load("plugin_providers", plugin.Provider, &provider) {
		return
	}
	config, err := h.config(&plugin, &provider)
	if err == nil {
		err = h.run(&plugin, &provider, config)
	}
	var refused *models.Error
	if errors.As(err, &refused) && refused.Code == http.StatusForbidden {
		h.e.tasks.Go(func() { _ = h.e.dropProvider("system", provider.Name) })
	}
	h.setErrors(&plugin, config, err)
}

// run starts a plugin's process, configures it and offers its actions.
func (h *pluginHost) run(plugin *models.Plugin, provider *models.PluginProvider, config object) error {
	h.mu.Lock()
	h.counter++
	number := h.counter
	h.mu.Unlock()
	p, err := h.e.startProcess(plugin.Name, provider.Name, number)
	if err != nil {
		return err
	}
	if err := p.configure(config); err != nil {
		p.stop()
		return err
	}
	var list []offered
	for _, a := range provider.AvailableActions {
		a.Provider = provider.Name
		a.Fill()
		list = append(list, offered{AvailableAction: a, plugin: plugin.Name})
	}
	h.mu.Lock()
	h.running[plugin.Name], h.offered[plugin.Name] = p, list
	h.mu.Unlock()
	h.e.publish("system", "plugins", "configed", plugin.Name, plugin, nil)
	return nil
}

// config is what Config gets: the plugin's own params, unsealed, and its name.
func (h *pluginHost) config(plugin *models.Plugin, provider *models.PluginProvider) (object, error) {
	self := fields(plugin)
	config := object{"Name": plugin.Name}
	for name, value := range plugin.Params {
		config[name] = h.e.unseal(value)
	}
	for _, name := range slices.Concat(provider.RequiredParams, provider.OptionalParams) {
		if value, ok := h.e.paramOf(self, name); ok && h.e.opt.ResolveConfig {
			config[name] = value
		}
	}
	for _, name := range provider.RequiredParams {
		if _, ok := h.e.paramOf(self, name); !ok {
			return nil, fmt.Errorf("missing required parameter %s", name)
		}
	}
	return config, nil
}

// setErrors writes the outcome of a start into the plugin object. After a failure the old server
// leaves there as well what it sent to Config, the name among it.
func (h *pluginHost) setErrors(plugin *models.Plugin, config object, err error) {
	list := []string{}
	if err != nil {
		list = append(list, err.Error())
	}
	if slices.Equal(list, plugin.PluginErrors) {
		return
	}
	_, _, _ = h.e.update("system", "plugins", plugin.Name, func(o object) *models.Error {
		o["PluginErrors"] = list
		if h.e.opt.Old && err != nil && config != nil {
			o["Params"] = config
		}
		return nil
	})
}

// stop ends a plugin's process, if it has one.
func (h *pluginHost) stop(name string) {
	h.life.Lock()
	defer h.life.Unlock()
	h.mu.Lock()
	p := h.running[name]
	delete(h.running, name)
	delete(h.offered, name)
	h.mu.Unlock()
	if p != nil {
		p.stop()
		h.e.publish("system", "plugins", "stopped", name, nil, nil)
	}
}

// offers lists the actions of the running plugins on a model, of one plugin if it is named.
func (h *pluginHost) offers(model, plugin string) []offered {
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []offered
	for _, name := range slices.Sorted(maps.Keys(h.offered)) {
		for _, o := range h.offered[name] {
			if o.model() == model && (plugin == "" || plugin == name) {
				list = append(list, o)
			}
		}
	}
	return list
}

// PluginPID is the process id of a running plugin, 0 when it is not running.
func (e *Endpoint) PluginPID(name string) int {
	e.host.mu.Lock()
	defer e.host.mu.Unlock()
	if p := e.host.running[name]; p != nil {
		return p.cmd.Process.Pid
	}
	return 0
}

// act hands an action to its plugin and returns the plugin's answer.
func (h *pluginHost) act(plugin string, action *models.Action) ([]byte, int, *models.Error) {
	h.mu.Lock()
	p := h.running[plugin]
	h.mu.Unlock()
	conflict := func(err error) *models.Error {
		return &models.Error{Model: "plugins", Key: plugin, Type: "INVOKE", Code: http.StatusConflict,
			Messages: []string{err.Error()}}
	}
	if p == nil {
		return nil, 0, conflict(errors.New("plugin is not running"))
	}
	answer, code, err := p.post("action", action)
	if err != nil {
		return nil, 0, conflict(err)
	}
	return answer, code, nil
}
