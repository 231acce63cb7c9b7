package cert

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"time"

	"ws-diagnose/plugin/trace"
)

// faultsOf lists everything that is wrong with the links of p, the leaf's links first. The leaf's
// own dates and its extended key usage are left to whoever reads its facts.
func (s *search) faultsOf(p path) []trace.ChainFault {
	var faults []trace.ChainFault
	for i, c := range p.certs {
		add := func(kind trace.ChainFaultKind, detail string) {
			faults = append(faults, trace.ChainFault{Index: i, Kind: kind, Subject: nameOf(c), Detail: detail})
		}
		top := i == len(p.certs)-1 && (p.anchored || p.closed)
		s.signatureFaults(p, i, top, add)
		ownFaults(c, add)
		if i == 0 {
			if !c.IsCA && c.KeyUsage&x509.KeyUsageCertSign != 0 {
				add(trace.FaultCertSignAsLeaf, "keyCertSign without CA:TRUE")
			}
			continue
		}
		dateFaults(c, s.now, add)
		issuerFaults(c, p.anchored && top, add)
		if n := casBelow(p.certs[:i]); c.BasicConstraintsValid && c.MaxPathLen >= 0 && n > c.MaxPathLen {
			add(trace.FaultPathLen, fmt.Sprintf("allows %d CAs below itself, has %d", c.MaxPathLen, n))
		}
		for _, detail := range s.constraintFaults(p.certs[0], c) {
			add(trace.FaultNameConstraint, detail)
		}
	}
	return faults
}

type adder func(kind trace.ChainFaultKind, detail string)

// signatureFaults judges the signature on link i. What a root says of itself proves nothing, so the
// strength of a signature at the top does not matter, nor does a trusted root's signature at all.
func (s *search) signatureFaults(p path, i int, top bool, add adder) {
	c := p.certs[i]
	issuer := c
	if i+1 < len(p.certs) {
		issuer = p.certs[i+1]
	}
	if (i+1 < len(p.certs) || p.closed) && !s.signs(c, issuer) {
		add(trace.FaultSignature, c.SignatureAlgorithm.String()+" signature does not fit the key of "+nameOf(issuer))
	}
	if !top && weakSignature(c.SignatureAlgorithm) {
		add(trace.FaultWeakSignature, c.SignatureAlgorithm.String())
	}
}

func weakSignature(alg x509.SignatureAlgorithm) bool {
	switch alg {
	case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.ECDSAWithSHA1, x509.DSAWithSHA1:
		return true
	}
	return false
}

// ownFaults are those that any link may have.
func ownFaults(c *x509.Certificate, add adder) {
	for _, oid := range c.UnhandledCriticalExtensions {
		// Go calls name constraints unhandled when they speak of directory names; browsers know them.
		if !oid.Equal(oidNameConstraints) {
			add(trace.FaultCritical, oid.String())
		}
	}
	if weak := weakKey(c); weak != "" {
		add(trace.FaultWeakKey, weak)
	}
}

// weakKey names a key that some browser refuses for its kind or size, or will before long; else "".
func weakKey(c *x509.Certificate) string {
	name, bits := describeKey(c)
	weak := true // of a kind that no browser takes in a certificate
	switch k := c.PublicKey.(type) {
	case *rsa.PublicKey:
		weak = bits < 2048
	case *ecdsa.PublicKey:
		weak = k.Curve.Params().BitSize < 256
	case *dsaKey:
	default:
		weak = k == nil
	}
	if !weak {
		return ""
	}
	return name
}

func dateFaults(c *x509.Certificate, now time.Time, add adder) {
	if now.After(c.NotAfter) {
		add(trace.FaultExpired, "since "+c.NotAfter.UTC().Format(time.RFC3339))
	}
	if now.Before(c.NotBefore) {
		add(trace.FaultNotYetValid, "until "+c.NotBefore.UTC().Format(time.RFC3339))
	}
}

// issuerFaults are those of a certificate that signed another. A trusted root of version 1 may:
// roots from before 1997 have no extensions.
func issuerFaults(c *x509.Certificate, anchor bool, add adder) {
	switch {
	case c.Version < 3 && !anchor:
		add(trace.FaultVersion, fmt.Sprintf("X.509 version %d cannot be marked as a CA", c.Version))
	case c.Version >= 3 && !c.BasicConstraintsValid:
		add(trace.FaultNotCA, "no basic constraints")
	case c.Version >= 3 && !c.IsCA:
		add(trace.FaultNotCA, "CA:FALSE")
	}
	if c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageCertSign == 0 {
		add(trace.FaultCAUsage, "key usage without keyCertSign")
	}
	if !allowsServer(c) {
		add(trace.FaultEKUNesting, "extended key usage without serverAuth")
	}
}

// casBelow counts the CAs among certs, the leaf first, that count against a path length:
// self-issued ones do not (RFC 5280 section 4.2.1.9).
func casBelow(certs []*x509.Certificate) int {
	n := 0
	for _, c := range certs[1:] {
		if !bytes.Equal(c.RawIssuer, c.RawSubject) {
			n++
		}
	}
	return n
}

// nameOf is a certificate's subject for people; of one without, its first name.
func nameOf(c *x509.Certificate) string {
	switch {
	case len(c.Subject.Names) > 0:
		return c.Subject.String()
	case len(c.DNSNames) > 0:
		return c.DNSNames[0]
	}
	return "(no subject)"
}
