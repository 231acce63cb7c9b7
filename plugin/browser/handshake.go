package browser

import (
	"slices"
	"strconv"
	"strings"

	"ws-diagnose/plugin/trace"
)

const deflate = "permessage-deflate"

// extension is one element of Sec-WebSocket-Extensions (RFC 6455 section 9.1).
type extension struct {
	name   string
	params []param
}

type param struct {
	name, value string
	valued      bool
}

// parseExtensions takes one header value apart; false where it does not follow the grammar.
func parseExtensions(value string) ([]extension, bool) {
	var list []extension
	for part := range strings.SplitSeq(value, ",") {
		var e extension
		for i, field := range strings.Split(part, ";") {
			name, v, valued := strings.Cut(field, "=")
			name, v = strings.TrimSpace(name), strings.Trim(strings.TrimSpace(v), `"`)
			switch {
			case !isToken(name) || valued && !isToken(v):
				return nil, false
			case i == 0 && valued:
				return nil, false
			case i == 0:
				e.name = name
			default:
				e.params = append(e.params, param{name, v, valued})
			}
		}
		list = append(list, e)
	}
	return list, true
}

// isToken: RFC 9110 section 5.6.2.
func isToken(s string) bool {
	for _, r := range s {
		if r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r) {
			return false
		}
	}
	return s != ""
}

// deflateFault is what Chromium has against the parameters of a permessage-deflate answer (RFC
// 7692 section 7.1); "" where they are right. Firefox refuses the same, without saying so.
func deflateFault(e extension) string {
	var seen []string
	for _, p := range e.params {
		if slices.Contains(seen, p.name) {
			return "Received duplicate permessage-deflate extension parameter " + p.name
		}
		seen = append(seen, p.name)
		switch p.name {
		case "server_no_context_takeover", "client_no_context_takeover":
			if p.valued {
				return "Received invalid " + p.name + " parameter"
			}
		case "client_max_window_bits", "server_max_window_bits":
			if !p.valued && p.name == "client_max_window_bits" {
				return p.name + " must have value"
			}
			if n, err := strconv.Atoi(p.value); err != nil || n < 8 || n > 15 || p.value[0] == '0' || p.value[0] == '+' {
				return "Received invalid " + p.name + " parameter"
			}
		default:
			return "Received an unexpected permessage-deflate extension parameter"
		}
	}
	return ""
}

// acceptFits says whether the probe found nothing wrong with the value of Sec-WebSocket-Accept; only
// it knows the key that was sent.
func acceptFits(a *trace.Answer) bool {
	return !slices.ContainsFunc(a.Faults, func(f trace.HandshakeFault) bool {
		return f.Header == "Sec-WebSocket-Accept" && f.Kind != "doubled"
	})
}

// values splits the values of a list header at its commas, as both browsers do with headers that
// may stand several times.
func values(a *trace.Answer, header string) []string {
	var list []string
	for _, v := range a.Header.Values(header) {
		for part := range strings.SplitSeq(v, ",") {
			list = append(list, strings.TrimSpace(part))
		}
	}
	return list
}

// hasToken says whether the list header names token, in any case.
func hasToken(a *trace.Answer, header, token string) bool {
	return slices.ContainsFunc(values(a, header), func(v string) bool { return strings.EqualFold(v, token) })
}

// isSwitch says whether there is a 101 with a header that can be looked at.
func isSwitch(t *trace.Trace) bool {
	return t.HTTP != nil && t.HTTP.Status == 101 && t.HTTP.Header != nil
}
