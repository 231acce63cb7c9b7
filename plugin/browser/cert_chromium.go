package browser

import (
	"crypto/ed25519"
	"crypto/rsa"

	"ws-diagnose/plugin/trace"
)

// chromiumFaults is what Chromium's verifier notes of a certificate; several at once.
type chromiumFaults struct {
	invalid, revoked, authority, name, weakKey, date bool
}

// chromiumCertificate shows the worst of what is noted, in this order (cases
// self-signed-wrong-hostname, self-signed-expired, untrusted-ca-wrong-hostname). Only authority,
// name, weak key and date have a way on in the error page.
func chromiumCertificate(t *trace.Trace) *refusal {
	c := chainOf(t)
	if c == nil {
		return nil
	}
	f := c.chromiumFaults()
	f.name = c.nameless
	switch {
	case f.invalid:
		return &refusal{"net::ERR_CERT_INVALID", false}
	case f.revoked:
		return &refusal{"net::ERR_CERT_REVOKED", false}
	case f.authority:
		return &refusal{"net::ERR_CERT_AUTHORITY_INVALID", true}
	case f.name:
		return &refusal{"net::ERR_CERT_COMMON_NAME_INVALID", true}
	case f.weakKey:
		return &refusal{"net::ERR_CERT_WEAK_KEY", true}
	case f.date:
		return &refusal{"net::ERR_CERT_DATE_INVALID", true}
	}
	return nil
}

func (c *chain) chromiumFaults() chromiumFaults {
	f := chromiumFaults{
		// A missing intermediate is fetched from its AIA address.
		authority: !c.Trusted && !c.FetchedTrusted || c.has(trace.FaultSignature),
		revoked:   c.StapleStatus == "revoked",
		weakKey:   c.chromiumWeakKey(),
		date:      c.expired() || c.notYetValid() || c.has(trace.FaultExpired, trace.FaultNotYetValid),
	}
	// Whatever else is wrong with the path has no name of its own: it shows only where nothing of
	// the path has one (an EKU of clientAuth alone is invalid; the same untrusted or expired is not).
	f.invalid = c.chromiumPathFault() && !f.authority && !f.revoked && !f.weakKey && !f.date
	// Weak signatures are looked for afterwards, and not on the last link of the path.
	for i := range len(c.Chain) - 1 {
		f.invalid = f.invalid || c.at(i, trace.FaultWeakSignature)
	}
	return f
}

// chromiumPathFault: cases eku-missing-serverauth, eku-client-auth-only, pathlen-exceeded,
// trusted-self-signed-leaf-as-ca (a trusted leaf must be a CA as well), and those of the other
// kinds that were tried. A leaf with keyCertSign passes, and so do CA:TRUE and must-staple.
func (c *chain) chromiumPathFault() bool {
	_, edwards := c.Leaf.PublicKey.(ed25519.PublicKey)
	return edwards || !c.serves(true) ||
		c.AnchorLeaf && !c.Leaf.IsCA ||
		c.has(trace.FaultNotCA, trace.FaultPathLen, trace.FaultNameConstraint, trace.FaultCritical,
			trace.FaultCAUsage, trace.FaultEKUNesting, trace.FaultVersion)
}

// chromiumWeakKey: RSA below 1024 bits. 1024 pass under a root that was installed locally (case
// weak-rsa-1024).
func (c *chain) chromiumWeakKey() bool {
	for _, link := range append([]trace.Cert{c.Leaf}, c.Chain...) {
		if link.Certificate == nil {
			continue
		}
		if k, ok := link.PublicKey.(*rsa.PublicKey); ok && k.N != nil && k.N.BitLen() < 1024 {
			return true
		}
	}
	return false
}
