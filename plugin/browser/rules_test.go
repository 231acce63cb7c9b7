package browser_test

import (
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"testing"

	"ws-diagnose/plugin/browser"
	"ws-diagnose/plugin/trace"
)

// no is a socket that does not open, accepted one that does not until its certificate is accepted.
func no(code int, err string) browser.Prediction {
	return browser.Prediction{CloseCode: code, Error: err}
}
func accepted(code int, err string) browser.Prediction {
	return browser.Prediction{CloseCode: code, Error: err, OpensIfAccepted: true}
}

// yes is a socket that opens; code is 0 where it stays open.
func yes(code int, err string) browser.Prediction {
	return browser.Prediction{Opens: true, CloseCode: code, Error: err, OpensIfAccepted: true}
}

var (
	opens         = yes(0, "")
	certInvalid   = no(1006, "net::ERR_CERT_INVALID")
	certAuthority = accepted(1006, "net::ERR_CERT_AUTHORITY_INVALID")
	certDate      = accepted(1006, "net::ERR_CERT_DATE_INVALID")
	certName      = accepted(1006, "net::ERR_CERT_COMMON_NAME_INVALID")
	keyUsage      = no(1006, "net::ERR_SSL_KEY_USAGE_INCOMPATIBLE")
	unknownIssuer = accepted(1015, "SEC_ERROR_UNKNOWN_ISSUER")
	selfSignedF   = accepted(1015, "MOZILLA_PKIX_ERROR_SELF_SIGNED_CERT")
	badDomain     = accepted(1015, "SSL_ERROR_BAD_CERT_DOMAIN")
)

// row is one thing that both browsers were tried with, beside the cases of truth.json.
type row struct {
	name              string
	edits             []edit
	chromium, firefox browser.Prediction
}

func check(t *testing.T, rows []row) {
	t.Helper()
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			tr := sound(r.edits...)
			if got := browser.Chromium(tr); got != r.chromium {
				t.Errorf("chromium:\n got %+v\nwant %+v", got, r.chromium)
			}
			if got := browser.Firefox(tr); got != r.firefox {
				t.Errorf("firefox:\n got %+v\nwant %+v", got, r.firefox)
			}
		})
	}
}

var (
	other    = named(false)
	rsaOnly  = chose(tls.VersionTLS12, tls.TLS_RSA_WITH_AES_128_GCM_SHA256, 0)
	version2 = chose(tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.X25519)
	client   = leaf(extended(x509.ExtKeyUsageClientAuth))
	asCA     = leaf(func(c *trace.Cert) { c.IsCA = true })
	staple   = leaf(func(c *trace.Cert) { c.MustStaple = true })
)

func stapled(status string) edit {
	return func(t *trace.Trace) { t.Certificate.StapleStatus = status }
}
func sends(header, value string) edit {
	return func(t *trace.Trace) { t.HTTP.Header.Set(header, value) }
}

func TestCertificates(t *testing.T) {
	future := leaf(func(c *trace.Cert) { c.NotBefore = now.AddDate(0, 0, 1) })
	notYet := accepted(1015, "MOZILLA_PKIX_ERROR_NOT_YET_VALID_CERTIFICATE")
	caAsLeaf := accepted(1015, "MOZILLA_PKIX_ERROR_CA_CERT_USED_AS_END_ENTITY")
	sigAlg := accepted(1015, "SEC_ERROR_CERT_SIGNATURE_ALGORITHM_DISABLED")
	caExpired := accepted(1015, "SEC_ERROR_EXPIRED_ISSUER_CERTIFICATE")
	critical := no(1015, "SEC_ERROR_UNKNOWN_CRITICAL_EXTENSION")
	certType := no(1015, "SEC_ERROR_INADEQUATE_CERT_TYPE")
	feature := no(1015, "MOZILLA_PKIX_ERROR_REQUIRED_TLS_FEATURE_MISSING")
	badUsage := no(1015, "SEC_ERROR_INADEQUATE_KEY_USAGE")
	space := no(1015, "SEC_ERROR_CERT_NOT_IN_NAME_SPACE")
	forged := edit(func(t *trace.Trace) { untrusted(t); fault(0, trace.FaultSignature)(t) })
	check(t, []row{
		{"not yet valid", []edit{future}, certDate, notYet},
		{"name and date", []edit{other, leaf(expired)}, certName, badDomain},
		{"untrusted, name and date", []edit{untrusted, other, leaf(expired)}, certAuthority, unknownIssuer},
		{"any usage", []edit{leaf(extended(x509.ExtKeyUsageAny))}, opens, certType},
		{"any usage and server", []edit{leaf(extended(x509.ExtKeyUsageAny, x509.ExtKeyUsageServerAuth))}, opens, opens},
		{"client usage, self-signed", []edit{client, selfSigned}, certAuthority, selfSignedF},
		{"client usage, untrusted", []edit{client, untrusted}, certAuthority, unknownIssuer},
		{"client usage, name", []edit{client, other}, certInvalid, certType},
		{"client usage, expired", []edit{client, leaf(expired)}, certDate, certType},
		{"no key usage", []edit{leaf(func(c *trace.Cert) { c.HasKeyUsage, c.KeyUsage = false, 0 })}, opens, opens},
		{"keyEncipherment with ECDHE", []edit{leaf(usage(x509.KeyUsageKeyEncipherment))}, keyUsage, opens},
		{"keyEncipherment with RSA", []edit{leaf(usage(x509.KeyUsageKeyEncipherment)), rsaOnly}, opens, opens},
		{"digitalSignature with RSA", []edit{leaf(usage(x509.KeyUsageDigitalSignature)), rsaOnly}, keyUsage, opens},
		{"keyAgreement", []edit{leaf(usage(x509.KeyUsageKeyAgreement))}, keyUsage, opens},
		{"nonRepudiation", []edit{leaf(usage(x509.KeyUsageContentCommitment))}, keyUsage, badUsage},
		{"keyEncipherment, self-signed", []edit{selfSigned, leaf(usage(x509.KeyUsageKeyEncipherment))}, keyUsage, selfSignedF},
		{"must-staple", []edit{staple}, opens, feature},
		{"must-staple and stapled", []edit{staple, stapled("good")}, opens, opens},
		{"must-staple, name", []edit{staple, other}, certName, feature},
		{"must-staple, self-signed", []edit{staple, selfSigned}, certAuthority, selfSignedF},
		{"stapled revoked", []edit{stapled("revoked")}, no(1006, "net::ERR_CERT_REVOKED"), no(1015, "SEC_ERROR_REVOKED_CERTIFICATE")},
		{"stapled unknown", []edit{stapled("unknown")}, opens, no(1015, "SEC_ERROR_OCSP_UNKNOWN_CERT")},
		{"SHA-1", []edit{fault(0, trace.FaultWeakSignature)}, certInvalid, sigAlg},
		{"SHA-1, untrusted", []edit{fault(0, trace.FaultWeakSignature), untrusted}, certInvalid, unknownIssuer},
		{"SHA-1, self-signed", []edit{fault(0, trace.FaultWeakSignature), selfSigned}, certAuthority, selfSignedF},
		{"SHA-1 on the intermediate", []edit{through, fault(1, trace.FaultWeakSignature)}, certInvalid, sigAlg},
		{"name constraints", []edit{through, fault(1, trace.FaultNameConstraint)}, certInvalid, space},
		{"name constraints, name", []edit{through, other, fault(1, trace.FaultNameConstraint)}, certInvalid, space},
		{"critical extension", []edit{fault(0, trace.FaultCritical)}, certInvalid, critical},
		{"critical extension, self-signed", []edit{selfSigned, fault(0, trace.FaultCritical)}, certAuthority, critical},
		{"critical extension on the intermediate", []edit{through, fault(1, trace.FaultCritical)}, certInvalid, unknownIssuer},
		{"CA as leaf", []edit{asCA}, opens, caAsLeaf},
		{"CA as leaf, expired", []edit{asCA, leaf(expired)}, certDate, caAsLeaf},
		{"CA as leaf, name", []edit{asCA, other}, certName, caAsLeaf},
		{"CA as leaf, self-signed", []edit{asCA, selfSigned}, certAuthority, selfSignedF},
		{"CA as leaf, trusted itself", []edit{asCA, anchored}, opens, caAsLeaf},
		{"trusted itself, name", []edit{anchored, other}, certInvalid, badDomain},
		{"intermediate expired", []edit{through, fault(1, trace.FaultExpired)}, certDate, caExpired},
		{"intermediate expired, name", []edit{through, other, fault(1, trace.FaultExpired)}, certName, caExpired},
		{"intermediate not yet valid", []edit{through, fault(1, trace.FaultNotYetValid)}, certDate,
			accepted(1015, "MOZILLA_PKIX_ERROR_NOT_YET_VALID_ISSUER_CERTIFICATE")},
		{"root expired", []edit{fault(1, trace.FaultExpired)}, certDate, caExpired},
		{"intermediate may not sign", []edit{through, fault(1, trace.FaultCAUsage)}, certInvalid, badUsage},
		{"intermediate no CA", []edit{through, fault(1, trace.FaultNotCA)}, certInvalid, accepted(1015, "SEC_ERROR_CA_CERT_INVALID")},
		{"intermediate for clients", []edit{through, fault(1, trace.FaultEKUNesting)}, certInvalid, certType},
		{"intermediate of version 1", []edit{through, fault(1, trace.FaultVersion)}, certInvalid, accepted(1015, "MOZILLA_PKIX_ERROR_V1_CERT_USED_AS_CA")},
		{"forged", []edit{forged}, certAuthority, no(1015, "SEC_ERROR_BAD_SIGNATURE")},
		{"issuer to be fetched", []edit{unclosed, func(t *trace.Trace) { t.Certificate.FetchedTrusted = true }}, opens, unknownIssuer},
		{"HSTS", []edit{selfSigned, sends("Strict-Transport-Security", "max-age=31536000; includeSubDomains")}, certAuthority, selfSignedF},
		{"accepting is not enough", []edit{selfSigned, text(502)}, no(1006, "net::ERR_CERT_AUTHORITY_INVALID"), no(1015, "MOZILLA_PKIX_ERROR_SELF_SIGNED_CERT")},
		{"another name is not covered", []edit{func(t *trace.Trace) {
			t.Certificate.Names = append(t.Certificate.Names, trace.NameCheck{Name: "drp.test"})
		}}, opens, opens},
		{"loopback judged by the names typed", []edit{func(t *trace.Trace) { t.Target.Host = "127.0.0.1" }, other}, certName, badDomain},
		{"names unknown", []edit{other, func(t *trace.Trace) { t.Target.NamesUnknown = true }}, opens, opens},
	})
}

func TestTLS(t *testing.T) {
	mismatch := no(1006, "net::ERR_SSL_VERSION_OR_CIPHER_MISMATCH")
	protocol := no(1006, "net::ERR_SSL_PROTOCOL_ERROR")
	overlap := no(1015, "SSL_ERROR_NO_CYPHER_OVERLAP")
	tooLong := no(1015, "SSL_ERROR_RX_RECORD_TOO_LONG")
	reset := no(1006, "NS_ERROR_NET_RESET")
	canceled := no(1006, "WebSocket opening handshake was canceled")
	p521, ed := leaf(keyed(ecKey(elliptic.P521()))), leaf(keyed(ed25519.PublicKey{}))
	mismatched := edit(func(t *trace.Trace) { t.TLS.Done, t.TLS.KeyMismatch, t.HTTP, t.Socket = false, true, nil, nil })
	asks := edit(func(t *trace.Trace) { t.TLS.ClientCert = true })
	demands := edit(func(t *trace.Trace) {
		t.TLS.ClientCert, t.TLS.Done, t.TLS.Ended, t.TLS.Alert = true, false, trace.EndAlert, 40
		t.HTTP, t.Socket = nil, nil
	})
	first := func(b string, read int64) edit {
		return broken(trace.Handshake{Ended: trace.EndError, First: []byte(b), Read: read})
	}
	hello := func(version, cipher uint16) edit {
		return broken(trace.Handshake{Ended: trace.EndError, Hello: &trace.ServerHello{Version: version, Cipher: cipher}})
	}
	check(t, []row{
		{"P-521 certificate, TLS 1.3", []edit{p521}, mismatch, opens},
		{"P-521 certificate, TLS 1.2", []edit{p521, version2}, protocol, opens},
		{"P-224 certificate", []edit{leaf(keyed(ecKey(elliptic.P224()))), version2}, protocol, no(1015, "SSL_ERROR_WEAK_SERVER_CERT_KEY")},
		{"Ed25519 certificate, TLS 1.3", []edit{ed}, mismatch, overlap},
		{"Ed25519 certificate, TLS 1.2", []edit{ed, version2}, certInvalid, no(1015, "SEC_ERROR_LIBRARY_FAILURE")},
		{"ECDSA with AES-256-CBC", []edit{broken(trace.Handshake{Ended: trace.EndAlert, Alert: 40},
			retried(trace.OfferWide, tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, tls.X25519))}, mismatch, opens},
		{"works without a name only", []edit{broken(trace.Handshake{Ended: trace.EndAlert, Alert: 40},
			retried(trace.OfferNoSNI, tls.VersionTLS13, tls.TLS_AES_128_GCM_SHA256, tls.X25519))}, mismatch, overlap},
		{"key does not fit", []edit{mismatched}, protocol, no(1015, "SEC_ERROR_BAD_SIGNATURE")},
		{"key does not fit, self-signed", []edit{selfSigned, mismatched}, no(1006, "net::ERR_CERT_AUTHORITY_INVALID"), no(1015, "SEC_ERROR_BAD_SIGNATURE")},
		{"client certificate optional", []edit{asks}, canceled, opens},
		{"client certificate optional, self-signed", []edit{asks, selfSigned}, no(1006, "net::ERR_CERT_AUTHORITY_INVALID"), selfSignedF},
		{"client certificate demanded in TLS 1.2", []edit{demands}, canceled, no(1015, "SSL_ERROR_HANDSHAKE_FAILURE_ALERT")},
		{"no ALPN in common", []edit{alert(120)}, protocol, no(1015, "SSL_ERROR_NEXT_PROTOCOL_NO_PROTOCOL")},
		{"handshake failure", []edit{alert(40)}, mismatch, overlap},
		{"internal error", []edit{alert(80)}, protocol, no(1015, "SSL_ERROR_INTERNAL_ERROR_ALERT")},
		{"alert without a name", []edit{alert(99)}, protocol, no(1015, "SSL_ERROR_RX_UNKNOWN_ALERT")},
		{"close_notify", []edit{broken(trace.Handshake{Ended: trace.EndCloseNotify})}, protocol, reset},
		{"reset", []edit{broken(trace.Handshake{Ended: trace.EndRST})}, no(1006, "net::ERR_CONNECTION_RESET"), reset},
		{"ServerHello of TLS 1.1", []edit{hello(tls.VersionTLS11, 0xc013)}, mismatch, no(1015, "SSL_ERROR_UNSUPPORTED_VERSION")},
		{"ServerHello with RC4", []edit{hello(tls.VersionTLS12, tls.TLS_RSA_WITH_RC4_128_SHA)}, protocol, overlap},
		{"ServerHello with an extension of its own", []edit{hello(tls.VersionTLS12, tls.TLS_RSA_WITH_AES_128_GCM_SHA256)}, protocol,
			no(1015, "SSL_ERROR_RX_UNEXPECTED_EXTENSION")},
		{"ServerHello malformed", []edit{first("\x16\x03\x03\x00\x06\x02\x00\x00\x02\x09\x09", 11)}, protocol, no(1015, "SSL_ERROR_RX_MALFORMED_SERVER_HELLO")},
		{"record too long", []edit{first("\x16\x03\x03\xff\xff", 105)}, protocol, tooLong},
		{"SSH", []edit{first("SSH-2.0-OpenSSH_9.2\r\n", 21)}, protocol, reset},
		{"record of 18,432 bytes", []edit{first("abc\x48\x00abcdefghij", 15)}, protocol, reset},
		{"record of 18,433 bytes", []edit{first("abc\x48\x01abcdefghij", 15)}, protocol, tooLong},
		{"MySQL", []edit{first("\x4a\x00\x00\x00\x0a8.0.36\x00aaaaaaaa", 40)}, protocol, no(1015, "SSL_ERROR_RX_UNKNOWN_RECORD_TYPE")},
		{"application data", []edit{first("\x17\x03\x03\x00\x02ab", 7)}, protocol, no(1015, "SSL_ERROR_RX_UNEXPECTED_APPLICATION_DATA")},
		{"change of cipher", []edit{first("\x14\x03\x03\x00\x01\x01", 6)}, protocol, no(1015, "SSL_ERROR_RX_UNEXPECTED_CHANGE_CIPHER")},
		{"four bytes, then nothing", []edit{broken(trace.Handshake{Ended: trace.EndTimeout, First: []byte("abcd")})},
			no(1006, "WebSocket opening handshake timed out"), no(1006, "")},
	})
}

func TestConnect(t *testing.T) {
	origin := edit(func(t *trace.Trace) { t.Target.Scheme, t.Target.Origin = "ws", "https://portal.example" })
	proxy := func(status int) edit {
		return func(t *trace.Trace) {
			t.Target.Proxy, t.Connect.Proxy = "http://proxy:3128", &trace.Proxy{Status: status, Error: "refused"}
		}
	}
	tunnel := no(1006, "Establishing a tunnel via proxy server failed.")
	check(t, []row{
		{"timeout", []edit{dialled(trace.DialTimeout)}, no(1006, "net::ERR_CONNECTION_TIMED_OUT"), no(1006, "")},
		{"unreachable", []edit{dialled(trace.DialUnreachable)}, no(1006, "net::ERR_ADDRESS_UNREACHABLE"), no(1006, "NS_ERROR_CONNECTION_REFUSED")},
		{"reset", []edit{dialled(trace.DialError)}, no(1006, "net::ERR_CONNECTION_RESET"), no(1006, "NS_ERROR_NET_RESET")},
		{"proxy wants a password", []edit{proxy(407)}, no(1006, "Proxy authentication failed"), no(1006, "NS_ERROR_PROXY_AUTHENTICATION_FAILED")},
		{"proxy does not find it", []edit{proxy(502)}, tunnel, no(1006, "NS_ERROR_PROXY_BAD_GATEWAY")},
		{"proxy with a status of its own", []edit{proxy(599)}, tunnel, no(1006, "NS_ERROR_PROXY_CONNECTION_REFUSED")},
		{"proxy down", []edit{proxy(0), func(t *trace.Trace) {
			t.Connect.Chosen, t.Connect.Dials[0].Outcome = sound().Connect.Chosen, trace.DialRefused
			t.Connect = &trace.Connect{Dials: t.Connect.Dials, Proxy: t.Connect.Proxy}
		}}, no(1006, "net::ERR_PROXY_CONNECTION_FAILED"), no(1006, "NS_ERROR_PROXY_CONNECTION_REFUSED")},
		{"mixed content", []edit{origin}, no(1006, "An insecure WebSocket connection may not be initiated from a page loaded over HTTPS."), no(1006, "")},
		{"mixed content to loopback", []edit{origin, func(t *trace.Trace) { t.Target.Host = "127.0.0.1" }}, opens, opens},
	})
}
