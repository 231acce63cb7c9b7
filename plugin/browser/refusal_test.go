package browser_test

import (
	"crypto/tls"
	"encoding/asn1"
	"testing"
	"time"

	"ws-diagnose/plugin/trace"
)

// What was learnt with the servers of package faults: the names are theirs.

func TestForeignServers(t *testing.T) {
	foreign := func(first string, after trace.Ending) edit {
		return broken(trace.Handshake{Ended: trace.EndError, After: after, First: []byte(first), Read: int64(len(first))})
	}
	protocol, reset := no(1006, "net::ERR_SSL_PROTOCOL_ERROR"), no(1006, "NS_ERROR_NET_RESET")
	const sslv2 = "\x80\x03\x00\x00\x01"
	check(t, []row{
		{"ssh-on-port", []edit{foreign("SSH-2.0-OpenSSH_9.2p1\r\n", trace.EndTimeout)}, protocol, no(1006, "")},
		{"ssh, which hangs up", []edit{foreign("SSH-2.0-OpenSSH_9.2p1\r\n", trace.EndFIN)}, protocol, reset},
		{"sslv2-record", []edit{foreign(sslv2, trace.EndFIN)}, no(1006, "net::ERR_CONNECTION_CLOSED"), reset},
		{"sslv2-record, then reset", []edit{foreign(sslv2, trace.EndRST)}, no(1006, "net::ERR_CONNECTION_RESET"), reset},
		{"sslv2-record, whole", []edit{foreign(sslv2+"a", trace.EndFIN)}, protocol, no(1015, "SSL_ERROR_RX_UNKNOWN_RECORD_TYPE")},
	})
}

func TestHandshakesOfFirefoxAlone(t *testing.T) {
	protocol := no(1006, "net::ERR_SSL_PROTOCOL_ERROR")
	withH2 := func(chosen string) trace.Handshake {
		h := retried(trace.OfferH2, tls.VersionTLS13, tls.TLS_AES_128_GCM_SHA256, tls.X25519)
		h.ALPN = chosen
		return h
	}
	unoffered := trace.Handshake{Ended: trace.EndError, Hello: &trace.ServerHello{Version: tls.VersionTLS12, Cipher: tls.TLS_RSA_WITH_AES_128_GCM_SHA256}}
	check(t, []row{
		{"alpn-h2-only", []edit{broken(trace.Handshake{Ended: trace.EndAlert, Alert: 120}, withH2("http/1.1"))}, protocol, opens},
		{"h2 and nothing else", []edit{broken(trace.Handshake{Ended: trace.EndAlert, Alert: 120}, withH2("h2"))}, protocol,
			no(1015, "SSL_ERROR_NEXT_PROTOCOL_NO_PROTOCOL")},
		{"alpn-not-offered", []edit{broken(unoffered, trace.Handshake{Offer: trace.OfferH2, Ended: trace.EndTimeout})}, protocol, no(1006, "")},
		{"tls13-draft-serverhello", []edit{broken(trace.Handshake{Ended: trace.EndError, Hello: &trace.ServerHello{Version: 0x7f1c}})},
			no(1006, "net::ERR_SSL_VERSION_OR_CIPHER_MISMATCH"), no(1015, "SSL_ERROR_RX_MALFORMED_SERVER_HELLO")},
	})
}

func TestBulkyChains(t *testing.T) {
	received := func(n int64) edit { return func(t *trace.Trace) { t.TLS.Read = n } }
	malformed := no(1015, "SSL_ERROR_RX_MALFORMED_HANDSHAKE")
	protocol := no(1006, "net::ERR_SSL_PROTOCOL_ERROR")
	check(t, []row{
		{"chain-hundred-certificates", []edit{received(64 << 10)}, opens, opens},
		{"chain-115kib", []edit{received(115 << 10)}, protocol, opens},
		{"chain-200kib", []edit{received(200 << 10)}, protocol, malformed},
		{"chain-300kib", []edit{broken(trace.Handshake{Ended: trace.EndError, Read: 16 << 10,
			Error: "tls: handshake message of length 305123 bytes exceeds maximum of 262144 bytes"})}, protocol, malformed},
	})
}

func TestUnusableStaples(t *testing.T) {
	fault := func(k trace.StapleFaultKind) edit {
		return func(t *trace.Trace) { t.Certificate.StapleFault, t.Certificate.StapleError = k, "unusable" }
	}
	old := no(1015, "SEC_ERROR_OCSP_OLD_RESPONSE")
	check(t, []row{
		{"staple-garbage", []edit{fault(trace.StapleUnusable)}, opens, no(1015, "SEC_ERROR_OCSP_MALFORMED_RESPONSE")},
		{"staple-old", []edit{fault(trace.StapleOld)}, opens, old},
		{"must-staple-old", []edit{fault(trace.StapleOld), staple}, opens, old},
		{"self-signed, staple-old", []edit{fault(trace.StapleOld), selfSigned}, certAuthority, selfSignedF},
	})
}

func TestProxies(t *testing.T) {
	proxy := func(p trace.Proxy) edit {
		p.Error = "no tunnel"
		return func(t *trace.Trace) { t.Target.Proxy, t.Connect.Proxy = "http://proxy:3128", &p }
	}
	check(t, []row{
		{"proxy-drops", []edit{proxy(trace.Proxy{Ended: trace.EndFIN})}, no(1006, "net::ERR_EMPTY_RESPONSE"), no(1006, "NS_ERROR_NET_RESET")},
		{"proxy-silent", []edit{proxy(trace.Proxy{Ended: trace.EndTimeout})}, no(1006, "WebSocket opening handshake timed out"), no(1006, "")},
		{"proxy-garbage", []edit{proxy(trace.Proxy{Foreign: true})}, no(1006, "net::ERR_INVALID_HTTP_RESPONSE"), no(1006, "")},
	})
}

func TestCertificatesThatGoCannotParse(t *testing.T) {
	bad := func(der []byte) edit {
		return broken(trace.Handshake{Ended: trace.EndError, BadCert: "x509: bad", Raw: [][]byte{der}})
	}
	protocol, arguments := no(1006, "net::ERR_SSL_PROTOCOL_ERROR"), no(1015, "SEC_ERROR_INVALID_ARGS")
	doubled := certificate(2)
	check(t, []row{
		{"x509-garbage", []edit{bad([]byte("this is no certificate"))}, protocol, arguments},
		{"x509-truncated", []edit{bad(doubled[:len(doubled)/2])}, protocol, arguments},
		{"x509-trailing-bytes", []edit{bad(append(doubled[:len(doubled):len(doubled)], 1, 2, 3))}, protocol, arguments},
		{"x509-doubled-extension", []edit{bad(doubled)}, certInvalid, no(1015, "SEC_ERROR_EXTENSION_VALUE_INVALID")},
		{"wrong in other ways", []edit{bad(certificate(1))}, certInvalid, arguments},
		{"seen with an older offer", []edit{broken(trace.Handshake{Ended: trace.EndError, BadCert: "x509: bad"}, trace.Handshake{Offer: trace.OfferOld, Raw: [][]byte{doubled}})},
			certInvalid, no(1015, "SEC_ERROR_EXTENSION_VALUE_INVALID")},
	})
}

// certificate is the outer form of a certificate, with one extension so many times.
func certificate(extensions int) []byte {
	sequence := asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true}
	type extension struct {
		ID    asn1.ObjectIdentifier
		Value []byte
	}
	var list []extension
	for range extensions {
		list = append(list, extension{asn1.ObjectIdentifier{2, 5, 29, 15}, []byte{}})
	}
	tbs := struct {
		Version                                             int `asn1:"explicit,tag:0"`
		Serial                                              int
		Algorithm, Issuer, Validity, Subject, PublicKeyInfo asn1.RawValue
		Extensions                                          []extension `asn1:"explicit,tag:3"`
	}{2, 1, sequence, sequence, sequence, sequence, sequence, list}
	der, err := asn1.Marshal(struct{ TBS any }{tbs})
	if err != nil {
		panic(err)
	}
	return der
}

func TestEndsThatBrowsersDoNotSee(t *testing.T) {
	pinged := edit(func(t *trace.Trace) { t.Socket.Ping = &trace.Exchange{Sent: true} })
	frame := func(length, received int64) edit {
		return func(t *trace.Trace) {
			t.Socket.Frames, t.Socket.Bytes = []trace.Frame{{Sent: true, Length: 5}, {Opcode: 8, Length: length}}, received
		}
	}
	rsv := badFrame(trace.FrameFault{Kind: trace.FrameRSV, RSV: 4})
	bits := yes(1006, "One or more reserved bits are on: reserved1 = 1, reserved2 = 0, reserved3 = 0")
	check(t, []row{
		{"drop-on-ping", []edit{ended(trace.End{Manner: trace.EndFIN, Held: 2 * time.Second}), pinged}, opens, opens},
		{"dropped at once, whatever came", []edit{ended(trace.End{Manner: trace.EndFIN, Held: time.Millisecond}), pinged}, yes(1006, ""), yes(1006, "")},
		{"closed after the ping", []edit{ended(trace.End{Close: &trace.CloseFrame{Code: 1001}, Manner: trace.EndFIN, Held: 2 * time.Second}), pinged}, yes(1001, ""), yes(1001, "")},
		{"http-after-upgrade", []edit{rsv, frame(84, 62)}, bits, opens},
		{"the same, whole", []edit{rsv, frame(84, 86)}, bits, yes(1006, "")},
		{"longer than what is read ahead", []edit{rsv, frame(70000, 512)}, bits, yes(1006, "")},
	})
}
