package emulator

import (
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
	mu       sync.Mutex
	f        Faults
	replaced chan struct{} // closed when other faults come into force: what hangs goes on
}

// Misbehave puts faults in force, for connections and sockets that open from now on. What hung
// because of the former faults goes on or ends.
func (e *Endpoint) Misbehave(f Faults) {
	f.Paths, f.FailPosts, f.LoseAnswers = maps.Clone(f.Paths), maps.Clone(f.FailPosts), maps.Clone(f.LoseAnswers)
	b := &e.faults
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.replaced != nil {
		close(b.replaced)
	}
	b.f, b.replaced = f, make(chan struct{})
}

// released is closed when other faults come into force; nil, which never is, before the first.
func (b *faultBox) released() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.replaced
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
	if !f.HangTLS && f.TLSDelay == 0 {
		return
	}
	var delayed <-chan time.Time
	if !f.HangTLS {
		delayed = time.After(f.TLSDelay)
	}
	select {
	case <-delayed:
	case <-b.released():
	}
}

// instead misbehaves in place of an answer; it reports whether it did.
func (b *faultBox) instead(w http.ResponseWriter, r *http.Request) bool {
	f := b.now()
	path := strings.TrimPrefix(r.URL.Path, "/api/v3/")
	if f.HangHTTP || f.HangUpgrade && path == "ws" {
		select {
		case <-r.Context().Done():
		case <-b.released():
		}
		panic(http.ErrAbortHandler) // ends the connection
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
