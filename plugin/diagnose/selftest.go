package diagnose

import (
	"net"
	"net/netip"
	"strconv"

	"ws-diagnose/plugin/trace"
)

// SelfTestPath is where a DRP endpoint's file ports serve the self-test page: below the directory to
// which the server has a provider unpack its files (DRP reference, "Unpacked files over HTTP").
const SelfTestPath = "/files/plugin_providers/ws-diagnose/index.html"

// DRP's default ports: of the API, and of the HTTPS file server (since DRP 4.7).
const (
	defaultAPIPort  = 8092
	defaultFilePort = 8090
)

// selfTestOf is the address of the self-test page of the endpoint; "" where there is none that a
// user's browser could open.
func selfTestOf(s *scene) string {
	reached := s.Stage(trace.StageConnect).Outcome == trace.OK
	host, port := s.pageHost(), s.pagePort()
	if !s.drp() || !reached || host == "" || port == 0 {
		return ""
	}
	return "https://" + plain(net.JoinHostPort(host, strconv.Itoa(port))) + SelfTestPath
}

// pageHost is the host that serves the endpoint's files under a name for users: the one they type,
// but the endpoint's own address where a proxy stands before its API. Loopback is no such name.
func (s *scene) pageHost() string {
	if s.foreign() {
		return notLoopback(s.ownAddress())
	}
	return notLoopback(acceptNames(s)[0])
}

// ownAddress is what the endpoint says of itself; "" when it is not known.
func (s *scene) ownAddress() string {
	if s.Info == nil {
		return ""
	}
	return s.Info.Address
}

func notLoopback(host string) string {
	if address, err := netip.ParseAddr(host); host == "localhost" || err == nil && (address.IsLoopback() || address.IsUnspecified()) {
		return ""
	}
	return host
}

// pagePort is the HTTPS file port; where the endpoint did not say, DRP's default beside the default
// API port. 0 when it is not known or there is none.
func (s *scene) pagePort() int {
	switch {
	case s.Target.Role == trace.RoleStatic:
		return s.Target.Port
	case s.Info != nil:
		return s.Info.SecureFilePort
	case s.Target.Port == defaultAPIPort:
		return defaultFilePort
	}
	return 0
}
