package browser

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"encoding/binary"
	"slices"
	"strings"

	"ws-diagnose/plugin/trace"
)

// Record types of TLS (RFC 8446 section 5.1).
const (
	recordCipherSpec  = 20
	recordAlert       = 21
	recordHandshake   = 22
	recordApplication = 23
)

// offer is what a browser offers in its ClientHello.
type offer struct {
	suites []uint16
	groups []tls.CurveID
}

var commonGroups = []tls.CurveID{tls.X25519MLKEM768, tls.X25519, tls.CurveP256, tls.CurveP384}

var (
	chromiumOffer = offer{trace.BrowserSuites, commonGroups}
	// Firefox alone takes P-521 (case tls-curve-p521-only), and of the ECDSA suites with CBC the one
	// with AES-256 (tried one by one).
	firefoxOffer = offer{
		append(slices.Clone(trace.BrowserSuites), tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA),
		append(slices.Clone(commonGroups), tls.CurveP521),
	}
)

// includes says whether what h agreed on is within the offer.
func (o offer) includes(h *trace.Handshake) bool {
	if !h.Done || h.Version < tls.VersionTLS12 {
		return false
	}
	suite := h.Version >= tls.VersionTLS13 || slices.Contains(o.suites, h.Cipher)
	return suite && (h.Group == 0 || slices.Contains(o.groups, h.Group))
}

// agrees says whether the server and a browser with this offer come to terms: in the handshake
// that was like a browser's, or, where the server refused that, in one with another offer that
// chose what the browser offers too.
func (o offer) agrees(t *trace.TLS) bool {
	if o.includes(&t.Handshake) {
		return true
	}
	switch alertOf(&t.Handshake) {
	case alertHandshakeFailure, alertProtocolVersion, alertInsufficientCrypto:
		return slices.ContainsFunc(t.Retries, func(h trace.Handshake) bool {
			return h.Offer != trace.OfferNoSNI && o.includes(&h)
		})
	}
	return false
}

// pastHello says that the failed handshake got as far as the server's certificate: a browser looks
// at that before it meets what came later.
func pastHello(h *trace.Handshake) bool {
	return !h.Done && h.BadCert == "" && len(h.Raw) > 0 && (h.KeyMismatch || h.ClientCert || h.Ended == trace.EndAlert)
}

// speaksTLS says whether the server's first bytes are of a TLS handshake: browsers need the five
// bytes of a record's head to tell.
func speaksTLS(first []byte) bool {
	if len(first) < 5 {
		return true
	}
	return first[1] == 3 && (first[0] == recordAlert || first[0] == recordHandshake)
}

// bulky says whether the server's certificates are more than limit bytes, of which the rest of its
// flight takes about 2 KiB. Beyond 256 KiB Go itself gives up.
func bulky(h *trace.Handshake, limit int64) bool {
	return h.Read > limit+2<<10 || strings.Contains(h.Error, "handshake message of length")
}

// spoken says whether a ServerHello chose a version that browsers speak: neither an old one nor a
// draft.
func spoken(h *trace.ServerHello) bool {
	return h.Version == tls.VersionTLS12 || h.Version == tls.VersionTLS13
}

// short says whether the first record that the server began never came whole, and how the
// connection ended then. Go gives up on what is not TLS at once; where nobody looked how such a
// server goes on, it is taken to hang up.
func short(h *trace.Handshake) (trace.Ending, bool) {
	if h.Read >= int64(5+recordLength(h.First)) {
		return trace.EndNone, false
	}
	switch {
	case h.Ended != trace.EndError:
		return h.Ended, true
	case h.After != trace.EndNone:
		return h.After, true
	}
	return trace.EndFIN, true
}

func recordLength(first []byte) int {
	if len(first) < 5 {
		return 0
	}
	return int(binary.BigEndian.Uint16(first[3:5]))
}

// keyKind is what a browser's TLS makes of the key in the server's certificate.
type keyKind int

const (
	keyFine keyKind = iota
	keyP521
	keyWeakEC  // P-224
	keyWeakRSA // below 1024 bits, give or take one
	keyEd25519
)

func leafKey(t *trace.Trace) keyKind {
	if t.Certificate == nil || t.Certificate.Leaf.Certificate == nil {
		return keyFine
	}
	switch k := t.Certificate.Leaf.PublicKey.(type) {
	case *ecdsa.PublicKey:
		switch bits := k.Curve.Params().BitSize; {
		case bits > 384:
			return keyP521
		case bits < 256:
			return keyWeakEC
		}
	case *rsa.PublicKey:
		if k.N != nil && k.N.BitLen() < 1023 {
			return keyWeakRSA
		}
	case ed25519.PublicKey:
		return keyEd25519
	}
	return keyFine
}
