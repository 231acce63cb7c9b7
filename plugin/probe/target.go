package probe

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"ws-diagnose/plugin/trace"
)

// Defaults and bounds of a target.
const (
	DefaultPort   = 8092         // of a DRP endpoint's API
	WebsocketPath = "/api/v3/ws" // of a DRP endpoint
	maxTarget     = 2048         // bytes
)

// schemePorts are the schemes there are, each with the port that a browser takes for it.
var schemePorts = map[string]int{"https": 443, "wss": 443, "http": 80, "ws": 80}

// ParseTarget reads a URL as people type it: scheme://host:port, host:port or host. Without a
// scheme it is https on port 8092 (plain: wss on port 443); with one, the port is the scheme's own
// unless given. With plain any path will do, otherwise only DRP's. The error says what is wrong but
// does not quote the text, see QuoteTarget.
func ParseTarget(text string, plain bool) (trace.Target, error) {
	t := trace.Target{Plain: plain, Role: trace.RoleEndpoint}
	switch {
	case strings.TrimSpace(text) == "":
		return t, fmt.Errorf("it is empty: give https://host:%d", DefaultPort)
	case len(text) > maxTarget:
		return t, fmt.Errorf("it is longer than %d bytes", maxTarget)
	case strings.ContainsFunc(text, func(r rune) bool { return isControl(r) || r == ' ' || r == '\\' }):
		return t, errors.New("it holds a blank, a backslash or a control character")
	}
	scheme, rest, hasScheme := strings.Cut(text, "://")
	if t.Scheme = strings.ToLower(scheme); !hasScheme {
		rest, t.Scheme, t.Port = text, "https", DefaultPort
		if plain {
			t.Scheme, t.Port = "wss", schemePorts["wss"]
		}
	} else if t.Port = schemePorts[t.Scheme]; t.Port == 0 {
		return t, errors.New("the scheme must be https, http, wss or ws")
	}
	end := len(rest)
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		end = i
	}
	host, port, err := parseAuthority(rest[:end])
	if err != nil {
		return t, err
	}
	if port != 0 {
		t.Port = port
	}
	t.Host = host
	t.Path, err = parsePath(rest[end:], plain)
	return t, err
}

// parseAuthority reads host, host:port, [address]:port, or an IPv6 address without brackets. Port 0
// means that none is given.
func parseAuthority(text string) (host string, port int, err error) {
	if strings.Contains(text, "@") {
		return "", 0, errors.New("credentials do not belong into the address: give them with --username and --password, or --token")
	}
	if strings.Count(text, ":") > 1 && !strings.HasPrefix(text, "[") {
		text = "[" + text + "]" // an IPv6 address without brackets has no port
	}
	host = text
	if i := strings.LastIndexByte(text, ':'); i > strings.LastIndexByte(text, ']') {
		host = text[:i]
		if port, err = parsePort(text[i+1:]); err != nil {
			return "", 0, err
		}
	}
	host, err = ParseHost(host)
	return host, port, err
}

func parsePort(text string) (int, error) {
	port, err := strconv.ParseUint(text, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrSyntax):
		return 0, fmt.Errorf("the port %s is not a number", shown(text))
	case err != nil || port < 1 || port > 65535:
		return 0, fmt.Errorf("the port %s is not between 1 and 65535", shown(text))
	}
	return int(port), nil
}

// ParseHost reads a name, an IPv4 address, or an IPv6 address in brackets or without. It returns an
// address in its usual form, or a name in lower-case ASCII as it goes over the wire.
func ParseHost(host string) (string, error) {
	if host == "" {
		return "", errors.New("the host is missing")
	}
	inner, bracketed := strings.CutPrefix(host, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	address, err := netip.ParseAddr(strings.Replace(inner, "%25", "%", 1)) // RFC 6874
	switch {
	case bracketed && (err != nil || !closed || !address.Is6()), err == nil && strings.ContainsFunc(address.Zone(), notInName):
		return "", fmt.Errorf("%s is not an IPv6 address", shown(host))
	case err == nil:
		return address.String(), nil
	}
	name, err := hostNames.ToASCII(strings.TrimSuffix(host, "."))
	if err != nil || !isName(name) {
		return "", fmt.Errorf("%s is neither a host name nor an address", shown(host))
	}
	return name, nil
}

// isName says whether name may be looked up: labels of letters, digits, hyphens and underscores
// (RFC 1123, and the underscores that people use). A name whose last label is a number is an address
// gone wrong: browsers refuse it.
func isName(name string) bool {
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, notInName) {
			return false
		}
	}
	_, err := strconv.ParseUint(labels[len(labels)-1], 0, 64)
	again, err2 := hostNames.ToASCII(name)
	return len(name) <= 253 && err != nil && err2 == nil && again == name
}

func notInName(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
}

// QuoteTarget quotes an address for an error, unless a password or a token may stand in it.
func QuoteTarget(text string) string {
	if strings.Contains(text, "@") || strings.Contains(strings.ToLower(text), "token") {
		return "(not shown, it may hold a secret)"
	}
	return strconv.Quote(cut(text, 120))
}

// shown quotes a part of an address, short enough to stand in an error.
func shown(text string) string { return strconv.Quote(cut(text, 80)) }

// parsePath reads what follows the host.
func parsePath(text string, plain bool) (string, error) {
	if strings.Contains(text, "#") {
		return "", errors.New("leave out the part from # on: a websocket's address has none")
	}
	if !plain {
		if slices.Contains([]string{"", "/", WebsocketPath}, text) {
			return WebsocketPath, nil
		}
		return "", errors.New("give host and port of a DRP endpoint alone, or --plain for the path of another websocket server")
	}
	u, err := url.Parse("https://host" + text)
	if err != nil || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", errors.New("the path may hold printing ASCII characters only, others as %XX")
	}
	for name := range u.Query() {
		if strings.Contains(strings.ToLower(name), "token") {
			return "", errors.New("a token does not belong into the address, which stands in every report: give it with --token")
		}
	}
	return u.RequestURI(), nil
}

// ParseHostPort reads HOST:PORT of a flag.
func ParseHostPort(text string) (string, error) {
	host, port, err := parseAuthority(text)
	if err != nil {
		return "", err
	}
	if port == 0 {
		return "", errors.New("the port is missing: give HOST:PORT")
	}
	return net.JoinHostPort(host, strconv.Itoa(port)), nil
}

// ParseOrigin reads a URL of which the origin alone counts (RFC 6454): scheme://host, and the port
// unless it is the scheme's own.
func ParseOrigin(text string) (string, error) {
	scheme, rest, ok := strings.Cut(text, "://")
	scheme = strings.ToLower(scheme)
	if !ok || scheme != "https" && scheme != "http" {
		return "", errors.New("it must begin with https:// or http://")
	}
	authority, _, _ := strings.Cut(rest, "/")
	host, port, err := parseAuthority(authority)
	if err != nil {
		return "", err
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != 0 && port != schemePorts[scheme] {
		host += ":" + strconv.Itoa(port)
	}
	return scheme + "://" + host, nil
}

// ParseProxy reads http://[user:password@]host[:port] and returns the address and what is to be
// sent as its credentials, apart from each other.
func ParseProxy(text string) (address, auth string, err error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", "", errors.New("give it as http://host:port, or http://user:password@host:port")
	}
	host, port, err := parseAuthority(u.Host)
	if err != nil {
		return "", "", err
	}
	if port == 0 {
		port = schemePorts["http"]
	}
	if u.User != nil {
		password, _ := u.User.Password()
		auth = u.User.Username() + ":" + password
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(port)), auth, nil
}
