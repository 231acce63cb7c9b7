package diagnose

import "ws-diagnose/plugin/trace"

// tlsFindings are about the handshake.
var tlsFindings = []Entry{{
	ID: "tls-timeout", Level: LevelError, Stage: trace.StageTLS,
	Title:    "the TLS handshake hangs",
	Headline: "connected to {dial}, but the TLS handshake hangs",
	Seen:     "The TCP connection came up, the ClientHello was sent, and the handshake was never finished.",
	User:     "Firefox gives up after about 20 s, Chromium after 30 s; close code 1006 in both.",
	Cause: "The server hangs or is overloaded, waits for something before TLS (a PROXY protocol header, STARTTLS), " +
		"or a device on the way holds the handshake back.",
	Remedy: []string{
		"openssl s_client -connect {dial} -servername {name} </dev/null",
		"{?is_drp}journalctl -u dr-provision -n 50 --no-pager",
		"{?is_drp}systemctl restart dr-provision",
		"Run the openssl line on the server itself: when it works there, look at the firewall or proxy in between.",
	},
	Verify: "openssl prints the certificate within a second.",
	find:   tlsTimeout,
}, {
	ID: "tls-dropped", Level: LevelError, Stage: trace.StageTLS,
	Title:    "the connection ends before or during the TLS handshake",
	Headline: "{dial} accepts the connection and ends it before TLS is up",
	Seen:     "The connection was closed or reset before or during the handshake, without a TLS alert.",
	User: "Chromium: net::ERR_CONNECTION_CLOSED or net::ERR_CONNECTION_RESET, Firefox: NS_ERROR_NET_RESET; " +
		"close code 1006 in both.",
	Cause: "A load balancer or proxy is up and the server behind it is not, a firewall inspects and cuts, the port expects " +
		"the PROXY protocol of a load balancer, or the server is shutting down or out of file descriptors.",
	Remedy: []string{
		"openssl s_client -connect {dial} -servername {name} </dev/null",
		"{?is_drp}systemctl status dr-provision",
		"{?is_drp}journalctl -u dr-provision -n 50 --no-pager",
		"Where a proxy listens on this port, check that its backend is up and that it passes TLS on.",
		"listen 443 ssl;",
		"The line above is for nginx, without proxy_protocol; in HAProxy take accept-proxy from the bind line. Either drops " +
			"all who come past the load balancer.",
	},
	Verify: "openssl prints the certificate, and the check gets past the stage tls.",
	find:   tlsDropped,
}, {
	ID: "tls-not-spoken", Level: LevelError, Stage: trace.StageTLS,
	Title:    "the port speaks something else than TLS",
	Headline: "{dial} speaks {speaks} instead of TLS",
	Seen:     "The answer to the ClientHello is not TLS: plain HTTP, SSH, or another protocol.",
	User: "Chromium: net::ERR_SSL_PROTOCOL_ERROR, close code 1006; Firefox: SSL_ERROR_RX_RECORD_TOO_LONG " +
		"and 1015, or a reset and 1006 where the answer is short.",
	Cause: "The port belongs to another service, or to a proxy that was set up for plain HTTP. " +
		"DRP serves files over plain HTTP on 8091 and its API over TLS on 8092.",
	Remedy: []string{
		"curl -sv http://{hostport}/ -o /dev/null",
		"ss -ltnp sport = :{port}",
		"{?is_drp}Use the API port of the endpoint, 8092 unless it was changed.",
		"listen 443 ssl;",
		"Where nginx listens on this port, the line above with ssl_certificate and ssl_certificate_key is missing.",
	},
	Verify: "openssl s_client -connect host:port prints a certificate. </dev/null",
	find:   tlsNotSpoken,
}, {
	ID: "tls-version", Level: LevelError, Stage: trace.StageTLS,
	Title:    "the server's TLS is too old for browsers",
	Headline: "the server only speaks {version}, browsers want TLS 1.2 or 1.3",
	Seen:     "The server chose or demands a TLS version below 1.2.",
	User: "Chromium: net::ERR_SSL_VERSION_OR_CIPHER_MISMATCH, close code 1006; Firefox: " +
		"SSL_ERROR_PROTOCOL_VERSION_ALERT or SSL_ERROR_UNSUPPORTED_VERSION, 1015.",
	Cause: "An old server or load balancer, or a setting that limits the versions. Browsers dropped TLS 1.0 and 1.1 in 2020.",
	Remedy: []string{
		"ssl_protocols TLSv1.2 TLSv1.3;",
		"ssl-default-bind-options ssl-min-ver TLSv1.2",
		"The lines above are for nginx and for HAProxy's global section; reload the proxy afterwards.",
		"{?is_drp}Where DRP itself answers, remove its tls-min-version and use-old-ciphers settings and update it.",
	},
	Verify: "openssl s_client -tls1_2 -connect host:port succeeds. </dev/null",
	find:   tlsVersion,
}, {
	ID: "tls-cipher", Level: LevelError, Stage: trace.StageTLS,
	Title:    "no cipher, curve or signature in common with a browser",
	Headline: "TLS does not suit browsers: {what}",
	Seen: "The handshake ends with handshake_failure or insufficient_security, or it works only with a cipher, curve " +
		"or key that a browser does not offer.",
	User: "Chromium: net::ERR_SSL_VERSION_OR_CIPHER_MISMATCH, close code 1006; Firefox: SSL_ERROR_NO_CYPHER_OVERLAP " +
		"or an alert's name, 1015. With P-521 Chromium alone fails, Firefox connects.",
	Cause: "The server's list of ciphers or curves, or its kind of key, leaves nothing that browsers offer. " +
		"DRP's --cert-type P521 makes such a key: Chromium refuses P-521. No browser takes Ed25519.",
	Remedy: append([]string{
		"openssl s_client -connect {dial} -servername {name} -groups X25519:P-256 </dev/null",
		"ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305;",
		"ssl_ecdh_curve X25519:prime256v1;",
		"The ssl_ lines are for nginx. For a key that browsers refuse, make a new one on P-256, as follows.",
	}, newCertificate...),
	Verify: "The portal connects in Chromium as well as in Firefox.",
	find:   tlsCipher,
}, {
	ID: "tls-client-cert", Level: LevelError, Stage: trace.StageTLS,
	Title: "the server demands a client certificate",
	Seen:  "The server asked for a client certificate, and refused when none was given.",
	User: "Chromium: WebSocket opening handshake was canceled, close code 1006; Firefox: " +
		"SSL_ERROR_RX_CERTIFICATE_REQUIRED_ALERT or the like, 1015. A websocket never shows the picker.",
	Cause:  "Mutual TLS is switched on in the server, or in the proxy or service mesh in front of it.",
	Remedy: clientCertOff,
	Verify: "openssl s_client reports: No client certificate CA names sent. </dev/null",
	find:   tlsClientCert,
}, {
	ID: "tls-client-cert-optional", Level: LevelWarn, Stage: trace.StageTLS,
	Title: "the server asks for a client certificate, without need",
	Seen:  "The server asked for a client certificate in the handshake and went on without one.",
	User: "Chromium cancels the socket (WebSocket opening handshake was canceled, 1006) until a page of that host " +
		"and port was loaded, and then shows a picker. Firefox does not mind.",
	Cause:  "Client certificates are optional in the server's setup (DRP: --client-cert-auth, nginx: ssl_verify_client optional).",
	Remedy: clientCertOff,
	Verify: "openssl s_client reports: No client certificate CA names sent. </dev/null",
	find:   tlsClientCertOptional,
}, {
	ID: "tls-large-hello", Level: LevelError, Stage: trace.StageTLS,
	Title: "the handshake fails only with the large ClientHello that browsers send",
	Seen: "The handshake hangs or is reset with a post-quantum key share in the ClientHello, which then needs two " +
		"packets, and works with a small one.",
	User:  "Close code 1006 after a reset or a long wait, while curl and older clients connect.",
	Cause: "A firewall, load balancer or inspection device on the way expects the ClientHello in one packet.",
	Remedy: []string{
		"openssl s_client -connect {dial} -servername {name} -groups X25519 </dev/null",
		"Update the device, or exempt {hostport} from its TLS inspection.",
		"Until then, Chromium: set the policy PostQuantumKeyAgreementEnabled to false. " +
			"Firefox: set security.tls.enable_kyber to false in about:config.",
	},
	Verify: "The check gets past the stage tls without tls-large-hello.",
	find:   tlsLargeHello,
}, {
	ID: "tls-alert", Level: LevelError, Stage: trace.StageTLS,
	Title:    "the server aborts the TLS handshake",
	Headline: "the server aborts the TLS handshake with alert {alert}",
	Seen:     "A fatal TLS alert that none of the other findings explains.",
	User:     "An SSL error named after the alert; close code 1006 in Chromium, 1015 in Firefox.",
	Cause: "The server refuses this handshake. unrecognized_name: it knows no certificate for the name {name}. " +
		"internal_error: it could not load its certificate or key. Others: see its log.",
	Remedy: []string{
		"openssl s_client -connect {dial} -servername {name} -msg </dev/null",
		"openssl s_client -connect {dial} -noservername </dev/null",
		"{?is_drp}journalctl -u dr-provision -n 50 --no-pager",
		"Add {name} to the server's virtual hosts (nginx: server_name) when only the line without a name works.",
		"ssl_reject_handshake off;",
		"bind :{port} ssl crt /etc/haproxy/site.pem crt /etc/haproxy/{name}.pem strict-sni",
		"The lines above are for nginx and HAProxy, where such a setting refuses names that have no certificate.",
	},
	Verify: "openssl prints the certificate.",
	find:   tlsAlert,
}, {
	ID: "tls-alpn", Level: LevelError, Stage: trace.StageTLS,
	Title: "the server offers no HTTP/1.1",
	Seen:  "ALPN leaves no HTTP/1.1: the server speaks HTTP/2 only, or refuses every protocol a browser offers.",
	User: "Chromium: net::ERR_SSL_PROTOCOL_ERROR, close code 1006; Firefox: SSL_ERROR_NEXT_PROTOCOL_NO_PROTOCOL, 1015. " +
		"Pages may load all the same, over HTTP/2.",
	Cause: "The upgrade to a websocket is a matter of HTTP/1.1, and the proxy in front is set to HTTP/2 alone.",
	Remedy: []string{
		"openssl s_client -connect {dial} -servername {name} -alpn http/1.1 </dev/null",
		"bind :{port} ssl crt /etc/haproxy/site.pem alpn h2,http/1.1",
		"The second line is for HAProxy. In other proxies, allow http/1.1 beside h2.",
	},
	Verify: "openssl reports: ALPN protocol: http/1.1.",
	find:   tlsALPN,
}, {
	ID: "tls-key-mismatch", Level: LevelError, Stage: trace.StageTLS,
	Title:    "certificate and key do not fit, or the certificate cannot be read",
	Headline: "the server's certificate is of no use: {fault}",
	Seen:     "The handshake's signature does not fit the key in the certificate, or the certificate cannot be parsed.",
	User:     "Chromium: net::ERR_SSL_PROTOCOL_ERROR, close code 1006; Firefox: a security error, 1015. There is no way to accept it.",
	Cause:    "The certificate file was replaced without its key (or the other way round), or the file is damaged.",
	Remedy: append([]string{
		"openssl x509 -in server.crt -noout -pubkey | openssl sha256",
		"openssl pkey -in server.key -pubout | openssl sha256",
		"The two sums must be equal. Install a pair that fits, or make a new one.",
	}, newCertificate...),
	Verify: "openssl s_client -connect host:port prints the certificate and no error. </dev/null",
	find:   tlsKeyMismatch,
}}

// clientCertOff is how a server stops asking for client certificates.
var clientCertOff = []string{
	"openssl s_client -connect {dial} -servername {name} </dev/null",
	"{?is_drp}systemctl show dr-provision -p Environment",
	"{?is_drp}Remove --client-cert-auth (RS_CLIENT_CERT_AUTH) from DRP's service, then restart it.",
	"ssl_verify_client off;",
	"The last line is for nginx; in HAProxy remove verify from the bind line. " +
		"Where client certificates are wanted, serve them on a port of their own.",
}
