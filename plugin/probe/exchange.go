package probe

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gorilla/websocket"

	"ws-diagnose/plugin/trace"
)

// The event of our own: its type and action. The key is fresh each time. A filter must have all
// three parts: old servers crash on one that has not.
const (
	eventType   = "ws-diagnose"
	eventAction = "echo"
)

// expect has the reader look out for an event, from before what brings it about is sent.
func (s *session) expect(typ, action, key string) *expected {
	want := &expected{event{typ, action, key}, make(chan time.Time, 1)}
	s.awaited.Store(want)
	return want
}

// await waits for an event and returns when it came; it is an error when the socket ends or the
// time is over first.
func (s *session) await(ctx context.Context, want *expected) (time.Time, error) {
	defer s.awaited.CompareAndSwap(want, nil)
	select {
	case at := <-want.came:
		return at, nil
	case <-s.done:
		return time.Time{}, s.why()
	case <-ctx.Done():
		return time.Time{}, errDeadline
	}
}

// write sends something. Where that fails it waits for the reader, which learns more of how the
// socket ended.
func (s *session) write(ctx context.Context, send func(deadline time.Time) error) error {
	if s.over() {
		return s.why()
	}
	deadline, _ := ctx.Deadline()
	err := send(deadline)
	if err == nil {
		return nil
	}
	select {
	case <-s.done:
		return s.why()
	case <-ctx.Done():
		return err
	}
}

// register asks for an event of our own and waits for the acknowledgement.
func (w *walk) register(ctx context.Context) error {
	s, x := w.sock, &trace.Exchange{}
	s.out.Register = x
	s.tap.enter(trace.StageRegister)
	filter := eventType + "." + eventAction + "." + rand.Text()
	want := s.expect("websocket", "register", filter)
	begin := time.Now()
	err := s.write(ctx, func(deadline time.Time) error {
		_ = s.conn.SetWriteDeadline(deadline)
		return s.conn.WriteMessage(websocket.TextMessage, []byte("register "+filter))
	})
	x.Sent = err == nil
	if err == nil {
		var at time.Time
		at, err = s.await(ctx, want)
		x.Took = at.Sub(begin)
	}
	return w.settle(x, err, func() { w.filter = filter })
}

// settle notes how an exchange ended.
func (w *walk) settle(x *trace.Exchange, err error, done func()) error {
	if err != nil {
		x.Took = 0
		x.Error = w.secret.text(cut(err.Error(), maxError))
		return err
	}
	x.Answered = true
	done()
	return nil
}

// event posts an event over REST, on a connection of its own, and waits for it on the socket.
func (w *walk) event(ctx context.Context) error {
	s, e := w.sock, &trace.Event{}
	s.out.Event = e
	s.tap.enter(trace.StageEvent)
	if s.over() {
		return s.why()
	}
	err := w.roundTrip(ctx, s, e)
	if err != nil && !e.Arrived {
		e.Error = w.secret.text(cut(err.Error(), maxError))
	}
	return err
}

func (w *walk) roundTrip(ctx context.Context, s *session, e *trace.Event) error {
	api, err := w.api(ctx)
	if err != nil {
		return err
	}
	defer func() { api.close() }()
	if api.creds.header() != "" {
		w.fetchInfo(ctx, api, &trace.Answer{})
	}
	if api.over {
		again, err := w.api(ctx)
		if err != nil {
			return err
		}
		api.close()
		api = again
	}
	key := w.filter[len(eventType+"."+eventAction+"."):]
	body, err := json.Marshal(map[string]any{
		"Time": time.Now().UTC().Format(time.RFC3339Nano), "Type": eventType, "Action": eventAction, "Key": key,
	})
	if err != nil {
		return err
	}
	var a trace.Answer
	want := s.expect(eventType, eventAction, key)
	begin := time.Now()
	api.do(ctx, http.MethodPost, "/events", body, maxBody, &a)
	e.Status = a.Status
	switch {
	case a.Status == 0:
		return fmt.Errorf("the event could not be posted: %s", a.Error)
	case a.Status/100 != 2:
		return fmt.Errorf("POST %s/events was answered %d %s", w.base(), a.Status, http.StatusText(a.Status))
	}
	at, err := s.await(ctx, want)
	if err != nil {
		return fmt.Errorf("the event that was posted did not arrive: %w", err)
	}
	e.Arrived, e.Took = true, at.Sub(begin)
	return nil
}

// api opens another connection for requests to the endpoint's API.
func (w *walk) api(ctx context.Context) (*rest, error) {
	l, creds, err := w.second(ctx)
	if err != nil {
		return nil, err
	}
	return w.newREST(l, creds), nil
}

// listening is how long the ping stage listens first: as long as the user wants, while that leaves
// time for ping and close.
func (w *walk) listening() time.Duration {
	if !w.target.Plain {
		return 0
	}
	rest := w.opts.Timeout - time.Since(w.tr.Time) - 2*exchangeTime(w.opts.Timeout)
	w.listen = max(0, min(w.opts.Listen, rest))
	return w.listen
}

// exchangeTime is what ping and close each may take.
func exchangeTime(timeout time.Duration) time.Duration {
	return min(timeout*exchangeShare/10, exchangeMost)
}

const (
	exchangeShare = 2
	exchangeMost  = 2 * time.Second
)

// ping listens, where that was asked for, and then sends a ping and waits for its pong.
func (w *walk) ping(ctx context.Context) error {
	s, x := w.sock, &trace.Exchange{}
	s.tap.enter(trace.StagePing)
	if w.listen > 0 {
		select {
		case <-time.After(w.listen):
		case <-s.done:
			return s.why()
		case <-w.life.Done():
			return errDeadline
		}
		// The time for the exchange begins here, however late a busy machine was to wake us.
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(w.life, exchangeTime(w.opts.Timeout))
		defer cancel()
	}
	s.out.Ping = x
	want := &pong{rand.Text(), make(chan struct{}, 1)}
	s.pong.Store(want)
	begin := time.Now()
	err := s.write(ctx, func(deadline time.Time) error {
		return s.conn.WriteControl(websocket.PingMessage, []byte(want.payload), deadline)
	})
	x.Sent = err == nil
	if err == nil {
		select {
		case <-want.came:
			x.Took = time.Since(begin)
		case <-s.done:
			err = s.why()
		case <-ctx.Done():
			err = errDeadline
		}
	}
	return w.settle(x, err, func() {})
}

// bye closes the websocket and waits for the answer. Where the server was first, its close is what
// the socket ended with; where the two cross, each counts as the other's answer.
func (w *walk) bye(ctx context.Context) error {
	s, x := w.sock, &trace.Exchange{}
	s.tap.enter(trace.StageClose)
	s.out.Close = x
	begin := time.Now()
	err := s.write(ctx, func(deadline time.Time) error {
		if !s.tap.leave() {
			return websocket.ErrCloseSent
		}
		err := s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), deadline)
		if errors.Is(err, websocket.ErrCloseSent) {
			return nil // gorilla has answered the server's meanwhile
		}
		return err
	})
	x.Sent = err == nil
	if err == nil {
		select {
		case <-s.done:
			err = s.closeAnswer(x)
		case <-ctx.Done():
			err = errDeadline
		}
	}
	x.Took = time.Since(begin)
	return w.settle(x, err, func() {})
}

// closeAnswer reads how the server answered our close frame.
func (s *session) closeAnswer(x *trace.Exchange) error {
	s.tap.mu.Lock()
	defer s.tap.mu.Unlock()
	if s.tap.close == nil {
		return errors.New("the connection ended without an answer to our close frame")
	}
	x.Code = s.tap.close.Code
	if s.link.tls != nil {
		_ = s.link.tls.CloseWrite() // close_notify, as is good manners once all has been said
	}
	return nil
}
