package cert

import (
	"crypto/x509"
	"net"
	"strings"
	"testing"

	"ws-diagnose/plugin/trace"
)

func TestNames(t *testing.T) {
	cases := []struct{ sans, name, why string }{
		{"drp.example.com", "drp.example.com", ""},
		{"drp.example.com", "DRP.Example.COM", ""},
		{"DRP.example.com", "drp.example.com", ""},
		{"drp.example.com", "drp.example.com.", ""},
		{"a.example.com drp.example.com", "drp.example.com", ""},
		{"drp.example.com", "example.com", trace.NameOther},
		{"drp.example.com", "a.drp.example.com", trace.NameOther},
		{"drp.example.com", "", trace.NameOther},
		{"drp.example.com", ".", trace.NameOther},
		{"drp..example.com", "drp..example.com", trace.NameOther},
		{"*.example.com", "a b.example.com", trace.NameOther},
		{"*.example.com", "-a.example.com", trace.NameOther},
		{"drp_1.example.com", "drp_1.example.com", ""},
		{"drp", "drp", ""},
		{"greg.fill.in localhost 10.0.0.5", "localhost", ""},
		{"drp.example.com.", "drp.example.com", trace.NameOther},

		{"*.example.com", "drp.example.com", ""},
		{"*.example.com", "DRP.EXAMPLE.com.", ""},
		{"*.example.com", "a.b.example.com", trace.NameWildcardDeep},
		{"*.example.com", "example.com", trace.NameWildcardApex},
		{"*.example.com", ".example.com", trace.NameOther},
		{"*.example.com", "badexample.com", trace.NameOther},
		{"*.com", "example.com", trace.NameWildcardTLD},
		{"*.local", "drp.local", trace.NameWildcardTLD},
		{"*.local", "a.drp.local", trace.NameWildcardTLD},
		{"*.local", "local", trace.NameOther},
		{"*", "drp", trace.NameOther},
		{"*.", "drp", trace.NameOther},
		{"d*.example.com", "drp.example.com", trace.NameOther},
		{"drp.*.com", "drp.example.com", trace.NameOther},
		{"*.*.com", "drp.example.com", trace.NameOther},
		{"*.example.com a.b.example.com", "a.b.example.com", ""},
		{"*.example.com", "xn--mnchen-3ya.example.com", ""},

		{"xn--mnchen-3ya.example", "münchen.example", ""},
		{"xn--mnchen-3ya.example", "MÜNCHEN.example", ""},
		{"xn--fa-hia.example", "faß.example", ""},
		{"muenchen.example", "münchen.example", trace.NameOther},

		{"10.0.0.5", "10.0.0.5", ""},
		{"10.0.0.5", "::ffff:10.0.0.5", ""},
		{"10.0.0.5", "[::ffff:a00:5]", ""},
		{"10.0.0.5", "10.0.0.6", trace.NameOther},
		{"drp.example.com", "10.0.0.5", trace.NameOther},
		{"dns:10.0.0.5", "10.0.0.5", trace.NameIPAsDNS},
		{"dns:fd00::5", "fd00::5", trace.NameIPAsDNS},
		{"dns:10.0.0.5 10.0.0.5", "10.0.0.5", ""},
		{"*.0.0.5", "10.0.0.5", trace.NameOther},
		{"fd00::5", "fd00:0::5", ""},
		{"fd00::5", "[fd00::5]", ""},
		{"fe80::1", "fe80::1%eth0", ""},
		{"fe80::1", "[fe80::1%25eth0]", ""},
		{"10.0.0.5", "drp.example.com", trace.NameOther},

		{"", "drp.example.com", trace.NameNoSAN},
		{"", "10.0.0.5", trace.NameNoSAN},
	}
	for _, c := range cases {
		t.Run(c.sans+" for "+c.name, func(t *testing.T) {
			leaf := withSANs(strings.Fields(c.sans))
			got := checkNames([]*x509.Certificate{leaf}, []string{c.name})[0]
			if want := (trace.NameCheck{Name: c.name, Covered: c.why == "", Why: c.why}); got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
		})
	}
}

// withSANs takes addresses as such, unless "dns:" stands before.
func withSANs(sans []string) *x509.Certificate {
	c := new(x509.Certificate)
	for _, san := range sans {
		name, dns := strings.CutPrefix(san, "dns:")
		if ip := net.ParseIP(name); ip != nil && !dns {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, name)
		}
	}
	return c
}

// A name that the leaf covers but an issuer may not issue for is told from one that is not covered.
func TestConstrainedNames(t *testing.T) {
	leaf := withSANs([]string{"drp.example.com", "drp.example.org", "10.0.0.5"})
	issuer := &x509.Certificate{
		PermittedDNSDomains: []string{"example.com"},
		ExcludedIPRanges:    []*net.IPNet{cidr("10.0.0.0/8")},
	}
	want := map[string]string{
		"drp.example.com": "", "drp.example.org": trace.NameConstrained,
		"10.0.0.5": trace.NameConstrained, "10.0.0.6": trace.NameOther,
	}
	for name, why := range want {
		if got := checkNames([]*x509.Certificate{leaf, issuer}, []string{name})[0]; got.Why != why {
			t.Errorf("%s: %q, want %q", name, got.Why, why)
		}
	}
}

// Whatever name we take, Go takes: nobody is stricter in names than browsers, and so we.
func FuzzNames(f *testing.F) {
	f.Add("*.example.com", "drp.example.com")
	f.Add("10.0.0.5", "[::ffff:10.0.0.5%eth0]")
	f.Add("xn--mnchen-3ya.example", "münchen.example.")
	f.Add(".", "..")
	f.Add("DRP_1.example.com", "drp_1.example.com.")
	f.Fuzz(func(t *testing.T, san, name string) {
		leaf := &x509.Certificate{DNSNames: []string{san}}
		if !isASCII(san+name) || uncovered(leaf, name) != "" {
			return
		}
		if err := leaf.VerifyHostname(name); err != nil {
			t.Errorf("%q covers %q for us alone: %v", san, name, err)
		}
	})
}
