package diagnose

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/tls"
	"fmt"
	"net/http"

	"ws-diagnose/plugin/trace"
)

func tlsTimeout(s *scene) []sighting    { return tlsFault(s, "tls-timeout") }
func tlsNotSpoken(s *scene) []sighting  { return tlsFault(s, "tls-not-spoken") }
func tlsVersion(s *scene) []sighting    { return tlsFault(s, "tls-version") }
func tlsLargeHello(s *scene) []sighting { return tlsFault(s, "tls-large-hello") }
func tlsAlert(s *scene) []sighting      { return tlsFault(s, "tls-alert") }

// tlsDropped also finds a reset that came so early that it ended the connection attempt itself.
func tlsDropped(s *scene) []sighting {
	if s.Connect != nil && s.Connect.Proxy == nil && classifyDials(s.Connect) == "tls-dropped" {
		return []sighting{{stage: trace.StageConnect, detail: dialDetails(s.Connect.Dials), values: values{"dial": firstDialled(s)}}}
	}
	return tlsFault(s, "tls-dropped")
}

// tlsFault is the sighting of id when that is how the first handshake failed.
func tlsFault(s *scene, id string) []sighting {
	if s.TLS == nil || s.TLS.Done || classifyTLS(s.TLS) != id {
		return nil
	}
	return []sighting{{detail: handshakeDetail(s), values: tlsValues(s.TLS)}}
}

// tlsCipher also finds what the check's own handshake put up with and a browser does not.
func tlsCipher(s *scene) []sighting {
	t := s.TLS
	if t == nil || !t.Done {
		return tlsFault(s, "tls-cipher")
	}
	what := refusedKey(s.leaf())
	if t.Group == tls.CurveP521 {
		what = "the key exchange is on P-521, which Chromium refuses"
	}
	if what == "" {
		return nil
	}
	return []sighting{{detail: what, values: values{"what": what}}}
}

// refusedKey says why a browser offers no signature for the leaf's key; "" when it does.
func refusedKey(leaf *trace.Cert) string {
	if leaf == nil {
		return ""
	}
	switch key := leaf.PublicKey.(type) {
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P521() {
			return "the certificate's key is on P-521, which Chromium refuses"
		}
	case ed25519.PublicKey:
		return "the certificate's key is Ed25519, which browsers refuse"
	}
	return ""
}

// tlsKeyMismatch also finds a certificate that cannot be parsed in a handshake that finished.
func tlsKeyMismatch(s *scene) []sighting {
	if s.TLS == nil || (!s.TLS.KeyMismatch && s.TLS.BadCert == "") || weakKeyRefused(s.TLS) {
		return nil
	}
	fault := "the server's key does not fit it"
	if s.TLS.BadCert != "" {
		fault = "it cannot be read"
	}
	return []sighting{{detail: handshakeEnd(&s.TLS.Handshake), values: values{"fault": fault}}}
}

// tlsALPN also finds servers that agree on HTTP/1.1 and then speak HTTP/2.
func tlsALPN(s *scene) []sighting {
	if a := s.answer(); a != nil && a.HTTP2 {
		return []sighting{{stage: trace.StageHTTP,
			detail: "http/1.1 was agreed on in ALPN, but the server answers with HTTP/2 frames: " + quote(a.First)}}
	}
	if s.TLS != nil && s.TLS.Done && s.TLS.ALPN != "" && s.TLS.ALPN != "http/1.1" {
		return []sighting{{detail: "the server chose " + quote(s.TLS.ALPN) + " in ALPN"}}
	}
	return tlsFault(s, "tls-alpn")
}

// tlsClientCert also finds the refusals that come after the handshake: TLS 1.3 reports a missing
// client certificate at the first read, nginx answers 400.
func tlsClientCert(s *scene) []sighting {
	if s.TLS == nil || !s.TLS.Done {
		return tlsFault(s, "tls-client-cert")
	}
	a := s.answer()
	if !s.TLS.ClientCert || a == nil {
		return nil
	}
	if stage := clientCertRefusal(a); stage != "" {
		detail := "the server asked for a client certificate; none was given, and it refused"
		switch {
		case a.Status > 0:
			detail += fmt.Sprintf(" with status %d: %s", a.Status, quote(a.Body))
		case a.Alert > 0:
			detail += " with TLS alert " + alertName(a.Alert)
		default:
			detail += ": " + ending(a.Ended)
		}
		return []sighting{{stage: stage, detail: detail}}
	}
	return nil
}

// clientCertRefusal says at which stage an answer refuses for want of a client certificate, "" when
// it does not.
func clientCertRefusal(a *trace.Answer) trace.StageName {
	hungUp := a.Ended != trace.EndNone && a.Ended != trace.EndTimeout
	switch {
	case a.Status == 0 && (a.Alert > 0 || hungUp):
		return trace.StageHTTP
	case a.Status == http.StatusBadRequest && bytes.Contains(a.Body, []byte("SSL certificate")):
		return trace.StageUpgrade // nginx: "No required SSL certificate was sent"
	}
	return ""
}

func tlsClientCertOptional(s *scene) []sighting {
	if s.TLS == nil || !s.TLS.Done || !s.TLS.ClientCert || len(tlsClientCert(s)) > 0 {
		return nil
	}
	return []sighting{{detail: "the server asked for a client certificate and went on without one"}}
}
