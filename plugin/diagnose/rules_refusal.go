package diagnose

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"ws-diagnose/plugin/trace"
)

// refusal is what an answer other than 101 may tell of the proxy that gave it: more than the finding
// alone does. What is said of nginx and HAProxy was tried with nginx 1.22 and HAProxy 2.6.
type refusal struct {
	id     string // of the finding that it narrows down
	seen   func(s *scene) bool
	why    string // for the headline
	cause  string
	remedy []string // templates
}

// refusals are tried in their order.
var refusals = []refusal{{
	id: "upgrade-not-switched", seen: plainToTLS,
	why: "a proxy speaks plain HTTP to the TLS port behind it",
	cause: "The proxy takes requests over TLS and hands them on without. DRP's API port speaks TLS alone, and refuses " +
		"them with these words.",
	remedy: []string{
		"proxy_pass https://127.0.0.1:8092;",
		"server drp 127.0.0.1:8092 ssl verify none",
		"The lines are for nginx and HAProxy. Apache: SSLProxyEngine on, and https:// in ProxyPass.",
	},
}, {
	id: "upgrade-not-switched", seen: tooLargeForProxy,
	why: "the request is too large for a proxy",
	cause: "Cookies of other services on this host, or a long token in the address, make the request larger than what " +
		"the proxy sets aside for it.",
	remedy: []string{
		"large_client_header_buffers 4 32k;",
		"tune.bufsize 32768",
		"The lines are for nginx (in server) and HAProxy (in global). Removing the host's cookies in the browser helps, too.",
	},
}, {
	id: "upgrade-not-switched", seen: otherRefusal,
	why: "the request is refused",
	cause: "The status is not the one of a server that misses the upgrade headers: a rule of a proxy or firewall, or the " +
		"server itself, refuses the request for the reason that the status names.",
	remedy: []string{
		"curl -ski {probe} | head -20",
		"Look for the request in the log of whatever answers here: the header Server and the body say what that is.",
	},
}, {
	id: "upgrade-unauthorized", seen: foreignPassword,
	why: "a proxy asks for a password of its own",
	cause: "The answer asks for a login that is not DRP's: the proxy wants a password before it lets anything pass. " +
		"A websocket shows no dialog for it.",
	remedy: []string{
		"auth_basic off;",
		"http-request auth unless { path_beg /api/v3/ }",
		"The lines are for nginx, in the location that leads to the endpoint, and for HAProxy. DRP asks for credentials itself.",
	},
}, {
	id: "upgrade-redirected", seen: redirectedToItself,
	why: "redirected to where it was sent to",
	cause: "A rule of the proxy that leads plain HTTP to https does not see that the request came over TLS, which the proxy " +
		"itself, or a load balancer in front of it, has ended.",
	remedy: []string{
		"http-request redirect scheme https unless { ssl_fc }",
		"proxy_set_header X-Forwarded-Proto https;",
		"The first line is for HAProxy where it ends TLS itself, the second for an nginx in front of what redirects.",
	},
}, {
	id: "upgrade-not-found", seen: restPasses,
	why: "a proxy leads {path} elsewhere",
	cause: "GET /api/v3/info reaches DRP at the same address: it is the right one, and a rule of a proxy routes the path of " +
		"the websocket to something else.",
	remedy: []string{
		locationBlock,
		"use_backend drp if { path_beg /api/v3/ }",
		"The lines are for nginx and HAProxy. Look for a rule about {path} that comes before them.",
	},
}, {
	id: "upgrade-bad-gateway", seen: restPasses,
	why: "a proxy reaches the server, but not for websockets",
	cause: "GET /api/v3/info passes through the same proxy, so the server is up. A proxy that speaks HTTP/2 to it cannot " +
		"hand a websocket on; or the websocket's path has a server of its own, which is down.",
	remedy: []string{
		"server drp 127.0.0.1:8092 ssl verify none alpn http/1.1",
		"The line is for HAProxy. In other proxies, have HTTP/1.1 spoken to the server, and look where {path} leads.",
	},
}, {
	id: "upgrade-bad-gateway", seen: status(http.StatusGatewayTimeout),
	why:   "the server behind a proxy does not answer in time",
	cause: "The server hangs, is overloaded or filtered, or the proxy has too little patience with it.",
	remedy: []string{
		"{?is_drp}systemctl status dr-provision",
		"curl -vk --max-time 10 https://127.0.0.1:8092/api/v3/info",
		"proxy_connect_timeout 60s;",
		"proxy_read_timeout 3600s;",
		"timeout connect 10s",
		"Run curl on the proxy. When it takes long as well, the server is at fault; otherwise raise what the proxy allows: " +
			"the next two lines are for nginx, the last for HAProxy.",
	},
}}

// locationBlock is an nginx location that passes websockets on.
const locationBlock = "location /api/v3/ {\n  proxy_pass https://127.0.0.1:8092;\n  proxy_http_version 1.1;\n" +
	"  proxy_set_header Upgrade $http_upgrade;\n  proxy_set_header Connection \"upgrade\";\n  proxy_read_timeout 3600s;\n}"

// refine adds to the sighting of id what the answer tells of a proxy.
func refine(s *scene, id string, seen *sighting) {
	i := slices.IndexFunc(refusals, func(r refusal) bool { return r.id == id && r.seen(s) })
	if i < 0 {
		return
	}
	r := &refusals[i]
	seen.values["why"] = fill(r.why, values{"path": s.Target.Path}, plain)
	seen.cause, seen.remedy = r.cause, r.remedy
}

// tlsWanted is what Go's server, and so DRP, answers to a plain request on a TLS port.
var tlsWanted = []byte("HTTP request to an HTTPS server")

func plainToTLS(s *scene) bool {
	return s.Target.Secure() && bytes.Contains(s.HTTP.Body, tlsWanted)
}

func tooLargeForProxy(s *scene) bool {
	a := &s.HTTP.Answer
	return a.Status == http.StatusRequestURITooLong || a.Status == http.StatusRequestHeaderFieldsTooLarge ||
		bytes.Contains(a.Body, []byte("Request Header Or Cookie Too Large")) // nginx, with status 400
}

// otherRefusal says that the status has another meaning than 400 and 426, with which servers answer a
// request that has lost its upgrade headers.
func otherRefusal(s *scene) bool {
	status := s.HTTP.Status
	return status/100 == 4 && status != http.StatusBadRequest && status != http.StatusUpgradeRequired
}

// foreignPassword says that the login asked for is not DRP's, whose scheme is dr-provision.
func foreignPassword(s *scene) bool {
	scheme, _, _ := strings.Cut(s.HTTP.Header.Get("WWW-Authenticate"), " ")
	return s.drp() && strings.EqualFold(scheme, "Basic")
}

// redirectedToItself compares by host and path alone: the port may be left out.
func redirectedToItself(s *scene) bool {
	to, err := url.Parse(s.HTTP.Header.Get("Location"))
	path, _, _ := strings.Cut(s.Target.Path, "?")
	return err == nil && to.Scheme == "https" && s.Target.Secure() &&
		strings.EqualFold(to.Hostname(), s.Target.Host) && to.EscapedPath() == path
}

// restPasses says that a REST request with the same credentials is answered where the upgrade is not.
func restPasses(s *scene) bool {
	info := variant(s.HTTP, trace.ChangeInfo)
	return info != nil && info.Status == http.StatusOK
}

func status(code int) func(*scene) bool {
	return func(s *scene) bool { return s.HTTP.Status == code }
}
