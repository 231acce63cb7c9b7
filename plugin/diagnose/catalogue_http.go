package diagnose

import "ws-diagnose/plugin/trace"

// httpFindings are about the lack of an answer.
var httpFindings = []Entry{{
	ID: "http-timeout", Level: LevelError, Stage: trace.StageHTTP,
	Title:    "TLS is up, but the request is not answered",
	Headline: "{up} {hostport} {fault}",
	Seen:     "The upgrade request was sent and no answer came until the deadline, or its header never ended.",
	User:     "Firefox gives up after 20 s, Chromium after 240 s; close code 1006 in both.",
	Cause:    "The server is overloaded or hangs, or a proxy waits for a backend that does not answer.",
	Remedy: []string{
		"curl -vk --max-time 10 {probe}",
		"{?is_drp}journalctl -u dr-provision -n 50 --no-pager",
		"{?is_drp}systemctl restart dr-provision",
		"Where a proxy stands in front, run the curl line against the server behind it: the one that hangs is at fault.",
	},
	Verify: "curl answers at once, be it with 401.",
	find:   httpTimeout,
}, {
	ID: "http-dropped", Level: LevelError, Stage: trace.StageHTTP,
	Title:    "the connection ends instead of an answer",
	Headline: "{up} {hostport} {fault}",
	Seen:     "The connection was closed or reset after the handshake and before a whole answer.",
	User:     "Close code 1006 in both browsers; Chromium: Connection closed before receiving a handshake response.",
	Cause: "The server crashed on the request or is restarting, a proxy has no backend, or an inspection device " +
		"forbids websockets.",
	Remedy: []string{
		"curl -vk --http1.1 {probe}",
		"{?is_drp}journalctl -u dr-provision -n 50 --no-pager",
		"{?is_drp}systemctl restart dr-provision",
		"Where curl works and the upgrade does not, a device on the way forbids websockets: exempt {hostport} from it " +
			"(nginx: return 444, HAProxy: http-request reject).",
		"bind :{port} ssl crt /etc/haproxy/site.pem alpn h2,http/1.1",
		"The line above is for HAProxy, where proto h2 on the bind line leaves HTTP/2 alone: curl fails there with --http1.1.",
	},
	Verify:     "The check gets past the stage http.",
	HeldBackBy: []string{"tls-client-cert"},
	find:       httpDropped,
}, {
	ID: "http-malformed", Level: LevelError, Stage: trace.StageHTTP,
	Title:    "the answer is not HTTP",
	Headline: "the answer of {hostport} {fault}",
	Seen:     "The answer breaks the rules of HTTP, or its header is over 256 KiB.",
	User: "Close code 1006 in both browsers; Chromium: net::ERR_INVALID_HTTP_RESPONSE or " +
		"net::ERR_RESPONSE_HEADERS_TOO_BIG.",
	Cause: "Another service that speaks TLS listens on this port, or a proxy spoils or piles up headers.",
	Remedy: []string{
		"openssl s_client -quiet -connect {dial} -servername {name}",
		"ss -ltnp sport = :{port}",
		"{?is_drp}Use the API port of the endpoint, 8092 unless it was changed.",
		"Where a proxy stands in front, look at the headers that it adds.",
	},
	Verify: "curl -vk shows an answer that begins with HTTP/1.1.",
	find:   httpMalformed,
}}

// upgradeLines are what a reverse proxy needs to pass a websocket on.
var upgradeLines = []string{
	"proxy_http_version 1.1;",
	"proxy_set_header Upgrade $http_upgrade;",
	`proxy_set_header Connection "upgrade";`,
	"proxy_read_timeout 3600s;",
	"nginx -t && nginx -s reload",
	"The proxy_ lines are for nginx, in the location that leads to the endpoint.",
	"HAProxy passes upgrades on by itself: look for http-request del-header Upgrade, and set timeout tunnel 1h.",
	"Apache: ProxyPass / https://127.0.0.1:8092/ upgrade=websocket (2.4.47 and later), or load mod_proxy_wstunnel.",
}

// upgradeFindings are about answers that are not the 101 that was asked for.
var upgradeFindings = []Entry{{
	ID: "upgrade-unauthorized", Level: LevelError, Stage: trace.StageUpgrade,
	Title:    "401: credentials are missing",
	Headline: "{status}: {why}",
	Seen:     "The upgrade was answered with status 401.",
	User:     "Close code 1006 in both browsers. The portal shows its login page, or asks again and again.",
	Cause:    "No credentials were sent, or a proxy removed them or asks for its own.",
	Remedy: []string{
		"{?is_drp}export RS_ENDPOINT={api}",
		"{?is_drp}export RS_TOKEN=$(drpcli -U rocketskates users token rocketskates ttl 28800 | jq -r .Token)",
		"{?is_drp}ws-diagnose check",
		"{?is_drp}The second line asks for the password and takes a fresh token; put your own user's name in it. " +
			"In the portal: log out and log in again.",
		"{!is_drp}Give the check and the page the credentials that the server wants.",
		"Where a token was sent all the same, look for a proxy that drops the Authorization header or the query.",
	},
	Verify: "The check passes the stage upgrade with status 101.",
	find:   upgradeUnauthorized,
}, {
	ID: "upgrade-forbidden", Level: LevelError, Stage: trace.StageUpgrade,
	Title:    "403: the token is expired, invalid, or without rights",
	Headline: "403 Forbidden: {verdict}",
	Seen:     "The upgrade was answered with status 403.",
	User: "Close code 1006 in both browsers. An open socket lives on when its token expires: " +
		"only the next connect fails.",
	Cause: "The token has expired, was revoked (a changed password or secret does that), is another endpoint's, or its user " +
		"may not do this.",
	Remedy: []string{
		"{?is_drp}drpcli -E {api} -T $RS_TOKEN info get",
		"{?is_drp}export RS_TOKEN=$(drpcli -E {api} -U rocketskates users token rocketskates ttl 28800 | jq -r .Token)",
		"{?is_drp}drpcli -E {api} users show rocketskates",
		"{?is_drp}When the first line is refused too, the token is dead: take a new one as in the second (with your own " +
			"user), and log out and in again in the portal.",
		"{?is_drp}When it is not, the token lacks rights: give its user a role whose claims allow what the portal does.",
		"Where a proxy or firewall stands in front of {hostport}, look for a rule that forbids websockets or {path}.",
	},
	Verify: "The check passes the stage upgrade with status 101.",
	find:   upgradeForbidden,
}, {
	ID: "upgrade-origin", Level: LevelError, Stage: trace.StageUpgrade,
	Title:    "the server refuses the portal's Origin",
	Headline: "refused with Origin {origin}, accepted without",
	Seen:     "The same request was refused with the portal's Origin header and accepted without it.",
	User:     "Close code 1006 in both browsers, while command-line tools connect.",
	Cause:    "A proxy or firewall admits websockets from its own site only. DRP itself checks no Origin.",
	Remedy: []string{
		"grep -rn http_origin /etc/nginx",
		"grep -n 'hdr(Origin)' /etc/haproxy/haproxy.cfg",
		"Admit {origin} where the rule is. Where it is the backend that compares Origin, and cannot be changed, the line " +
			"below gives it its own (nginx).",
		"proxy_set_header Origin $scheme://$host;",
		"ws-diagnose check --origin {origin} {url}",
	},
	Verify: "The check passes with the portal's Origin.",
	find:   upgradeOrigin,
}, {
	ID: "upgrade-not-found", Level: LevelError, Stage: trace.StageUpgrade,
	Title:    "the path of the websocket is not there",
	Headline: "{status}: {why}",
	Seen:     "The upgrade was answered with status 404, 405 or 410.",
	User:     "Close code 1006 in both browsers; Chromium: Unexpected response code: 404.",
	Cause:    "Another service or another port of DRP answers (files are on 8090 and 8091), or a proxy does not route the path.",
	Remedy: []string{
		"curl -ski {probe} | head -1",
		"ss -ltnp sport = :{port}",
		"{?is_drp}Use the API port, 8092 unless it was changed. An answer of 200, 401 or 403 says that it is the right one.",
		"{?is_drp}" + locationBlock,
		"{!is_drp}Correct the path {path}, or route it to the websocket server in the proxy.",
	},
	Verify: "The check passes the stage upgrade with status 101.",
	find:   upgradeNotFound,
}, {
	ID: "upgrade-redirected", Level: LevelError, Stage: trace.StageUpgrade,
	Title:    "the server redirects the websocket",
	Headline: "{status}: {why}",
	Seen:     "The upgrade was answered with a status 3xx.",
	User:     "Close code 1006: browsers do not follow a redirect for a websocket.",
	Cause:    "A login page of a proxy (single sign-on), a redirect to another name or port, or a captive portal.",
	Remedy: []string{
		"curl -skI {url}{path}",
		"Use the address that it leads to as the endpoint's in the portal, when that is the endpoint.",
		"Exempt {path} from the redirect or login of the proxy, when it is a login page. The rules are found by:",
		"grep -rnE 'return 30|rewrite|auth_request' /etc/nginx",
		"grep -n 'http-request redirect' /etc/haproxy/haproxy.cfg",
	},
	Verify: "The check passes the stage upgrade with status 101.",
	find:   upgradeRedirected,
}, {
	ID: "upgrade-proxy-auth", Level: LevelError, Stage: trace.StageUpgrade,
	Title:    "a proxy or network wants a login first",
	Headline: "{status}: a proxy or network wants a login first",
	Seen:     "The upgrade was answered with status 407 or 511.",
	User: "Close code 1006 in both browsers; Chromium: net::ERR_UNEXPECTED_PROXY_AUTH. " +
		"With 511 pages lead to a network login.",
	Cause: "Something between here and the endpoint answers in its place: a proxy that asks for a password, " +
		"or a captive portal.",
	Remedy: []string{
		"curl -vk {url}/",
		"Log in to the network, or have {hostport} exempted in the proxy.",
		"export no_proxy={host}",
	},
	Verify: "curl shows an answer of the endpoint itself.",
	find:   upgradeProxyAuth,
}, {
	ID: "upgrade-rate-limited", Level: LevelError, Stage: trace.StageUpgrade,
	Title: "429: too many requests",
	Seen:  "The upgrade was answered with status 429.",
	User:  "Close code 1006 in both browsers, off and on.",
	Cause: "A proxy limits requests or connections for each address, and many users come from one (NAT, VPN), or a script " +
		"connects in a loop.",
	Remedy: []string{
		"{?is_drp}drpcli -E {api} connections list",
		"limit_req_zone $binary_remote_addr zone=drp:10m rate=50r/s;",
		"limit_req zone=drp burst=200 nodelay;",
		"Raise the limit of the proxy for {path}, and stop what connects in a loop. The limit_req lines are for nginx: without " +
			"a burst it refuses two requests at once, and the portal makes dozens.",
	},
	Verify: "The check passes, several times in a row.",
	find:   upgradeRateLimited,
}, {
	ID: "upgrade-bad-gateway", Level: LevelError, Stage: trace.StageUpgrade,
	Title:    "a proxy is up, DRP behind it is not",
	Headline: "{status}: {why}",
	Seen:     "The upgrade was answered with status 502, 503 or 504.",
	User:     "Close code 1006 in both browsers; Chromium: Unexpected response code: 502.",
	Cause: "The proxy cannot reach its backend: stopped, restarting, wrong address, a health check that fails, maintenance, " +
		"a PROXY protocol that DRP does not speak, or a certificate that the proxy refuses.",
	Remedy: []string{
		"{?is_drp}systemctl status dr-provision",
		"{?is_drp}systemctl restart dr-provision",
		"curl -vk https://127.0.0.1:8092/api/v3/info",
		"proxy_pass https://127.0.0.1:8092;",
		"server drp 127.0.0.1:8092 ssl verify none check",
		"The last two lines are for nginx and HAProxy. A health check (option httpchk) must ask for /: without a token DRP " +
			"answers 401 to everything below /api.",
	},
	Verify: "curl on the server answers with 401 or 200, and so does the proxy.",
	find:   upgradeBadGateway,
}, {
	ID: "upgrade-server-error", Level: LevelError, Stage: trace.StageUpgrade,
	Title:    "the server fails on the upgrade",
	Headline: "{status}: the server fails on the upgrade",
	Seen:     "The upgrade was answered with status 500, 501 or another 5xx.",
	User:     "Close code 1006 in both browsers; Chromium: Unexpected response code: 500.",
	Cause:    "An error inside the server, or a proxy that cannot do upgrades (501).",
	Remedy: []string{
		"{?is_drp}journalctl -u dr-provision -n 100 --no-pager",
		"{?is_drp}drpcli -E {api} logs get",
		"{?is_drp}systemctl restart dr-provision",
		"Look into the server's log, and the proxy's, at the time of the check.",
	},
	Verify: "The check passes the stage upgrade with status 101.",
	find:   upgradeServerError,
}, {
	ID: "upgrade-not-switched", Level: LevelError, Stage: trace.StageUpgrade,
	Title:    "the server does not switch to a websocket",
	Headline: "{status} instead of 101: {why}",
	Seen:     "The upgrade was answered with a 2xx, or a 4xx such as 400 or 426, that none of the other findings is about.",
	User:     "Close code 1006 in both browsers; Chromium: Unexpected response code: 200. Pages and the REST API work.",
	Cause: "Typical of a reverse proxy that does not pass the Upgrade and Connection headers on, so that the server sees " +
		"an ordinary request.",
	Remedy:     upgradeLines,
	Verify:     "The check passes the stage upgrade with status 101.",
	HeldBackBy: []string{"tls-client-cert"},
	find:       upgradeNotSwitched,
}, {
	ID: "upgrade-bad-handshake", Level: LevelError, Stage: trace.StageUpgrade,
	Title:    "the server's 101 is not that of a websocket",
	Headline: "the server's 101 is wrong: {fault}",
	Seen: "Status 101, but Upgrade, Connection or Sec-WebSocket-Accept is missing, wrong or doubled, the answer is " +
		"HTTP/1.0, or an extension was answered that nobody offered.",
	User:  "Close code 1006 in both browsers; Chromium names the header in its console.",
	Cause: "A proxy rewrites or drops headers of the answer, or answers from a cache.",
	Remedy: append([]string{
		"proxy_pass_header Sec-WebSocket-Accept;",
		"The line is for nginx, where proxy_hide_header takes the header away; in HAProxy look for http-response del-header.",
	}, upgradeLines...),
	Verify: "The check passes the stage upgrade with status 101.",
	find:   upgradeBadHandshake,
}, {
	ID: "upgrade-subprotocol", Level: LevelError, Stage: trace.StageUpgrade,
	Title:    "the server answers with a subprotocol that was not offered",
	Headline: "the server chose subprotocol {fault}, which was not offered",
	Seen:     "Status 101 with a Sec-WebSocket-Protocol that the request did not offer, or with none of those offered.",
	User:     "Chromium: close code 1006 and a line about Sec-WebSocket-Protocol in the console. Firefox connects.",
	Cause:    "The server, or a proxy, adds the header always. DRP and its portal use no subprotocol.",
	Remedy: []string{
		"proxy_hide_header Sec-WebSocket-Protocol;",
		"The line above is for nginx, in the location that leads to the endpoint. Elsewhere, remove the header from answers.",
	},
	Verify: "The check passes the stage upgrade with status 101.",
	find:   upgradeSubprotocol,
}}
