package diagnose

import "ws-diagnose/plugin/trace"

// certNotices are the findings about certificates that some browsers live with.
var certNotices = []Entry{{
	ID: "cert-weak-key", Level: LevelWarn, Stage: trace.StageCertificate,
	Title:    "a certificate has a weak key",
	Headline: "weak key: {fault}",
	Seen:     "RSA below 2048 bits, or another key that some browsers refuse.",
	User: "Chromium and Firefox take RSA 1024 under a root that was installed by hand; Safari and a public CA's " +
		"chain do not: 1006 or 1015 there.",
	Cause:  "An old certificate, or an old setting of DRP's --cert-type.",
	Remedy: newCertificate,
	Verify: "The check reports a key of P-256, P-384 or RSA 2048 and above.",
	find:   certWeakKey,
}, {
	ID: "cert-validity-too-long", Level: LevelWarn, Stage: trace.StageCertificate,
	Title:    "the certificate is valid for longer than 825 days",
	Headline: "the certificate is valid for {lifetime}, Apple's limit is 825 days",
	Seen:     "NotAfter is more than 825 days after NotBefore.",
	User:     "Safari and everything else on macOS and iOS refuses it, private CAs included; Chromium and Firefox elsewhere do not.",
	Cause:    "It was made for many years, so as not to be bothered with it again.",
	Remedy:   newCertificate,
	Verify:   "The check reports a lifetime of 825 days at most.",
	find:     certValidityTooLong,
}, {
	ID: "cert-ca-as-leaf", Level: LevelInfo, Stage: trace.StageCertificate,
	Title: "a CA's certificate serves as the server's own: Firefox refuses it",
	Seen:  "The server's own certificate has CA:TRUE.",
	User:  "Firefox: MOZILLA_PKIX_ERROR_CA_CERT_USED_AS_END_ENTITY and 1015. Chromium does not mind.",
	Cause: "openssl req -x509 marks its certificates as a CA's unless told otherwise.",
	Remedy: append([]string{
		"Make a new certificate with basicConstraints CA:FALSE, as below.",
	}, newCertificate...),
	Verify: "openssl x509 -in server.crt -noout -ext basicConstraints shows CA:FALSE.",
	find:   certCAAsLeaf,
}, {
	ID: "cert-must-staple", Level: LevelWarn, Stage: trace.StageCertificate,
	Title: "the certificate demands a stapled OCSP answer, and the server sends none",
	Seen:  "The TLS feature status_request (must-staple) is in the certificate, and no good answer was stapled.",
	User:  "Firefox: MOZILLA_PKIX_ERROR_REQUIRED_TLS_FEATURE_MISSING and 1015. Chromium does not mind.",
	Cause: "The certificate was requested with must-staple. DRP never staples; a proxy does only when told to.",
	Remedy: []string{
		"openssl s_client -connect {dial} -servername {name} -status </dev/null",
		"{?is_api}Have the certificate issued without must-staple (certbot: without --must-staple), and install it.",
		"ssl_stapling on; ssl_stapling_verify on;",
		"The line above is for nginx in front of the endpoint.",
	},
	Verify:     "openssl s_client -status prints: OCSP Response Status: successful. </dev/null",
	HeldBackBy: []string{"cert-revoked", "cert-staple-invalid"},
	find:       certMustStaple,
}, {
	ID: "cert-staple-invalid", Level: LevelWarn, Stage: trace.StageCertificate,
	Title:    "the server staples an OCSP answer that is no good: Firefox refuses that",
	Headline: "Firefox refuses the OCSP answer that the server staples: {fault}",
	Seen: "The stapled OCSP answer is out of date, is not an answer about this certificate, or says that the CA does not " +
		"know the certificate.",
	User: "Firefox: SEC_ERROR_OCSP_OLD_RESPONSE (a day after its end), SEC_ERROR_OCSP_UNKNOWN_CERT or " +
		"SEC_ERROR_OCSP_MALFORMED_RESPONSE, and 1015, with no way to accept it. Chromium opens.",
	Cause: "DRP itself never staples. The server or proxy here staples an answer that it keeps and no longer renews, since " +
		"the CA's responder is out of its reach or is gone, or one that belongs to an earlier certificate.",
	Remedy: []string{
		"openssl s_client -connect {dial} -servername {name} -status </dev/null",
		"ssl_stapling off; # nginx",
		"Remove the setting ocsp-update and the .ocsp file in HAProxy, then reload: no answer is better than a wrong one.",
		"To staple again, let the server reach the responder that the certificate names, and look at its clock.",
	},
	Verify: "Firefox connects, and the check reports no cert-staple-invalid.",
	find:   certStapleInvalid,
}, {
	ID: "hsts-no-exception", Level: LevelWarn, Stage: trace.StageCertificate,
	Title: "HSTS: browsers offer no way to accept this certificate by hand",
	Seen:  "Browsers do not accept the certificate, and the host sends Strict-Transport-Security.",
	User: "A browser stores the header when it comes over a connection that it trusts, to any port of the host (RFC 6797 " +
		"section 8.1). From then on its warning page has no link to proceed: 1006 in Chromium, 1015 in Firefox, and no " +
		"cure on the user's side.",
	Cause: "Another service on the host, or a proxy in front of it, sends the header. It binds all ports of the name.",
	Remedy: []string{
		"curl -skI {url}/ | grep -i strict-transport-security",
		"add_header Strict-Transport-Security max-age=0;",
		"The line above makes nginx take the rule back. Better: install a certificate that browsers trust.",
		"Until then users can open the endpoint by its IP address: HSTS holds for names only.",
		"To remove it from one Chromium: chrome://net-internals/#hsts, delete {name}.",
	},
	Verify: "The browser's warning page for the endpoint has its link to proceed again, or no warning comes.",
	find:   hstsNoException,
}, {
	ID: "cert-changed", Level: LevelInfo, Stage: trace.StageCertificate,
	Title:    "the certificate is another one than last time",
	Headline: "another certificate than on {seen}: browsers must accept the new one",
	Seen:     "The fingerprint differs from the one that the last run remembered.",
	User: "Browsers that had accepted the old certificate fail: 1006 in Chromium, 1015 in Firefox, until the new one is " +
		"accepted. A restart of the browser alone mends nothing.",
	Cause: "The certificate was replaced or renewed. If nobody did, somebody may be in between: compare the fingerprints.",
	Remedy: []string{
		"openssl s_client -connect {dial} -servername {name} </dev/null | openssl x509 -noout -fingerprint -sha256",
		"When the change was meant: open {accept} in each browser and accept the new certificate. " +
			"Firefox asks for each port.",
		"When it was not: find out what serves {hostport} before any password is typed there.",
	},
	Verify: "The portal connects in the browsers, and the next check reports no change.",
	find:   certChanged,
}, {
	ID: "cert-static-differs", Level: LevelInfo, Stage: trace.StageCertificate,
	Title: "the HTTPS file port and the API port have different certificates",
	Seen:  "The certificates on the file port and on the API port have different fingerprints.",
	User:  "Two certificates to accept: one for the portal, one for files that it links to.",
	Cause: "The pair was replaced on one port only. DRP keeps one for the API (8092) and one for files (8090).",
	Remedy: []string{
		"drpcli -E {api} files certs set server.crt server.key",
		"Give the file port the pair that the API port has.",
	},
	Verify: "The check reports the same fingerprint for both ports.",
	find:   certStaticDiffers,
}, {
	ID: "clock-skew", Level: LevelWarn, Stage: trace.StageHTTP,
	Title:    "the server's clock is wrong",
	Headline: "the server's clock is {skew} {direction}",
	Seen:     "The Date header differs from the time here by more than 5 minutes.",
	User:     "Nothing by itself; certificates that seem expired or not valid yet, and tokens that end early.",
	Cause:    "Time synchronisation is off on the server, or on the machine that made this check.",
	Remedy: []string{
		"timedatectl",
		"timedatectl set-ntp true",
		"chronyc makestep",
		"Run these on the server {host}, and look at the clock of this machine too.",
	},
	Verify: "timedatectl says: System clock synchronized: yes.",
	find:   clockSkew,
}, {
	ID: "browser-local-network", Level: LevelInfo, Stage: trace.StageConnect,
	Title:    "Chromium asks for local-network permission",
	Headline: "Chromium asks users for permission to reach {address} from {portal}",
	Seen:     "The portal's page comes from a public site, and the endpoint has a private or loopback address.",
	User: "Chromium asks once whether the page may access the local network. Denied or not yet answered: 1006 and " +
		"net::ERR_BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS. Firefox does not ask.",
	Cause: "A guard of the browser, which has nothing to do with the certificate.",
	Remedy: []string{
		"Answer the browser's question with Allow, or allow Local network access in the site settings of {portal}.",
		"On managed browsers, set the policy LocalNetworkAccessAllowedForUrls to {portal}.",
		"{?is_drp}Or use the portal that the endpoint serves itself (--local-ui, RS_LOCAL_UI and RS_UI_URL=/ux).",
	},
	Verify: "The portal connects in Chromium after the permission was given.",
	find:   browserLocalNetwork,
}}
