package emulator

import (
	"context"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Faults is how the endpoint misbehaves; the zero value behaves. Paths begin below /api/v3/, and a
// key stands for every path that begins like it.
type Faults struct {
	TLSDelay time.Duration // before the certificate is sent
	HangTLS  bool          // the handshake never goes on
	HangHTTP bool          // requests are never answered

	Paths       map[string]int // status of the answer, by path
	FailPosts   map[string]int // how many POSTs fail with 500 and do nothing, by path
	LoseAnswers map[string]int // how many POSTs do their work but end without an answer, by path

	UpgradeStatus int  // answers the websocket upgrade with this status
	HangUpgrade   bool // the upgrade is never answered

	NoAck       bool          // registrations are not acknowledged
	MuteEvents  bool          // no event reaches a socket
	NoPong      bool          // pings are not answered
	IgnoreClose bool          // a close frame is not answered
	DropAfter   time.Duration // a socket ends without close frame after so long
	CloseAfter  time.Duration // a socket is closed with CloseCode after so long
	CloseCode   int           // any number, also one that must not stand on the wire; 0: none
	CloseReason string
}

// faultBox holds the faults in force.
type faultBox struct {
	done context.Context // ends what hangs
	mu   sync.Mutex
	f    Faults
}

// Misbehave puts faults in force, for connections and sockets that open from now on.
func (e *Endpoint) Misbehave(f Faults) {
	e.faults.mu.Lock()
	defer e.faults.mu.Unlock()
	f.Paths, f.FailPosts, f.LoseAnswers = maps.Clone(f.Paths), maps.Clone(f.FailPosts), maps.Clone(f.LoseAnswers)
	e.faults.f = f
}

// now returns the faults in force.
func (b *faultBox) now() Faults {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.f
}

// beforeTLS delays a handshake.
func (b *faultBox) beforeTLS() {
	f := b.now()
	if f.HangTLS {
		<-b.done.Done()
		return
	}
	if f.TLSDelay == 0 {
		return
	}
	select {
	case <-time.After(f.TLSDelay):
	case <-b.done.Done():
	}
}

// instead misbehaves in place of an answer; it reports whether it did.
func (b *faultBox) instead(w http.ResponseWriter, r *http.Request) bool {
	f := b.now()
	path := strings.TrimPrefix(r.URL.Path, "/api/v3/")
	if f.HangHTTP || f.HangUpgrade && path == "ws" {
		select {
		case <-r.Context().Done():
		case <-b.done.Done():
		}
		return true
	}
	status := 0
	if path == "ws" {
		status = f.UpgradeStatus
	}
	for prefix, code := range f.Paths {
		if strings.HasPrefix(path, prefix) {
			status = code
		}
	}
	if r.Method == http.MethodPost && b.takeOne(f.FailPosts, path) {
		status = http.StatusInternalServerError
	}
	if status != 0 {
		w.WriteHeader(status)
	}
	return status != 0
}

// losesAnswer reports whether the answer to a request is to be lost.
func (b *faultBox) losesAnswer(r *http.Request) bool {
	return r.Method == http.MethodPost &&
		b.takeOne(b.now().LoseAnswers, strings.TrimPrefix(r.URL.Path, "/api/v3/"))
}

// takeOne counts one down for a path that begins like one of the keys.
func (b *faultBox) takeOne(counts map[string]int, path string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for prefix, n := range counts {
		if n > 0 && strings.HasPrefix(path, prefix) {
			counts[prefix]--
			return true
		}
	}
	return false
}
