package probe

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"ws-diagnose/plugin/trace"
)

// Bounds and defaults of a target.
const (
	maxTarget     = 2048
	DefaultPort   = 8092         // of a DRP endpoint's API
	WebsocketPath = "/api/v3/ws" // of a DRP endpoint
)

// ParseTarget reads a target as users write it: https://host:8092, host, host:port, [v6]:port or,
// with plain, wss://host/any/path. The scheme stays as typed; where none is, it is https, or wss
// with plain. The error names the value and what is wrong with it.
func ParseTarget(s string, plain bool) (trace.Target, error) {
	t := trace.Target{Plain: plain, Role: trace.RoleEndpoint}
	fail := func(format string, args ...any) (trace.Target, error) {
		return trace.Target{}, fmt.Errorf("target %q: "+format, append([]any{cut(s, 80)}, args...)...)
	}
	switch {
	case strings.TrimSpace(s) == "":
		return fail("is empty; write https://host:%d", DefaultPort)
	case len(s) > maxTarget:
		return fail("is longer than %d bytes", maxTarget)
	case strings.ContainsFunc(s, isControl):
		return fail("holds a control character")
	case strings.ContainsAny(s, " \\"):
		return fail("holds a blank or a backslash")
	}
	u, err := url.Parse(withScheme(s, plain))
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		return fail("is no URL: %v", err)
	}
	if u.User != nil {
		return fail("carries a user; give credentials by --token, --username and --password")
	}
	if u.Fragment != "" || strings.HasSuffix(s, "#") {
		return fail("has a part after #, as the portal's own address does; give the endpoint's: https://host:%d", DefaultPort)
	}
	t.Scheme = strings.ToLower(u.Scheme)
	switch t.Scheme {
	case "https", "http", "wss", "ws":
	default:
		return fail("scheme %q is none of https, http, wss, ws", t.Scheme)
	}
	if t.Host, err = parseHost(u.Hostname()); err != nil {
		return fail("%v", err)
	}
	if t.Port, err = parsePort(u, plain); err != nil {
		return fail("%v", err)
	}
	if t.Path, err = parsePath(u, plain); err != nil {
		return fail("%v", err)
	}
	return t, nil
}

// withScheme completes what is written without a scheme, bare IPv6 addresses included.
func withScheme(s string, plain bool) string {
	if strings.Contains(s, "://") {
		return s
	}
	scheme := "https://"
	if plain {
		scheme = "wss://"
	}
	if a, err := netip.ParseAddr(s); err == nil && a.Is6() {
		return scheme + "[" + strings.ReplaceAll(s, "%", "%25") + "]"
	}
	return scheme + s
}

// parseHost returns the host as it goes over the wire: an address, or a name in ASCII.
func parseHost(host string) (string, error) {
	if host == "" {
		return "", errors.New("has no host")
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return a.String(), nil
	}
	if strings.ContainsAny(host, ":[]") {
		return "", fmt.Errorf("%q is no IPv6 address", host)
	}
	name, err := hostNames.ToASCII(host)
	if err != nil {
		return "", fmt.Errorf("%q is no valid host name", host)
	}
	labels := strings.Split(strings.TrimSuffix(name, "."), ".")
	if len(name) > 253+1 {
		return "", errors.New("has a host name longer than 253 bytes")
	}
	for _, l := range labels {
		switch {
		case l == "":
			return "", fmt.Errorf("%q is no valid host name: it has an empty part", host)
		case len(l) > 63:
			return "", fmt.Errorf("%q is no valid host name: a part is longer than 63 bytes", host)
		case strings.ContainsFunc(l, notInName):
			return "", fmt.Errorf("%q is no valid host name: letters, digits, - and _ may stand in one", host)
		}
	}
	// Browsers take a name that ends in a number for an IPv4 address.
	if last := labels[len(labels)-1]; isNumber(last) {
		return "", fmt.Errorf("%q is no IPv4 address of four decimal numbers", host)
	}
	return name, nil
}

func notInName(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
}

func isNumber(s string) bool {
	if _, err := strconv.ParseUint(s, 10, 64); err == nil {
		return true
	}
	hex, ok := strings.CutPrefix(s, "0x")
	return ok && strings.Trim(hex, "0123456789abcdef") == ""
}

func parsePort(u *url.URL, plain bool) (int, error) {
	port := u.Port()
	switch {
	case port != "":
		n, err := strconv.Atoi(port)
		if err != nil || n < 1 || n > 65535 {
			return 0, fmt.Errorf("port %s is out of range: 1 to 65535", cut(port, 20))
		}
		return n, nil
	case !plain:
		return DefaultPort, nil
	case u.Scheme == "https" || u.Scheme == "wss":
		return 443, nil
	}
	return 80, nil
}

// parsePath is the path of the upgrade request. A DRP endpoint's own is added to whatever prefix
// a proxy or a manager puts in front of it.
func parsePath(u *url.URL, plain bool) (string, error) {
	if u.Query().Has("token") {
		return "", errors.New("carries a token; give it by --token or RS_TOKEN, where nobody else sees it")
	}
	path := u.EscapedPath()
	if plain {
		if path == "" {
			path = "/"
		}
		if u.RawQuery != "" {
			path += "?" + u.RawQuery
		}
		return path, nil
	}
	if u.RawQuery != "" {
		return "", errors.New("has a query, which a DRP endpoint's address does not; use --plain for another websocket server")
	}
	path = strings.TrimRight(path, "/")
	if strings.HasSuffix(path, WebsocketPath) {
		return path, nil
	}
	if strings.HasPrefix(u.Scheme, "ws") && path != "" {
		return "", fmt.Errorf("path %s is not a DRP endpoint's; use --plain for another websocket server", cut(path, 80))
	}
	return path + WebsocketPath, nil
}
