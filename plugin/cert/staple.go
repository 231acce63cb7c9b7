package cert

import (
	"crypto/x509"
	encoding "encoding/asn1"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/ocsp"

	"ws-diagnose/plugin/trace"
)

// maxStaple bounds a stapled answer; usual ones have half a KiB to 4 KiB.
const maxStaple = 64 << 10

// readStaple reads the OCSP response stapled to the handshake (RFC 6960). Its signature is checked
// when the chain knows the issuer.
func readStaple(out *trace.Certificate, stapled []byte, now time.Time) {
	if len(stapled) == 0 {
		return
	}
	r, err := parseStaple(out, stapled)
	var syntax encoding.SyntaxError
	var structure encoding.StructuralError
	if errors.As(err, &syntax) || errors.As(err, &structure) {
		err = errors.New("it is no OCSP response") // Go's words are about tags and lengths
	}
	if err != nil {
		out.StapleFault, out.StapleError = trace.StapleUnusable, err.Error()
		return
	}
	switch {
	case now.Before(r.ThisUpdate):
		out.StapleFault = trace.StapleEarly
		out.StapleError = "valid only from " + r.ThisUpdate.UTC().Format(time.RFC3339) + " on"
	case !r.NextUpdate.IsZero() && now.After(r.NextUpdate):
		out.StapleFault = trace.StapleOld
		out.StapleError = "out of date since " + r.NextUpdate.UTC().Format(time.RFC3339)
	case r.Status == ocsp.Good:
		out.StapleStatus = "good"
	case r.Status == ocsp.Revoked:
		out.StapleStatus = "revoked"
	default:
		out.StapleStatus = "unknown"
	}
}

func parseStaple(out *trace.Certificate, stapled []byte) (*ocsp.Response, error) {
	if len(stapled) > maxStaple {
		return nil, fmt.Errorf("%d bytes long, over the limit of %d", len(stapled), maxStaple)
	}
	var issuer *x509.Certificate
	if len(out.Chain) > 1 {
		issuer = out.Chain[1].Certificate
	}
	return ocsp.ParseResponseForCert(stapled, out.Leaf.Certificate, issuer)
}
