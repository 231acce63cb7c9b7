package browser_test

import (
	"crypto/tls"
	"crypto/x509"
	"strconv"

	"ws-diagnose/plugin/trace"
)

// text is an answer with a Content-Type, as servers mostly send.
func text(status int, header ...string) edit {
	return answered(status, append([]string{"Content-Type", "text/plain"}, header...)...)
}

// at is a socket that the server closes with code.
func at(code int) []edit {
	if code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006 || code >= 3000 && code <= 4999 {
		return []edit{closed(code)}
	}
	return []edit{closed(code, trace.FrameCloseCode)}
}

var onAddress = edit(func(t *trace.Trace) { t.Target.Host, t.Certificate.Names[0].Name = "127.0.0.1", "127.0.0.1" })

// truthTraces are the measured cases as the probe records them, by name.
var truthTraces = map[string][]edit{
	"healthy-trusted":                {},
	"healthy-trusted-ip-san":         {onAddress},
	"self-signed-valid":              {selfSigned},
	"self-signed-expired":            {selfSigned, leaf(expired)},
	"self-signed-wrong-hostname":     {selfSigned, named(false)},
	"trusted-self-signed-leaf-as-ca": {anchored},
	"ca-signed-expired":              {leaf(expired)},
	"untrusted-ca-wrong-hostname":    {untrusted, named(false)},
	"wrong-hostname":                 {named(false)},
	"ip-without-ip-san":              {onAddress, named(false)},
	"ip-as-dns-san":                  {onAddress, named(false)},
	"cn-only-no-san":                 {leaf(func(c *trace.Cert) { c.HasSAN = false }), named(false)},
	"wildcard-ok":                    {},
	"wildcard-apex":                  {named(false)},
	"untrusted-ca":                   {untrusted},
	"untrusted-ca-root-not-sent":     {unclosed},
	"incomplete-chain":               {unclosed},
	"chain-complete-D":               {through},
	// Its key usage was a server's as well: Firefox looks at that first.
	"intermediate-not-ca":               {through, fault(1, trace.FaultNotCA), fault(1, trace.FaultCAUsage)},
	"pathlen-exceeded":                  {through, fault(1, trace.FaultPathLen)},
	"weak-rsa-1024":                     {leaf(keyed(rsaKey(1024))), fault(0, trace.FaultWeakKey)},
	"weak-rsa-1024-self-signed":         {selfSigned, leaf(keyed(rsaKey(1024))), fault(0, trace.FaultWeakKey)},
	"validity-10-years":                 {leaf(func(c *trace.Cert) { c.NotAfter = now.AddDate(10, 0, 0) })},
	"validity-40-years":                 {leaf(func(c *trace.Cert) { c.NotAfter = now.AddDate(40, 0, 0) })},
	"eku-missing-serverauth":            {leaf(extended(x509.ExtKeyUsageCodeSigning))},
	"eku-client-auth-only":              {leaf(extended(x509.ExtKeyUsageClientAuth))},
	"keyusage-certsign-only":            {leaf(usage(x509.KeyUsageCertSign)), fault(0, trace.FaultCertSignAsLeaf)},
	"revoked-crl-unreachable":           {},
	"x509-garbage":                      {broken(trace.Handshake{Ended: trace.EndError, BadCert: "x509: malformed certificate", Hello: &trace.ServerHello{Version: tls.VersionTLS13}})},
	"hsts-set":                          {},
	"hsts-self-signed":                  {selfSigned},
	"tls11-only":                        {broken(trace.Handshake{Ended: trace.EndAlert, Alert: 70}, retried(trace.OfferOld, tls.VersionTLS11, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, tls.X25519))},
	"tls10-only":                        {broken(trace.Handshake{Ended: trace.EndAlert, Alert: 70}, retried(trace.OfferOld, tls.VersionTLS10, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, tls.X25519))},
	"ssl30-only-serverhello":            {broken(trace.Handshake{Ended: trace.EndError, Hello: &trace.ServerHello{Version: 0x0300}})},
	"tls12-rc4-only":                    {broken(trace.Handshake{Ended: trace.EndAlert, Alert: 40}, retried(trace.OfferOld, tls.VersionTLS12, tls.TLS_RSA_WITH_RC4_128_SHA, 0))},
	"tls12-rsa-kex-gcm-only":            {chose(tls.VersionTLS12, tls.TLS_RSA_WITH_AES_128_GCM_SHA256, 0)},
	"tls12-ecdhe-cbc-sha256-only":       {broken(trace.Handshake{Ended: trace.EndAlert, Alert: 40}, retried(trace.OfferOld, tls.VersionTLS12, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256, tls.X25519))},
	"tls12-ecdhe-cbc-sha1-only":         {chose(tls.VersionTLS12, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, tls.X25519)},
	"tls-curve-p521-only":               {broken(trace.Handshake{Ended: trace.EndAlert, Alert: 40}, retried(trace.OfferP521, tls.VersionTLS13, tls.TLS_AES_128_GCM_SHA256, tls.CurveP521))},
	"mtls-required-tls13":               {func(t *trace.Trace) { t.TLS.ClientCert = true }, hungUp(trace.EndAlert), func(t *trace.Trace) { t.HTTP.Alert = 116 }},
	"alert-insufficient-security":       {alert(71)},
	"alert-unrecognized-name":           {alert(112)},
	"alert-certificate-required":        {alert(116)},
	"alert-unknown-code":                {alert(200)},
	"tcp-accept-silent":                 {broken(trace.Handshake{Ended: trace.EndTimeout})},
	"tcp-fin-during-handshake":          {broken(trace.Handshake{Ended: trace.EndFIN})},
	"handshake-hangs-after-serverhello": {broken(trace.Handshake{Ended: trace.EndTimeout, First: []byte{22, 3, 3, 0, 90, 2, 0}, Read: 40})},
	"plain-http-on-port":                {broken(trace.Handshake{Ended: trace.EndError, First: []byte("HTTP/1.0 400 Bad Request\r\n\r\n")})},
	"port-closed":                       {dialled(trace.DialRefused)},
	"dns-nxdomain":                      {unresolved(trace.Resolve{NotFound: true, Error: "no such host"})},
	"dns-timeout":                       {unresolved(trace.Resolve{Timeout: true, Error: "i/o timeout"})},
	"connect-prohibited":                {dialled(trace.DialDenied)},
	"unsafe-port":                       {func(t *trace.Trace) { t.Target.Port = 6000 }},
	"tls-ok-then-close":                 {hungUp(trace.EndCloseNotify)},
	"tls-ok-then-fin":                   {hungUp(trace.EndFIN)},
	"tls-ok-request-then-close":         {hungUp(trace.EndCloseNotify)},
	"tls-ok-request-then-rst":           {hungUp(trace.EndRST)},
	"http-200":                          {text(200)},
	"http-204":                          {answered(204)},
	"http-302-https":                    {text(302, "Location", "https://zoo.test/login")},
	"http-308":                          {text(308, "Location", "https://zoo.test/")},
	"http-401-bearer":                   {text(401, "WWW-Authenticate", "Bearer")},
	"http-401-plain":                    {text(401)},
	"http-401-then-basic-ok":            {text(401, "WWW-Authenticate", "Basic realm=zoo")},
	"http-403":                          {text(403)},
	"http-404":                          {text(404)},
	"http-407":                          {text(407)},
	"http-426":                          {text(426)},
	"http-500":                          {text(500)},
	"http-501":                          {text(501)},
	"http-502":                          {text(502)},
	"101-wrong-accept":                  {header("Sec-WebSocket-Accept", "wrong", "AAAA")},
	"101-missing-accept":                {header("Sec-WebSocket-Accept", "missing")},
	"101-missing-upgrade":               {header("Upgrade", "missing")},
	"101-wrong-upgrade-value":           {header("Upgrade", "wrong", "h2c")},
	"101-connection-close":              {header("Connection", "wrong", "close")},
	"101-connection-keepalive-upgrade":  {header("Connection", "", "keep-alive, Upgrade")},
	"101-subprotocol-ok": {header("Sec-WebSocket-Protocol", "", "v1.drp"),
		func(t *trace.Trace) { t.HTTP.OfferedProtocols = []string{"v1.drp"} }},
	"101-unrequested-extension": {header("Sec-WebSocket-Extensions", "unoffered", "x-zoo")},
	"101-deflate-accepted":      {header("Sec-WebSocket-Extensions", "unoffered", "permessage-deflate")},
	"101-http10":                {header("", "http/1.0"), func(t *trace.Trace) { t.HTTP.Proto = "HTTP/1.0" }},
	"http-headers-never-finish": {cutHeader(trace.EndTimeout)},
	"http-headers-cut":          {cutHeader(trace.EndFIN)},
	"close-empty":               {closed(1005)},
	"close-one-byte-body":       {ended(trace.End{Close: &trace.CloseFrame{Code: 1005, OneByte: true}, Manner: trace.EndFIN}, trace.FrameCloseOneByte)},
	"close-reason-over-123":     {closed(1000, trace.FrameControlLong)},
	"close-1011-then-rst":       {ended(trace.End{Close: &trace.CloseFrame{Code: 1011}, Manner: trace.EndRST})},
	"close-1000-no-reason":      {closed(1000)},
	"drop-close-notify":         {ended(trace.End{Manner: trace.EndCloseNotify})},
	"drop-fin":                  {ended(trace.End{Manner: trace.EndFIN})},
	"drop-fin-mid-frame":        {ended(trace.End{Manner: trace.EndFIN, MidFrame: true})},
	"idle-timeout-3s":           {ended(trace.End{Manner: trace.EndFIN})},
	"text-utf8-surrogate":       {badFrame(trace.FrameFault{Kind: trace.FrameUTF8, Opcode: 1})},
	// Measured with a frame whose payload is not UTF-8 once the mask is off.
	"masked-server-frame": {badFrame(trace.FrameFault{Kind: trace.FrameMasked, Opcode: 1}, trace.FrameFault{Kind: trace.FrameUTF8, Opcode: 1})},
	"rsv2-set":            {badFrame(trace.FrameFault{Kind: trace.FrameRSV, Opcode: 1, RSV: 2})},
	"unknown-opcode-b":    {badFrame(trace.FrameFault{Kind: trace.FrameOpcode, Opcode: 11})},
	"length-64bit-msb":    {badFrame(trace.FrameFault{Kind: trace.FrameLengthTop, Opcode: 1})},
	"length-huge-declared": {ended(trace.End{Manner: trace.EndFIN, MidFrame: true}),
		func(t *trace.Trace) { t.Socket.Frames = []trace.Frame{{Opcode: 2, Fin: true, Length: 1 << 40}} }},
	"data-after-close":          {closed(1000, trace.FrameAfterClose)},
	"message-64mib":             {closed(1000)},
	"message-512mib":            {closed(1000)},
	"page-public-address-space": {},
	"ws-insecure-localhost": {func(t *trace.Trace) {
		t.Target.Scheme, t.Target.Host, t.Target.Origin = "ws", "localhost", "https://portal.example"
		t.TLS, t.Certificate = nil, nil
	}},
	"proxy-connect-403": {func(t *trace.Trace) {
		beyondTLS(t)
		t.TLS, t.Target.Proxy = nil, "http://127.0.0.1:3128"
		t.Connect.Proxy = &trace.Proxy{URL: t.Target.Proxy, Status: 403, Error: "the proxy answered CONNECT with 403"}
	}},
	"alert-warning-unrecognized-name-then-ok": {chose(tls.VersionTLS12, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.X25519)},
	"trusted-self-signed-expired-as-peer":     {anchored, leaf(expired)},
}

func init() {
	for _, code := range []int{1000, 1002, 1003, 1009, 1011, 1012, 1014, 4000, 4999} {
		truthTraces["close-"+strconv.Itoa(code)] = at(code)
	}
	for _, code := range []int{0, 999, 1004, 1006, 1100, 2000, 5000} {
		truthTraces["close-invalid-"+strconv.Itoa(code)] = at(code)
	}
}
