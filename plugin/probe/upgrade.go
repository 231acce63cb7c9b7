package probe

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"ws-diagnose/plugin/trace"
)

// upgrade judges the answer, opens the websocket where it is right, and where it is a refusal that
// may have several causes asks again in other ways.
func (w *walk) upgrade(ctx context.Context) error {
	h := w.tr.HTTP
	if h.Switched() {
		var err error
		w.sock, err = w.open()
		return err
	}
	w.conn.Close()
	w.variants(ctx, h)
	if len(h.Faults) > 0 {
		f := h.Faults[0]
		return fmt.Errorf("the 101 answer is wrong: %s %s", f.Header, f.Kind)
	}
	return fmt.Errorf("answered %d %s instead of 101", h.Status, http.StatusText(h.Status))
}

// variants asks again: without Origin where that may be at fault, without the token after a 401 or
// 403, and for the endpoint's info with it, so that a dead token and one without rights can be told
// apart.
func (w *walk) variants(ctx context.Context, h *trace.HTTP) {
	if h.Status == http.StatusTooManyRequests {
		return // it asks for patience, not for more requests
	}
	var asked []string
	if h.Origin != "" && mayMindOrigin(&h.Answer) {
		asked = append(asked, trace.ChangeNoOrigin)
	}
	if h.Token && (h.Status == http.StatusForbidden || h.Status == http.StatusUnauthorized) {
		asked = append(asked, trace.ChangeNoToken)
	}
	if h.Token && !w.target.Plain {
		asked = append(asked, trace.ChangeInfo)
	}
	h.Retries = make([]trace.Answer, len(asked))
	var all sync.WaitGroup
	for i, change := range asked {
		all.Go(func() { h.Retries[i] = w.askAgain(ctx, change) })
	}
	all.Wait()
}

// mayMindOrigin says whether an answer may refuse the Origin: servers do that with many a 4xx (403,
// 404 by Rails, 401 without a challenge by Node's ws).
func mayMindOrigin(a *trace.Answer) bool {
	if a.Status == http.StatusUnauthorized {
		return a.Header.Get("WWW-Authenticate") == ""
	}
	return a.Status/100 == 4
}

// askAgain makes one changed request on a connection of its own.
func (w *walk) askAgain(ctx context.Context, change string) trace.Answer {
	a := trace.Answer{Change: change, Alert: -1}
	l, creds, err := w.second(ctx)
	if err != nil {
		a.Ended, a.Error = endOf(err), w.secret.text(cut(err.Error(), maxError))
		return a
	}
	defer l.Close()
	r := upgradeRequest{key: newKey(), origin: w.target.Origin, creds: creds}
	switch change {
	case trace.ChangeInfo:
		api := w.newREST(l, creds)
		defer api.close()
		w.fetchInfo(ctx, api, &a)
		return a
	case trace.ChangeNoOrigin:
		r.origin = ""
	case trace.ChangeNoToken:
		r.creds = Credentials{}
	}
	w.ask(l, r, &a)
	return a
}

// second opens another connection, up to where HTTP can be spoken, and asks what may be sent over
// it: its peer may be another than the first's.
func (w *walk) second(ctx context.Context) (*link, Credentials, error) {
	l, err := w.again(ctx)
	if err != nil {
		return nil, Credentials{}, err
	}
	if !w.target.Secure() {
		return l, w.credentials(ctx, l, nil), nil
	}
	h := shake(l, trace.OfferBrowser, w.sni())
	if !h.Done {
		l.Close()
		return nil, Credentials{}, fmt.Errorf("another connection: %s", handshakeWhy(&h))
	}
	return l, w.credentials(ctx, l, &h), nil
}

// base is the path of the endpoint's API, from that of its websocket.
func (w *walk) base() string {
	path, _, _ := strings.Cut(w.path(), "?")
	return strings.TrimSuffix(strings.TrimSuffix(path, "/"), "/ws")
}
