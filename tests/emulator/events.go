package emulator

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"gitlab.com/rackn/provision/v4/api"
	"gitlab.com/rackn/provision/v4/models"
)

// oldEvent has the fields of the 3.8 server's events.
type oldEvent struct {
	Time              time.Time
	Type, Action, Key string
	Object            any
}

// encode writes an event as the emulated server does.
func (e *Endpoint) encode(ev *models.Event) []byte {
	var form any = ev
	if e.opt.Old {
		form = oldEvent{ev.Time, ev.Type, ev.Action, ev.Key, ev.Object}
	}
	raw, err := json.Marshal(form)
	if err != nil {
		panic("emulator: an event that is no JSON: " + err.Error())
	}
	return raw
}

// publish tells the listeners about something that happened to an object.
func (e *Endpoint) publish(principal, kind, action, key string, now, before any) {
	e.Publish(&models.Event{Time: e.opt.Now(), Type: kind, Action: action, Key: key,
		Principal: principal, Object: now, Original: before})
}

// Publish sends an event to everybody who registered for it.
func (e *Endpoint) Publish(ev *models.Event) {
	e.hub.publish(ev, e.encode(ev), e.faults.now().MuteEvents)
}

// postEvent serves POST /events.
func (c *call) postEvent() {
	if len(c.path) != 1 || c.r.Method != http.MethodPost {
		c.noRoute()
		return
	}
	var ev models.Event
	if !c.need("events", "post", "*") || !c.decode(&ev) {
		return
	}
	c.e.Publish(&ev)
	c.reply(http.StatusNoContent, nil)
}

// hub knows the sockets that are open.
type hub struct {
	mu       sync.Mutex
	sessions map[*session]bool
	changed  chan struct{} // closed at the next registration
}

func newHub() *hub { return &hub{sessions: map[*session]bool{}, changed: make(chan struct{})} }

// changes returns a channel that is closed at the next registration.
func (h *hub) changes() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.changed
}

// tellChange wakes those who wait for a registration.
func (h *hub) tellChange() {
	h.mu.Lock()
	defer h.mu.Unlock()
	close(h.changed)
	h.changed = make(chan struct{})
}

func (h *hub) add(s *session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sessions[s] = true
}

func (h *hub) remove(s *session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.sessions, s)
}

// all returns the open sessions.
func (h *hub) all() []*session {
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []*session
	for s := range h.sessions {
		list = append(list, s)
	}
	return list
}

// dropAll ends every socket without a close frame, as a server does that is stopped.
func (h *hub) dropAll() {
	for _, s := range h.all() {
		s.drop()
	}
}

// publish queues an event for every socket that registered for it and may see it.
func (h *hub) publish(ev *models.Event, raw []byte, mute bool) {
	if mute {
		return
	}
	for _, s := range h.all() {
		if s.wants(ev) {
			s.enqueue(raw)
		}
	}
}

// WaitRegistered waits until a socket has registered for a filter, so that events published from
// then on reach it.
func (e *Endpoint) WaitRegistered(ctx context.Context, filter string) error {
	for {
		changed := e.hub.changes()
		for _, s := range e.hub.all() {
			if s.isRegistered(filter) {
				return nil
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("nobody registered for %s: %w", filter, ctx.Err())
		}
	}
}

// registration is "type.action.key": each part "*" or a comma list, the key with dots of its own.
type registration struct{ kind, action, key string }

// parseRegistration reports false for less than three parts, which a real server must never be
// sent: unpatched ones crash at the next event.
func parseRegistration(s string) (registration, bool) {
	parts := strings.SplitN(s, ".", 3)
	if len(parts) != 3 {
		return registration{}, false
	}
	return registration{parts[0], parts[1], parts[2]}, true
}

func (r registration) matches(ev *models.Event) bool {
	part := func(pattern, value string) bool { return pattern == "*" || api.ValueInList(value, pattern) }
	return part(r.kind, ev.Type) && part(r.action, ev.Action) && part(r.key, ev.Key)
}
