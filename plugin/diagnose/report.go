package diagnose

import (
	"time"

	"ws-diagnose/plugin/browser"
)

// Level is a finding's weight, in DRP's own words for the levels of an alert.
type Level string

// The levels, worst first.
const (
	LevelError Level = "Error"
	LevelWarn  Level = "Warn"
	LevelInfo  Level = "Info"
	LevelDebug Level = "Debug"
)

// Verdict sums a report up.
type Verdict string

// The verdicts. Info findings leave a target ok.
const (
	VerdictOK    Verdict = "ok"
	VerdictWarn  Verdict = "warn"
	VerdictError Verdict = "error"
)

// Report is the judgement of one target, and the JSON that `check --json` prints and the action
// returns. Its keys are a contract; it holds no floats (the SDK's encoder rounds them) and no secrets.
type Report struct {
	Summary     string       `json:"summary"`
	Verdict     Verdict      `json:"verdict"`
	Target      string       `json:"target"`  // trace.Target.ID
	Role        string       `json:"role"`    // why the target was checked: endpoint, loopback, own, static
	Vantage     string       `json:"vantage"` // host name of the machine that probed
	Time        time.Time    `json:"time"`
	Version     string       `json:"version"`
	FailedStage string       `json:"failed_stage"` // the earliest failed one, "" when none
	Stages      []Stage      `json:"stages"`
	Certificate *Certificate `json:"certificate,omitempty"`
	Findings    []Finding    `json:"findings"` // the root cause first
	Browser     *Browser     `json:"browser,omitempty"`
	Accept      *Accept      `json:"accept,omitempty"`
	SelfTest    string       `json:"self_test,omitempty"` // address of the page that tests from the user's browser; "" where none is known
	Watch       *Watch       `json:"watch,omitempty"`
	Idle        *Idle        `json:"idle,omitempty"`
	Notes       []string     `json:"notes,omitempty"` // what the check could not see, for people
}

// Stage is one stage of the walk.
type Stage struct {
	Name    string `json:"name"`
	Outcome string `json:"outcome"` // ok, failed, skipped
	MS      int64  `json:"ms"`      // duration in milliseconds
	Why     string `json:"why,omitempty"`
}

// Certificate is the server's certificate as it was sent.
type Certificate struct {
	Subject     string      `json:"subject"`
	Issuer      string      `json:"issuer"`
	DNSNames    []string    `json:"dns_names"`
	IPAddresses []string    `json:"ip_addresses"`
	NotBefore   time.Time   `json:"not_before"`
	NotAfter    time.Time   `json:"not_after"`
	DaysLeft    int         `json:"days_left"` // whole days; negative once expired
	SHA256      string      `json:"sha256"`    // lower-case hex
	Key         string      `json:"key"`
	SelfSigned  bool        `json:"self_signed"`
	Trusted     bool        `json:"trusted"` // a chain to a trusted root exists; says nothing of dates and names
	Chain       []ChainLink `json:"chain"`
}

// ChainLink is one certificate of the chain, the leaf first.
type ChainLink struct {
	Subject  string    `json:"subject"`
	Issuer   string    `json:"issuer"`
	NotAfter time.Time `json:"not_after"`
	SHA256   string    `json:"sha256"`
	Sent     bool      `json:"sent"` // by the server, rather than found among the roots
}

// Finding is one fault, what it comes from and what mends it.
type Finding struct {
	ID     string   `json:"id"` // of the catalogue, see findings.md
	Level  Level    `json:"level"`
	Title  string   `json:"title"`  // one line
	Detail string   `json:"detail"` // the evidence seen
	Cause  string   `json:"cause"`
	Remedy []string `json:"remedy"` // commands and steps, in order
	Stage  string   `json:"stage"`
	// DependsOn names the findings of this report that this one may follow from; they stand before it.
	DependsOn []string `json:"depends_on,omitempty"`
}

// Browser is what the two browser engines would show.
type Browser struct {
	Chromium browser.Prediction `json:"chromium"`
	Firefox  browser.Prediction `json:"firefox"`
}

// Accept says what accepting the certificate by hand means and where it is done.
type Accept struct {
	Open []string `json:"open"` // addresses to open in the browser, in order
	Text string   `json:"text"`
}

// Watch is the watcher's section of a report. Durations are in seconds.
type Watch struct {
	Since     time.Time      `json:"since"`
	Open      bool           `json:"open"`
	UptimeS   int64          `json:"uptime_s"`
	LongestS  int64          `json:"longest_s"`
	DropsHour map[string]int `json:"drops_hour"` // by close code
	DropsDay  map[string]int `json:"drops_day"`
	// CausesDay counts the last day's ends, as far as they are kept, by what most likely brought them about.
	CausesDay map[string]int `json:"causes_day,omitempty"`
	LastEnd   string         `json:"last_end,omitempty"` // for people
	// EventsSent and EventsLost count numbered events of our own, where they are sent.
	EventsSent int `json:"events_sent,omitempty"`
	EventsLost int `json:"events_lost,omitempty"`
	// Websockets and TokenEnds are what the endpoint itself says (DRP 4.11 and later): how many are
	// connected, and when the first of their tokens ends.
	Websockets int `json:"websockets,omitempty"`
	// Principals counts these websockets by who opened them, "user:name" and the like.
	Principals map[string]int `json:"principals,omitempty"`
	TokenEnds  *time.Time     `json:"token_ends,omitempty"`
}

// Idle is what an active test of silences found. Durations are in seconds.
type Idle struct {
	AskedS   int64  `json:"asked_s"`   // the longest silence that was asked for
	BorneS   int64  `json:"borne_s"`   // the longest after which a socket still worked
	DroppedS int64  `json:"dropped_s"` // the silence that ends sockets, 0 when none did
	Pinged   bool   `json:"pinged"`    // the server's own pings kept longer silences from coming about
	Text     string `json:"text"`
}
