package browser

import "ws-diagnose/plugin/trace"

// alertNames are both browsers' names for a fatal TLS alert (RFC 8446 section 6.2) that comes
// before the handshake is over. The numbers 0 to 121, 200 and 255 were tried in answer to the
// ClientHello; those that are missing here, and those without a name, have none of their own.
var alertNames = map[int]struct{ chromium, firefox string }{
	10:  {"", "SSL_ERROR_HANDSHAKE_UNEXPECTED_ALERT"},
	20:  {"net::ERR_SSL_BAD_RECORD_MAC_ALERT", "SSL_ERROR_BAD_MAC_ALERT"},
	21:  {"", "SSL_ERROR_DECRYPTION_FAILED_ALERT"},
	22:  {"", "SSL_ERROR_RECORD_OVERFLOW_ALERT"},
	30:  {"net::ERR_SSL_DECOMPRESSION_FAILURE_ALERT", "SSL_ERROR_DECOMPRESSION_FAILURE_ALERT"},
	40:  {chromiumMismatch, "SSL_ERROR_HANDSHAKE_FAILURE_ALERT"},
	41:  {"", "SSL_ERROR_NO_CERTIFICATE"},
	42:  {chromiumClientAuth, "SSL_ERROR_BAD_CERT_ALERT"},
	43:  {chromiumClientAuth, "SSL_ERROR_UNSUPPORTED_CERT_ALERT"},
	44:  {chromiumClientAuth, "SSL_ERROR_REVOKED_CERT_ALERT"},
	45:  {chromiumClientAuth, "SSL_ERROR_EXPIRED_CERT_ALERT"},
	46:  {chromiumClientAuth, "SSL_ERROR_CERTIFICATE_UNKNOWN_ALERT"},
	47:  {"", "SSL_ERROR_ILLEGAL_PARAMETER_ALERT"},
	48:  {chromiumClientAuth, "SSL_ERROR_UNKNOWN_CA_ALERT"},
	49:  {"", "SSL_ERROR_ACCESS_DENIED_ALERT"},
	50:  {"", "SSL_ERROR_DECODE_ERROR_ALERT"},
	51:  {"net::ERR_SSL_DECRYPT_ERROR_ALERT", "SSL_ERROR_DECRYPT_ERROR_ALERT"},
	60:  {"", "SSL_ERROR_EXPORT_RESTRICTION_ALERT"},
	70:  {chromiumMismatch, "SSL_ERROR_PROTOCOL_VERSION_ALERT"},
	71:  {chromiumMismatch, "SSL_ERROR_INSUFFICIENT_SECURITY_ALERT"},
	80:  {"", "SSL_ERROR_INTERNAL_ERROR_ALERT"},
	86:  {"", "SSL_ERROR_INAPPROPRIATE_FALLBACK_ALERT"},
	90:  {"", "SSL_ERROR_USER_CANCELED_ALERT"},
	100: {"", "SSL_ERROR_NO_RENEGOTIATION_ALERT"},
	109: {"", "SSL_ERROR_MISSING_EXTENSION_ALERT"},
	110: {"", "SSL_ERROR_UNSUPPORTED_EXTENSION_ALERT"},
	111: {"", "SSL_ERROR_CERTIFICATE_UNOBTAINABLE_ALERT"},
	112: {"net::ERR_SSL_UNRECOGNIZED_NAME_ALERT", "SSL_ERROR_UNRECOGNIZED_NAME_ALERT"},
	113: {"", "SSL_ERROR_BAD_CERT_STATUS_RESPONSE_ALERT"},
	114: {"", "SSL_ERROR_BAD_CERT_HASH_VALUE_ALERT"},
	116: {chromiumClientAuth, "SSL_ERROR_RX_CERTIFICATE_REQUIRED_ALERT"},
	120: {"", "SSL_ERROR_NEXT_PROTOCOL_NO_PROTOCOL"},
	121: {"", "SSL_ERROR_ECH_REQUIRED_ALERT"},
}

const (
	alertHandshakeFailure   = 40
	alertProtocolVersion    = 70
	alertInsufficientCrypto = 71

	chromiumMismatch   = "net::ERR_SSL_VERSION_OR_CIPHER_MISMATCH"
	chromiumProtocol   = "net::ERR_SSL_PROTOCOL_ERROR"
	chromiumClientAuth = "net::ERR_BAD_SSL_CLIENT_AUTH_CERT"
)

// chromiumAlert: what has no name of its own is a protocol error (case alert-unknown-code).
func chromiumAlert(alert int) string {
	if name := alertNames[alert].chromium; name != "" {
		return name
	}
	return chromiumProtocol
}

// firefoxAlert: NSS takes a handshake failure in answer to its ClientHello for a lack of common
// ciphers; later it is just an alert.
func firefoxAlert(alert int, answersHello bool) string {
	if alert == alertHandshakeFailure && answersHello {
		return "SSL_ERROR_NO_CYPHER_OVERLAP"
	}
	if name := alertNames[alert].firefox; name != "" {
		return name
	}
	return "SSL_ERROR_RX_UNKNOWN_ALERT"
}

// alertOf returns the fatal alert that ended the handshake, -1 when none did.
func alertOf(h *trace.Handshake) int {
	if h.Done || h.Ended != trace.EndAlert {
		return -1
	}
	return h.Alert
}
