//lint:file-ignore ST1005 the messages are the real server's

package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"gitlab.com/rackn/provision/v4/models"
)

// pluginVersion is the one version of the plugin protocol that the server takes.
const pluginVersion = 4

// defineTimeout bounds one run of "define" or "unpack".
const defineTimeout = time.Minute

// providers serves plugin_providers.
func (c *call) providers() {
	const prefix = "plugin_providers"
	switch {
	case len(c.path) == 1 && c.r.Method == http.MethodGet:
		if c.need(prefix, "list", "*") {
			list := []object{}
			for _, o := range c.e.store.list(prefix) {
				list = append(list, c.e.store.present(prefix, o))
			}
			c.reply(http.StatusOK, list) // without the headers of other lists
		}
	case len(c.path) == 2 && c.r.Method == http.MethodPost:
		if c.need(prefix, "create", c.path[1]) {
			c.uploadProvider(c.path[1])
		}
	case len(c.path) == 2 && c.r.Method == http.MethodDelete:
		if c.need(prefix, "delete", c.path[1]) {
			c.deleteProvider(c.path[1])
		}
	case len(c.path) == 3 && c.path[2] == "binary" && c.r.Method == http.MethodGet:
		if c.need(prefix, "get", c.path[1]) {
			http.ServeFile(c.w, c.r, c.e.providerPath(c.path[1]))
		}
	case len(c.path) == 2 && c.r.Method == http.MethodGet:
		c.objects()
	default:
		c.noRoute()
	}
}

func (e *Endpoint) providerPath(name string) string {
	return filepath.Join(e.dir, "plugins", filepath.Base(name))
}

// uploadProvider stores the binary, learns what it offers and starts its plugins.
func (c *call) uploadProvider(name string) {
	size, err := c.e.saveBinary(name, c.r.Body)
	if err == nil {
		err = c.e.importProvider(name, c.who.principal, c.wants("replaceWritable"))
	}
	if err != nil {
		c.fail(&models.Error{Type: "API ERROR", Code: http.StatusBadRequest,
			Messages: []string{fmt.Sprintf("Import plugin failed %s: %v", name, err)}})
		return
	}
	c.reply(http.StatusCreated, &models.PluginProviderUploadInfo{Path: name, Size: size})
}

// saveBinary puts an upload into place as a whole: a running binary cannot be written to.
func (e *Endpoint) saveBinary(name string, body io.Reader) (int64, error) {
	path := e.providerPath(name)
	f, err := os.OpenFile(path+".part", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o700)
	if err != nil {
		return 0, err
	}
	size, err := io.Copy(f, body)
	if err := errors.Join(err, f.Close()); err != nil {
		return 0, err
	}
	return size, os.Rename(path+".part", path)
}

// importProvider runs define and unpack, loads the content and starts what is to run.
func (e *Endpoint) importProvider(name, principal string, replaceWritable bool) error {
	def, err := e.define(name)
	if err != nil {
		return err
	}
	if def.PluginVersion != pluginVersion {
		return fmt.Errorf("Skipping %s because of bad version: %d", name, def.PluginVersion)
	}
	tree := filepath.Join(e.dir, "tftpboot/files/plugin_providers", filepath.Base(def.Name))
	if out, err := e.runProvider(name, "unpack", tree); err != nil {
		return fmt.Errorf("unpack failed %s: %w: %s", name, err, out)
	}
	e.host.stopProvider(def.Name)
	if err := e.loadProviderContent(def, replaceWritable); err != nil {
		return err
	}
	if _, err := e.delete(principal, "plugin_providers", def.Name); err != nil && err.Code != http.StatusNotFound {
		return err
	}
	if _, err := e.create(principal, "plugin_providers", fields(def)); err != nil {
		return err
	}
	if auto := def.AutoPlugin(); auto != nil && !e.opt.Old && e.store.find("plugins", auto.Name) == nil {
		if _, err := e.create(principal, "plugins", fields(auto)); err != nil {
			return err
		}
	}
	e.host.startProvider(def.Name)
	return nil
}

// define asks the binary what it is. Its two output streams are read as one: a single word on
// stderr spoils the JSON.
func (e *Endpoint) define(name string) (*models.PluginProvider, error) {
	out, err := e.runProvider(name, "define")
	if err != nil {
		return nil, fmt.Errorf("Skipping %s because %w: %s\n", name, err, out)
	}
	def := &models.PluginProvider{}
	if err := json.Unmarshal(out, def); err != nil {
		return nil, fmt.Errorf("Skipping %s because of bad json: %w\n%s\n", name, err, out)
	}
	if !e.opt.Old {
		def.Fill()
	}
	return def, nil
}

func (e *Endpoint) runProvider(name string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(e.done, defineTimeout)
	defer cancel()
	token := e.auth.issue(grant{principal: "plugin:" + name,
		claims: []*models.Claim{{Scope: "*", Action: "get,list", Specific: "*"}}}, time.Hour)
	for {
		cmd := exec.CommandContext(ctx, e.providerPath(name), args...)
		cmd.Env = e.pluginEnv(token)
		cmd.Dir = filepath.Join(e.dir, "plugin-tmp")
		cmd.WaitDelay = time.Second
		out, err := cmd.CombinedOutput()
		// A process forked while the binary was being written may hold it open for an instant.
		if !errors.Is(err, syscall.ETXTBSY) {
			return out, err
		}
	}
}

// pluginEnv is the environment of every run of a provider's binary: the server's own, and where to
// find the server. Settings for DRP clients that a test may have are not the server's.
func (e *Endpoint) pluginEnv(token string) []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "RS_") })
	return append(append(env,
		"RS_ENDPOINT="+e.URL(),
		"RS_FILESERVER="+e.FileURL(),
		"RS_WEBROOT="+filepath.Join(e.dir, "tftpboot"),
		"RS_TOKEN="+token,
		"RS_PID="+strconv.Itoa(os.Getpid())), e.opt.PluginEnv...)
}

// deleteProvider stops the plugins of a provider and forgets it.
func (c *call) deleteProvider(name string) {
	if c.e.store.find("plugin_providers", name) == nil {
		c.notFound("plugin_providers", name)
		return
	}
	if err := c.e.dropProvider(c.who.principal, name); err != nil {
		c.fail(err)
		return
	}
	c.reply(http.StatusNoContent, nil)
}

func (e *Endpoint) dropProvider(principal, name string) *models.Error {
	e.host.stopProvider(name)
	e.store.removeLayer(name)
	_, err := e.delete(principal, "plugin_providers", name)
	_ = os.Remove(e.providerPath(name)) // gone already when a second request was faster
	return err
}
