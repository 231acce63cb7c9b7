package browser

import "ws-diagnose/plugin/trace"

// engine is one browser: its rules, in the order in which it comes to them.
type engine struct {
	before      []rule // up to the end of what TLS negotiates
	certificate func(*trace.Trace) *refusal
	after       []rule // from there to the websocket's handshake
	frames      func(*trace.Socket) Prediction
	tlsCode     int // close code for a certificate that is refused
}

// rule looks at one thing; nil lets the socket pass.
type rule func(*trace.Trace) *Prediction

// refusal is what a browser has against a certificate.
type refusal struct {
	err         string
	overridable bool // its error page has a way to accept the certificate
}

// predict walks the rules to the first that stops the socket. That the host asks for HTTPS without
// exceptions (Strict-Transport-Security) does not keep a fresh profile from accepting its
// certificate: browsers heed that over a sound connection only (RFC 6797 section 8.1, case
// hsts-self-signed).
func (e *engine) predict(t *trace.Trace) Prediction {
	if t == nil {
		return *refuse(codeAbnormal, "")
	}
	if p := first(e.before, t); p != nil {
		return *p
	}
	beyond := e.beyond(t)
	if t.Target.Secure() {
		if r := e.certificate(t); r != nil {
			p := refuse(e.tlsCode, r.err)
			p.OpensIfAccepted = r.overridable && beyond.Opens
			return *p
		}
	}
	return beyond
}

// beyond is what happens once the certificate has passed.
func (e *engine) beyond(t *trace.Trace) Prediction {
	if p := first(e.after, t); p != nil {
		return *p
	}
	p := Prediction{}
	if t.Socket != nil {
		p = e.frames(t.Socket)
	}
	p.Opens, p.OpensIfAccepted = true, true
	return p
}

func first(rules []rule, t *trace.Trace) *Prediction {
	for _, r := range rules {
		if p := r(t); p != nil {
			return p
		}
	}
	return nil
}

// refuse is a socket that never opens.
func refuse(code int, err string) *Prediction { return &Prediction{CloseCode: code, Error: err} }

var chromium = &engine{
	before:      []rule{chromiumTarget, chromiumConnect, chromiumTLS},
	certificate: chromiumCertificate,
	after:       []rule{chromiumTLSEnd, chromiumHTTP, chromiumUpgrade},
	frames:      chromiumFrames,
	tlsCode:     codeAbnormal,
}

var firefox = &engine{
	before:      []rule{firefoxTarget, firefoxConnect, firefoxTLS},
	certificate: firefoxCertificate,
	after:       []rule{firefoxTLSEnd, firefoxHTTP, firefoxUpgrade},
	frames:      firefoxFrames,
	tlsCode:     codeTLS,
}
