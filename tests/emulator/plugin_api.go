package emulator

import (
	"net/http"
	"strings"

	"gitlab.com/rackn/logger"
	"gitlab.com/rackn/provision/v4/models"
)

// fromPlugin serves what a plugin asks of the server on its own socket.
func (p *process) fromPlugin(w http.ResponseWriter, r *http.Request) {
	path, _ := strings.CutPrefix(r.URL.Path, "/api-server-plugin/v4/")
	c := &call{e: p.e, w: w, r: r}
	switch kind, prefix, _ := strings.Cut(path, "/"); {
	case path == "log" && r.Method == http.MethodPost:
		var line logger.Line
		if c.decode(&line) {
			p.e.log(&line)
			c.reply(http.StatusNoContent, nil)
		}
	case path == "publish" && r.Method == http.MethodPost:
		var ev models.Event
		if c.decode(&ev) {
			ev.Principal = "plugin:" + p.name
			p.e.Publish(&ev)
			c.reply(http.StatusNoContent, nil)
		}
	case path == "leaving" && r.Method == http.MethodPost:
		p.e.tasks.Go(func() { p.e.host.stop(p.name) })
		c.reply(http.StatusNoContent, nil)
	case kind == "objects" && r.Method == http.MethodGet:
		c.reply(http.StatusOK, p.e.store.list(prefix))
	default:
		c.noRoute()
	}
}
