package emulator

import (
	"maps"
	"net"
	"net/http"
	"strconv"

	"gitlab.com/rackn/provision/v4/models"
)

// oldFeatures are those of the 3.8 server; newFeatures what a current one adds, as far as known.
var (
	oldFeatures = []string{"api-v3", "sane-exit-codes", "common-blob-size", "change-stage-map",
		"job-exit-states", "package-repository-handling", "profileless-machine", "threaded-log-levels",
		"plugin-v2", "fsm-runner", "plugin-v2-safe-config", "workflows", "default-workflow",
		"http-range-header", "roles", "tenants"}
	newFeatures = []string{"secure-params", "secure-params-in-content-packs", "sprig", "elevated-tasks",
		"task-prerequisites", "content-prerequisite-version-checking", "alerts"}
)

// oldInfo are the keys of the 3.8 server's info.
var oldInfo = []string{"address", "api_port", "arch", "binl_enabled", "binl_port", "dhcp_enabled",
	"dhcp_port", "features", "file_port", "id", "os", "prov_enabled", "scopes", "stats", "tftp_enabled",
	"tftp_port", "version"}

// serveInfo answers what the endpoint says of itself. The old server has no HEAD here.
func (c *call) serveInfo() {
	head := c.r.Method == http.MethodHead && !c.e.opt.Old
	switch {
	case len(c.path) != 1 || c.r.Method != http.MethodGet && !head:
		c.noRoute()
	case c.need("info", "get", "*"):
		c.reply(http.StatusOK, c.e.info())
	}
}

// info is the answer with the keys that the options set.
func (e *Endpoint) info() object {
	o := e.ownInfo()
	maps.Copy(o, e.opt.Info)
	return o
}

func (e *Endpoint) ownInfo() object {
	info := models.Info{
		Version: "v4.11.3", Id: e.opt.ID, LocalId: e.opt.ID, HaId: e.opt.ID,
		ApiPort: portOf(e.api), FilePort: portOf(e.files), SecureFilePort: portOf(e.secureFiles),
		DhcpPort: 67, BinlPort: 4011, TftpPort: 69,
		ProvisionerEnabled: !e.opt.Old, SecureProvisionerEnabled: true,
		Address:  net.ParseIP(e.opt.Host),
		Features: append(oldFeatures[:len(oldFeatures):len(oldFeatures)], newFeatures...),
		Stats: []models.Stat{{Name: "machines.count", Count: len(e.store.list("machines"))},
			{Name: "subnets.count", Count: len(e.store.list("subnets"))}},
		HaIsActive: true, HaStatus: "Up",
	}
	info.Fill()
	if !e.opt.Old {
		return fields(info)
	}
	info.Version, info.Features = "v3.8.5", oldFeatures
	all, kept := fields(info), object{}
	for _, key := range oldInfo {
		kept[key] = all[key]
	}
	return kept
}

func portOf(l *listener) int {
	_, port, _ := net.SplitHostPort(l.address())
	n, _ := strconv.Atoi(port)
	return n
}
