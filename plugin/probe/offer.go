package probe

import (
	"crypto/tls"

	"ws-diagnose/plugin/trace"
)

// browserGroups are the key exchanges that both browsers offer. Firefox alone adds P-521.
var browserGroups = []tls.CurveID{tls.X25519MLKEM768, tls.X25519, tls.CurveP256, tls.CurveP384}

// allSuites are all that Go has, the insecure ones too.
func allSuites() []uint16 {
	var ids []uint16
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		ids = append(ids, s.ID)
	}
	return ids
}

// BrowserConfig offers what a browser offers to serverName, and verifies nothing: package cert
// judges the certificates afterwards, all of them. Go leaves the name out where it is an address.
func BrowserConfig(serverName string) *tls.Config { return offerConfig(trace.OfferBrowser, serverName) }

// offerConfig is what a handshake with that offer sends.
func offerConfig(o trace.Offer, serverName string) *tls.Config {
	c := &tls.Config{
		ServerName:         serverName,
		InsecureSkipVerify: true,
		MinVersion:         tls.VersionTLS12,
		MaxVersion:         tls.VersionTLS13,
		NextProtos:         []string{"http/1.1"},
		CipherSuites:       trace.BrowserSuites,
		CurvePreferences:   browserGroups,
	}
	switch o {
	case trace.OfferSmall:
		c.CurvePreferences = []tls.CurveID{tls.X25519}
	case trace.OfferOld:
		c.MinVersion, c.MaxVersion, c.CipherSuites = tls.VersionTLS10, tls.VersionTLS12, allSuites()
	case trace.OfferWide:
		c.MinVersion, c.CipherSuites = tls.VersionTLS10, allSuites()
		c.CurvePreferences = append([]tls.CurveID{tls.CurveP521}, browserGroups...)
	case trace.OfferP521:
		c.CurvePreferences = []tls.CurveID{tls.CurveP521}
	case trace.OfferNoALPN:
		c.NextProtos = nil
	case trace.OfferH2:
		c.NextProtos = []string{"h2", "http/1.1"}
	case trace.OfferNoSNI:
		c.ServerName = ""
	}
	return c
}
