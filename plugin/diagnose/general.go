package diagnose

import (
	"slices"
	"strings"

	"ws-diagnose/plugin/closecode"
)

// generalValues fill the templates where there is no report: for an endpoint's API port, with a
// self-signed certificate, as DRP comes.
var generalValues = values{
	"host": "HOST", "port": "8092", "hostport": closecode.Address, "dial": closecode.Address,
	"url": "https://" + closecode.Address, "api": "https://" + closecode.Address, "id": "https://" + closecode.Address,
	"accept": "https://" + closecode.Address + "/", "probe": "https://" + closecode.Address + "/api/v3/info",
	"path": "/api/v3/ws", "name": "HOST", "cn": "HOST", "san": "subjectAltName=DNS:HOST",
	"portal": "https://portal.rackn.io", "origin": "https://portal.rackn.io", "trigger": "ws-diagnose",
	"is_drp": "yes", "is_api": "yes", "is_issued": "", "is_static": "", "is_foreign": "", "is_hsts": "", "is_bundle": "",
}

// general returns the entry with its templates filled for no endpoint in particular.
func (e Entry) general() Entry {
	v := generalValues.with(nil)
	for _, text := range slices.Concat([]string{e.Headline, e.Cause, e.User, e.Verify}, e.Remedy) {
		for _, p := range placeholder.FindAllStringSubmatch(text, -1) {
			if _, known := v[p[1]]; !known {
				v[p[1]] = strings.ToUpper(p[1])
			}
		}
	}
	for _, text := range []*string{&e.Headline, &e.Cause, &e.User, &e.Verify} {
		*text = fill(*text, v, plain)
	}
	e.Remedy = fillSteps(e.Remedy, v)
	e.DependsOn, e.HeldBackBy = slices.Clone(e.DependsOn), slices.Clone(e.HeldBackBy)
	return e
}
