package proxies

import (
	"time"

	"ws-diagnose/tests/emulator"
)

// nginxRows are faults of nginx's setup.
var nginxRows = []row{{
	name: "upgrade", setup: "the header `Upgrade` is not passed on",
	at: `proxy_set_header Upgrade $http_upgrade;`, mend: `proxy_set_header Upgrade $http_upgrade;`,
	finding: "upgrade-not-switched",
}, {
	name: "connection", setup: "the header `Connection` is overwritten", plain: true,
	at: `proxy_set_header Connection "upgrade";`, fault: `proxy_set_header Connection "close";`,
	mend: `proxy_set_header Connection "upgrade";`, finding: "upgrade-not-switched",
}, {
	name: "accept", setup: "a header of the answer is dropped",
	at: `# location`, fault: `proxy_hide_header Sec-WebSocket-Accept;`,
	mend: `proxy_pass_header Sec-WebSocket-Accept;`, finding: "upgrade-bad-handshake",
}, {
	name: "plain-upstream", setup: "plain HTTP to DRP's TLS port",
	at: `proxy_pass https://drp;`, fault: `proxy_pass http://drp;`, mend: `proxy_pass https://drp;`,
	finding: "upgrade-not-switched",
}, {
	name: "header-size", setup: "less room for a request than its token needs", plain: true, longToken: true,
	at: `# server`, fault: "client_header_buffer_size 256;\nlarge_client_header_buffers 1 512;",
	mend: `large_client_header_buffers 4 16k;`, finding: "upgrade-not-switched",
}, {
	name: "location", setup: "the path is not routed",
	at: `location / {`, fault: `location /drp/ {`, mend: `location /api/v3/ {`,
	finding: "upgrade-not-found",
}, {
	name: "moved", setup: "everything is redirected",
	at: `# server`, fault: `return 301 https://www.example.com/;`,
	mend: `location = / { return 301 https://www.example.com/; }`, finding: "upgrade-redirected", told: "return 30",
}, {
	name: "login", setup: "a login page comes first",
	at:      `# server`,
	fault:   "set $who $cookie_session;\nif ($who = \"\") { return 302 https://login.example.com/; }",
	mend:    "set $who $cookie_session$http_authorization$arg_token;\nif ($who = \"\") { return 302 https://login.example.com/; }",
	finding: "upgrade-redirected", told: "return 30",
}, {
	name: "password", setup: "a password of its own for the whole site",
	at: `# server`, fault: "auth_basic staff;\nauth_basic_user_file users;",
	mendAt: `# location`, mend: `auth_basic off;`, finding: "upgrade-unauthorized",
}, {
	name: "origin", setup: "pages of other sites are kept out",
	at: `# server`, fault: `if ($http_origin !~ "^(https://drp\.example\.com)?$") { return 403; }`,
	mend:    `if ($http_origin !~ "^(https://(drp\.example\.com|portal\.rackn\.io))?$") { return 403; }`,
	finding: "upgrade-origin", told: "http_origin",
}, {
	name: "deny", setup: "the user's network is not let in",
	at: `# location`, fault: "allow 192.0.2.0/24;\ndeny all;", mend: "allow 127.0.0.0/8;\ndeny all;",
	finding: "upgrade-forbidden",
}, {
	name: "rate", setup: "requests are limited, without a burst",
	at:     `# http`,
	fault:  "limit_req_zone $binary_remote_addr zone=drp:1m rate=10r/m;\nlimit_req_status 429;\nlimit_req zone=drp;",
	mendAt: `# location`, mend: `limit_req zone=drp burst=200 nodelay;`, finding: "upgrade-rate-limited",
}, {
	name: "port", setup: "a wrong port for DRP",
	at: `server 127.0.0.1:8092;`, fault: `server 127.0.0.1:809;`, mend: `server 127.0.0.1:8092;`,
	finding: "upgrade-bad-gateway",
}, {
	name: "connect-timeout", setup: "no patience with a slow DRP",
	at: `# location`, fault: `proxy_connect_timeout 1s;`, mend: `proxy_connect_timeout 60s;`,
	faults: emulator.Faults{TLSDelay: 1200 * time.Millisecond}, finding: "upgrade-bad-gateway",
}, {
	name: "maintenance", setup: "switched to maintenance",
	at: `# server`, fault: "set $maintenance 1;\nif ($maintenance) { return 503; }",
	mend: "set $maintenance 0;\nif ($maintenance) { return 503; }", finding: "upgrade-bad-gateway",
}, {
	name: "plain-port", setup: "the port speaks plain HTTP",
	at: `listen 443 ssl;`, fault: `listen 443;`, mend: `listen 443 ssl;`, finding: "tls-not-spoken",
}, {
	name: "proxy-protocol", setup: "a load balancer's PROXY protocol is expected",
	at: `listen 443 ssl;`, fault: `listen 443 ssl proxy_protocol;`, mend: `listen 443 ssl;`,
	finding: "tls-dropped",
}, {
	name: "name", setup: "names are refused in TLS",
	at: `# server`, fault: `ssl_reject_handshake on;`, mend: `ssl_reject_handshake off;`, finding: "tls-alert",
}, {
	name: "tls-1.1", setup: "TLS 1.1 at most",
	at: `# server`, fault: "ssl_ciphers ALL:@SECLEVEL=0;\nssl_protocols TLSv1.1;",
	mend: `ssl_protocols TLSv1.2 TLSv1.3;`, finding: "tls-version",
}, {
	name: "client-cert-optional", setup: "a client certificate is asked for",
	at: `# server`, fault: "ssl_client_certificate clients.pem;\nssl_verify_client optional;",
	mend: `ssl_verify_client off;`, finding: "tls-client-cert-optional",
}, {
	name: "client-cert", setup: "a client certificate is demanded",
	at: `# server`, fault: "ssl_client_certificate clients.pem;\nssl_verify_client on;",
	mend: `ssl_verify_client off;`, finding: "tls-client-cert",
}, {
	name: "expired", setup: "an expired certificate",
	at: `ssl_certificate drp.pem;`, fault: `ssl_certificate expired.pem;`, mend: `ssl_certificate drp.pem;`,
	finding: "cert-expired", also: "cert-changed",
}, {
	name: "other-site", setup: "the certificate of another site",
	at: `ssl_certificate drp.pem;`, fault: `ssl_certificate other.pem;`, mend: `ssl_certificate drp.pem;`,
	finding: "cert-name-mismatch", also: "cert-changed",
}, {
	name: "leaf-alone", setup: "the intermediate certificate is missing",
	at: `ssl_certificate drp.pem;`, fault: `ssl_certificate leaf.pem;`, mend: `ssl_certificate fullchain.pem;`,
	finding: "cert-chain-incomplete",
}, {
	name: "read-timeout", setup: "sockets end after a silence",
	at: `proxy_read_timeout 3600s;`, fault: `proxy_read_timeout 4s;`, mend: `proxy_read_timeout 3600s;`,
	watch: silence, finding: "ws-idle-dropped",
}, {
	name: "reload", setup: "reloads that end the sockets of old workers",
	at: `# main`, fault: `worker_shutdown_timeout 1s;`, mend: `worker_shutdown_timeout 24h;`,
	watch: reloads, finding: "ws-flapping",
}, {
	name: "gone", setup: "DRP goes away under open sockets, and there is no second one",
	at:    `# upstream`,
	watch: endpointGone, mend: `server 127.0.0.2:8092 backup;`, finding: "upgrade-bad-gateway",
}}

// nginxHarmless are settings that are often blamed.
var nginxHarmless = []harmless{
	{at: `# location`, line: `proxy_buffering on;`},
	{at: `# location`, line: `gzip on;`},
	{at: `# location`, line: `keepalive_timeout 0;`},
	{at: `proxy_http_version 1.1;`, line: `proxy_http_version 1.0;`},
	{at: `listen 443 ssl;`, line: `listen 443 ssl http2;`},
}
