package plugin

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"ws-diagnose/plugin/diagnose"
	"ws-diagnose/plugin/probe"
	"ws-diagnose/plugin/trace"
)

// serverInfo is what GET /info says of the server, as far as it leads to targets. The ports have
// changed their type between versions, so they are read from whatever JSON there is.
type serverInfo struct {
	Address    string `json:"address"`
	HAVirtual  string `json:"ha_virtual_address"`
	StaticPort any    `json:"secure_file_port"`
	ExtraPorts any    `json:"extra_api_ports"`
	Cluster    struct {
		VirtualAddress string `json:"VirtAddr"`
	} `json:"ClusterState"`
}

// targets lists what a run looks at: the server's own ports first, then what users type. The names
// that users type are what the server's own certificate is judged against; portal is the origin of the
// page that opens the sockets.
func targets(s Settings, endpoint, portal string, info serverInfo) []trace.Target {
	var names []string
	for _, e := range s.Endpoints {
		if !slices.Contains(names, e.Host) {
			names = append(names, e.Host)
		}
	}
	var list []trace.Target
	add := func(role trace.Role, host string, port int) {
		t := trace.Target{Scheme: "https", Host: host, Port: port, Path: probe.WebsocketPath, Role: role,
			CertOnly: role == trace.RoleStatic, Names: names, NamesUnknown: len(names) == 0}
		if host != "" && port != 0 && !slices.ContainsFunc(list, samePlace(t)) {
			list = append(list, t)
		}
	}
	port := serverPort(endpoint)
	own := ownAddress(endpoint, info)
	add(trace.RoleLoopback, "127.0.0.1", port)
	add(trace.RoleOwn, own, port)
	for _, extra := range ports(info.ExtraPorts) {
		add(trace.RoleOwn, "127.0.0.1", extra)
	}
	for _, virtual := range []string{info.HAVirtual, info.Cluster.VirtualAddress} {
		host, _ := probe.ParseHost(strings.Split(virtual, "/")[0])
		add(trace.RoleOwn, host, port)
	}
	add(trace.RoleStatic, "127.0.0.1", staticPortOf(info))
	for _, e := range s.Endpoints {
		if !slices.ContainsFunc(list, samePlace(e)) {
			list = append(list, e)
		}
	}
	for i := range list {
		list[i].Origin = portal
	}
	return list
}

// ownAddress is the server's own address: what it told us when it started us, else what its info
// says. A loopback address is none.
func ownAddress(endpoint string, info serverInfo) string {
	for _, host := range []string{serverHost(endpoint), info.Address} {
		address, err := netip.ParseAddr(host)
		if err == nil && !address.IsLoopback() && !address.IsUnspecified() {
			return address.String()
		}
		if err != nil && host != "" && host != "localhost" {
			return host
		}
	}
	return ""
}

// staticPortOf is the port of the HTTPS file server, 0 where the server says that there is none.
func staticPortOf(info serverInfo) int {
	if info.StaticPort == nil {
		return 0 // before DRP 4.7 there was none; or the info could not be had
	}
	if list := ports(info.StaticPort); len(list) > 0 {
		return list[0]
	}
	return 0
}

// ports reads a port or a list of ports, as numbers or as text, and leaves out what is none.
func ports(value any) []int {
	switch v := value.(type) {
	case float64:
		if v >= 1 && v <= 65535 && v == float64(int(v)) {
			return []int{int(v)}
		}
	case string:
		var list []int
		for _, word := range strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ' ' }) {
			if n, err := strconv.Atoi(word); err == nil && n > 0 && n < 65536 {
				list = append(list, n)
			}
		}
		return list
	case []any:
		var list []int
		for _, entry := range v[:min(len(v), maxEndpoints)] {
			list = append(list, ports(entry)...)
		}
		return list
	}
	return nil
}

// samePlace says whether two targets are the same host and port.
func samePlace(a trace.Target) func(trace.Target) bool {
	return func(b trace.Target) bool { return a.Host == b.Host && a.Port == b.Port }
}

// choose keeps the targets that an action asked for; all where it did not ask. Loopback always stays:
// its certificate decides who else may be shown the token, and whether a fault is the server's own.
// The error lists what there is.
func choose(list []trace.Target, wanted string) ([]trace.Target, error) {
	var all []string
	var chosen []trace.Target
	found := false
	for _, t := range list {
		meant := isMeant(t.ID(), wanted)
		all, found = append(all, t.ID()), found || meant
		if meant || t.Role == trace.RoleLoopback {
			chosen = append(chosen, t)
		}
	}
	if !found && wanted != "" {
		return nil, fmt.Errorf("param %s/target is %s, which is not among the targets: allowed are %s",
			Name, shown(wanted), strings.Join(all, ", "))
	}
	return chosen, nil
}

// isMeant says whether an action's choice means a target: by its name in reports, by host and port,
// or by host; the empty choice means all.
func isMeant(id, wanted string) bool {
	_, address, _ := strings.Cut(id, "://")
	host, _, _ := net.SplitHostPort(address) // a target's name is always well formed
	wanted = strings.TrimSuffix(wanted, "/")
	return wanted == "" || slices.Contains([]string{id, address, host}, wanted)
}

// meant keeps the reports on the targets that an action asked for.
func meant(reports []diagnose.Report, wanted string) []diagnose.Report {
	return slices.DeleteFunc(slices.Clone(reports), func(r diagnose.Report) bool { return !isMeant(r.Target, wanted) })
}

// dropForeignNames takes a name off the server's own certificates where the endpoint of that name
// answered with another one: there a proxy ends TLS, and the server's own need not cover the name.
func dropForeignNames(traces []*trace.Trace) {
	shown := map[string]string{} // host of an endpoint to the fingerprint that it showed
	for _, t := range traces {
		if t.Target.Role == trace.RoleEndpoint && t.Certificate != nil {
			shown[t.Target.Host] = leaf(t)
		}
	}
	for _, t := range traces {
		if t.Target.Role == trace.RoleEndpoint || t.Certificate == nil {
			continue
		}
		t.Certificate.Names = slices.DeleteFunc(t.Certificate.Names, func(n trace.NameCheck) bool {
			other, known := shown[n.Name]
			return known && other != leaf(t)
		})
	}
}

// leaf is the fingerprint of the leaf certificate that the target showed, "" when it showed none.
func leaf(t *trace.Trace) string {
	if t.Certificate == nil {
		return ""
	}
	return t.Certificate.Leaf.SHA256
}
