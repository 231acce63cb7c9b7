package cert

import (
	"crypto/x509"
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
	status, err := stapleStatus(out, stapled, now)
	out.StapleStatus = status
	if err != nil {
		out.StapleError = err.Error()
	}
}

func stapleStatus(out *trace.Certificate, stapled []byte, now time.Time) (string, error) {
	if len(stapled) > maxStaple {
		return "", fmt.Errorf("%d bytes long, over the limit of %d", len(stapled), maxStaple)
	}
	var issuer *x509.Certificate
	if len(out.Chain) > 1 {
		issuer = out.Chain[1].Certificate
	}
	r, err := ocsp.ParseResponseForCert(stapled, out.Leaf.Certificate, issuer)
	switch {
	case err != nil:
		return "", err
	case now.Before(r.ThisUpdate):
		return "", fmt.Errorf("valid only from %s on", r.ThisUpdate.UTC().Format(time.RFC3339))
	case !r.NextUpdate.IsZero() && now.After(r.NextUpdate):
		return "", fmt.Errorf("out of date since %s", r.NextUpdate.UTC().Format(time.RFC3339))
	}
	switch r.Status {
	case ocsp.Good:
		return "good", nil
	case ocsp.Revoked:
		return "revoked", nil
	}
	return "unknown", nil
}
