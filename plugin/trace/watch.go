package trace

import (
	"net/netip"
	"time"
)

// StageWatch is where an end of a socket belongs that was held open after the walk; it is no stage of
// the walk and so not among StageNames.
const StageWatch StageName = "watch"

// Watch is what the watcher knows of one target's long-lived socket.
type Watch struct {
	Since    time.Time     // watched since
	Open     bool          // the socket is open now
	Opened   time.Time     // since when the present socket is open
	Peer     Peer          // who is at the other end of it
	Survived time.Duration // the longest silence that the present socket has outlived, the present one included
	Longest  time.Duration // longest life of a socket that ended
	Ends     []WatchEnd    // the last ends, oldest first, at most 100
	Counts   []WatchCount  // the ends of the last day, oldest first
	Lives    [len(LifeBounds) + 1]int
	Lost     int // numbered events that did not arrive while the socket lived
	Sent     int // numbered events sent
	// Connections are those that the server itself knows, as it said at the last reconnect; nil where
	// it was not asked or does not tell (before DRP 4.11).
	Connections []Connection
}

// LifeBounds are the upper bounds of the classes in which Watch.Lives counts how long sockets
// lived; the last class has none.
var LifeBounds = [...]time.Duration{
	time.Second, 10 * time.Second, time.Minute, 10 * time.Minute, time.Hour, 24 * time.Hour,
}

// WatchCount counts the ends within ten minutes that had the same close code.
type WatchCount struct {
	From time.Time // when the ten minutes begin
	Code int       // as a browser's page sees it: 1006 without a close frame
	N    int
}

// WatchEnd is one end of a watched socket and what came of it; or, with Held 0, a time in which no
// socket could be opened at all.
type WatchEnd struct {
	At   time.Time
	End                // Held is 0 when there was no socket
	Peer Peer          // who was at the other end
	Jump time.Duration // the wall clock moved by so much more than time passed: sleep, or a clock set
	// First is what the first attempt to reconnect found, right after the end; nil when there was none yet.
	First  *Attempt
	Failed int       // attempts that failed until the socket was open again
	Tally  Tally     // how they failed
	Back   time.Time // open again since; zero when it is not
	New    Peer      // who answered then
}

// Tally counts failed attempts to reconnect by what tells causes apart.
type Tally struct {
	Refused   int // the connection was refused: nothing listened
	Forbidden int // answered 401 or 403
	Gateway   int // answered 502, 503 or 504: a proxy without what is behind it
	Silent    int // no answer to the connection attempt, or no route
}

// Peer is who was at the other end of a connection.
type Peer struct {
	Address netip.AddrPort
	SHA256  string // fingerprint of the leaf certificate, lower-case hex; "" without TLS
	Version string // of the DRP endpoint; "" when it was not asked
}

// Attempt is one attempt to open the socket, in short.
type Attempt struct {
	At     time.Time
	Failed StageName   // the first stage that failed; "" when none did
	Why    string      // why it failed, for people
	Dial   DialOutcome // how the address answered; "" when none was tried
	Status int         // of the HTTP answer; 0 when there was none
}

// Connection is one connection to a DRP endpoint as it lists them itself (GET /api/v3/connections).
type Connection struct {
	Type      string    // "websocket" or "api"
	Principal string    // "user:name", "runner:uuid"
	Expires   time.Time // when its token ends; zero where the endpoint does not say
}

// Idle is what an active test of silences found: sockets that were kept silent side by side, each for
// twice as long as the one before, and one more where some of them ended.
type Idle struct {
	Asked   time.Duration // the longest silence that was asked for
	Steps   []IdleStep    // shortest first
	Confirm *IdleStep     // tried after the others, to see a silence end a socket again; nil when none had
	Late    bool          // interrupted: what is missing says nothing
}

// IdleStep is one socket that was kept silent.
type IdleStep struct {
	Want    time.Duration // the silence that was wanted
	Reached time.Duration // the longest that came about
	Opened  bool          // false: the socket could not be opened
	Pings   int           // of the server, each of which breaks the silence
	Proved  bool          // the socket still worked afterwards
	End     *End          // how it ended before; nil when it lived
	Error   string        // why it could not be opened, or what the proof lacked
}
