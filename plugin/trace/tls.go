package trace

import (
	"crypto/tls"
	"crypto/x509"
	"time"
)

// TLS is what the handshakes showed: the first, with an offer like a browser's, and those made
// afterwards to tell causes apart.
type TLS struct {
	Handshake             // the one like a browser's; the walk goes on over it
	Retries   []Handshake // in the order in which they were made
	PlainHTTP *HTTP       // the answer to a plain HTTP request, tried after an answer that is not TLS
	Banner    []byte      // what the port says when nobody speaks (SSH, SMTP, ...), at most 256 bytes
}

// Offer says what a handshake offered, and so what its outcome tells.
type Offer string

// The offers.
const (
	OfferBrowser Offer = "browser" // TLS 1.2 and 1.3, post-quantum share, http/1.1, RSA key exchange, as browsers do
	OfferSmall   Offer = "small"   // as above with X25519 alone: a ClientHello that fits one segment
	OfferOld     Offer = "old"     // TLS 1.0 to 1.2 and every cipher suite that Go has
	OfferWide    Offer = "wide"    // TLS 1.0 to 1.3, every cipher suite, every curve
	OfferP521    Offer = "p521"    // P-521 alone for the key exchange
	OfferNoALPN  Offer = "no-alpn" // no ALPN at all
	OfferH2      Offer = "h2"      // ALPN h2 and http/1.1
	OfferNoSNI   Offer = "no-sni"  // no server name
)

// BrowserSuites are the TLS 1.2 cipher suites that Chromium and Firefox offer, and so OfferBrowser, as
// far as Go has them: RSA key exchange and SHA-1 HMACs are among them, SHA-256 HMACs, RC4 and 3DES are not
// (measured, cases tls12-ecdhe-cbc-sha256-only, tls12-ecdhe-cbc-sha1-only, tls12-rsa-kex-gcm-only, tls12-rc4-only).
var BrowserSuites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
	tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
	tls.TLS_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_RSA_WITH_AES_128_CBC_SHA,
	tls.TLS_RSA_WITH_AES_256_CBC_SHA,
}

// Handshake is one TLS handshake, finished without verification or failed.
type Handshake struct {
	Offer   Offer
	Done    bool   // it finished; the fields down to Raw are set
	Version uint16 // tls.VersionTLS12, ...
	Cipher  uint16
	Group   tls.CurveID // key exchange; 0 with RSA key exchange
	ALPN    string      // protocol chosen, "" when the server chose none
	Stapled []byte      // OCSP response stapled
	Raw     [][]byte    // certificates as sent, DER, at most 32
	Sent    int         // how many certificates the server sent, also beyond those kept

	// ClientCert says that the server asked for a client certificate (none was given).
	ClientCert bool

	Alert       int          // fatal alert received (RFC 8446 section 6), -1 when none
	Ended       Ending       // how a failed handshake ended
	After       Ending       // after an answer that is not TLS: how the server ended then, timeout when it did not within a second; "" when nobody looked
	HelloSent   bool         // whether our ClientHello was written before the end
	First       []byte       // first bytes that the server sent, at most 64
	Read        int64        // bytes received in all
	Hello       *ServerHello // as read off the wire; nil when none came whole
	KeyMismatch bool         // the handshake's signature does not fit the certificate's key
	BadCert     string       // why the leaf could not be parsed; "" when it could
	Error       string       // Go's own words; "" when Done
	Duration    time.Duration
}

// ServerHello is what a ServerHello on the wire chose (RFC 8446 section 4.1.3).
type ServerHello struct {
	RecordVersion uint16
	Version       uint16 // supported_versions considered: 0x0300 for SSL 3.0, 0x0304 for TLS 1.3
	Cipher        uint16
	Group         uint16 // of the key_share or HelloRetryRequest; 0 when none
	Retry         bool   // it is a HelloRetryRequest
}

// Certificate is what is known of the certificates that a server sent: facts of each, and of the
// best chain that could be built from them to a trusted root.
type Certificate struct {
	Leaf  Cert
	Sent  []Cert // all as sent, the leaf first
	Chain []Cert // the best path found, leaf first, as far as issuers are known; a trusted root is its last
	// Trusted says that Chain ends in a trusted root and every signature in it fits. Dates, names,
	// usages and constraints are facts of their own and do not enter here.
	Trusted bool
	// AnchorLeaf says that the leaf itself is among the trusted roots.
	AnchorLeaf bool
	// Faults of the links of Chain, each with the index in it. The leaf's own dates, names and
	// extended key usage are not repeated here.
	Faults []ChainFault
	// MissingIssuer says that the issuer of the last link is neither sent nor among the roots.
	MissingIssuer bool
	// FetchedTrusted says that the missing issuer was had from its AIA address, and that with it the
	// chain ends in a trusted root.
	FetchedTrusted bool
	// PublicIssuer says that the missing issuer has the name of one of the system's roots'
	// intermediates or roots: the chain could be completed.
	PublicIssuer bool
	Names        []NameCheck // one for each name of Target.Names
	// KeyExchange in use decides which key usage is needed: "RSA", or "ECDHE" (also for TLS 1.3).
	KeyExchange string
	// Unparsed counts the certificates sent beside the leaf that could not be parsed.
	Unparsed int
	// SearchCut says that the search for a chain ended at its bounds: so many certificates issue one
	// another that a better chain may have been missed.
	SearchCut bool
	// StapleStatus is "good", "revoked", "unknown", or "" when nothing was stapled or it could not be read.
	StapleStatus string
	// StapleError says why a stapled response cannot be used (malformed, another certificate's, out of
	// date, signature that does not fit); "" when it can, or nothing was stapled.
	StapleError string
	StapleFault StapleFaultKind // the kind of StapleError; "" when there is none
	// Error says why the system's roots could not be read; trust is then judged by the given roots alone.
	Error string
}

// Cert is one certificate's facts.
type Cert struct {
	*x509.Certificate        // as parsed
	SHA256            string // fingerprint, lower-case hex
	Key               string // "RSA 2048", "ECDSA P-384", "Ed25519"
	SelfSigned        bool   // issuer is subject and the signature fits the own key
	MustStaple        bool   // TLS feature status_request (RFC 7633)
	HasSAN            bool   // a subjectAltName extension is there
	HasKeyUsage       bool
	HasEKU            bool
}

// StapleFaultKind names what is wrong with a stapled OCSP response.
type StapleFaultKind string

// The kinds of staple fault.
const (
	StapleUnusable StapleFaultKind = "unusable"  // malformed, a refusal, another certificate's, a wrong signature
	StapleOld      StapleFaultKind = "old"       // past its nextUpdate; Firefox allows a day more
	StapleEarly    StapleFaultKind = "too-early" // before its thisUpdate; Firefox allows a day
)

// ChainFaultKind names what is wrong with a link of the chain.
type ChainFaultKind string

// The kinds of chain fault.
const (
	FaultExpired        ChainFaultKind = "expired"
	FaultNotYetValid    ChainFaultKind = "not-yet-valid"
	FaultNotCA          ChainFaultKind = "not-a-ca"          // an issuer without CA:TRUE
	FaultPathLen        ChainFaultKind = "path-length"       // more CAs below it than it allows
	FaultNameConstraint ChainFaultKind = "name-constraint"   // the leaf's names are outside what an issuer may name
	FaultSignature      ChainFaultKind = "bad-signature"     // does not fit the issuer's key
	FaultCritical       ChainFaultKind = "unknown-critical"  // an unknown critical extension
	FaultCAUsage        ChainFaultKind = "no-cert-sign"      // an issuer whose KeyUsage lacks keyCertSign
	FaultEKUNesting     ChainFaultKind = "issuer-eku"        // an issuer whose EKU leaves out serverAuth
	FaultWeakSignature  ChainFaultKind = "weak-signature"    // MD5 or SHA-1, not on a root
	FaultWeakKey        ChainFaultKind = "weak-key"          // RSA below 2048 bits and the like
	FaultCertSignAsLeaf ChainFaultKind = "cert-sign-on-leaf" // the leaf, not a CA, has keyCertSign: marked for CA use
	FaultVersion        ChainFaultKind = "version"           // an X.509 v1 or v2 certificate where v3 is needed
)

// ChainFault is one fault of one link.
type ChainFault struct {
	Index   int // in Certificate.Chain; 0 is the leaf
	Kind    ChainFaultKind
	Subject string // of the certificate at fault
	Detail  string // the offending value, for people
}

// NameCheck says whether the leaf covers a name that users type.
type NameCheck struct {
	Name    string
	Covered bool
	// Why not: "" when covered; else one of the Name* constants.
	Why string
}

// Why a name is not covered.
const (
	NameNoSAN        = "no-san"        // there is no SAN at all; only browsers of long ago look at the CN
	NameOther        = "other"         // the SANs name other hosts
	NameIPAsDNS      = "ip-as-dns"     // the address stands as a DNS name, where nobody looks for it
	NameWildcardDeep = "wildcard-deep" // *.example.com does not cover a.b.example.com
	NameWildcardApex = "wildcard-apex" // *.example.com does not cover example.com
	NameWildcardTLD  = "wildcard-tld"  // *.tld is refused by browsers
	NameConstrained  = "constrained"   // covered, but outside an issuer's name constraints
)
