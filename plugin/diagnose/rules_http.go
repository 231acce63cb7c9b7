package diagnose

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"ws-diagnose/plugin/trace"
)

func httpTimeout(s *scene) []sighting   { return httpFault(s, "http-timeout") }
func httpDropped(s *scene) []sighting   { return httpFault(s, "http-dropped") }
func httpMalformed(s *scene) []sighting { return httpFault(s, "http-malformed") }

// httpFault is the sighting of id when that is why there is no whole answer.
func httpFault(s *scene, id string) []sighting {
	a := s.answer()
	if a == nil || classifyAnswer(a) != id {
		return nil
	}
	v := values{"fault": answerFault(id, a), "up": "connected, but"}
	if s.Target.Secure() {
		v["up"] = "TLS is up, but"
	}
	return []sighting{{detail: answerDetail(a), values: v}}
}

// answerFault is what is wrong with an answer, for the headline of the finding id.
func answerFault(id string, a *trace.Answer) string {
	switch {
	case id == "http-timeout" && a.Partial:
		return "does not finish its answer"
	case id == "http-timeout":
		return "does not answer the request"
	case id == "http-dropped" && a.Partial:
		return "ends the connection within its answer"
	case id == "http-dropped":
		return "ends the connection instead of answering"
	case a.TooLarge:
		return "has a header of more than 256 KiB"
	case a.Status > 0:
		return "breaks the rules of HTTP"
	}
	return "is not HTTP"
}

// classifyAnswer names what came in place of a well-formed answer; "" when there is one, or when
// nothing is known of it.
func classifyAnswer(a *trace.Answer) string {
	switch {
	case a.HTTP2:
		return "" // tls-alpn
	case a.Malformed != "" || a.TooLarge:
		return "http-malformed"
	case a.Status > 0 && !a.Partial:
		return ""
	case a.Ended == trace.EndTimeout || (a.Partial && a.Ended == trace.EndNone):
		return "http-timeout"
	case a.Ended != trace.EndNone || a.Alert > 0:
		return "http-dropped"
	}
	return ""
}

// answerDetail tells what came in place of an answer.
func answerDetail(a *trace.Answer) string {
	var parts []string
	switch {
	case a.TooLarge:
		parts = append(parts, fmt.Sprintf("the header is over 256 KiB, %d bytes were read", a.Read))
	case a.Malformed != "":
		parts = append(parts, plain(a.Malformed))
	case a.Partial:
		parts = append(parts, fmt.Sprintf("status %d came, but the header never ended", a.Status))
	}
	if a.Ended != trace.EndNone {
		parts = append(parts, fmt.Sprintf("%s, %d bytes received after %s", endingAfter(a.Ended, a.Read), a.Read, span(a.Duration)))
	}
	if a.Alert > 0 {
		parts = append(parts, "TLS alert "+alertName(a.Alert))
	}
	if a.Status == 0 && len(a.First) > 0 {
		parts = append(parts, "first bytes: "+quote(a.First))
	}
	if a.Error != "" && a.Malformed == "" {
		parts = append(parts, plain(a.Error))
	}
	return strings.Join(parts, "; ")
}

func upgradeUnauthorized(s *scene) []sighting { return upgradeFault(s, "upgrade-unauthorized") }
func upgradeForbidden(s *scene) []sighting    { return upgradeFault(s, "upgrade-forbidden") }
func upgradeOrigin(s *scene) []sighting       { return upgradeFault(s, "upgrade-origin") }
func upgradeNotFound(s *scene) []sighting     { return upgradeFault(s, "upgrade-not-found") }
func upgradeRedirected(s *scene) []sighting   { return upgradeFault(s, "upgrade-redirected") }
func upgradeProxyAuth(s *scene) []sighting    { return upgradeFault(s, "upgrade-proxy-auth") }
func upgradeRateLimited(s *scene) []sighting  { return upgradeFault(s, "upgrade-rate-limited") }
func upgradeBadGateway(s *scene) []sighting   { return upgradeFault(s, "upgrade-bad-gateway") }
func upgradeServerError(s *scene) []sighting  { return upgradeFault(s, "upgrade-server-error") }
func upgradeNotSwitched(s *scene) []sighting  { return upgradeFault(s, "upgrade-not-switched") }

// upgradeFault is the sighting of id when that is how the upgrade was refused.
func upgradeFault(s *scene, id string) []sighting {
	if s.HTTP == nil || classifyStatus(s.HTTP) != id {
		return nil
	}
	a := &s.HTTP.Answer
	v := values{
		"status": strings.TrimSpace(strconv.Itoa(a.Status) + " " + reason(a)), "location": a.Header.Get("Location"),
		"sent": "no token was sent", "origin": a.Origin,
	}
	if a.Token {
		v["sent"] = "a token was sent"
	}
	v["why"] = map[string]string{
		"upgrade-unauthorized": v["sent"], "upgrade-redirected": redirectedTo(v["location"]),
		"upgrade-not-found":    "no websocket at " + s.Target.Path,
		"upgrade-bad-gateway":  "a proxy is up, the server behind it is not",
		"upgrade-not-switched": "a proxy drops the upgrade headers",
	}[id]
	seen := sighting{detail: refusalDetail(s), values: v}
	if id == "upgrade-forbidden" {
		v["verdict"], seen.cause, seen.remedy = forbidden(s.HTTP)
	}
	refine(s, id, &seen)
	return []sighting{seen}
}

func redirectedTo(location string) string {
	if location == "" {
		return "redirected, without saying where to"
	}
	return "redirected to " + location
}

// reason is the reason phrase, as sent or else as registered.
func reason(a *trace.Answer) string {
	if a.Reason != "" {
		return a.Reason
	}
	return http.StatusText(a.Status)
}

// classifyStatus names the fault of a well-formed answer that is no 101.
func classifyStatus(h *trace.HTTP) string {
	a := &h.Answer
	if a.Status == 0 || a.Status == http.StatusSwitchingProtocols || a.HTTP2 || classifyAnswer(a) != "" {
		return ""
	}
	if r := variant(h, trace.ChangeNoOrigin); r != nil && a.Origin != "" && r.Switched() {
		return "upgrade-origin"
	}
	switch a.Status {
	case http.StatusUnauthorized:
		return "upgrade-unauthorized"
	case http.StatusForbidden:
		return "upgrade-forbidden"
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone:
		return "upgrade-not-found"
	case http.StatusProxyAuthRequired, http.StatusNetworkAuthenticationRequired:
		return "upgrade-proxy-auth"
	case http.StatusTooManyRequests:
		return "upgrade-rate-limited"
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return "upgrade-bad-gateway"
	}
	switch a.Status / 100 {
	case 3:
		return "upgrade-redirected"
	case 5:
		return "upgrade-server-error"
	}
	return "upgrade-not-switched"
}

// variant is the answer to the request with that change; nil when it was not made.
func variant(h *trace.HTTP, change string) *trace.Answer {
	for i := range h.Retries {
		if h.Retries[i].Change == change {
			return &h.Retries[i]
		}
	}
	return nil
}

// forbidden tells by the other requests what a 403 is about: in short, as a cause, and what to do where
// that is not what the catalogue has.
func forbidden(h *trace.HTTP) (verdict, because string, remedy []string) {
	info, without := variant(h, trace.ChangeInfo), variant(h, trace.ChangeNoToken)
	switch {
	case without != nil && without.Status == http.StatusForbidden:
		return "refused with and without a token",
			"The answer is the same without a token: a proxy or firewall forbids the request, DRP would answer 401.",
			proxyDenies
	case info != nil && info.Status == http.StatusOK:
		return "the token is good, but has no right to the websocket",
			"GET /api/v3/info takes the same token: it is valid, and its user's claims or a rule of a proxy forbid the websocket.", nil
	case info != nil && (info.Status == http.StatusForbidden || info.Status == http.StatusUnauthorized):
		return "the token is expired or invalid",
			"GET /api/v3/info refuses the same token: it has expired, was revoked (a password or secret was changed), " +
				"or is another endpoint's.", nil
	case without != nil && without.Switched():
		return "the token is refused, without one the server connects",
			"Without the token the upgrade is accepted: the token is expired, invalid or another endpoint's.", nil
	case h.Token:
		return "the token is expired, invalid, or without rights", "", nil
	}
	return "refused, no token was sent",
		"No token was sent, and DRP would answer 401 to that: a proxy or firewall forbids the request, " +
			"or a password was wrong.", nil
}

// proxyDenies is how the rule of a proxy that refuses a request is found and opened.
var proxyDenies = []string{
	"grep -rnE 'deny|return 403|limit_except' /etc/nginx",
	"grep -nE 'http-request deny' /etc/haproxy/haproxy.cfg",
	"Find the rule that refuses {path}, on the proxy or firewall in front of {hostport}, and let the path and the users' " +
		"networks pass: nginx by allow before deny, HAProxy by an exception at the end of the line, as follows.",
	"http-request deny if { hdr(Upgrade) -m found } !{ path_beg /api/v3/ }",
}

// refusalDetail tells what was asked and answered, the variants of the request included.
func refusalDetail(s *scene) string {
	a := &s.HTTP.Answer
	parts := []string{fmt.Sprintf("status %d %s to the upgrade request", a.Status, plain(reason(a)))}
	if a.Token {
		parts[0] += " with a token"
	} else {
		parts[0] += " without a token"
	}
	for _, name := range []string{"Server", "Via", "Location", "WWW-Authenticate"} {
		if value := a.Header.Get(name); value != "" {
			parts = append(parts, name+": "+quote(value))
		}
	}
	if body := bytes.TrimSpace(a.Body); len(body) > 0 {
		parts = append(parts, "body: "+quote(body))
	}
	for _, r := range s.HTTP.Retries {
		parts = append(parts, variantDetail(&r))
	}
	if !s.Target.Secure() && bytes.Contains(a.Body, tlsWanted) {
		parts = append(parts, "the port speaks TLS: use https:// or wss://")
	}
	return strings.Join(parts, "; ")
}

// variantDetail tells how a changed request was answered.
func variantDetail(a *trace.Answer) string {
	what := map[string]string{
		trace.ChangeNoOrigin: "without Origin", trace.ChangeNoToken: "without a token",
		trace.ChangeInfo: "GET /api/v3/info",
	}[a.Change]
	if what == "" {
		what = plain(a.Change)
	}
	if a.Status == 0 {
		return what + ": no answer"
	}
	return fmt.Sprintf("%s: status %d", what, a.Status)
}

const protocolHeader = "Sec-WebSocket-Protocol"

func upgradeBadHandshake(s *scene) []sighting {
	return handshakeFaults(s, func(f trace.HandshakeFault) bool { return f.Header != protocolHeader })
}

func upgradeSubprotocol(s *scene) []sighting {
	return handshakeFaults(s, func(f trace.HandshakeFault) bool { return f.Header == protocolHeader })
}

// handshakeFaults makes a sighting of each fault of a 101 that is wanted.
func handshakeFaults(s *scene, wanted func(trace.HandshakeFault) bool) []sighting {
	a := s.answer()
	if a == nil || a.Status != http.StatusSwitchingProtocols || classifyAnswer(a) != "" {
		return nil
	}
	var seen []sighting
	for _, f := range a.Faults {
		if wanted(f) {
			seen = append(seen, sighting{detail: faultDetail(f), values: values{"fault": faultWords(f)}})
		}
	}
	return seen
}

// faultWords is a fault for a headline.
func faultWords(f trace.HandshakeFault) string {
	switch {
	case f.Header == protocolHeader:
		return quote(f.Got)
	case f.Header == "":
		return "it is an answer of HTTP/1.0"
	case f.Kind == "unoffered":
		return f.Header + " has what nobody offered"
	}
	return f.Header + " is " + f.Kind
}

func faultDetail(f trace.HandshakeFault) string {
	detail := f.Header + " is " + f.Kind
	if f.Header == "" {
		detail = "status line is " + f.Kind
	}
	if f.Got != "" {
		detail += ": got " + quote(f.Got)
	}
	if f.Want != "" {
		detail += ", expected " + quote(f.Want)
	}
	return detail
}
