package plugin

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"ws-diagnose/plugin/cert"
	"ws-diagnose/plugin/trace"
)

const (
	apiPort       = 8092         // of DRP, unless RS_ENDPOINT says otherwise
	staticPort    = 8090         // of DRP's HTTPS file server, unless its info says otherwise
	socketPath    = "/api/v3/ws" // DRP's websocket
	maxEndpoints  = 50
	maxAddress    = 300 // characters of an endpoint's address
	allowedToType = "allowed is https://host:port, host:port or host"
)

// isHostname says whether text may stand as a name: letters of any script, digits, hyphens,
// underscores and dots, the first a letter, digit or underscore.
func isHostname(text string) bool {
	for i, r := range text {
		within := r == '_' || unicode.In(r, unicode.L, unicode.N) || i > 0 && (r == '-' || r == '.' || unicode.Is(unicode.M, r))
		if !within {
			return false
		}
	}
	return text != "" && len(text) <= 253 // RFC 1035
}

// parseEndpoint reads the address of an endpoint as a user types it. Without a scheme it is https,
// and port 8092 unless another is given; with a scheme the port is the scheme's own, as browsers
// have it.
func parseEndpoint(text string) (trace.Target, error) {
	target := trace.Target{Scheme: "https", Port: apiPort, Path: socketPath, Role: trace.RoleEndpoint}
	rest := strings.TrimSpace(text)
	if strings.Contains(rest, "@") { // never quoted: a password may stand there
		return target, fmt.Errorf("has a user or password in an address: %s", allowedToType)
	}
	if rest == "" || len(rest) > maxAddress {
		return target, fmt.Errorf("has %s for an address: %s", shown(text), allowedToType)
	}
	if scheme, after, found := strings.Cut(rest, "://"); found {
		ports := map[string]int{"https": 443, "wss": 443, "http": 80, "ws": 80}
		target.Scheme = strings.ToLower(scheme)
		target.Port, found = ports[target.Scheme]
		if !found {
			return target, fmt.Errorf("has the scheme of %s: allowed are https, http, wss and ws", shown(text))
		}
		rest = strings.TrimSuffix(after, "/")
	}
	host, port, err := splitHostPort(rest)
	if err != nil {
		return target, fmt.Errorf("has %s, %v: %s", shown(text), err, allowedToType)
	}
	target.Host = host
	if port != 0 {
		target.Port = port
	}
	return target, nil
}

// splitHostPort reads host, host:port, [v6]:port, or a bare IPv6 address; port 0 means none.
func splitHostPort(text string) (host string, port int, err error) {
	if address, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		return address.String(), 0, nil
	}
	host = text
	if strings.Contains(text, ":") {
		var digits string
		if host, digits, err = net.SplitHostPort(text); err != nil {
			return "", 0, fmt.Errorf("which is no host and port")
		}
		if port, err = strconv.Atoi(digits); err != nil || port < 1 || port > 65535 {
			return "", 0, fmt.Errorf("whose port is not between 1 and 65535")
		}
	}
	if address, err := netip.ParseAddr(host); err == nil {
		return address.String(), port, nil
	}
	if !isHostname(host) {
		return "", 0, fmt.Errorf("whose host is neither a name nor an address")
	}
	return strings.ToLower(host), port, nil
}

func setEndpoints(s *Settings, value any) error {
	list, ok := value.([]any)
	if !ok || len(list) > maxEndpoints {
		return fmt.Errorf("is %s: allowed is a list of at most %d addresses", shown(value), maxEndpoints)
	}
	s.Endpoints = nil
	for _, entry := range list {
		text, ok := entry.(string)
		if !ok {
			return fmt.Errorf("has %s in its list: %s", shown(entry), allowedToType)
		}
		target, err := parseEndpoint(text)
		if err != nil {
			return err
		}
		same := func(t trace.Target) bool { return t.Host == target.Host && t.Port == target.Port }
		if !slices.ContainsFunc(s.Endpoints, same) {
			s.Endpoints = append(s.Endpoints, target)
		}
	}
	return nil
}

// setCACert never quotes the value: a private key may have been pasted along with it.
func setCACert(s *Settings, value any) error {
	text, ok := value.(string)
	if !ok || len(text) > 1000000 {
		return fmt.Errorf("is not a text of at most 1000000 characters: allowed are certificates in PEM")
	}
	if _, err := cert.LoadRoots([]byte(text)); err != nil {
		return fmt.Errorf("holds no usable certificate (%v): allowed are certificates in PEM, "+
			"the text itself and not the name of a file", err)
	}
	s.CACert = text
	return nil
}

// isUUID says whether text is the id of a work order.
func isUUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i, r := range text {
		hyphen := i == 8 || i == 13 || i == 18 || i == 23
		if hyphen != (r == '-') || !hyphen && !strings.ContainsRune("0123456789abcdefABCDEF", r) {
			return false
		}
	}
	return true
}

func setWorkOrder(s *Settings, value any) error {
	text, ok := value.(string)
	if !ok || text != "" && !isUUID(text) {
		return fmt.Errorf("is %s: allowed is the id of a work order, or \"\"", shown(value))
	}
	s.WorkOrder = text
	return nil
}

// serverPort is the API port in RS_ENDPOINT. DRP leaves the host out of it when it knows no
// address of its own, so nothing of it is trusted to be there.
func serverPort(endpoint string) int {
	u, err := url.Parse(endpoint)
	if err != nil {
		return apiPort
	}
	if port, err := strconv.Atoi(u.Port()); err == nil && port > 0 && port < 65536 {
		return port
	}
	return apiPort
}

// serverHost is the server's own address in RS_ENDPOINT, "" when there is none.
func serverHost(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return ""
	}
	host, _, err := splitHostPort(u.Hostname())
	if err != nil {
		return ""
	}
	return host
}
