package diagnose

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"ws-diagnose/plugin/trace"
)

// runTime is the time of every run in these tests.
var runTime = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// world is the evidence and policy of a run with one target that has no fault. Fixtures break it.
type world struct {
	evidence trace.Evidence
	policy   Policy
	*trace.Trace
}

func newWorld() *world {
	t := healthy("drp.example.com", "203.0.113.5")
	return &world{
		Trace: t,
		evidence: trace.Evidence{
			Time: runTime, Vantage: "vantage", Traces: []*trace.Trace{t},
			History: map[string]*trace.Watch{}, Known: map[string]trace.Known{},
		},
		policy: Policy{PortalURL: "https://portal.rackn.io", Version: "v0"},
	}
}

func (w *world) report() Report { return Diagnose(w.evidence, w.policy)[0] }

// healthy is the trace of a DRP endpoint without fault.
func healthy(host, address string) *trace.Trace {
	t := &trace.Trace{
		Target: trace.Target{
			Scheme: "https", Host: host, Port: 8092, Path: "/api/v3/ws", Role: trace.RoleEndpoint,
			Origin: "https://portal.rackn.io", Names: []string{host},
		},
		Time: runTime, Timeout: 10 * time.Second,
		Resolve: &trace.Resolve{Addresses: []netip.Addr{netip.MustParseAddr(address)}},
		Connect: connected(address),
		TLS: &trace.TLS{Handshake: trace.Handshake{
			Offer: trace.OfferBrowser, Done: true, Version: tls.VersionTLS13, Cipher: tls.TLS_AES_128_GCM_SHA256,
			Group: tls.X25519MLKEM768, ALPN: "http/1.1", Alert: -1, HelloSent: true,
		}},
		Certificate: certificate(host),
		HTTP: &trace.HTTP{Answer: trace.Answer{
			Sent: true, Token: true, Origin: "https://portal.rackn.io", Status: 101, Proto: "HTTP/1.1", Alert: -1,
			Header: http.Header{
				"Date": {runTime.Format(http.TimeFormat)}, "Upgrade": {"websocket"}, "Connection": {"Upgrade"},
				"Sec-Websocket-Accept": {"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="},
			},
			Received: runTime,
		}},
		Socket: &trace.Socket{
			Register: &trace.Exchange{Sent: true, Answered: true, Took: 3 * time.Millisecond},
			Event:    &trace.Event{Status: 204, Arrived: true, Took: 12 * time.Millisecond},
			Ping:     &trace.Exchange{Sent: true, Answered: true, Took: time.Millisecond},
			Close:    &trace.Exchange{Sent: true, Answered: true, Took: time.Millisecond, Code: 1000},
			Limit:    16 << 20,
		},
		Info: &trace.Info{SecureFilePort: 8090},
	}
	for _, name := range trace.StageNames {
		t.Stages = append(t.Stages, trace.Stage{Name: name, Outcome: trace.OK, Duration: 2 * time.Millisecond})
	}
	return t
}

func connected(address string) *trace.Connect {
	at := netip.AddrPortFrom(netip.MustParseAddr(address), 8092)
	return &trace.Connect{Chosen: at, Dials: []trace.Dial{{Address: at, Outcome: trace.DialOK, Duration: time.Millisecond}}}
}

// certificate is a trusted certificate of 365 days with 210 left.
func certificate(names ...string) *trace.Certificate {
	leaf := trace.Cert{
		Certificate: &x509.Certificate{
			Subject: pkix.Name{CommonName: names[0]}, Issuer: pkix.Name{CommonName: "Example CA"},
			NotBefore: runTime.AddDate(0, 0, -155), NotAfter: runTime.AddDate(0, 0, 210),
			DNSNames: names, IPAddresses: []net.IP{net.IPv4(10, 0, 0, 5)}, BasicConstraintsValid: true,
			KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
			PublicKey: &ecdsa.PublicKey{Curve: elliptic.P384()},
		},
		SHA256: strings.Repeat("ab", 32), Key: "ECDSA P-384", HasSAN: true, HasKeyUsage: true, HasEKU: true,
	}
	root := trace.Cert{
		Certificate: &x509.Certificate{
			Subject: pkix.Name{CommonName: "Example CA"}, Issuer: pkix.Name{CommonName: "Example CA"},
			NotBefore: runTime.AddDate(-5, 0, 0), NotAfter: runTime.AddDate(5, 0, 0),
		},
		SHA256: strings.Repeat("cd", 32), SelfSigned: true,
	}
	c := &trace.Certificate{
		Leaf: leaf, Sent: []trace.Cert{leaf}, Chain: []trace.Cert{leaf, root}, Trusted: true, KeyExchange: "ECDHE",
	}
	for _, n := range names {
		c.Names = append(c.Names, trace.NameCheck{Name: n, Covered: true})
	}
	return c
}

// leaf is the certificate to break.
func (w *world) leaf() *trace.Cert { return &w.Certificate.Leaf }

// selfSign makes it a certificate as DRP makes it.
func (w *world) selfSign() {
	c := w.Certificate
	c.Leaf.Issuer, c.Leaf.Subject = pkix.Name{Organization: []string{"Acme Co"}}, pkix.Name{Organization: []string{"Acme Co"}}
	c.Leaf.SelfSigned, c.Trusted = true, false
	c.Sent, c.Chain = []trace.Cert{c.Leaf}, []trace.Cert{c.Leaf}
}

// distrust makes it a certificate of a CA that nobody trusts.
func (w *world) distrust() {
	c := w.Certificate
	c.Trusted, c.MissingIssuer, c.Chain = false, true, c.Chain[:1]
}

// fail makes name the last stage that was walked, and a failed one.
func (w *world) fail(name trace.StageName, why string) {
	at := slices.Index(trace.StageNames, name)
	for i := range w.Stages[at:] {
		w.Stages[at+i] = trace.Stage{Name: trace.StageNames[at+i], Outcome: trace.Skipped}
	}
	w.Stages[at] = trace.Stage{Name: name, Outcome: trace.Failed, Duration: time.Second, Why: why}
	w.forget(name)
}

// forget drops the evidence of the stages after name.
func (w *world) forget(name trace.StageName) {
	switch name {
	case trace.StageResolve:
		w.Connect = nil
		fallthrough
	case trace.StageConnect:
		w.TLS = nil
		fallthrough
	case trace.StageTLS:
		w.Certificate = nil
		w.HTTP = nil
		fallthrough
	case trace.StageHTTP, trace.StageUpgrade:
		w.Socket, w.Info = nil, nil
	case trace.StageRegister:
		w.Socket.Event, w.Socket.Ping, w.Socket.Close = nil, nil, nil
	}
}

// refuseDials has every address answer a dial with o.
func (w *world) refuseDials(o trace.DialOutcome, err string) {
	w.fail(trace.StageConnect, err)
	w.Connect.Chosen = netip.AddrPort{}
	for i := range w.Connect.Dials {
		w.Connect.Dials[i].Outcome, w.Connect.Dials[i].Error = o, err
	}
}

// breakTLS replaces the handshake by one that failed, and those that were tried after it.
func (w *world) breakTLS(first trace.Handshake, retries ...trace.Handshake) {
	w.fail(trace.StageTLS, "handshake")
	first.Offer, first.HelloSent = trace.OfferBrowser, true
	if first.Alert == 0 {
		first.Alert = -1
	} else {
		first.Ended = trace.EndAlert
	}
	w.TLS = &trace.TLS{Handshake: first, Retries: retries}
}

// worked is a retry that succeeded.
func worked(o trace.Offer, version, cipher uint16) trace.Handshake {
	return trace.Handshake{Offer: o, Done: true, Version: version, Cipher: cipher, Alert: -1}
}

// refuse answers the upgrade with a status.
func (w *world) refuse(status int, retries ...trace.Answer) {
	w.fail(trace.StageUpgrade, "status")
	w.HTTP.Status, w.HTTP.Retries = status, retries
}

// spoil makes the 101 a wrong one.
func (w *world) spoil(faults ...trace.HandshakeFault) {
	w.fail(trace.StageUpgrade, "wrong 101")
	w.HTTP.Faults = faults
}

// noAnswer lets the connection end instead of an answer.
func (w *world) noAnswer(end trace.Ending) {
	w.fail(trace.StageHTTP, "no answer")
	w.HTTP.Status, w.HTTP.Header, w.HTTP.Ended = 0, nil, end
}

// end lets the socket end under a stage.
func (w *world) end(stage trace.StageName, e trace.End) {
	w.fail(stage, "the websocket ended")
	e.Stage, e.Held, e.QuietIn, e.QuietOut = stage, 3*time.Second, time.Second, 2*time.Second
	if e.Alert == 0 {
		e.Alert = -1
	}
	w.Socket.End = &e
	switch stage {
	case trace.StageRegister:
		w.Socket.Register = &trace.Exchange{Sent: true, Error: "the websocket ended"}
	case trace.StagePing:
		w.Socket.Ping = &trace.Exchange{Sent: true, Error: "the websocket ended"}
		w.Socket.Close = nil
	}
}

// frame adds a forbidden frame, at which we could not read on.
func (w *world) frame(kind trace.FrameFaultKind, detail string) {
	w.end(trace.StageRegister, trace.End{Manner: trace.EndError, Error: "bad frame"})
	w.Socket.Faults = append(w.Socket.Faults, trace.FrameFault{
		Kind: kind, Opcode: 1, Detail: detail, Stage: trace.StageRegister,
	})
}

// watched gives the target a history of drops, each after the same silence.
func (w *world) watched(drops int, every, silence time.Duration) {
	h := &trace.Watch{Since: runTime.Add(-24 * time.Hour), Open: true, Opened: runTime.Add(-time.Minute), Longest: time.Hour}
	for i := range drops {
		e := trace.WatchEnd{At: runTime.Add(-time.Duration(drops-i) * every)}
		e.Manner, e.Held = trace.EndFIN, silence+time.Duration(i)*time.Second
		e.QuietIn, e.QuietOut = silence, silence+time.Millisecond
		h.Ends = append(h.Ends, e)
	}
	w.evidence.History[w.Target.ID()] = h
}
