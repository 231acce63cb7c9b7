package diagnose

import "ws-diagnose/plugin/trace"

// newCertificate is how a certificate is replaced, wherever it is served: one of a CA by a request
// to that CA, any other by a self-signed one. The basic constraint matters: Firefox refuses a CA's
// certificate as a server's own, which is what openssl makes by default.
var newCertificate = []string{
	"{?is_issued}openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \\\n" +
		"  -keyout server.key -out server.csr -subj /CN={cn} -addext {san}",
	"{?is_issued}{?is_api}drpcli -E {api} system certs set fullchain.pem server.key",
	"{?is_issued}{?is_static}drpcli -E {api} files certs set fullchain.pem server.key",
	"{?is_issued}Have the CA sign server.csr, and put its answer and then its intermediate certificate into fullchain.pem. " +
		"With certbot: certbot renew, whose deploy hook must install fullchain.pem and privkey.pem.",
	"{!is_issued}openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 \\\n" +
		"  -keyout server.key -out server.crt -subj /CN={cn} -addext {san} \\\n" +
		"  -addext basicConstraints=critical,CA:FALSE -addext extendedKeyUsage=serverAuth",
	"{!is_issued}{?is_api}drpcli -E {api} system certs set server.crt server.key",
	"{!is_issued}{?is_static}drpcli -E {api} files certs set server.crt server.key",
	"{?is_foreign}The certificate here is not the endpoint's own: install the new one" + inProxy,
	"{!is_drp}Install the new pair in the server and reload it.",
	"{?is_api}DRP serves the new certificate at once, without a restart. " +
		"The file port 8090 has one of its own: drpcli files certs set.",
	"{?is_api}Where a proxy ends TLS at {hostport}, HAProxy say, install it there (crt on the bind line) and reload that.",
	"{!is_issued}Better than self-signed is a certificate of a CA that the browsers trust: have one issued, or use certbot, " +
		"whose deploy hook must install each renewed pair.",
	"{!is_issued}After each change every browser must accept a self-signed certificate anew, at {accept}.",
}

// inProxy is where a certificate is served that is not the endpoint's own.
const inProxy = " in the proxy or load balancer that serves {hostport}, and reload it " +
	"(nginx: ssl_certificate and ssl_certificate_key, HAProxy: crt on the bind line)."

// certFindings are about certificates that browsers refuse, or soon will.
var certFindings = []Entry{{
	ID: "cert-expired", Level: LevelError, Stage: trace.StageCertificate,
	Title:    "the certificate has expired",
	Headline: "certificate expired {ago} ago ({date})",
	Seen:     "The time of the check is past the certificate's NotAfter.",
	User: "Chromium: net::ERR_CERT_DATE_INVALID, or ERR_CERT_AUTHORITY_INVALID when it is self-signed as well, and 1006; " +
		"Firefox: SEC_ERROR_EXPIRED_CERTIFICATE or its self-signed error, and 1015. Browsers that had accepted the " +
		"certificate before refuse it again.",
	Cause: "DRP makes its certificate once, at the first start, for 365 days, and never renews it. " +
		"With a CA's certificate, the renewal failed or its hook did not install the new pair.",
	Remedy: newCertificate,
	Verify: "The check reports the new date; the portal connects after the certificate was accepted.",
	find:   certExpired,
}, {
	ID: "cert-expiring", Level: LevelWarn, Stage: trace.StageCertificate,
	Title:    "the certificate expires soon",
	Headline: "certificate expires in {left} ({date})",
	Seen: "Fewer days are left than the warning threshold, at most a third of the certificate's lifetime; " +
		"an error below the second threshold, at most a tenth.",
	User: "Nothing yet. On the day of expiry every browser loses the portal at once.",
	Cause: "DRP makes its certificate once, at the first start, for 365 days, and never renews it. " +
		"With a CA's certificate, the renewal is late.",
	Remedy:     newCertificate,
	Verify:     "The check reports the new date.",
	HeldBackBy: []string{"cert-expired"},
	find:       certExpiring,
}, {
	ID: "cert-not-yet-valid", Level: LevelError, Stage: trace.StageCertificate,
	Title:    "the certificate is not valid yet",
	Headline: "certificate is valid only from {date} on, in {left}",
	Seen:     "The time of the check is before the certificate's NotBefore.",
	User: "Chromium: net::ERR_CERT_DATE_INVALID and 1006, Firefox: a certificate error and 1015; " +
		"a browser with a wrong clock shows the same for a good certificate.",
	Cause:  "The certificate was made on a machine whose clock is ahead, or the clock of this machine is behind.",
	Remedy: append([]string{"timedatectl", "chronyc tracking", "Set the clock right first. Where it is right, make a new certificate."}, newCertificate...),
	Verify: "timedatectl says that the clock is synchronized on both machines, and the check passes.",
	find:   certNotYetValid,
}, {
	ID: "cert-no-san", Level: LevelError, Stage: trace.StageCertificate,
	Title: "the certificate has no subject alternative names: browsers accept it for no name",
	Seen:  "The certificate has a common name at most, and no subjectAltName extension.",
	User: "Chromium: net::ERR_CERT_COMMON_NAME_INVALID and 1006, Firefox: SSL_ERROR_BAD_CERT_DOMAIN and 1015, " +
		"or that it is untrusted where it is self-signed.",
	Cause:  "It was made with an old recipe: browsers have ignored the common name since 2017.",
	Remedy: newCertificate,
	Verify: "openssl x509 -in server.crt -noout -ext subjectAltName lists the names that users type.",
	find:   certNoSAN,
}, {
	ID: "cert-name-mismatch", Level: LevelError, Stage: trace.StageCertificate,
	Title:    "the certificate does not name the address that users type",
	Headline: "certificate does not cover {uncovered}",
	Seen:     "No subject alternative name covers a name or address that users type.",
	User: "Chromium: net::ERR_CERT_COMMON_NAME_INVALID and 1006, Firefox: SSL_ERROR_BAD_CERT_DOMAIN and 1015, " +
		"or that it is untrusted where it is self-signed.",
	Cause: "DRP's own certificate names localhost and the addresses that the server had when it was made: no host name, " +
		"and no address that came later.",
	Remedy:     newCertificate,
	Verify:     "The check reports each name as covered.",
	HeldBackBy: []string{"cert-no-san"},
	find:       certNameMismatch,
}, {
	ID: "cert-self-signed", Level: LevelInfo, Stage: trace.StageCertificate,
	Title: "the certificate is self-signed: every browser must accept it by hand",
	Seen:  "The certificate is signed with its own key and is not among the trusted roots.",
	User: "Until it is accepted, Chromium: net::ERR_CERT_AUTHORITY_INVALID and 1006, Firefox: " +
		"MOZILLA_PKIX_ERROR_SELF_SIGNED_CERT and 1015. The portal offers no way to accept it: its websocket just fails.",
	Cause: "DRP makes a self-signed certificate when it is given none. Browsers trust it only after a person accepted it, " +
		"each browser for itself, and again after each change.",
	Remedy: []string{
		"{!is_hsts}Open {accept} in the browser, accept the certificate, close the browser completely, and open the portal again.",
		"To be rid of this, install a certificate of a CA that the browsers trust, with the names that users type.",
		"{?is_api}certbot certonly --standalone -d {name} --deploy-hook /usr/local/sbin/drp-cert",
		"{?is_api}drpcli -E {api} system certs set fullchain.pem privkey.pem",
		"{?is_api}The first line is for a public name; the second is what its hook runs after each renewal.",
		"{?is_static}drpcli -E {api} files certs set fullchain.pem privkey.pem",
	},
	Verify: "The portal connects, in a fresh browser profile too once the certificate is trusted.",
	find:   certSelfSigned,
}, {
	ID: "cert-wrong-usage", Level: LevelError, Stage: trace.StageCertificate,
	Title:    "the certificate may not be used for a server",
	Headline: "the certificate may not be used here: {fault}",
	Seen: "ExtKeyUsage without serverAuth (or anyExtendedKeyUsage alone), or KeyUsage that forbids the key exchange " +
		"in use: keyEncipherment for RSA, digitalSignature for ECDHE and TLS 1.3.",
	User: "Chromium: net::ERR_CERT_INVALID or ERR_SSL_KEY_USAGE_INCOMPATIBLE and 1006, Firefox: " +
		"SEC_ERROR_INADEQUATE_CERT_TYPE or SEC_ERROR_INADEQUATE_KEY_USAGE and 1015.",
	Cause:  "It was issued from a template for something else: a client, code signing, or a CA.",
	Remedy: newCertificate,
	Verify: "openssl x509 -in server.crt -noout -ext keyUsage,extendedKeyUsage shows TLS Web Server Authentication.",
	find:   certWrongUsage,
}, {
	ID: "cert-revoked", Level: LevelError, Stage: trace.StageCertificate,
	Title: "the certificate is revoked",
	Seen:  "The server staples an OCSP answer that says so.",
	User:  "Firefox: SEC_ERROR_REVOKED_CERTIFICATE and 1015; Chromium: net::ERR_CERT_REVOKED and 1006 where it checks. Neither lets users accept it.",
	Cause: "The CA took the certificate back: its key leaked, it was replaced, or it was issued in error.",
	Remedy: append([]string{
		"openssl s_client -connect {dial} -servername {name} -status </dev/null",
		"Have the CA issue a new certificate for a new key, and install that; a self-signed one does for the meantime.",
	}, newCertificate...),
	Verify: "openssl s_client -status prints: Cert Status: good. </dev/null",
	find:   certRevoked,
}, {
	ID: "cert-unknown-issuer", Level: LevelWarn, Stage: trace.StageCertificate,
	Title:    "the certificate was issued by a CA that is not trusted",
	Headline: "certificate was issued by {issuer}, which is not trusted",
	Seen:     "No chain leads from the certificate to a trusted root.",
	User: "Chromium: net::ERR_CERT_AUTHORITY_INVALID and 1006, Firefox: SEC_ERROR_UNKNOWN_ISSUER and 1015, " +
		"unless that CA is installed in the browser.",
	Cause: "A private CA that this machine does not know, TLS inspection on the way, or a server that does not send " +
		"its intermediate certificate.",
	Remedy: []string{
		"openssl s_client -connect {dial} -servername {name} -showcerts </dev/null",
		"ws-diagnose check --ca-cert root-ca.pem {url}",
		"Install the CA's root in the users' browsers or systems, and give it to this check with --ca-cert.",
		"Have the server send the intermediates too: leaf first, then each issuer, in one file.",
	},
	Verify:     "The check with --ca-cert reports the certificate as trusted.",
	HeldBackBy: []string{"cert-chain-incomplete"},
	find:       certUnknownIssuer,
}, {
	ID: "cert-chain-incomplete", Level: LevelError, Stage: trace.StageCertificate,
	Title:    "the server does not send an intermediate certificate",
	Headline: "the server does not send the intermediate certificate {issuer}",
	Seen: "The issuer is not among the certificates sent; the address in the certificate delivers it, or it is known as " +
		"a public CA's.",
	User: "Some browsers work, others not: Chromium fetches the missing certificate, Firefox answers " +
		"SEC_ERROR_UNKNOWN_ISSUER and 1015 unless it has met it elsewhere.",
	Cause: "The server was given the certificate alone instead of the whole chain (certbot: cert.pem instead of fullchain.pem).",
	Remedy: []string{
		"curl -so intermediate.der {aia}",
		"{?aia}{!is_bundle}openssl x509 -in intermediate.der -out intermediate.crt",
		"{?aia}{?is_bundle}openssl pkcs7 -inform DER -in intermediate.der -print_certs -out intermediate.crt",
		"cat server.crt intermediate.crt > fullchain.pem",
		"{?is_api}drpcli -E {api} system certs set fullchain.pem server.key",
		"{?is_static}drpcli -E {api} files certs set fullchain.pem server.key",
		"{?is_foreign}Install fullchain.pem" + inProxy,
		"{!is_drp}Install fullchain.pem in the server in place of the certificate alone, and reload it.",
	},
	Verify: "openssl s_client -connect host:port -showcerts prints the intermediate as well. </dev/null",
	find:   certChainIncomplete,
}, {
	ID: "cert-chain-expired", Level: LevelError, Stage: trace.StageCertificate,
	Title:    "a certificate above the server's own is out of date",
	Headline: "out of date in the chain: {subject}",
	Seen:     "An intermediate or root certificate of the chain has expired or is not valid yet.",
	User:     "Chromium: net::ERR_CERT_DATE_INVALID and 1006, Firefox: SEC_ERROR_EXPIRED_ISSUER_CERTIFICATE and 1015.",
	Cause:    "The CA's own certificate was renewed and the server still sends, or the clients still trust, the old one.",
	Remedy: append([]string{
		"openssl s_client -connect {dial} -servername {name} -showcerts </dev/null",
		"Get the CA's present intermediate, put it behind the server's certificate in one file, and install that.",
	}, installChain...),
	Verify: "The check reports no cert-chain-expired.",
	find:   certChainExpired,
}, {
	ID: "cert-chain-invalid", Level: LevelError, Stage: trace.StageCertificate,
	Title:    "the chain of certificates breaks a rule",
	Headline: "the chain of certificates is invalid: {fault}",
	Seen: "An issuer that is no CA, a path too long, names outside the constraints, a wrong signature, an unknown " +
		"critical extension, or a server certificate marked for a CA's use.",
	User: "Chromium: net::ERR_CERT_INVALID and 1006, Firefox: an error named after the rule and 1015. " +
		"Chromium offers no way to accept it.",
	Cause: "The CA that issued the certificate was not set up as one, or issued what it may not.",
	Remedy: append([]string{
		"openssl verify -x509_strict -untrusted fullchain.pem server.crt",
		"Have the CA correct what is named above and issue the certificate anew.",
	}, installChain...),
	Verify: "openssl verify reports OK, and the check no cert-chain-invalid.",
	find:   certChainInvalid,
}, {
	ID: "cert-weak-signature", Level: LevelError, Stage: trace.StageCertificate,
	Title:    "a certificate is signed with MD5 or SHA-1",
	Headline: "signed with {fault}, which browsers refuse",
	Seen:     "MD5 or SHA-1 in the signature of a certificate of the chain that is not a root.",
	User:     "Chromium: net::ERR_CERT_INVALID and 1006, Firefox: SEC_ERROR_CERT_SIGNATURE_ALGORITHM_DISABLED and 1015.",
	Cause:    "An old CA or an old recipe made the certificate.",
	Remedy:   newCertificate,
	Verify:   "openssl x509 -in server.crt -noout -text names sha256 or better as Signature Algorithm.",
	find:     certWeakSignature,
}}

// installChain is how a certificate with its chain is installed.
var installChain = []string{
	"{?is_api}drpcli -E {api} system certs set fullchain.pem server.key",
	"{?is_static}drpcli -E {api} files certs set fullchain.pem server.key",
	"{?is_foreign}The certificate here is not the endpoint's own: install it" + inProxy,
	"{!is_drp}Install fullchain.pem and its key in the server and reload it.",
}
