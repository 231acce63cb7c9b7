package faults

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// drp says in what a DRP endpoint is at fault; the zero value has no fault.
type drp struct {
	manners
	refuse     bool          // every token is refused
	noOrigin   bool          // requests with an Origin are refused
	noUpgrade  bool          // an upgrade is answered with 400
	noAck      bool          // register is not acknowledged
	wrongAck   bool          // the acknowledgement is for something else
	ackText    string        // the acknowledgement itself; "" for the right one
	noEvent    bool          // events are not handed on
	post       int           // answer to a posted event; 0 for the right one
	delay      time.Duration // between an event's arrival and its delivery
	closes     int           // code with which register closes the socket
	drops      bool          // register drops the socket
	dropsEvent bool          // a posted event drops the socket
	noise      int           // events of others before each acknowledgement
	info       string        // answer to info; "" for the right one
	infoStatus int           // 0 for 200
	selfSigned bool          // the certificate is one that DRP would make
	noTLS      bool          // plain HTTP
}

// endpoint starts a DRP endpoint as far as a check needs one, with the faults of d. What it answers
// follows what a real server was seen to answer.
func endpoint(d drp) starter {
	return func(tb testing.TB, pki *PKI) *Server {
		id := pki.Leaf()
		if d.selfSigned {
			id = pki.Mint(nil, keyName("self"), key("p384"), valid(-1, 364))
		}
		e := &drpServer{drp: d, sockets: map[*Conn]string{}}
		if d.noTLS {
			return listen(tb, overTCP(e.serve))
		}
		return listen(tb, overTLS(config(id.Serve()), e.serve))
	}
}

// drpServer is a running endpoint.
type drpServer struct {
	drp
	mu      sync.Mutex
	sockets map[*Conn]string // what each open socket registered for
}

// serve answers requests until the connection ends or becomes a websocket.
func (e *drpServer) serve(c *Conn) {
	for c.ReadRequest() {
		r := c.Request
		body, err := io.ReadAll(io.LimitReader(r.Body, readLimit))
		if err != nil {
			return
		}
		status := e.admit(r)
		switch {
		case status != 0:
			answer(c, status, "", "Www-Authenticate: dr-provision")
		case r.URL.Path == "/api/v3/ws" && r.Header.Get("Upgrade") != "":
			if e.socket(c) {
				return
			}
		case r.Method == http.MethodGet && r.URL.Path == "/api/v3/info":
			e.answerInfo(c)
		case r.Method == http.MethodPost && r.URL.Path == "/api/v3/events":
			e.answerEvent(c, body)
		default:
			answer(c, http.StatusNotFound, fmt.Sprintf(`{"Code":404,"Key":%q,"Messages":["No route"],"Model":"","Type":%q}`, r.URL.Path, r.Method))
		}
	}
}

// admit returns 0 for a request with good credentials, else the status that refuses it.
func (e *drpServer) admit(r *http.Request) int {
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !bearer {
		token = r.URL.Query().Get("token")
	}
	switch {
	case token == "":
		return http.StatusUnauthorized
	case e.refuse || token != Token || e.noOrigin && r.Header.Get("Origin") != "":
		return http.StatusForbidden
	}
	return 0
}

func answer(c *Conn, status int, body string, fields ...string) {
	all := append([]string{"Content-Type: application/json; charset=utf-8"}, fields...)
	if status != http.StatusNoContent {
		all = append(all, fmt.Sprintf("Content-Length: %d", len(body)))
	}
	c.Say(statusLine(status), all...)
	io.WriteString(c, body)
}

func (e *drpServer) answerInfo(c *Conn) {
	body := or(e.info, `{"id":"zoo","version":"v4.11.3","address":"127.0.0.1","api_port":8092,"features":["api-v3"]}`)
	answer(c, max(e.infoStatus, http.StatusOK), body)
}

// socket answers an upgrade, and serves the websocket; false when there is none.
func (e *drpServer) socket(c *Conn) bool {
	if e.noUpgrade {
		answer(c, http.StatusBadRequest, "Bad Request")
		return false
	}
	if c.Say(statusLine(http.StatusSwitchingProtocols), rightUpgrade...) != nil {
		return true
	}
	defer func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.sockets, c)
	}()
	m := e.manners
	m.text = func(message string) { e.command(c, message) }
	c.Live(m)
	return true
}

// command obeys register; all else is ignored without a word, as the real server does.
func (e *drpServer) command(c *Conn, message string) {
	filter, ok := strings.CutPrefix(message, "register ")
	if !ok {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sockets[c] = filter
	ack := filter
	switch {
	case e.closes != 0:
		c.closed = true
		c.Send(closeFrame(e.closes, "register"))
		return
	case e.drops:
		c.under.CloseWrite()
		return
	case e.noAck:
		return
	case e.wrongAck:
		ack = "machines.*.*"
	}
	c.Send(bytes.Repeat(text(event("machines", "update", "noise")), e.noise))
	c.Send(text(or(e.ackText, event("websocket", "register", ack))))
}

// event is an event as it stands on the socket.
func event(kind, action, key string) string {
	return fmt.Sprintf(`{"Time":"2026-01-01T00:00:00Z","Type":%q,"Action":%q,"Key":%q,"Object":null}`, kind, action, key)
}

// answerEvent takes a posted event and hands it to the sockets that registered for it.
func (e *drpServer) answerEvent(c *Conn, body []byte) {
	if e.post != 0 {
		answer(c, e.post, `{"Code":0,"Messages":["refused"]}`)
		return
	}
	var ev struct{ Type, Action, Key string }
	if json.Unmarshal(body, &ev) != nil {
		answer(c, http.StatusBadRequest, `{"Code":400,"Messages":["not an event"]}`)
		return
	}
	answer(c, http.StatusNoContent, "")
	time.Sleep(e.delay)
	e.mu.Lock()
	defer e.mu.Unlock()
	for socket, filter := range e.sockets {
		switch {
		case e.dropsEvent:
			socket.under.CloseWrite()
		case !e.noEvent && matches(filter, ev.Type, ev.Action, ev.Key):
			socket.Send(frame(fin|opText, body))
		}
	}
}

// matches says whether a filter of three parts covers an event; the key may hold dots.
func matches(filter string, event ...string) bool {
	parts := strings.SplitN(filter, ".", 3)
	for i, part := range parts {
		if part != "*" && part != event[i] {
			return false
		}
	}
	return len(parts) == 3
}
