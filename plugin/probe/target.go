package probe

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
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
		return trace.Target{}, fmt.Errorf("target %q: "+format, append([]any{shown(s)}, args...)...)
	}
	u, err := parseURL(s, plain)
	if err != nil {
		return fail("%v", err)
	}
	if u.User != nil {
		return fail("carries a user; give credentials by --token, --username and --password")
	}
	if u.Fragment != "" || strings.HasSuffix(s, "#") {
		return fail("has a part after #, as the portal's own address does; give the endpoint's: https://host:%d", DefaultPort)
	}
	t.Scheme = u.Scheme
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

// parseURL takes s apart as a URL of one of our schemes.
func parseURL(s string, plain bool) (*url.URL, error) {
	switch {
	case strings.TrimSpace(s) == "":
		return nil, fmt.Errorf("is empty; write https://host:%d", DefaultPort)
	case len(s) > maxTarget:
		return nil, fmt.Errorf("is longer than %d bytes", maxTarget)
	case strings.ContainsFunc(s, isControl):
		return nil, errors.New("holds a control character")
	case strings.ContainsAny(s, " \\"):
		return nil, errors.New("holds a blank or a backslash")
	}
	u, err := url.Parse(withScheme(s, plain))
	var ue *url.Error
	switch {
	case err != nil && strings.Contains(s, "@"):
		return nil, errors.New("is no URL") // the parser's words may quote a password
	case errors.As(err, &ue):
		return nil, fmt.Errorf("is no URL: %w", ue.Err)
	case err != nil:
		return nil, fmt.Errorf("is no URL: %w", err)
	case !slices.Contains(schemes, u.Scheme):
		return nil, fmt.Errorf("scheme %q is none of %s", u.Scheme, strings.Join(schemes, ", "))
	case slices.Contains(schemes, strings.ToLower(u.Hostname())) && strings.HasSuffix(u.Host, ":"):
		return nil, errors.New("lacks // after the scheme")
	}
	return u, nil
}

var schemes = []string{"https", "http", "wss", "ws"}

// shown is s as an error may quote it: short, without user, password and query.
func shown(s string) string {
	s, _, _ = strings.Cut(s, "?")
	if at := strings.LastIndexByte(s, '@'); at >= 0 {
		s = "..." + s[at:]
	}
	return cut(s, 80)
}

// withScheme completes what is written without a scheme or, as an IPv6 address, without brackets,
// and escapes the zone of one (RFC 6874) where the user has not.
func withScheme(s string, plain bool) string {
	if a, err := netip.ParseAddr(s); err == nil && a.Is6() {
		s = "[" + s + "]"
	}
	if open, end := strings.IndexByte(s, '['), strings.IndexByte(s, ']'); open >= 0 && end > open {
		inner := strings.ReplaceAll(strings.ReplaceAll(s[open:end], "%25", "%"), "%", "%25")
		s = s[:open] + inner + s[end:]
	}
	switch {
	case strings.Contains(s, "://"):
		return s
	case plain:
		return "wss://" + s
	}
	return "https://" + s
}

// parseHost returns the host as it goes over the wire: an address, or a name in ASCII.
func parseHost(host string) (string, error) {
	if host == "" {
		return "", errors.New("has no host")
	}
	if a, err := netip.ParseAddr(host); err == nil {
		if strings.ContainsFunc(strings.ToLower(a.Zone()), notInName) {
			return "", fmt.Errorf("%q is no IPv6 address: its zone is no interface's name", host)
		}
		return a.String(), nil
	}
	if strings.ContainsAny(host, ":[]") {
		return "", fmt.Errorf("%q is no IPv6 address", host)
	}
	name, err := hostNames.ToASCII(host)
	if again, err2 := hostNames.ToASCII(name); err != nil || err2 != nil || again != name {
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
	if strings.Contains(strings.ToLower(u.RawQuery), "token=") {
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
