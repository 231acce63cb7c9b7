package cert

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"net/url"
	"slices"
	"strings"
)

// publicHosts are where the larger public CAs serve their intermediates, as domains.
var publicHosts = []string{
	"actalis.it", "amazontrust.com", "apple.com", "buypass.com", "buypass.no", "certum.pl",
	"comodoca.com", "digicert.com", "entrust.net", "geotrust.com", "globalsign.com", "godaddy.com",
	"harica.gr", "identrust.com", "lencr.org", "letsencrypt.org", "microsoft.com", "pki.goog",
	"quovadisglobal.com", "rapidssl.com", "sectigo.com", "ssl.com", "starfieldtech.com",
	"swisssign.net", "telesec.de", "thawte.com", "usertrust.com",
}

// publicIssuer says whether the issuer of c, which is missing, is likely a public CA: c names a
// public CA's server as the place where it is to be had, or the issuer's name or organization is
// one of the system's roots'.
func publicIssuer(c *x509.Certificate, roots *Roots) bool {
	for _, address := range c.IssuingCertificateURL {
		if u, err := url.Parse(address); err == nil && publicHost(strings.ToLower(u.Hostname())) {
			return true
		}
	}
	system := roots.systemRoots()
	return len(system.find(c.RawIssuer)) > 0 || system.hasOrganization(c.Issuer.Organization)
}

func publicHost(host string) bool {
	return slices.ContainsFunc(publicHosts, func(domain string) bool {
		return host == domain || strings.HasSuffix(host, "."+domain)
	})
}

// hasOrganization says whether the subject of one of the roots has one of these organizations.
func (s *store) hasOrganization(want []string) bool {
	if len(want) == 0 {
		return false
	}
	for subject := range s.bySubject {
		var rdns pkix.RDNSequence
		if _, err := asn1.Unmarshal([]byte(subject), &rdns); err != nil {
			continue
		}
		var name pkix.Name
		name.FillFromRDNSequence(&rdns)
		for _, o := range name.Organization {
			if slices.Contains(want, o) {
				return true
			}
		}
	}
	return false
}
