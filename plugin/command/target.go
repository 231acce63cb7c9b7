package command

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"ws-diagnose/plugin/trace"
)

const (
	apiPort    = 8092         // of DRP
	socketPath = "/api/v3/ws" // of DRP
)

// schemePorts are the schemes there are, each with the port that a browser takes for it.
var schemePorts = map[string]int{"https": 443, "wss": 443, "http": 80, "ws": 80}

// parseTarget reads a URL as people type it: scheme://host:port, host:port or host. Without a
// scheme it is https on port 8092 (plain: wss on port 443); with one, the port is the scheme's own
// unless given. With plain any path will do, otherwise only DRP's.
func parseTarget(text string, plain bool) (trace.Target, error) {
	scheme, rest, hasScheme := strings.Cut(text, "://")
	t := trace.Target{Scheme: strings.ToLower(scheme), Plain: plain, Role: trace.RoleEndpoint}
	if !hasScheme {
		rest, t.Scheme, t.Port = text, "https", apiPort
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
	t.Host, t.Names = host, []string{host}
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
	if host == "" {
		return "", 0, errors.New("the host is missing")
	}
	host, err = parseHost(host)
	return host, port, err
}

func parsePort(text string) (int, error) {
	port, err := strconv.ParseUint(text, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrSyntax):
		return 0, fmt.Errorf("the port %s is not a number", quoted(text))
	case err != nil || port < 1 || port > 65535:
		return 0, fmt.Errorf("the port %s is not between 1 and 65535", quoted(text))
	}
	return int(port), nil
}

// parseHost returns an address in its usual form, or a name in lower-case ASCII.
func parseHost(host string) (string, error) {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner = strings.Replace(strings.TrimSuffix(inner, "]"), "%25", "%", 1) // RFC 6874
		address, err := netip.ParseAddr(inner)
		if err != nil || !address.Is6() || !strings.HasSuffix(host, "]") {
			return "", fmt.Errorf("%s is not an IPv6 address", quoted(host))
		}
		return address.String(), nil
	}
	if address, err := netip.ParseAddr(host); err == nil {
		return address.String(), nil
	}
	name, err := idna.Punycode.ToASCII(strings.ToLower(strings.TrimSuffix(host, ".")))
	if err != nil || !isName(name) {
		return "", fmt.Errorf("%s is neither a host name nor an address", quoted(host))
	}
	return name, nil
}

// isName says whether name may be looked up: labels of letters, digits, hyphens and underscores
// (RFC 1123, and the underscores that people use). A name whose last label is a number is an address
// gone wrong: browsers refuse it.
func isName(name string) bool {
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return len(name) <= 253 && strings.Trim(labels[len(labels)-1], "0123456789") != ""
}

// parsePath reads what follows the host.
func parsePath(text string, plain bool) (string, error) {
	if strings.Contains(text, "#") {
		return "", errors.New("leave out the part from # on: a websocket's address has none")
	}
	if !plain {
		switch text {
		case "", "/", socketPath:
			return socketPath, nil
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

// parseHostPort reads HOST:PORT of a flag.
func parseHostPort(text string) (string, error) {
	host, port, err := parseAuthority(text)
	if err != nil {
		return "", err
	}
	if port == 0 {
		return "", errors.New("the port is missing: give HOST:PORT")
	}
	return net.JoinHostPort(host, strconv.Itoa(port)), nil
}

// parseOrigin reads a URL of which the origin alone counts (RFC 6454): scheme://host, and the port
// unless it is the scheme's own.
func parseOrigin(text string) (string, error) {
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

// parseProxy reads http://[user:password@]host[:port] and returns the address and what is to be
// sent as its credentials, apart from each other.
func parseProxy(text string) (address, auth string, err error) {
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
