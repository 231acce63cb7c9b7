package proxies

// Lines of the sound configuration that many rows replace.
const (
	bindLine   = `bind :443 ssl crt drp.pem alpn http/1.1`
	serverLine = `server drp 127.0.0.1:8092 ssl verify none`
)

// haproxyRows are faults of HAProxy's setup.
var haproxyRows = []row{{
	name: "upgrade", setup: "the header `Upgrade` is deleted",
	at: `# frontend`, fault: `http-request del-header Upgrade`,
	mend: `http-request del-header Upgrade unless { path_beg /api/v3/ws }`, finding: "upgrade-not-switched",
}, {
	name: "plain-server", setup: "plain HTTP to DRP's TLS port",
	at: serverLine, fault: `server drp 127.0.0.1:8092`, mend: serverLine, finding: "upgrade-not-switched",
}, {
	name: "server-h2", setup: "HTTP/2 to DRP, which knows no websockets over it",
	at: serverLine, fault: serverLine + ` alpn h2`, mend: serverLine + ` alpn http/1.1`,
	finding: "upgrade-bad-gateway",
}, {
	name: "server-verify", setup: "DRP's own certificate is not trusted",
	at: serverLine, fault: `server drp 127.0.0.1:8092 ssl verify required ca-file clients.pem`, mend: serverLine,
	finding: "upgrade-bad-gateway",
}, {
	name: "server-down", setup: "a health check that DRP answers with 401",
	at: `# backend`, fault: "default-server check inter 2s fall 1\noption httpchk GET /api/v3/info",
	mend: "default-server check inter 2s fall 1\noption httpchk GET /", finding: "upgrade-bad-gateway",
}, {
	name: "routed", setup: "the path is routed elsewhere",
	at: `# frontend`, fault: `use_backend static if { path_beg /api/v3/ws }`,
	mend: `use_backend static if { path_beg /static/ }`, finding: "upgrade-not-found",
}, {
	name: "redirect", setup: "a redirect to https that does not see that it is",
	at: `# frontend`, fault: `http-request redirect scheme https unless { hdr(X-Forwarded-Proto) https }`,
	mend: `http-request redirect scheme https unless { ssl_fc }`, finding: "upgrade-redirected",
}, {
	name: "password", setup: "a password of its own for the whole site",
	at: `# frontend`, fault: `http-request auth`, mend: `http-request auth unless { path_beg /api/v3/ }`,
	finding: "upgrade-unauthorized",
}, {
	name: "deny", setup: "websockets are denied",
	at: `# frontend`, fault: `http-request deny if { hdr(Upgrade) -m found }`,
	mend:    `http-request deny if { hdr(Upgrade) -m found } !{ path_beg /api/v3/ws }`,
	finding: "upgrade-forbidden",
}, {
	name: "reject", setup: "websockets are cut off",
	at: `# frontend`, fault: `http-request reject if { hdr(Upgrade) -m found }`,
	mend:    `http-request reject if { hdr(Upgrade) -m found } !{ path_beg /api/v3/ws }`,
	finding: "http-dropped",
}, {
	name: "h2", setup: "HTTP/2 is all that the port speaks",
	at: bindLine, fault: `bind :443 ssl crt drp.pem proto h2`, mend: `bind :443 ssl crt drp.pem alpn h2,http/1.1`,
	finding: "http-dropped",
}, {
	name: "accept-proxy", setup: "a load balancer's PROXY protocol is expected",
	at: bindLine, fault: bindLine + ` accept-proxy`, mend: bindLine, finding: "tls-dropped",
}, {
	name: "strict-sni", setup: "no certificate for the name",
	at: bindLine, fault: `bind :443 ssl crt other.pem strict-sni`, mend: `bind :443 ssl crt other.pem crt drp.pem strict-sni`,
	finding: "tls-alert",
}, {
	name: "tls-1.1", setup: "TLS 1.1 at most",
	at: bindLine, fault: `bind :443 ssl crt drp.pem ciphers ALL:@SECLEVEL=0 ssl-min-ver TLSv1.0 ssl-max-ver TLSv1.1`,
	mend: `bind :443 ssl crt drp.pem ssl-min-ver TLSv1.2`, finding: "tls-version",
}, {
	name: "client-cert-optional", setup: "a client certificate is asked for",
	at: bindLine, fault: bindLine + ` ca-file clients.pem verify optional`, mend: bindLine,
	finding: "tls-client-cert-optional",
}, {
	name: "client-cert", setup: "a client certificate is demanded",
	at: bindLine, fault: bindLine + ` ca-file clients.pem verify required`, mend: bindLine,
	finding: "tls-client-cert",
}, {
	name: "expired", setup: "an expired certificate",
	at: bindLine, fault: `bind :443 ssl crt expired.pem`, mend: `bind :443 ssl crt drp.pem`,
	finding: "cert-expired", also: "cert-changed",
}, {
	name: "tunnel-timeout", setup: "sockets end after a silence",
	at: `timeout tunnel 1h`, fault: `timeout tunnel 4s`, mend: `timeout tunnel 1h`,
	watch: silence, finding: "ws-idle-dropped",
}, {
	name: "client-timeout", setup: "the timeout of requests holds for sockets, too",
	at: `timeout tunnel 1h`, fault: `timeout client 4s`, mendAt: `# defaults`, mend: `timeout tunnel 1h`,
	watch: silence, finding: "ws-idle-dropped",
}, {
	name: "reload", setup: "reloads that end the sockets of old workers",
	at: `# global`, fault: `hard-stop-after 1s`, mend: `hard-stop-after 24h`,
	watch: reloads, finding: "ws-flapping",
}, {
	name: "gone", setup: "DRP goes away under open sockets, and there is no second one",
	at: serverLine, fault: serverLine + ` check inter 2s fall 1`,
	watch: endpointGone, mendAt: `# backend`, mend: `server drp2 127.0.0.2:8092 ssl verify none backup`,
	finding: "upgrade-bad-gateway",
}}

// haproxyHarmless are settings that are often blamed.
var haproxyHarmless = []harmless{
	{at: `# frontend`, line: `option http-server-close`},
	{at: `# frontend`, line: `option httpclose`},
	{at: `# frontend`, line: `option http-buffer-request`},
	{at: `mode http`, line: `mode tcp`, also: [2]string{"backend static\n    http-request return status 404\n", ""}},
	{at: bindLine, line: `bind :443 ssl crt drp.pem alpn h2`},
}
