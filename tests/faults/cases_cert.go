package faults

import (
	"crypto/x509/pkix"
	"fmt"
	"slices"
)

// certHealthyCases are unusual certificates with which nothing is wrong.
func certHealthyCases() []Case {
	return []Case{
		{Name: "healthy-trusted", What: "RSA 2048 leaf from the trusted root, SAN zoo.test", Start: leaf(key("rsa2048"), dns(DefaultHost))},
		{Name: "healthy-trusted-ip-san", What: "IP SAN 127.0.0.1, opened by address", Host: "127.0.0.1", Start: leaf(ip("127.0.0.1"))},
		{Name: "healthy-localhost", What: "SAN localhost, opened as localhost", Host: "localhost", Start: leaf(dns("localhost"))},
		{Name: "healthy-san-uppercase", What: "SAN ZOO.TEST: names know no case", Start: leaf(dns("ZOO.TEST"))},
		{Name: "healthy-many-sans", What: "400 names, the last is the right one", Start: leaf(dns(manyNames(400, DefaultHost)...))},
		{Name: "healthy-no-subject", What: "an empty subject, as DRP's own certificates nearly have", Start: leaf(func(s *Spec) { s.Subject = pkix.Name{} })},
		{Name: "wildcard-ok", What: "SAN *.zoo.test, host a.zoo.test", Host: "a.zoo.test", Start: leaf(dns("*.zoo.test"))},
		{Name: "chain-complete-D", What: "leaf below an intermediate, both sent", Start: below("D")},
		{Name: "chain-three-tiers", What: "leaf below two intermediates, all sent", Start: chain(threeTiers)},
		{Name: "chain-with-root", What: "the root is sent as well", Start: chain(func(p *PKI) []*Identity { return append(threeTiers(p), p.Root) })},
		{Name: "chain-misordered", What: "intermediates sent in the wrong order", Start: chain(func(p *PKI) []*Identity {
			c := threeTiers(p)
			return []*Identity{c[0], c[2], c[1]}
		})},
		{Name: "chain-with-strangers", What: "sent along: certificates that have nothing to do with it", Start: chain(func(p *PKI) []*Identity {
			stranger := p.Mint(nil, ca("stranger"))
			return []*Identity{p.Leaf(), stranger, p.Mint(stranger, dns("stranger.example")), stranger}
		})},
		{Name: "chain-hundred-certificates", What: "100 certificates in the handshake", Start: chain(func(p *PKI) []*Identity { return crowdOf(p, 100) })},
		{Name: "name-constraint-kept", What: "intermediate permits zoo.test only, the leaf keeps to it", Start: chain(func(p *PKI) []*Identity {
			i := p.Intermediate("constrained", permitDNS(DefaultHost))
			return []*Identity{p.Mint(i, dns(DefaultHost)), i}
		})},
		{Name: "pathlen-kept", What: "intermediate with path length 0 issues the leaf", Start: below("pathlen 0", pathLen(0))},
		{Name: "validity-short-lived", What: "six days in all, five left", Start: leaf(valid(-1, 5))},
		{Name: "validity-825-days", What: "the longest validity that Apple takes", Start: leaf(valid(-1, 824))},
		{Name: "revoked-crl-unreachable", What: "CRL and OCSP addresses refuse connections", Start: leaf(func(s *Spec) {
			s.CRLDistributionPoints, s.OCSPServer = []string{"http://127.0.0.1:9/zoo.crl"}, []string{"http://127.0.0.1:9/ocsp"}
		})},
	}
}

// certLeafCases are faults of names, dates and trust of the server's own certificate.
func certLeafCases() []Case {
	return []Case{
		{Name: "self-signed-valid", What: "not a CA, right SAN, in date", Finding: "cert-self-signed", Start: selfSigned()},
		{Name: "self-signed-drp", What: "as DRP makes it: P-384, O=Acme Co, 365 days, by address", Host: "127.0.0.1", Finding: "cert-self-signed",
			Start: selfSigned(key("p384"), valid(-1, 364), func(s *Spec) { s.Subject = pkix.Name{Organization: []string{"Acme Co"}} })},
		{Name: "self-signed-trust-required", What: "the same where the operator requires trust", Finding: "cert-self-signed", Check: Check{RequireTrusted: true}, Start: selfSigned()},
		{Name: "self-signed-expired", Finding: "cert-expired", What: "self-signed, expired 35 days ago", Start: selfSigned(valid(-400, -35))},
		{Name: "self-signed-wrong-hostname", Finding: "cert-name-mismatch", What: "self-signed for another host", Start: selfSigned(dns("other.example"))},
		{Name: "trusted-self-signed-leaf-as-ca", Finding: "browser-refuses", What: "self-signed leaf, no CA, among the trusted roots", Start: trustedSelf("trusted leaf")},
		{Name: "trusted-self-signed-expired-as-peer", Finding: "cert-expired", What: "the same, expired", Start: trustedSelf("trusted, expired", valid(-400, -35))},
		{Name: "ca-signed-expired", Finding: "cert-expired", What: "expired 35 days ago", Start: leaf(valid(-400, -35))},
		{Name: "expired-just-now", Finding: "cert-expired", What: "expired within the last day", Start: leaf(valid(-365, 0))},
		{Name: "expiring-20-days", Finding: "cert-expiring", What: "20 days left", Start: leaf(valid(-345, 20))},
		{Name: "expiring-3-days", Finding: "cert-expiring", What: "3 days left", Start: leaf(valid(-362, 3))},
		{Name: "not-yet-valid", Finding: "cert-not-yet-valid", What: "valid from tomorrow on", Start: leaf(valid(1, 300))},
		{Name: "untrusted-ca-wrong-hostname", Finding: "cert-name-mismatch", What: "two faults: unknown CA, other name", Start: untrusted(dns("other.example"))},
		{Name: "everything-wrong", Finding: "cert-expired", Also: []string{"cert-name-mismatch"}, What: "unknown CA, other name and expired", Start: untrusted(dns("other.example"), valid(-400, -35))},
		{Name: "wrong-hostname", Finding: "cert-name-mismatch", What: "SAN other.example", Start: leaf(dns("other.example"))},
		{Name: "wrong-port-name", Finding: "cert-name-mismatch", What: "a port stands in the SAN", Start: leaf(dns("zoo.test:8092"))},
		{Name: "ip-without-ip-san", Host: "127.0.0.1", Finding: "cert-name-mismatch", What: "opened by address, SAN zoo.test", Start: leaf(dns(DefaultHost))},
		{Name: "ip-as-dns-san", Host: "127.0.0.1", Finding: "cert-name-mismatch", What: "opened by address, which stands as a DNS name", Start: leaf(dns("127.0.0.1"))},
		{Name: "ip-other-san", Host: "127.0.0.1", Finding: "cert-name-mismatch", What: "opened by address, SAN of another address", Start: leaf(ip("10.0.0.5"))},
		{Name: "ipv6-without-san", Host: "::1", Finding: "cert-name-mismatch", What: "opened by IPv6 address, SAN of the IPv4 one", Start: leaf(ip("127.0.0.1"))},
		{Name: "cn-only-no-san", Finding: "cert-no-san", What: "CN=zoo.test, no SAN", Start: leaf(dns())},
		{Name: "cn-only-self-signed", Finding: "cert-no-san", What: "the same, self-signed", Start: selfSigned(dns())},
		{Name: "wildcard-apex", Finding: "cert-name-mismatch", What: "SAN *.zoo.test, host zoo.test", Start: leaf(dns("*.zoo.test"))},
		{Name: "wildcard-too-deep", Host: "a.b.zoo.test", Finding: "cert-name-mismatch", What: "SAN *.zoo.test, host a.b.zoo.test", Start: leaf(dns("*.zoo.test"))},
		{Name: "wildcard-tld", Finding: "cert-name-mismatch", What: "SAN *.test, host zoo.test", Start: leaf(dns("*.test"))},
		{Name: "wildcard-partial", Host: "abc.zoo.test", Finding: "cert-name-mismatch", What: "SAN a*.zoo.test, host abc.zoo.test", Start: leaf(dns("a*.zoo.test"))},
		{Name: "wildcard-middle", Host: "a.b.zoo.test", Finding: "cert-name-mismatch", What: "SAN a.*.zoo.test, host a.b.zoo.test", Start: leaf(dns("a.*.zoo.test"))},
		{Name: "untrusted-ca", Finding: "cert-unknown-issuer", What: "root sent, not trusted", Start: untrusted()},
		{Name: "untrusted-ca-root-not-sent", Finding: "cert-unknown-issuer", What: "only the leaf is sent", Start: chain(func(p *PKI) []*Identity {
			return []*Identity{p.Mint(p.Mint(nil, ca("unknown root")))}
		})},
		{Name: "untrusted-ca-trust-required", Finding: "cert-unknown-issuer", Check: Check{RequireTrusted: true}, What: "the same where the operator requires trust", Start: untrusted()},
	}
}

// untrusted starts a server with a certificate of a root that nobody trusts, which it sends.
func untrusted(edits ...Edit) starter {
	return chain(func(p *PKI) []*Identity {
		root := p.Mint(nil, ca("untrusted root"))
		return []*Identity{p.Mint(root, edits...), root}
	})
}

// trustedSelf starts a server with a self-signed certificate that is among the trusted roots.
// Its subject is its own: browsers would find another case's root by the same name.
func trustedSelf(subject string, edits ...Edit) starter {
	return trusting(func(p *PKI) (served, roots []*Identity) {
		id := p.Mint(nil, append([]Edit{keyName("trusted self"), cn(subject)}, edits...)...)
		return []*Identity{id}, []*Identity{id}
	})
}

// threeTiers is a leaf with the two intermediates above it.
func threeTiers(p *PKI) []*Identity {
	upper := p.Intermediate("upper")
	lower := p.Mint(upper, ca("zoo intermediate lower"))
	return []*Identity{p.Mint(lower), lower, upper}
}

// crowdOf is the faultless leaf followed by n-1 others.
func crowdOf(p *PKI, n int) []*Identity {
	other := p.Mint(p.Root, dns("other.example"))
	return append([]*Identity{p.Leaf()}, slices.Repeat([]*Identity{other}, n-1)...)
}

func manyNames(n int, last string) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("host-%03d.example", i)
	}
	names[n-1] = last
	return names
}

func permitDNS(names ...string) Edit {
	return func(s *Spec) { s.PermittedDNSDomains, s.PermittedDNSDomainsCritical = names, true }
}
