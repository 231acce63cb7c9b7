package probe

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"

	"golang.org/x/crypto/cryptobyte"

	"ws-diagnose/plugin/trace"
)

// TLS record and handshake message types (RFC 8446 sections 5.1 and 4).
const (
	recordAlert       = 21
	recordHandshake   = 22
	messageHello      = 2
	messageCerts      = 11
	extensionVersions = 43
	extensionKeyShare = 51
)

// retryRandom stands in place of the server's random in a HelloRetryRequest (RFC 8446 section
// 4.1.3).
var retryRandom = sha256.Sum256([]byte("HelloRetryRequest"))

// parseFlight reads the server's first flight off the wire: the ServerHello, nil when none came
// whole, and the certificates where they are not encrypted, that is below TLS 1.3.
func parseFlight(flight []byte) (*trace.ServerHello, [][]byte) {
	version, messages := handshakeBytes(flight)
	var hello *trace.ServerHello
	s := cryptobyte.String(messages)
	for {
		var kind uint8
		var body cryptobyte.String
		if !s.ReadUint8(&kind) || !s.ReadUint24LengthPrefixed(&body) {
			return hello, nil
		}
		switch {
		case kind == messageHello && hello == nil:
			if hello = parseHello(body); hello == nil {
				return nil, nil
			}
			hello.RecordVersion = version
		case kind == messageCerts && hello != nil && hello.Version < tls.VersionTLS13:
			return hello, parseCerts(body)
		}
	}
}

// handshakeBytes joins what the handshake records at the start of flight carry, up to the first
// record that is something else; alerts in front of them may be warnings and are passed over.
func handshakeBytes(flight []byte) (version uint16, messages []byte) {
	s := cryptobyte.String(flight)
	for {
		var kind uint8
		var v uint16
		var body cryptobyte.String
		if !s.ReadUint8(&kind) || !s.ReadUint16(&v) || !s.ReadUint16LengthPrefixed(&body) {
			return version, messages
		}
		switch {
		case kind == recordHandshake:
			version, messages = v, append(messages, body...)
		case kind != recordAlert || messages != nil:
			return version, messages
		}
	}
}

// parseHello reads the body of a ServerHello, nil when it is malformed.
func parseHello(s cryptobyte.String) *trace.ServerHello {
	h := &trace.ServerHello{}
	var random []byte
	var session, extensions cryptobyte.String
	if !s.ReadUint16(&h.Version) || !s.ReadBytes(&random, 32) || !s.ReadUint8LengthPrefixed(&session) ||
		!s.ReadUint16(&h.Cipher) || !s.Skip(1) {
		return nil
	}
	h.Retry = bytes.Equal(random, retryRandom[:])
	if s.Empty() {
		return h
	}
	if !s.ReadUint16LengthPrefixed(&extensions) {
		return nil
	}
	for !extensions.Empty() {
		var id uint16
		var body cryptobyte.String
		if !extensions.ReadUint16(&id) || !extensions.ReadUint16LengthPrefixed(&body) {
			return nil
		}
		switch id {
		case extensionVersions:
			body.ReadUint16(&h.Version)
		case extensionKeyShare:
			body.ReadUint16(&h.Group)
		}
	}
	return h
}

// parseCerts reads the body of a Certificate message of TLS 1.2 and before (RFC 5246 section
// 7.4.2).
func parseCerts(s cryptobyte.String) [][]byte {
	var list, one cryptobyte.String
	if !s.ReadUint24LengthPrefixed(&list) {
		return nil
	}
	var certs [][]byte
	for list.ReadUint24LengthPrefixed(&one) {
		certs = append(certs, bytes.Clone(one))
	}
	return certs
}
