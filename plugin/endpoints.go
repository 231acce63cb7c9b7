package plugin

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"ws-diagnose/plugin/cert"
	"ws-diagnose/plugin/probe"
	"ws-diagnose/plugin/trace"
)

const (
	staticPort    = 8090 // of DRP's HTTPS file server, unless its info says otherwise
	maxEndpoints  = 50
	allowedToType = "allowed is https://host:port, host:port or host"
)

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
		target, err := probe.ParseTarget(strings.TrimSpace(text), false)
		if err != nil {
			return fmt.Errorf("has %s: %w; %s", probe.QuoteTarget(text), err, allowedToType)
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
		return probe.DefaultPort
	}
	if port, err := strconv.Atoi(u.Port()); err == nil && port > 0 && port < 65536 {
		return port
	}
	return probe.DefaultPort
}

// serverHost is the server's own address in RS_ENDPOINT, "" when there is none.
func serverHost(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return ""
	}
	host, err := probe.ParseHost(u.Hostname())
	if err != nil {
		return ""
	}
	return host
}
