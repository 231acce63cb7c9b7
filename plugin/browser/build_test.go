package browser_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net/http"
	"net/netip"
	"time"

	"ws-diagnose/plugin/trace"
)

// edit changes one thing in a trace.
type edit func(*trace.Trace)

var now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// sound is the trace of a healthy endpoint with a trusted certificate, and then what edits make of
// it: the trace that the probe records.
func sound(edits ...edit) *trace.Trace {
	leaf := cert("leaf", nil)
	t := &trace.Trace{
		Target: trace.Target{Scheme: "wss", Host: "zoo.test", Port: 8092, Path: "/", Plain: true},
		Time:   now,
		Connect: &trace.Connect{
			Chosen: netip.MustParseAddrPort("127.0.0.1:8092"),
			Dials:  []trace.Dial{{Address: netip.MustParseAddrPort("127.0.0.1:8092"), Outcome: trace.DialOK}},
		},
		TLS: &trace.TLS{Handshake: trace.Handshake{
			Offer: trace.OfferBrowser, Done: true, Version: tls.VersionTLS13, Cipher: tls.TLS_AES_128_GCM_SHA256,
			Group: tls.X25519MLKEM768, Alert: -1, HelloSent: true, Raw: [][]byte{{0x30}}, Read: 2000,
		}},
		Certificate: &trace.Certificate{
			Leaf: leaf, Sent: []trace.Cert{leaf}, Chain: []trace.Cert{leaf, cert("root", ca)}, Trusted: true,
			Names: []trace.NameCheck{{Name: "zoo.test", Covered: true}}, KeyExchange: "ECDHE",
		},
		HTTP: &trace.HTTP{Answer: trace.Answer{
			Sent: true, Status: 101, Proto: "HTTP/1.1", Alert: -1, Read: 129, First: []byte("HTTP/1.1 101 Swi"),
			Header: http.Header{"Upgrade": {"websocket"}, "Connection": {"Upgrade"}, "Sec-Websocket-Accept": {"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}},
		}},
		Socket: &trace.Socket{Limit: 16 << 20, Ping: &trace.Exchange{Sent: true, Answered: true}, Close: &trace.Exchange{Sent: true, Answered: true}},
	}
	for _, e := range edits {
		e(t)
	}
	return t
}

func cert(name string, change func(*trace.Cert)) trace.Cert {
	c := trace.Cert{
		Certificate: &x509.Certificate{
			Version: 3, NotBefore: now.AddDate(0, -1, 0), NotAfter: now.AddDate(0, 11, 0), DNSNames: []string{name},
			PublicKey: rsaKey(2048), KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		},
		HasSAN: true, HasKeyUsage: true, HasEKU: true,
	}
	if change != nil {
		change(&c)
	}
	return c
}

func rsaKey(bits uint) *rsa.PublicKey {
	return &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), bits-1), E: 65537}
}

func ecKey(c elliptic.Curve) *ecdsa.PublicKey { return &ecdsa.PublicKey{Curve: c} }

func ca(c *trace.Cert) { c.IsCA, c.HasEKU, c.KeyUsage = true, false, x509.KeyUsageCertSign }

// Edits of the certificate.

func leaf(change func(*trace.Cert)) edit {
	return func(t *trace.Trace) { change(&t.Certificate.Leaf) }
}

func named(covered bool) edit {
	return func(t *trace.Trace) { t.Certificate.Names[0].Covered = covered }
}

func fault(i int, kind trace.ChainFaultKind) edit {
	return func(t *trace.Trace) {
		t.Certificate.Faults = append(t.Certificate.Faults, trace.ChainFault{Index: i, Kind: kind})
	}
}

// through puts an intermediate into the chain.
func through(t *trace.Trace) {
	c := t.Certificate
	c.Chain = []trace.Cert{c.Leaf, cert("intermediate", ca), cert("root", ca)}
}

func untrusted(t *trace.Trace) { t.Certificate.Trusted = false }
func selfSigned(t *trace.Trace) {
	t.Certificate.Trusted, t.Certificate.Leaf.SelfSigned = false, true
	t.Certificate.Chain = t.Certificate.Chain[:1]
}
func anchored(t *trace.Trace) {
	selfSigned(t)
	t.Certificate.Trusted, t.Certificate.AnchorLeaf = true, true
}

// unclosed is a chain that ends below its root, whose issuer is not to be had.
func unclosed(t *trace.Trace) {
	c := t.Certificate
	c.Trusted, c.MissingIssuer, c.Chain = false, true, c.Chain[:1]
}
func expired(c *trace.Cert) { c.NotAfter = now.AddDate(0, 0, -1) }
func usage(u x509.KeyUsage) func(*trace.Cert) {
	return func(c *trace.Cert) { c.KeyUsage = u }
}
func extended(u ...x509.ExtKeyUsage) func(*trace.Cert) {
	return func(c *trace.Cert) { c.ExtKeyUsage = u }
}
func keyed(key any) func(*trace.Cert) { return func(c *trace.Cert) { c.PublicKey = key } }

// Edits of the handshake.

func beyondTLS(t *trace.Trace) { t.Certificate, t.HTTP, t.Socket = nil, nil, nil }

// broken is a handshake that failed before a certificate came.
func broken(h trace.Handshake, retries ...trace.Handshake) edit {
	return func(t *trace.Trace) {
		beyondTLS(t)
		h.Offer, h.HelloSent = trace.OfferBrowser, true
		if h.Ended != trace.EndAlert {
			h.Alert = -1
		}
		if h.Read == 0 {
			h.Read = int64(len(h.First))
		}
		t.TLS = &trace.TLS{Handshake: h, Retries: retries}
	}
}

func alert(n int) edit {
	return broken(trace.Handshake{Ended: trace.EndAlert, Alert: n, First: []byte{21, 3, 3, 0, 2, 2, byte(n)}})
}

func chose(version, cipher uint16, group tls.CurveID) edit {
	return func(t *trace.Trace) {
		t.TLS.Version, t.TLS.Cipher, t.TLS.Group = version, cipher, group
		if group == 0 && version < tls.VersionTLS13 {
			t.Certificate.KeyExchange = "RSA"
		}
	}
}

// retried is a handshake with another offer that was finished.
func retried(o trace.Offer, version, cipher uint16, group tls.CurveID) trace.Handshake {
	return trace.Handshake{Offer: o, Done: true, Version: version, Cipher: cipher, Group: group, Alert: -1}
}

// Edits of what lies below TLS.

func unresolved(r trace.Resolve) edit {
	return func(t *trace.Trace) { beyondTLS(t); t.Connect, t.TLS, t.Resolve = nil, nil, &r }
}

func dialled(o trace.DialOutcome) edit {
	return func(t *trace.Trace) {
		beyondTLS(t)
		t.TLS, t.Connect = nil, &trace.Connect{Dials: []trace.Dial{{Outcome: o}}}
	}
}

// Edits of the answer.

func answered(status int, header ...string) edit {
	return func(t *trace.Trace) {
		t.Socket, t.HTTP.Status, t.HTTP.Header = nil, status, http.Header{}
		for i := 0; i+1 < len(header); i += 2 {
			t.HTTP.Header.Add(header[i], header[i+1])
		}
	}
}

func hungUp(e trace.Ending) edit {
	return func(t *trace.Trace) {
		t.Socket = nil
		t.HTTP = &trace.HTTP{Answer: trace.Answer{Sent: true, Alert: -1, Ended: e}}
	}
}

func cutHeader(e trace.Ending) edit {
	return func(t *trace.Trace) {
		t.Socket, t.HTTP.Header = nil, nil
		t.HTTP.Partial, t.HTTP.Ended = true, e
	}
}

// header sets a header of the 101, or takes it out, and notes the fault that the probe finds.
func header(name, kind string, values ...string) edit {
	return func(t *trace.Trace) {
		delete(t.HTTP.Header, http.CanonicalHeaderKey(name))
		for _, v := range values {
			t.HTTP.Header.Add(name, v)
		}
		if kind != "" {
			t.Socket = nil
			t.HTTP.Faults = append(t.HTTP.Faults, trace.HandshakeFault{Header: name, Kind: kind})
		}
	}
}

// Edits of the socket.

func closed(code int, faults ...trace.FrameFaultKind) edit {
	return ended(trace.End{Close: &trace.CloseFrame{Code: code}, Manner: trace.EndFIN}, faults...)
}

func ended(e trace.End, faults ...trace.FrameFaultKind) edit {
	return func(t *trace.Trace) {
		e.Alert = -1
		t.Socket.End, t.Socket.Close = &e, nil
		for _, f := range faults {
			t.Socket.Faults = append(t.Socket.Faults, trace.FrameFault{Kind: f, Opcode: 1})
		}
	}
}

func badFrame(faults ...trace.FrameFault) edit {
	return func(t *trace.Trace) {
		t.Socket.Faults, t.Socket.Close = append(t.Socket.Faults, faults...), nil
		t.Socket.End = &trace.End{Manner: trace.EndError, Alert: -1}
	}
}
