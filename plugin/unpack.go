package plugin

import (
	"gitlab.com/rackn/logger"

	"ws-diagnose/plugin/page"
)

// Unpack writes the self-test page into the provider's part of the server's file space, from where
// DRP's file ports serve it (the SDK's PluginUnpacker; called at each upload and start).
func (p *Provider) Unpack(_ logger.Logger, dir string) error { return page.Write(dir) }
