package diagnose

import (
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"ws-diagnose/plugin/trace"
)

// fixture is a world with a fault, and the findings that it must lead to: "id Level", in order.
type fixture struct {
	name  string
	want  string
	spoil func(*world)
}

// fixtures reach every finding of the catalogue.
var fixtures = [][]fixture{
	targetFixtures, connectFixtures, tlsFixtures, certFixtures, chainFixtures, noticeFixtures, httpFixtures,
	upgradeFixtures, socketFixtures, frameFixtures, watchFixtures,
}

var targetFixtures = []fixture{
	{"healthy", "", func(*world) {}},
	{"scheme insecure", "scheme-insecure Error", func(w *world) {
		w.Target.Scheme, w.TLS, w.Certificate = "ws", nil, nil
	}},
	{"scheme insecure on loopback", "browser-local-network Info", func(w *world) {
		w.Target.Scheme, w.Target.Host, w.TLS, w.Certificate = "ws", "127.0.0.1", nil, nil
		w.Connect = connected("127.0.0.1")
	}},
	{"unsafe port", "port-unsafe Error", func(w *world) { w.Target.Port = 6000 }},
	{"names unknown", "names-unknown Info", func(w *world) {
		w.Target.NamesUnknown, w.Target.Names, w.Target.Role = true, nil, trace.RoleLoopback
	}},
	{"name not found", "dns-not-found Error", func(w *world) {
		w.fail(trace.StageResolve, "no such host")
		w.Resolve = &trace.Resolve{NotFound: true, Error: "lookup drp.example.com: no such host"}
	}},
	{"resolver fails", "dns-failed Error", func(w *world) {
		w.fail(trace.StageResolve, "server misbehaving")
		w.Resolve = &trace.Resolve{Error: "lookup drp.example.com: server misbehaving"}
	}},
	{"resolver silent", "dns-failed Error", func(w *world) {
		w.fail(trace.StageResolve, "timeout")
		w.Resolve = &trace.Resolve{Timeout: true}
	}},
}

var connectFixtures = []fixture{
	{"refused", "connect-refused Error", func(w *world) {
		w.refuseDials(trace.DialRefused, "connect: connection refused")
	}},
	{"refused and no route for IPv6", "connect-refused Error", func(w *world) {
		w.refuseDials(trace.DialRefused, "connect: connection refused")
		w.Connect.Dials = append(w.Connect.Dials, trace.Dial{
			Address: netip.MustParseAddrPort("[2001:db8::5]:8092"), Outcome: trace.DialUnreachable, Error: "network is unreachable"})
	}},
	{"connect timeout", "connect-timeout Error", func(w *world) { w.refuseDials(trace.DialTimeout, "i/o timeout") }},
	{"all untried", "connect-timeout Error", func(w *world) {
		w.refuseDials(trace.DialUntried, "")
		w.Late = true
	}},
	{"unreachable", "connect-unreachable Error", func(w *world) {
		w.refuseDials(trace.DialUnreachable, "no route to host")
	}},
	{"reset at once", "tls-dropped Error", func(w *world) { w.refuseDials(trace.DialError, "connect: connection reset by peer") }},
	{"prohibited", "connect-unreachable Error", func(w *world) { w.refuseDials(trace.DialDenied, "permission denied") }},
	{"partial", "connect-partial Warn", func(w *world) {
		w.Connect.Dials = append(w.Connect.Dials, trace.Dial{
			Address: netip.MustParseAddrPort("[2001:db8::5]:8092"), Outcome: trace.DialRefused, Error: "connection refused"})
	}},
	{"proxy refuses", "proxy-failed Error", func(w *world) {
		w.fail(trace.StageConnect, "proxy")
		w.Target.Proxy = "http://proxy.example:3128"
		w.Connect.Proxy = &trace.Proxy{URL: "http://proxy.example:3128", Status: 407, Error: "the proxy asks for credentials"}
	}},
	{"proxy down", "proxy-failed Error", func(w *world) {
		w.refuseDials(trace.DialRefused, "connection refused")
		w.Target.Proxy = "http://proxy.example:3128"
		w.Connect.Proxy = &trace.Proxy{URL: "http://proxy.example:3128"}
	}},
}

var tlsFixtures = []fixture{
	{"TLS hangs", "tls-timeout Error", func(w *world) { w.breakTLS(trace.Handshake{Ended: trace.EndTimeout}) }},
	{"TLS dropped", "tls-dropped Error", func(w *world) { w.breakTLS(trace.Handshake{Ended: trace.EndRST, Error: "connection reset"}) }},
	{"plain HTTP", "tls-not-spoken Error", func(w *world) {
		w.breakTLS(trace.Handshake{Ended: trace.EndError, First: []byte("HTTP/1.0 400 Bad Request\r\n\r\nClient"), Read: 120})
	}},
	{"SSH banner", "tls-not-spoken Error", func(w *world) {
		w.breakTLS(trace.Handshake{Ended: trace.EndTimeout})
		w.TLS.Banner = []byte("SSH-2.0-OpenSSH_9.2p1\r\n")
	}},
	{"plain HTTP tried", "tls-not-spoken Error", func(w *world) {
		w.breakTLS(trace.Handshake{Ended: trace.EndFIN})
		w.TLS.PlainHTTP = &trace.HTTP{Answer: trace.Answer{Status: 200, First: []byte("HTTP/1.1 200 OK")}}
	}},
	{"TLS 1.1 only, alert", "tls-version Error", func(w *world) {
		w.breakTLS(trace.Handshake{Alert: 70}, worked(trace.OfferOld, tls.VersionTLS11, tls.TLS_RSA_WITH_AES_128_CBC_SHA))
	}},
	{"SSL 3.0, ServerHello", "tls-version Error", func(w *world) {
		w.breakTLS(trace.Handshake{Ended: trace.EndError, Hello: &trace.ServerHello{Version: 0x0300}})
	}},
	{"draft of TLS 1.3", "tls-version Error", func(w *world) {
		w.breakTLS(trace.Handshake{Ended: trace.EndError, Hello: &trace.ServerHello{Version: 0x7f1c}})
	}},
	{"drops what offers TLS 1.3", "tls-dropped Error", func(w *world) {
		w.breakTLS(trace.Handshake{Ended: trace.EndFIN}, worked(trace.OfferOld, tls.VersionTLS12, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256))
	}},
	{"RC4 only, drops", "tls-cipher Error", func(w *world) {
		w.breakTLS(trace.Handshake{Ended: trace.EndRST}, worked(trace.OfferOld, tls.VersionTLS12, tls.TLS_RSA_WITH_RC4_128_SHA))
	}},
	{"RC4 only", "tls-cipher Error", func(w *world) {
		w.breakTLS(trace.Handshake{Alert: 40}, worked(trace.OfferWide, tls.VersionTLS12, tls.TLS_RSA_WITH_RC4_128_SHA))
	}},
	{"nothing in common", "tls-cipher Error", func(w *world) {
		w.breakTLS(trace.Handshake{Alert: 71}, trace.Handshake{Offer: trace.OfferWide, Alert: 71, Ended: trace.EndAlert})
	}},
	{"P-521 exchange only", "tls-cipher Error", func(w *world) {
		w.breakTLS(trace.Handshake{Alert: 40}, worked(trace.OfferP521, tls.VersionTLS13, tls.TLS_AES_128_GCM_SHA256))
	}},
	{"P-521 exchange", "tls-cipher Error", func(w *world) { w.TLS.Group = tls.CurveP521 }},
	{"Ed25519 key", "tls-cipher Error", func(w *world) { w.leaf().PublicKey = ed25519.PublicKey{} }},
	{"client certificate, TLS 1.2", "tls-client-cert Error", func(w *world) {
		w.breakTLS(trace.Handshake{Alert: 42, ClientCert: true})
	}},
	{"client certificate, TLS 1.3", "tls-client-cert Error", func(w *world) {
		w.TLS.ClientCert = true
		w.noAnswer(trace.EndAlert)
		w.HTTP.Alert = 116
	}},
	{"client certificate, nginx", "tls-client-cert Error", func(w *world) {
		w.TLS.ClientCert = true
		w.refuse(400)
		w.HTTP.Body = []byte("<center>No required SSL certificate was sent</center>")
	}},
	{"client certificate optional", "tls-client-cert-optional Warn", func(w *world) { w.TLS.ClientCert = true }},
	{"large hello hangs", "tls-large-hello Error", func(w *world) {
		w.breakTLS(trace.Handshake{Ended: trace.EndTimeout}, worked(trace.OfferSmall, tls.VersionTLS13, tls.TLS_AES_128_GCM_SHA256))
	}},
	{"alert unrecognized name", "tls-alert Error", func(w *world) {
		w.breakTLS(trace.Handshake{Alert: 112}, worked(trace.OfferNoSNI, tls.VersionTLS13, tls.TLS_AES_128_GCM_SHA256))
	}},
	{"alert 116 unasked", "tls-alert Error", func(w *world) { w.breakTLS(trace.Handshake{Alert: 116}) }},
	{"alert 200", "tls-alert Error", func(w *world) { w.breakTLS(trace.Handshake{Alert: 200}) }},
	{"alert no application protocol", "tls-alpn Error", func(w *world) {
		w.breakTLS(trace.Handshake{Alert: 120}, worked(trace.OfferH2, tls.VersionTLS13, tls.TLS_AES_128_GCM_SHA256))
	}},
	{"HTTP/2 in answer", "tls-alpn Error", func(w *world) {
		w.noAnswer(trace.EndNone)
		w.HTTP.HTTP2, w.HTTP.First = true, []byte{0, 0, 18, 4, 0, 0, 0, 0, 0}
	}},
	{"key mismatch", "tls-key-mismatch Error", func(w *world) {
		w.breakTLS(trace.Handshake{Ended: trace.EndError, KeyMismatch: true, Error: "tls: invalid signature"})
	}},
	{"certificate garbage", "tls-key-mismatch Error", func(w *world) {
		w.breakTLS(trace.Handshake{Ended: trace.EndError, BadCert: "x509: malformed certificate"})
		w.Stages[3] = trace.Stage{Name: trace.StageCertificate, Outcome: trace.Failed, Why: "x509: malformed certificate"}
	}},
}

var certFixtures = []fixture{
	{"expired", "cert-expired Error", func(w *world) {
		w.leaf().NotBefore, w.leaf().NotAfter = runTime.AddDate(0, 0, -400), runTime.AddDate(0, 0, -35)
	}},
	{"expired, behind nginx", "cert-expired Error", func(w *world) {
		w.leaf().NotBefore, w.leaf().NotAfter = runTime.AddDate(0, 0, -400), runTime.AddDate(0, 0, -35)
		w.HTTP.Header.Set("Server", "nginx/1.22.1")
	}},
	{"expired, self-signed, another name", "cert-expired Error, cert-name-mismatch Error, cert-self-signed Info", func(w *world) {
		w.leaf().NotBefore, w.leaf().NotAfter = runTime.AddDate(0, 0, -400), runTime.AddDate(0, 0, -35)
		w.selfSign()
		w.Certificate.Names[0] = trace.NameCheck{Name: "drp.example.com", Why: trace.NameOther}
	}},
	{"expiring in 20 days", "cert-expiring Warn", func(w *world) { w.leaf().NotAfter = runTime.AddDate(0, 0, 20) }},
	{"expiring in 3 days", "cert-expiring Error", func(w *world) { w.leaf().NotAfter = runTime.AddDate(0, 0, 3) }},
	{"of six days, five left", "", func(w *world) {
		w.leaf().NotBefore, w.leaf().NotAfter = runTime.AddDate(0, 0, -1), runTime.AddDate(0, 0, 5)
	}},
	{"of six days, one left", "cert-expiring Warn", func(w *world) {
		w.leaf().NotBefore, w.leaf().NotAfter = runTime.AddDate(0, 0, -5), runTime.AddDate(0, 0, 1)
	}},
	{"not yet valid", "cert-not-yet-valid Error", func(w *world) { w.leaf().NotBefore = runTime.Add(30 * time.Hour) }},
	{"not yet valid, clock off", "cert-not-yet-valid Error, clock-skew Warn", func(w *world) {
		w.leaf().NotBefore = runTime.Add(30 * time.Hour)
		w.HTTP.Header.Set("Date", runTime.Add(48*time.Hour).Format(http.TimeFormat))
	}},
	{"no SAN", "cert-no-san Error", func(w *world) {
		w.leaf().HasSAN, w.leaf().DNSNames, w.leaf().IPAddresses = false, nil, nil
		w.Certificate.Names[0] = trace.NameCheck{Name: "drp.example.com", Why: trace.NameNoSAN}
	}},
	{"two names uncovered", "cert-name-mismatch Error", func(w *world) {
		w.Certificate.Names = []trace.NameCheck{
			{Name: "10.0.0.7", Why: trace.NameIPAsDNS}, {Name: "a.b.example.com", Why: trace.NameWildcardDeep},
			{Name: "drp.example.com", Covered: true},
		}
	}},
	{"wrong name, but names are unknown", "names-unknown Info", func(w *world) {
		w.Target.NamesUnknown = true
		w.Certificate.Names[0] = trace.NameCheck{Name: "127.0.0.1", Why: trace.NameOther}
	}},
	{"self-signed", "cert-self-signed Info", (*world).selfSign},
	{"self-signed, trust required", "cert-self-signed Error", func(w *world) {
		w.selfSign()
		w.policy.RequireTrusted = true
	}},
	{"self-signed, but trusted", "browser-refuses Warn", func(w *world) {
		w.selfSign()
		w.Certificate.Trusted, w.Certificate.AnchorLeaf = true, true
	}},
	{"unknown issuer", "cert-unknown-issuer Warn", (*world).distrust},
	{"unknown issuer, trust required", "cert-unknown-issuer Error", func(w *world) {
		w.distrust()
		w.policy.RequireTrusted = true
	}},
	{"serves another certificate than loopback", "cert-expired Error", func(w *world) {
		w.leaf().NotAfter = runTime.AddDate(0, 0, -1)
		own := healthy("127.0.0.1", "127.0.0.1")
		own.Target.Role, own.Certificate.Leaf.SHA256 = trace.RoleLoopback, strings.Repeat("ef", 32)
		w.evidence.Traces = append(w.evidence.Traces, own)
	}},
	{"expired on the file port", "cert-expired Error, cert-static-differs Info", func(w *world) {
		w.leaf().NotAfter = runTime.AddDate(0, 0, -1)
		w.selfSign()
		w.Certificate.AnchorLeaf = true
		w.Target.Role, w.Target.Port, w.Target.CertOnly, w.Target.Host = trace.RoleStatic, 8090, true, "127.0.0.1"
		own := healthy("127.0.0.1", "127.0.0.1")
		own.Target.Role, own.Certificate.Leaf.SHA256 = trace.RoleLoopback, strings.Repeat("ef", 32)
		w.evidence.Traces = append(w.evidence.Traces, own)
	}},
	{"expired at an IPv6 address", "cert-expired Error", func(w *world) {
		w.leaf().NotAfter = runTime.AddDate(0, 0, -1)
		w.Target.Host, w.Target.Names = "2001:db8::5", []string{"2001:db8::5", "drp.example.com"}
		w.Connect = connected("2001:db8::5")
	}},
	{"expired on a plain server", "cert-expired Error", func(w *world) {
		w.leaf().NotAfter = runTime.AddDate(0, 0, -1)
		w.Target.Plain, w.Target.Scheme, w.Info = true, "wss", nil
	}},
}

var chainFixtures = []fixture{
	{"intermediate not sent, fetched", "cert-chain-incomplete Error", func(w *world) {
		w.distrust()
		w.leaf().IssuingCertificateURL = []string{"http://ca.example/issuer.crt"}
		w.Certificate.FetchedTrusted = true
	}},
	{"intermediate not sent, fetched as PKCS #7", "cert-chain-incomplete Error", func(w *world) {
		w.distrust()
		w.leaf().IssuingCertificateURL = []string{"http://ca.example/issuer.p7c"}
		w.Certificate.FetchedTrusted = true
	}},
	{"intermediate not sent, public", "cert-chain-incomplete Error", func(w *world) {
		w.distrust()
		w.Certificate.PublicIssuer = true
	}},
	{"intermediate expired", "cert-chain-expired Error", func(w *world) {
		w.Certificate.Faults = []trace.ChainFault{
			{Index: 0, Kind: trace.FaultExpired, Subject: "CN=drp.example.com"},
			{Index: 1, Kind: trace.FaultExpired, Subject: "CN=Example CA", Detail: "expired 2026-01-01"},
		}
	}},
	{"intermediate no CA, path too long", "cert-chain-invalid Error", func(w *world) {
		w.Certificate.Faults = []trace.ChainFault{
			{Index: 1, Kind: trace.FaultNotCA, Subject: "CN=Not a CA"},
			{Index: 2, Kind: trace.FaultPathLen, Subject: "CN=Upper", Detail: "path length 0"},
		}
	}},
	{"bad signature", "cert-chain-invalid Error", func(w *world) {
		w.distrust()
		w.Certificate.Faults = []trace.ChainFault{{Kind: trace.FaultSignature, Subject: "CN=drp.example.com"}}
	}},
	{"name constraint", "cert-chain-invalid Error", func(w *world) {
		w.Certificate.Names[0] = trace.NameCheck{Name: "drp.example.com", Why: trace.NameConstrained}
	}},
	{"for clients only", "cert-wrong-usage Error", func(w *world) {
		w.leaf().ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	}},
	{"any usage", "cert-wrong-usage Error", func(w *world) {
		w.leaf().ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageAny}
	}},
	{"no digital signature", "cert-wrong-usage Error", func(w *world) { w.leaf().KeyUsage = x509.KeyUsageKeyEncipherment }},
	{"no key encipherment", "cert-wrong-usage Error", func(w *world) { w.Certificate.KeyExchange = "RSA" }},
	{"revoked", "cert-revoked Error", func(w *world) { w.Certificate.StapleStatus = "revoked" }},
	{"SHA-1", "cert-weak-signature Error", func(w *world) {
		w.Certificate.Faults = []trace.ChainFault{{Kind: trace.FaultWeakSignature, Subject: "CN=drp.example.com", Detail: "SHA1-RSA"}}
	}},
	{"RSA 512", "cert-weak-key Error", func(w *world) {
		w.breakTLS(trace.Handshake{Ended: trace.EndError, KeyMismatch: true, Error: "tls: invalid signature: crypto/rsa: 512-bit keys are insecure"})
	}},
	{"keyCertSign on the server's own", "cert-chain-invalid Info", func(w *world) {
		w.Certificate.Faults = []trace.ChainFault{{Kind: trace.FaultCertSignAsLeaf, Subject: "CN=drp.example.com"}}
	}},
	{"certificates of 120 KiB", "cert-chain-invalid Error", func(w *world) { w.TLS.Raw = [][]byte{make([]byte, 120<<10)} }},
	{"certificates of 300 KiB", "cert-chain-invalid Error", func(w *world) {
		w.breakTLS(trace.Handshake{Ended: trace.EndError, Hello: &trace.ServerHello{Version: tls.VersionTLS13},
			Error: "tls: handshake message of length 287712 bytes exceeds maximum of 262144 bytes"})
	}},
	{"RSA 1024", "cert-weak-key Warn", func(w *world) {
		w.Certificate.Faults = []trace.ChainFault{{Kind: trace.FaultWeakKey, Subject: "CN=drp.example.com", Detail: "RSA 1024"}}
	}},
}

var noticeFixtures = []fixture{
	{"ten years", "cert-validity-too-long Warn", func(w *world) { w.leaf().NotAfter = w.leaf().NotBefore.AddDate(10, 0, 0) }},
	{"825 days", "", func(w *world) { w.leaf().NotAfter = w.leaf().NotBefore.AddDate(0, 0, 825) }},
	{"CA as leaf", "cert-ca-as-leaf Warn", func(w *world) { w.leaf().IsCA = true }},
	{"CA as leaf, self-signed", "cert-self-signed Info, cert-ca-as-leaf Info", func(w *world) {
		w.selfSign()
		w.leaf().IsCA = true
	}},
	{"must staple", "cert-must-staple Warn", func(w *world) { w.leaf().MustStaple = true }},
	{"must staple, stapled", "", func(w *world) { w.leaf().MustStaple, w.Certificate.StapleStatus = true, "good" }},
	{"must staple, revoked", "cert-revoked Error", func(w *world) { w.leaf().MustStaple, w.Certificate.StapleStatus = true, "revoked" }},
	{"must staple, stapled an old answer", "cert-staple-invalid Warn", func(w *world) {
		w.leaf().MustStaple = true
		w.Certificate.StapleError, w.Certificate.StapleFault = "out of date since 2026-11-01T00:00:00Z", trace.StapleOld
	}},
	{"stapled an answer that knows nothing", "cert-staple-invalid Warn", func(w *world) { w.Certificate.StapleStatus = "unknown" }},
	{"self-signed, but trusted, expiring", "browser-refuses Warn, cert-expiring Warn", func(w *world) {
		w.selfSign()
		w.Certificate.Trusted, w.Certificate.AnchorLeaf = true, true
		w.leaf().NotAfter = runTime.AddDate(0, 0, 20)
	}},
	{"both refuse: two lengths of nothing", "browser-refuses Error", func(w *world) {
		w.HTTP.Header["Content-Length"] = []string{"0", "1"}
	}},
	{"refused by Chromium in the answer", "browser-refuses Warn", func(w *world) { w.HTTP.Interim = []int{103} }},
	{"HSTS, self-signed", "hsts-no-exception Warn, cert-self-signed Info", func(w *world) {
		w.selfSign()
		w.HTTP.Header.Set("Strict-Transport-Security", `max-age="31536000"; includeSubDomains`)
	}},
	{"HSTS over, self-signed", "cert-self-signed Info", func(w *world) {
		w.selfSign()
		w.HTTP.Header.Set("Strict-Transport-Security", "max-age=0")
	}},
	{"HSTS, trusted", "", func(w *world) { w.HTTP.Header.Set("Strict-Transport-Security", "max-age=31536000") }},
	{"certificate changed", "cert-changed Info", func(w *world) {
		w.evidence.Known[w.Target.ID()] = trace.Known{SHA256: strings.Repeat("01", 32), Seen: runTime.AddDate(0, 0, -1)}
	}},
	{"certificate changed, self-signed", "cert-changed Warn, cert-self-signed Info", func(w *world) {
		w.selfSign()
		w.evidence.Known[w.Target.ID()] = trace.Known{SHA256: strings.Repeat("01", 32), Seen: runTime.AddDate(0, 0, -1)}
	}},
	{"file port differs", "cert-static-differs Info", func(w *world) {
		static := healthy("drp.example.com", "203.0.113.5")
		static.Target.Role, static.Target.Port = trace.RoleStatic, 8090
		static.Certificate.Leaf.SHA256 = strings.Repeat("ef", 32)
		w.evidence.Traces = append(w.evidence.Traces, static)
	}},
	{"file port alike", "", func(w *world) {
		static := healthy("drp.example.com", "203.0.113.5")
		static.Target.Role, static.Target.Port = trace.RoleStatic, 8090
		w.evidence.Traces = append(w.evidence.Traces, static)
	}},
	{"clock behind", "clock-skew Warn", func(w *world) {
		w.HTTP.Header.Set("Date", runTime.Add(-time.Hour).Format(http.TimeFormat))
	}},
	{"clock nearly right", "", func(w *world) {
		w.HTTP.Header.Set("Date", runTime.Add(-4*time.Minute).Format(http.TimeFormat))
	}},
	{"private address", "browser-local-network Info", func(w *world) { w.Connect = connected("10.0.0.5") }},
	{"private address, private portal", "", func(w *world) {
		w.Connect = connected("10.0.0.5")
		w.policy.PortalURL = "https://portal.lan/ux"
	}},
}

var httpFixtures = []fixture{
	{"no answer", "http-timeout Error", func(w *world) { w.noAnswer(trace.EndTimeout) }},
	{"endless header", "http-timeout Error", func(w *world) {
		w.noAnswer(trace.EndTimeout)
		w.HTTP.Status, w.HTTP.Partial = 101, true
	}},
	{"cut header", "http-dropped Error", func(w *world) {
		w.noAnswer(trace.EndFIN)
		w.HTTP.Status, w.HTTP.Partial = 101, true
	}},
	{"dropped", "http-dropped Error", func(w *world) { w.noAnswer(trace.EndRST) }},
	{"not HTTP", "http-malformed Error", func(w *world) {
		w.noAnswer(trace.EndNone)
		w.HTTP.Malformed, w.HTTP.First = "no status line", []byte("\x1b[2Jhello")
	}},
	{"header too large", "http-malformed Error", func(w *world) {
		w.noAnswer(trace.EndNone)
		w.HTTP.TooLarge, w.HTTP.Status, w.HTTP.Read = true, 101, 256<<10
	}},
	{"failed without evidence", "http-dropped Error", func(w *world) {
		w.fail(trace.StageHTTP, "something")
		w.HTTP = nil
	}},
	{"late without evidence", "http-timeout Error", func(w *world) {
		w.fail(trace.StageHTTP, "something")
		w.HTTP, w.Late = nil, true
	}},
}

var upgradeFixtures = []fixture{
	{"401 without a token", "upgrade-unauthorized Error", func(w *world) {
		w.refuse(401)
		w.HTTP.Token = false
		w.HTTP.Header.Set("WWW-Authenticate", "dr-provision")
	}},
	{"401 with a token", "upgrade-unauthorized Error", func(w *world) { w.refuse(401) }},
	{"403, dead token", "upgrade-forbidden Error", func(w *world) {
		w.refuse(403, trace.Answer{Change: trace.ChangeNoOrigin, Status: 403}, trace.Answer{Change: trace.ChangeInfo, Status: 403})
	}},
	{"403, no rights", "upgrade-forbidden Error", func(w *world) {
		w.refuse(403, trace.Answer{Change: trace.ChangeInfo, Status: 200})
	}},
	{"403, with and without", "upgrade-forbidden Error", func(w *world) {
		w.refuse(403, trace.Answer{Change: trace.ChangeNoToken, Status: 403})
	}},
	{"403, fine without a token", "upgrade-forbidden Error", func(w *world) {
		w.refuse(403, trace.Answer{Change: trace.ChangeNoToken, Status: 101})
	}},
	{"403, no token", "upgrade-forbidden Error", func(w *world) {
		w.refuse(403)
		w.HTTP.Token = false
	}},
	{"403 for the Origin", "upgrade-origin Error", func(w *world) {
		w.refuse(403, trace.Answer{Change: trace.ChangeNoOrigin, Status: 101})
	}},
	{"404", "upgrade-not-found Error", func(w *world) { w.refuse(404) }},
	{"405", "upgrade-not-found Error", func(w *world) { w.refuse(405) }},
	{"410", "upgrade-not-found Error", func(w *world) { w.refuse(410) }},
	{"302", "upgrade-redirected Error", func(w *world) {
		w.refuse(302)
		w.HTTP.Header.Set("Location", "https://login.example/\x1b]0;owned\x07?next=\u202e")
	}},
	{"407", "upgrade-proxy-auth Error", func(w *world) { w.refuse(407) }},
	{"511", "upgrade-proxy-auth Error", func(w *world) { w.refuse(511) }},
	{"429", "upgrade-rate-limited Error", func(w *world) { w.refuse(429) }},
	{"502", "upgrade-bad-gateway Error", func(w *world) { w.refuse(502) }},
	{"503", "upgrade-bad-gateway Error", func(w *world) { w.refuse(503) }},
	{"504", "upgrade-bad-gateway Error", func(w *world) { w.refuse(504) }},
	{"500", "upgrade-server-error Error", func(w *world) { w.refuse(500) }},
	{"501", "upgrade-server-error Error", func(w *world) { w.refuse(501) }},
	{"302 to nowhere", "upgrade-redirected Error", func(w *world) { w.refuse(302) }},
	{"200", "upgrade-not-switched Error", func(w *world) { w.refuse(200) }},
	{"400", "upgrade-not-switched Error", func(w *world) { w.refuse(400) }},
	{"426", "upgrade-not-switched Error", func(w *world) { w.refuse(426) }},
	{"400 of a TLS port", "scheme-insecure Error, upgrade-not-switched Error", func(w *world) {
		w.refuse(400)
		w.Target.Scheme, w.TLS, w.Certificate = "http", nil, nil
		w.HTTP.Body = []byte("Client sent an HTTP request to an HTTPS server.\n")
	}},
	{"400 of a TLS port behind a proxy", "upgrade-not-switched Error", func(w *world) {
		w.refuse(400)
		w.HTTP.Body = []byte("Client sent an HTTP request to an HTTPS server.\n")
	}},
	{"414", "upgrade-not-switched Error", func(w *world) { w.refuse(414) }},
	{"451", "upgrade-not-switched Error", func(w *world) { w.refuse(451) }},
	{"431", "upgrade-not-switched Error", func(w *world) { w.refuse(431) }},
	{"400 of nginx for a large header", "upgrade-not-switched Error", func(w *world) {
		w.refuse(400)
		w.HTTP.Body = []byte("<html>\r\n<head><title>400 Request Header Or Cookie Too Large</title></head>\r\n")
	}},
	{"401 of a proxy", "upgrade-unauthorized Error", func(w *world) {
		w.refuse(401, trace.Answer{Change: trace.ChangeInfo, Status: 401})
		w.HTTP.Header.Set("WWW-Authenticate", `Basic realm="staff"`)
	}},
	{"403 of a proxy", "upgrade-forbidden Error", func(w *world) {
		w.refuse(403, trace.Answer{Change: trace.ChangeNoToken, Status: 403}, trace.Answer{Change: trace.ChangeInfo, Status: 403})
	}},
	{"redirected to itself", "upgrade-redirected Error", func(w *world) {
		w.refuse(301)
		w.HTTP.Header.Set("Location", "https://drp.example.com/api/v3/ws")
	}},
	{"404, REST passes", "upgrade-not-found Error", func(w *world) {
		w.refuse(404, trace.Answer{Change: trace.ChangeInfo, Status: 200})
	}},
	{"502, REST passes", "upgrade-bad-gateway Error", func(w *world) {
		w.refuse(502, trace.Answer{Change: trace.ChangeInfo, Status: 200})
	}},
	{"wrong 101", "upgrade-bad-handshake Error", func(w *world) {
		w.spoil(trace.HandshakeFault{Header: "Connection", Kind: "wrong", Got: "close", Want: "Upgrade"},
			trace.HandshakeFault{Header: "", Kind: "http/1.0", Got: "HTTP/1.0", Want: "HTTP/1.1"})
	}},
	{"subprotocol", "upgrade-subprotocol Error", func(w *world) {
		w.spoil(trace.HandshakeFault{Header: "Sec-WebSocket-Protocol", Kind: "unoffered", Got: "v1.drp"})
	}},
}

var socketFixtures = []fixture{
	{"closed 1011 at register", "ws-closed Error", func(w *world) {
		w.end(trace.StageRegister, trace.End{Close: &trace.CloseFrame{Code: 1011, Reason: []byte("\x1b[31mpanic")}, Manner: trace.EndFIN})
	}},
	{"closed 1000 at register", "ws-closed Error", func(w *world) {
		w.end(trace.StageRegister, trace.End{Close: &trace.CloseFrame{Code: 1000}})
	}},
	{"closed 1001 while listening", "ws-closed Warn", func(w *world) {
		w.end(trace.StagePing, trace.End{Close: &trace.CloseFrame{Code: 1001}})
	}},
	{"closed 1008 while listening", "ws-closed Error", func(w *world) {
		w.end(trace.StagePing, trace.End{Close: &trace.CloseFrame{Code: 1008}})
	}},
	{"closed without a code", "ws-closed Warn", func(w *world) {
		w.end(trace.StagePing, trace.End{Close: &trace.CloseFrame{Code: 1005}})
	}},
	{"closed 1006 on the wire", "ws-closed-invalid Error", func(w *world) {
		w.end(trace.StagePing, trace.End{Close: &trace.CloseFrame{Code: 1006}})
	}},
	{"close payload of one byte", "ws-closed-invalid Error", func(w *world) {
		w.end(trace.StageRegister, trace.End{Close: &trace.CloseFrame{OneByte: true}})
	}},
	{"close reason not UTF-8", "ws-closed-invalid Error", func(w *world) {
		w.end(trace.StageRegister, trace.End{Close: &trace.CloseFrame{Code: 1011, Reason: []byte{0xff}, BadUTF8: true}})
	}},
	{"dropped by FIN", "ws-dropped Error", func(w *world) { w.end(trace.StageRegister, trace.End{Manner: trace.EndFIN}) }},
	{"dropped by alert", "ws-dropped Error", func(w *world) {
		w.end(trace.StagePing, trace.End{Manner: trace.EndAlert, Alert: 80, MidFrame: true, Error: "remote error"})
	}},
	{"too large", "ws-too-large Error", func(w *world) { w.end(trace.StagePing, trace.End{TooLarge: true, Manner: trace.EndError}) }},
	{"no ack", "ws-no-ack Error", func(w *world) {
		w.fail(trace.StageRegister, "no answer in time")
		w.Socket.Register = &trace.Exchange{Sent: true, Error: "no answer in time"}
	}},
	{"swallows all frames", "ws-no-ack Error, ws-no-pong Error, ws-close-ignored Warn", func(w *world) {
		w.fail(trace.StageRegister, "no answer in time")
		w.Socket.Register = &trace.Exchange{Sent: true}
		w.Socket.Ping, w.Socket.Close = &trace.Exchange{Sent: true}, &trace.Exchange{Sent: true}
		w.Stages[8].Outcome, w.Stages[9].Outcome = trace.Failed, trace.Failed
	}},
	{"no event", "ws-no-event Error", func(w *world) {
		w.fail(trace.StageEvent, "no answer in time")
		w.Socket.Event = &trace.Event{Status: 204, Error: "no answer in time"}
	}},
	{"event not posted", "ws-no-event Error", func(w *world) {
		w.fail(trace.StageEvent, "status 500")
		w.Socket.Event = &trace.Event{Status: 500, Error: "Internal Server Error"}
	}},
	{"event forbidden", "ws-no-event Warn", func(w *world) {
		w.Stages[7].Outcome, w.Stages[7].Why = trace.Failed, "the token may not post events"
		w.Socket.Event = &trace.Event{Status: 403, Error: "Forbidden"}
	}},
	{"no pong", "ws-no-pong Error", func(w *world) {
		w.Stages[8].Outcome = trace.Failed
		w.Socket.Ping = &trace.Exchange{Sent: true}
	}},
	{"slow", "ws-slow Warn", func(w *world) { w.Socket.Event.Took = 1600 * time.Millisecond }},
	{"close ignored", "ws-close-ignored Warn", func(w *world) {
		w.Stages[9].Outcome = trace.Failed
		w.Socket.Close = &trace.Exchange{Sent: true, Error: "no answer in time"}
	}},
	{"close answered by FIN", "ws-close-ignored Warn", func(w *world) {
		w.Stages[9].Outcome = trace.Failed
		w.Socket.Close = &trace.Exchange{Sent: true}
		w.Socket.End = &trace.End{Stage: trace.StageClose, Manner: trace.EndFIN, Alert: -1}
	}},
}

var frameFixtures = []fixture{
	{"masked", "ws-protocol-error Error", func(w *world) { w.frame(trace.FrameMasked, "") }},
	{"length with its top bit set", "ws-protocol-error Error", func(w *world) {
		w.frame(trace.FrameLengthTop, "")
		w.Socket.End.TooLarge = true
	}},
	{"data after close", "ws-protocol-error Error", func(w *world) {
		w.frame(trace.FrameAfterClose, "4 bytes")
		w.Socket.End.Close = &trace.CloseFrame{Code: 1000}
	}},
	{"not UTF-8", "ws-invalid-utf8 Error", func(w *world) { w.frame(trace.FrameUTF8, "\xed\xa0\x80") }},
	{"close frame of one byte on the wire", "ws-closed-invalid Error", func(w *world) { w.frame(trace.FrameCloseOneByte, "03") }},
}

var watchFixtures = []fixture{
	{"idle timeout of a minute", "ws-idle-dropped Error", func(w *world) { w.watched(5, 5*time.Minute, time.Minute) }},
	{"idle timeout, and dropped now", "ws-idle-dropped Error, ws-dropped Error", func(w *world) {
		w.watched(3, 30*time.Minute, 350*time.Second)
		w.end(trace.StagePing, trace.End{Manner: trace.EndRST})
	}},
	{"idle timeout that nobody has by default", "ws-idle-dropped Error", func(w *world) { w.watched(3, time.Hour, 77*time.Second) }},
	{"two drops alike", "", func(w *world) { w.watched(2, 30*time.Minute, time.Minute) }},
	{"flapping", "ws-flapping Error", func(w *world) {
		w.watched(4, 10*time.Minute, time.Minute)
		ends := w.evidence.History[w.Target.ID()].Ends
		for i := range ends {
			ends[i].QuietIn = time.Duration(i+1) * time.Minute
			ends[i].QuietOut = ends[i].QuietIn
		}
		ends[3].Close = &trace.CloseFrame{Code: 1001}
	}},
	{"events lost", "events-lost Warn", func(w *world) {
		w.watched(0, 0, 0)
		h := w.evidence.History[w.Target.ID()]
		h.Sent, h.Lost = 100, 7
	}},
	{"schedule missed", "schedule-missed Warn", func(w *world) {
		w.evidence.Schedule = &trace.Schedule{
			Trigger: "ws-diagnose", Enabled: true, Every: time.Hour, Since: runTime.Add(-48 * time.Hour),
			Runs: []trace.Run{{Time: runTime.Add(-time.Hour), StartedBy: "interval"}, {Time: runTime.Add(-5 * time.Hour), StartedBy: "trigger"}},
		}
	}},
	{"schedule kept", "", func(w *world) {
		w.evidence.Schedule = &trace.Schedule{
			Trigger: "ws-diagnose", Enabled: true, Every: time.Hour, Since: runTime.Add(-48 * time.Hour),
			Runs: []trace.Run{{Time: runTime.Add(-3 * time.Hour), StartedBy: "trigger"}},
		}
	}},
	{"schedule disabled", "", func(w *world) {
		w.evidence.Schedule = &trace.Schedule{Trigger: "ws-diagnose", Every: time.Hour, Since: runTime.Add(-48 * time.Hour)}
	}},
}
