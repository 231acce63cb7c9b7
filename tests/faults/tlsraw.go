package faults

import (
	"crypto"
	"crypto/rand"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"io"
	"net"

	"golang.org/x/crypto/cryptobyte"
)

// Record and handshake types of TLS (RFC 8446 sections 4 and 5.1), as far as they are written here.
const (
	recordAlert     = 21
	recordHandshake = 22

	typeServerHello       = 2
	typeCertificate       = 11
	typeServerKeyExchange = 12
	typeServerHelloDone   = 14
)

// Extensions (RFC 8446 section 4.2).
const (
	extALPN              = 16
	extSupportedVersions = 43
	extKeyShare          = 51
)

// Protocol versions on the wire.
const (
	ssl30 = 0x0300
	tls10 = 0x0301
	tls11 = 0x0302
	tls12 = 0x0303
	tls13 = 0x0304
)

// retryRandom marks a ServerHello as a HelloRetryRequest (RFC 8446 section 4.1.3).
var retryRandom = []byte{
	0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91,
	0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
}

// clientHello is what a hand-made answer must know of the client's first message.
type clientHello struct {
	raw     []byte // its records, as they came
	size    int    // length of the message
	random  []byte
	session []byte // legacy session id, which a ServerHello of TLS 1.3 repeats
	tls13   bool   // it offers TLS 1.3
	h2      bool   // it offers HTTP/2
}

// readClientHello reads records until the ClientHello is whole.
func readClientHello(c net.Conn) (*clientHello, error) {
	h := &clientHello{}
	var msg []byte
	for len(msg) < 4 || len(msg) < 4+int(msg[1])<<16+int(msg[2])<<8+int(msg[3]) {
		head := make([]byte, 5)
		if _, err := io.ReadFull(c, head); err != nil {
			return nil, err
		}
		body := make([]byte, binary.BigEndian.Uint16(head[3:]))
		if _, err := io.ReadFull(c, body); err != nil {
			return nil, err
		}
		if head[0] != recordHandshake || len(msg) > 1<<16 {
			return nil, errors.New("not a ClientHello")
		}
		h.raw = append(append(h.raw, head...), body...)
		msg = append(msg, body...)
	}
	h.size = len(msg)
	return h, h.parse(msg[4:])
}

func (h *clientHello) parse(body cryptobyte.String) error {
	var version uint16
	var session, suites, compression, extensions cryptobyte.String
	if !body.ReadUint16(&version) || !body.ReadBytes(&h.random, 32) ||
		!body.ReadUint8LengthPrefixed(&session) || !body.ReadUint16LengthPrefixed(&suites) ||
		!body.ReadUint8LengthPrefixed(&compression) {
		return errors.New("malformed ClientHello")
	}
	h.session = session
	body.ReadUint16LengthPrefixed(&extensions)
	for !extensions.Empty() {
		var kind uint16
		var data cryptobyte.String
		if !extensions.ReadUint16(&kind) || !extensions.ReadUint16LengthPrefixed(&data) {
			return errors.New("malformed extension")
		}
		h.extension(kind, data)
	}
	return nil
}

// extension notes what an extension offers, as far as the cases ask.
func (h *clientHello) extension(kind uint16, data cryptobyte.String) {
	var list cryptobyte.String
	switch kind {
	case extSupportedVersions:
		data.ReadUint8LengthPrefixed(&list)
		for v := uint16(0); list.ReadUint16(&v); {
			h.tls13 = h.tls13 || v == tls13
		}
	case extALPN:
		data.ReadUint16LengthPrefixed(&list)
		for name := (cryptobyte.String{}); list.ReadUint8LengthPrefixed(&name); {
			h.h2 = h.h2 || string(name) == "h2"
		}
	}
}

// record frames payload as TLS records of one type, split where one would be too long.
func record(kind byte, version uint16, payload []byte) []byte {
	var out []byte
	for {
		n := min(len(payload), 1<<14)
		out = append(out, kind, byte(version>>8), byte(version), byte(n>>8), byte(n))
		out = append(out, payload[:n]...)
		if payload = payload[n:]; len(payload) == 0 {
			return out
		}
	}
}

// alert is a record with an alert: level 1 is a warning, 2 fatal.
func alert(level, description byte) []byte {
	return record(recordAlert, tls12, []byte{level, description})
}

// handshake frames body as a handshake message.
func handshake(kind byte, body []byte) []byte {
	n := len(body)
	return append([]byte{kind, byte(n >> 16), byte(n >> 8), byte(n)}, body...)
}

// hello is a ServerHello to be.
type hello struct {
	version    uint16 // legacy_version
	suite      uint16
	random     []byte // nil: made up
	echo       bool   // repeats the session id, as TLS 1.3 has it
	extensions []byte
}

// message makes the handshake message that answers h.
func (s hello) message(h *clientHello) []byte {
	random := s.random
	if random == nil {
		random = make([]byte, 32)
		rand.Read(random)
	}
	var b cryptobyte.Builder
	b.AddUint16(s.version)
	b.AddBytes(random)
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) {
		if s.echo {
			b.AddBytes(h.session)
		}
	})
	b.AddUint16(s.suite)
	b.AddUint8(0) // no compression
	if s.extensions != nil {
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(s.extensions) })
	}
	return handshake(typeServerHello, b.BytesOrPanic())
}

// helloExtension is one extension of a ServerHello.
func helloExtension(kind uint16, data ...byte) []byte {
	var b cryptobyte.Builder
	b.AddUint16(kind)
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(data) })
	return b.BytesOrPanic()
}

// certificate12 is the Certificate message of TLS 1.2 (RFC 5246 section 7.4.2).
func certificate12(chain [][]byte) []byte {
	var b cryptobyte.Builder
	b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) {
		for _, der := range chain {
			b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(der) })
		}
	})
	return handshake(typeCertificate, b.BytesOrPanic())
}

// sha1KeyExchange is a ServerKeyExchange on P-256 whose signature is right, but with SHA-1
// (RFC 8422 section 5.4).
func sha1KeyExchange(h *clientHello, serverRandom, point []byte, key crypto.Signer) ([]byte, error) {
	params := append([]byte{3, 0, 23, byte(len(point))}, point...)
	digest := sha1.New()
	digest.Write(h.random)
	digest.Write(serverRandom)
	digest.Write(params)
	sig, err := key.Sign(rand.Reader, digest.Sum(nil), crypto.SHA1)
	if err != nil {
		return nil, err
	}
	b := cryptobyte.NewBuilder(params)
	b.AddUint16(0x0201) // rsa_pkcs1_sha1
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(sig) })
	return handshake(typeServerKeyExchange, b.BytesOrPanic()), nil
}

// afterHello is a server that reads the ClientHello and leaves the rest to f; then FIN.
func afterHello(f func(raw *net.TCPConn, h *clientHello)) wire {
	return func(raw *net.TCPConn) {
		if h, err := readClientHello(raw); err == nil {
			f(raw, h)
		}
		hangUp(raw)
	}
}

// afterHelloSay answers the ClientHello with fixed bytes.
func afterHelloSay(answer ...byte) wire {
	return afterHello(func(raw *net.TCPConn, _ *clientHello) { raw.Write(answer) })
}

// answerHello answers it with a ServerHello and reads what the client makes of it.
func answerHello(s hello) wire {
	return afterHello(func(raw *net.TCPConn, h *clientHello) {
		raw.Write(record(recordHandshake, min(s.version, tls12), s.message(h)))
		hold(raw)
	})
}
