// Package trace holds the evidence of a run: what the probe and the watcher saw, as plain values.
//
// Nothing here judges. A trace says that the handshake ended with alert 40 after an offer of
// TLS 1.2 and 1.3; that this is the finding tls-cipher is for package diagnose to say. The package
// imports nothing of ours and has no behaviour beyond spelling its own values, so that every
// other package may depend on it and every rule can be tested with a literal.
//
// All strings and bytes that came from the network are kept as they came, bounded in length by
// whoever recorded them: they are untrusted until a renderer has escaped them.
package trace

import (
	"net"
	"net/netip"
	"strconv"
	"time"
)

// Evidence is all that one run has to judge: the traces of its targets, and what was known before.
type Evidence struct {
	Time     time.Time         // when the run began; the only clock that rules may read
	Vantage  string            // host name of the machine that probed
	Traces   []*Trace          // one for each target, in the order in which they were asked for
	History  map[string]*Watch // what the watcher knows, by Target.ID; nil where nothing was watched
	Known    map[string]Known  // what was remembered of earlier runs, by Target.ID
	Schedule *Schedule         // nil where there is no schedule to judge: command line, old server
}

// Known is what an earlier run remembered of a target.
type Known struct {
	SHA256 string    // fingerprint of the leaf certificate last seen, lower-case hex
	Seen   time.Time // when
}

// Schedule is what is known of the scheduled runs of this check.
type Schedule struct {
	Trigger string        // name of the cron trigger
	Enabled bool          // whether the trigger is in force, its -enabled and -disabled params considered
	Every   time.Duration // the time between two runs of the trigger, 0 when it could not be told
	Since   time.Time     // from when on runs were to be expected (start of the plugin, or enabling)
	Runs    []Run         // the last runs, newest first
}

// Run is one earlier run of the check.
type Run struct {
	Time      time.Time
	StartedBy string // "trigger", "interval", "action", "work order"
	Verdict   string
}

// Role says why a target is among those of a run.
type Role string

// The roles.
const (
	RoleEndpoint Role = "endpoint" // named by the user: on the command line or in ws-diagnose/endpoints
	RoleLoopback Role = "loopback" // the server's own API port over loopback
	RoleOwn      Role = "own"      // the server's own API port over its own address, an extra API port, or the HA address
	RoleStatic   Role = "static"   // the HTTPS file port (8090): its certificate alone is looked at
)

// Target is what is to be checked, and how.
type Target struct {
	Scheme     string   // as the user typed it: https, http, wss or ws
	Host       string   // name or address, without brackets
	Port       int      // 1 to 65535
	Path       string   // path and query of the upgrade request, without the token
	Plain      bool     // any websocket server: no DRP requests, no register and event
	CertOnly   bool     // stop after the stage certificate (the HTTPS file port)
	Role       Role     // why it is checked
	ServerName string   // sent as SNI, and judged, in place of Host when set
	Connect    string   // dialled in place of Host and Port when set: host:port
	Proxy      string   // HTTP proxy as scheme://host:port, credentials left out; "" for a direct dial
	Origin     string   // Origin header of the upgrade request
	Names      []string // names and addresses that users type; the certificate must cover each
	// NamesUnknown says that nobody told which names users type: Host is then only where we
	// dialled (loopback), and not covering it is no fault of the certificate.
	NamesUnknown bool
}

// ID names the target in reports, alerts and remembered state: scheme://host:port, and the path with Plain.
func (t Target) ID() string {
	id := t.Scheme + "://" + net.JoinHostPort(t.Host, strconv.Itoa(t.Port))
	if t.Plain {
		id += t.Path
	}
	return id
}

// Secure says whether the target is to be spoken to over TLS.
func (t Target) Secure() bool { return t.Scheme == "https" || t.Scheme == "wss" }

// StageName names a stage of the walk.
type StageName string

// The stages, in the order in which they are walked.
const (
	StageResolve     StageName = "resolve"
	StageConnect     StageName = "connect"
	StageTLS         StageName = "tls"
	StageCertificate StageName = "certificate"
	StageHTTP        StageName = "http"
	StageUpgrade     StageName = "upgrade"
	StageRegister    StageName = "register"
	StageEvent       StageName = "event"
	StagePing        StageName = "ping"
	StageClose       StageName = "close"
)

// StageNames lists the stages in their order.
var StageNames = []StageName{
	StageResolve, StageConnect, StageTLS, StageCertificate, StageHTTP,
	StageUpgrade, StageRegister, StageEvent, StagePing, StageClose,
}

// Outcome is how a stage ended.
type Outcome string

// The outcomes. A stage is skipped only where what it needs is missing.
const (
	OK      Outcome = "ok"
	Failed  Outcome = "failed"
	Skipped Outcome = "skipped"
)

// Stage is one stage's outcome.
type Stage struct {
	Name     StageName
	Outcome  Outcome
	Duration time.Duration
	Why      string // why it failed or was skipped, for people; "" when ok
}

// Trace is everything that one check of one target saw.
type Trace struct {
	Target  Target
	Time    time.Time // when the check began
	Took    time.Duration
	Timeout time.Duration // the deadline of the whole check
	// Late says that the deadline ended the check: stages after the one it struck are skipped.
	Late        bool
	Stages      []Stage // all ten, in order
	Resolve     *Resolve
	Connect     *Connect
	TLS         *TLS
	Certificate *Certificate
	HTTP        *HTTP
	Socket      *Socket
	Idle        *Idle // silences tried on the target's websocket; nil when not asked for
	Info        *Info // what the DRP endpoint says of itself; nil without a token or with Plain
}

// Stage returns the stage of that name; a stage that was never reached is skipped.
func (t *Trace) Stage(name StageName) Stage {
	for _, s := range t.Stages {
		if s.Name == name {
			return s
		}
	}
	return Stage{Name: name, Outcome: Skipped}
}

// Resolve is how the host name became addresses.
type Resolve struct {
	Addresses []netip.Addr
	NotFound  bool   // the name does not exist or has no address
	Timeout   bool   // the resolver did not answer in time
	Error     string // the resolver's error, "" when it answered with addresses
}

// Connect is how the addresses answered.
type Connect struct {
	Dials  []Dial         // one for each address tried, the chosen one among them
	Chosen netip.AddrPort // the address that the walk went on with; zero when none answered
	Proxy  *Proxy         // set when a proxy was to be used
}

// DialOutcome is how one address answered a connection attempt.
type DialOutcome string

// The outcomes of a dial.
const (
	DialOK          DialOutcome = "ok"
	DialRefused     DialOutcome = "refused"     // ECONNREFUSED
	DialTimeout     DialOutcome = "timeout"     // no answer before the deadline, or ETIMEDOUT
	DialUnreachable DialOutcome = "unreachable" // EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL
	DialDenied      DialOutcome = "denied"      // EACCES, EPERM: prohibited by a local or remote policy
	DialError       DialOutcome = "error"       // anything else; Error says what
	DialUntried     DialOutcome = "untried"     // the deadline came first
)

// Dial is one connection attempt.
type Dial struct {
	Address  netip.AddrPort
	Outcome  DialOutcome
	Error    string
	Duration time.Duration
}

// Proxy is what the configured HTTP proxy did with CONNECT.
type Proxy struct {
	URL    string // scheme://host:port, without credentials
	Status int    // of the answer to CONNECT; 0 when there was none
	Error  string // why the tunnel could not be opened; "" when it was
	// Foreign says that what answered is not HTTP.
	Foreign bool
	Ended   Ending // how the connection ended instead of an answer
}

// Ending is how a connection ended under a stage.
type Ending string

// The endings.
const (
	EndNone        Ending = ""             // it did not end
	EndFIN         Ending = "fin"          // TCP FIN without TLS close_notify
	EndCloseNotify Ending = "close-notify" // TLS close_notify, then FIN
	EndRST         Ending = "rst"          // TCP reset, or broken pipe on our write
	EndAlert       Ending = "tls-alert"    // a fatal TLS alert
	EndTimeout     Ending = "timeout"      // nothing came until the deadline
	EndError       Ending = "error"        // a fault of our own side of the connection: could not be read on (bad record MAC, and the like)
)
