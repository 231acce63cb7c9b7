package diagnose

import (
	"slices"
	"time"

	"ws-diagnose/plugin/trace"
)

// certificateOf is the report's section on the server's certificate; nil when none was seen.
func certificateOf(s *scene) *Certificate {
	leaf := s.leaf()
	if leaf == nil {
		return nil
	}
	c := &Certificate{
		Subject: plain(leaf.Subject.String()), Issuer: plain(leaf.Issuer.String()),
		DNSNames: []string{}, IPAddresses: []string{},
		NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter, DaysLeft: daysLeft(leaf.NotAfter.Sub(s.now())),
		SHA256: leaf.SHA256, Key: leaf.Key, SelfSigned: leaf.SelfSigned, Trusted: s.trusted(),
		Chain: []ChainLink{},
	}
	for _, n := range leaf.DNSNames {
		c.DNSNames = append(c.DNSNames, plain(n))
	}
	for _, ip := range leaf.IPAddresses {
		c.IPAddresses = append(c.IPAddresses, ip.String())
	}
	for _, link := range s.Certificate.Chain {
		if link.Certificate != nil {
			c.Chain = append(c.Chain, chainLink(link, s.Certificate.Sent))
		}
	}
	return c
}

// daysLeft counts whole days. Once expired it is negative, from the first hour on.
func daysLeft(left time.Duration) int {
	if left < 0 {
		return min(int(left/day), -1)
	}
	return int(left / day)
}

func chainLink(c trace.Cert, sent []trace.Cert) ChainLink {
	return ChainLink{
		Subject: plain(c.Subject.String()), Issuer: plain(c.Issuer.String()), NotAfter: c.NotAfter, SHA256: c.SHA256,
		Sent: slices.ContainsFunc(sent, func(o trace.Cert) bool { return o.SHA256 == c.SHA256 }),
	}
}
