package probe

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"ws-diagnose/plugin/trace"
)

// The most certificates of a server that are kept.
const maxCertificates = 32

// Bytes of an answer that are kept to tell what it is.
const maxFirst = 64

// Go's words for the two faults of a certificate that end its handshake.
const (
	goBadSignature = "invalid signature by the server certificate"
	goBadCert      = "tls: failed to parse certificate from server: "
)

// handshake makes the handshake that is like a browser's; where it fails, others follow that tell
// why.
func (w *walk) handshake(ctx context.Context) error {
	t := &trace.TLS{}
	w.tr.TLS = t
	limit := w.opts.Timeout * 4 / 10 // the rest of the stage is for finding the cause
	first, cancel := context.WithTimeout(ctx, limit)
	w.conn.until(first)
	t.Handshake = shake(w.conn, trace.OfferBrowser, w.sni())
	if !t.Done && t.Read > 0 && !isTLS(t.First) {
		t.After, t.Read = w.conn.wire.afterwards(first)
	}
	cancel()
	if t.Done {
		return nil
	}
	w.conn.Close()
	w.causes(ctx, t)
	return errors.New(handshakeWhy(&t.Handshake))
}

// handshakeWhy says in one line how a handshake failed.
func handshakeWhy(h *trace.Handshake) string {
	switch h.Ended {
	case trace.EndAlert:
		return fmt.Sprintf("the server ended the handshake with TLS alert %d", h.Alert)
	case trace.EndTimeout:
		return "the handshake was not finished in time"
	case trace.EndFIN, trace.EndRST, trace.EndCloseNotify:
		if !h.HelloSent {
			return "the server ended the connection before the handshake (" + string(h.Ended) + ")"
		}
		return "the server ended the connection during the handshake (" + string(h.Ended) + ")"
	}
	return h.Error
}

// sni is the name that is spoken to.
func (w *walk) sni() string {
	name := w.target.ServerName
	if name == "" {
		name = w.target.Host
	}
	return strings.TrimSuffix(asciiName(name), ".")
}

// asciiName is the form of a host that goes over the wire: a name in ASCII, an address without its
// zone, which means nothing elsewhere. What has no such form stays as it is.
func asciiName(name string) string {
	if a, err := netip.ParseAddr(name); err == nil {
		return a.WithZone("").String()
	}
	if ascii, err := hostNames.ToASCII(name); err == nil {
		return ascii
	}
	return name
}

// shake makes one handshake over l, which speaks TLS from then on if it succeeds.
func shake(l *link, offer trace.Offer, serverName string) trace.Handshake {
	h := trace.Handshake{Offer: offer, Alert: -1}
	c := offerConfig(offer, serverName)
	c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		h.ClientCert = true
		return &tls.Certificate{}, nil
	}
	c.VerifyPeerCertificate = func(raw [][]byte, _ [][]*x509.Certificate) error {
		h.Sent, h.Raw = len(raw), raw[:min(len(raw), maxCertificates)]
		return nil
	}
	l.wire.record = true
	conn := tls.Client(l.wire, c)
	begin := time.Now()
	err := conn.Handshake()
	h.Duration = time.Since(begin)
	l.wire.record = false

	flight := l.wire.flight
	l.wire.flight = nil
	h.HelloSent = l.wire.wrote > 0
	h.First, h.Read = bytes.Clone(flight[:min(len(flight), maxFirst)]), l.wire.read
	hello, certs := parseFlight(flight)
	h.Hello = hello
	if err != nil {
		setFailure(&h, err, l, certs)
		return h
	}
	s := conn.ConnectionState()
	h.Done, h.Version, h.Cipher, h.Group = true, s.Version, s.CipherSuite, s.CurveID
	h.ALPN, h.Stapled = s.NegotiatedProtocol, s.OCSPResponse
	l.Conn, l.tls = conn, conn
	return h
}

// setFailure notes how a handshake failed. certs are the certificates as read off the wire, for
// where Go gave up on them.
func setFailure(h *trace.Handshake, err error, l *link, certs [][]byte) {
	msg := err.Error()
	h.Error = cut(msg, maxError)
	h.Ended, h.Alert = l.ending(err)
	h.KeyMismatch = strings.Contains(msg, goBadSignature)
	if why, bad := strings.CutPrefix(msg, goBadCert); bad {
		h.BadCert = cut(why, maxError)
	}
	if len(h.Raw) == 0 && len(certs) > 0 {
		h.Sent, h.Raw = len(certs), certs[:min(len(certs), maxCertificates)]
	}
}
