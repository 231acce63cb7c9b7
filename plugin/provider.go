package plugin

import (
	"fmt"
	"net/http"
	"os"
	"sync"

	"gitlab.com/rackn/logger"
	"gitlab.com/rackn/provision/v4/api"
	"gitlab.com/rackn/provision/v4/models"
)

// Provider is what the SDK calls on behalf of the server. Its methods may be called at any time and
// concurrently.
type Provider struct {
	version string

	mu      sync.Mutex
	service *service // as last configured; nil before
}

// NewProvider returns a provider that is yet to be configured.
func NewProvider(version string) *Provider { return &Provider{version: version} }

// Config takes the plugin's params over. It may be called again: what ran under the former ones is
// stopped first, so that there is never more than one schedule. The session that the SDK offers is
// not used, see connect.
func (p *Provider) Config(l logger.Logger, _ *api.Client, params map[string]any) *models.Error {
	settings, err := configure(params)
	if err != nil {
		return failure(http.StatusUnprocessableEntity, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	next, err := newService(settings, p.version, os.Getenv("RS_ENDPOINT"), os.Getenv("RS_TOKEN"), l, p.service)
	if err != nil {
		return failure(http.StatusBadRequest, err)
	}
	p.service = next
	next.start()
	return nil
}

// Stop ends everything that was begun, within two seconds.
func (p *Provider) Stop(logger.Logger) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.service != nil {
		p.service.stop()
		p.service.keeper.Close()
		p.service = nil
	}
}

// Action runs the check on behalf of somebody. Its result is JSON as it is to be sent: the SDK's
// own encoder would round numbers and reorder keys.
func (p *Provider) Action(_ logger.Logger, action *models.Action) (any, *models.Error) {
	p.mu.Lock()
	service := p.service
	p.mu.Unlock()
	switch {
	case action.Command != Name:
		return nil, failure(http.StatusNotFound,
			fmt.Errorf("unknown action %s: this plugin has the action %s", shown(action.Command), Name))
	case service == nil:
		return nil, failure(http.StatusConflict,
			fmt.Errorf("the plugin is not configured: look at its PluginErrors, set its params right, and try again"))
	}
	result, problem := service.act(action)
	if problem != nil {
		return nil, problem
	}
	return result, nil
}

// failure is an error as the SDK wants it: never without a code, which it takes for a status.
func failure(code int, err error) *models.Error {
	return &models.Error{Model: "plugins", Key: Name, Type: "plugin", Code: code, Messages: []string{err.Error()}}
}
