package diagnose

import (
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"ws-diagnose/plugin/trace"
)

// scene is what a rule looks at: the trace of one target, and what surrounds it. Its methods
// answer for parts of the trace that are not there, so that rules need not ask.
type scene struct {
	*trace.Trace
	evidence *trace.Evidence
	policy   Policy
}

// now is the time of the run, the only clock of this package.
func (s *scene) now() time.Time { return s.evidence.Time }

// watch is what the watcher knows of this target; nil when it was not watched.
func (s *scene) watch() *trace.Watch { return s.evidence.History[s.Target.ID()] }

// answer is the answer to the upgrade request; nil when the walk did not come so far.
func (s *scene) answer() *trace.Answer {
	if s.HTTP == nil {
		return nil
	}
	return &s.HTTP.Answer
}

// address is the address that was spoken to; the zero value when none is known.
func (s *scene) address() netip.Addr {
	if s.Connect != nil && s.Connect.Chosen.IsValid() && s.Connect.Proxy == nil {
		return s.Connect.Chosen.Addr().Unmap()
	}
	if a, err := netip.ParseAddr(s.Target.Host); err == nil {
		return a.Unmap()
	}
	return netip.Addr{}
}

// drp says that the target is a DRP endpoint rather than any websocket server.
func (s *scene) drp() bool { return !s.Target.Plain }

// foreign says that another certificate is served here than over loopback: something in front of
// the endpoint, a proxy or a load balancer, ends TLS.
func (s *scene) foreign() bool {
	if s.Certificate == nil || s.Target.Role != trace.RoleEndpoint {
		return false
	}
	for _, t := range s.evidence.Traces {
		if t != nil && t.Target.Role == trace.RoleLoopback && t.Certificate != nil {
			return t.Certificate.Leaf.SHA256 != s.Certificate.Leaf.SHA256
		}
	}
	return false
}

// frontServers are proxies that name themselves in their answers, which DRP does not.
var frontServers = []string{"nginx", "openresty", "apache", "envoy", "caddy", "awselb", "cloudflare"}

// fronted says that the answer to the upgrade request names a proxy, which then ends TLS as well.
func (s *scene) fronted() bool {
	if s.HTTP == nil {
		return false
	}
	server := strings.ToLower(s.HTTP.Header.Get("Server"))
	return slices.ContainsFunc(frontServers, func(name string) bool { return strings.HasPrefix(server, name) })
}

// names are those that a new certificate for the target should have, at least one: what users type,
// and what the present certificate names already, so that a renewal loses nobody.
func (s *scene) names() []string {
	names := slices.Clone(s.Target.Names)
	if leaf := s.leaf(); leaf != nil && !s.foreign() {
		names = append(names, leaf.DNSNames...)
		for _, ip := range leaf.IPAddresses {
			names = append(names, ip.String())
		}
	}
	var distinct []string
	for _, n := range names {
		if n != drpFiller && !slices.Contains(distinct, n) && len(distinct) < maxNames {
			distinct = append(distinct, n)
		}
	}
	if len(distinct) == 0 {
		return []string{hostOnly(s.Target)}
	}
	return distinct
}

// maxNames bounds the names in a command that a person is to read.
const maxNames = 16

// drpFiller is a name without meaning that DRP writes into each certificate it makes.
const drpFiller = "greg.fill.in"

// apiURL is where the endpoint's API is, also for its file port.
func (s *scene) apiURL() string {
	if s.Target.Role == trace.RoleStatic {
		for _, t := range s.evidence.Traces {
			if t != nil && t.Target.Role != trace.RoleStatic && !t.Target.Plain {
				return baseURL(t.Target)
			}
		}
	}
	return baseURL(s.Target)
}

// values are what every template of this target may use.
func (s *scene) values() values {
	t := s.Target
	host := hostOnly(t)
	v := values{
		"host": t.Host, "port": strconv.Itoa(t.Port), "hostport": net.JoinHostPort(t.Host, strconv.Itoa(t.Port)),
		"url": baseURL(t), "api": s.apiURL(), "path": t.Path, "name": host, "names": strings.Join(s.names(), " "),
		"cn": s.names()[0], "san": subjectAltName(s.names()), "proxy": t.Proxy, "origin": t.Origin, "portal": s.policy.PortalURL,
		"id": t.ID(), "dial": s.dialled(), "probe": baseURL(t) + t.Path, "accept": baseURL(t) + "/",
	}
	if s.leaf() != nil {
		v["accept"] = acceptAddresses(s)[0]
	}
	if s.drp() {
		v["probe"] = s.apiURL() + "/api/v3/info"
	}
	v.set("is_hsts", len(hstsNoException(s)) > 0)
	front := s.foreign() || s.fronted()
	v.set("is_foreign", front)
	v.set("is_drp", s.drp())
	v.set("is_api", s.drp() && t.Role != trace.RoleStatic && !front)
	v.set("is_issued", s.leaf() != nil && !s.leaf().SelfSigned)
	v.set("is_static", t.Role == trace.RoleStatic)
	return v
}

// set makes name a condition for steps, see condition.
func (v values) set(name string, holds bool) {
	v[name] = ""
	if holds {
		v[name] = "yes"
	}
}

// dialled is the address and port of the target that was, or was to be, dialled, by us or by a proxy.
func (s *scene) dialled() string {
	if s.Connect != nil && s.Connect.Chosen.IsValid() && s.Connect.Proxy == nil {
		return s.Connect.Chosen.String()
	}
	if s.Target.Connect != "" {
		return s.Target.Connect
	}
	return net.JoinHostPort(s.Target.Host, strconv.Itoa(s.Target.Port))
}

// hostOnly is the name that the server is asked for.
func hostOnly(t trace.Target) string {
	if t.ServerName != "" {
		return t.ServerName
	}
	return t.Host
}

// baseURL is the address to open in a browser.
func baseURL(t trace.Target) string {
	scheme := "http"
	if t.Secure() {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(t.Host, strconv.Itoa(t.Port))
}

// subjectAltName spells names as openssl's -addext takes them.
func subjectAltName(names []string) string {
	kinds := make([]string, 0, len(names))
	for _, n := range names {
		kind := "DNS:"
		if _, err := netip.ParseAddr(n); err == nil {
			kind = "IP:"
		}
		kinds = append(kinds, kind+strings.ReplaceAll(n, ",", ""))
	}
	return "subjectAltName=" + strings.Join(kinds, ",")
}
