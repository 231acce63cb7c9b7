package faults

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"net"
)

// ca makes it a certificate authority with a key of its own.
func ca(name string) Edit {
	return func(s *Spec) {
		s.Subject = pkix.Name{Organization: []string{"ws-diagnose tests"}, CommonName: name}
		s.KeyName = name
		s.DNSNames, s.IPAddresses, s.ExtKeyUsage = nil, nil, nil
		s.IsCA = true
		s.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
		s.NotBefore = s.NotBefore.AddDate(-1, 0, 0)
		s.NotAfter = s.NotAfter.AddDate(5, 0, 0)
	}
}

// valid sets the validity in days from now.
func valid(from, to int) Edit {
	return func(s *Spec) {
		s.NotBefore, s.NotAfter = s.now.AddDate(0, 0, from), s.now.AddDate(0, 0, to)
	}
}

// dns makes names the only subject alternative names.
func dns(names ...string) Edit {
	return func(s *Spec) { s.DNSNames, s.IPAddresses = names, nil }
}

// ip makes addrs the only subject alternative names.
func ip(addrs ...string) Edit {
	return func(s *Spec) {
		s.DNSNames, s.IPAddresses = nil, nil
		for _, a := range addrs {
			s.IPAddresses = append(s.IPAddresses, net.ParseIP(a))
		}
	}
}

// cn sets the common name.
func cn(name string) Edit { return func(s *Spec) { s.Subject.CommonName = name } }

// key sets the kind of key.
func key(kind string) Edit { return func(s *Spec) { s.KeyKind = kind } }

// keyName gives the certificate a key that it shares with no other.
func keyName(name string) Edit { return func(s *Spec) { s.KeyName = name } }

// weak has the certificate signed with MD5 or SHA-1.
func weak(h crypto.Hash) Edit { return func(s *Spec) { s.Weak = h } }

// usage sets the key usage.
func usage(u x509.KeyUsage) Edit { return func(s *Spec) { s.KeyUsage = u } }

// extUsage sets the extended key usage; none leaves the extension out.
func extUsage(u ...x509.ExtKeyUsage) Edit { return func(s *Spec) { s.ExtKeyUsage = u } }

// change is a last touch on the structure itself.
func change(f func(*tbsCertificate)) Edit { return func(s *Spec) { s.Change = f } }

// extension adds an extension.
func extension(oid asn1.ObjectIdentifier, critical bool, value []byte) Edit {
	return func(s *Spec) {
		s.ExtraExtensions = append(s.ExtraExtensions, pkix.Extension{Id: oid, Critical: critical, Value: value})
	}
}

// mustStaple asks that the server staple an OCSP response (RFC 7633: status_request, 5).
func mustStaple() Edit {
	return extension(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}, false, []byte{0x30, 3, 2, 1, 5})
}

// unknownCritical adds a critical extension that nobody knows.
func unknownCritical() Edit {
	return extension(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 1}, true, []byte{5, 0})
}

// pathLen allows n CAs below this one.
func pathLen(n int) Edit {
	return func(s *Spec) { s.MaxPathLen, s.MaxPathLenZero = n, n == 0 }
}

// fetchAt names the address of the issuer's certificate (authority information access).
func fetchAt(url string) Edit {
	return func(s *Spec) { s.IssuingCertificateURL = []string{url} }
}
