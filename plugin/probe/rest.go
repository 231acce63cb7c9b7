package probe

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"ws-diagnose/plugin/trace"
)

// maxInfo bounds the answer to GET /api/v3/info.
const maxInfo = 1 << 20

// rest speaks HTTP/1.1 over one link that is open already: it cannot dial, so that nothing can
// lead it, and the token in its requests, to another peer.
type rest struct {
	client http.Client
	link   *link
	creds  Credentials
	walk   *walk
	over   bool // the link takes no further request: the server closes it after each answer
}

var errOnce = errors.New("the server closed the connection")

func (w *walk) newREST(l *link, creds Credentials) *rest {
	once := make(chan net.Conn, 1)
	once <- l
	tr := &http.Transport{
		MaxResponseHeaderBytes: maxHead,
		DisableCompression:     true,
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			select {
			case c := <-once:
				return c, nil
			default:
				return nil, errOnce
			}
		},
	}
	r := &rest{link: l, creds: creds, walk: w, client: http.Client{Transport: tr}}
	r.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return r
}

func (r *rest) close() {
	r.client.CloseIdleConnections()
	r.link.Close()
}

// do makes a request below the API's base path and returns its answer and up to most bytes of its
// body.
func (r *rest) do(ctx context.Context, method, path string, send []byte, most int64, a *trace.Answer) []byte {
	a.Token, a.Alert = r.creds.header() != "", -1
	// The scheme is that of what is left to do: TLS is in the link already.
	req, err := http.NewRequestWithContext(ctx, method, "http://"+r.walk.host()+r.walk.base()+path, bytes.NewReader(send))
	if err != nil {
		a.Error = cut(err.Error(), maxError)
		return nil
	}
	req.Header.Set("User-Agent", r.walk.agent())
	req.Header.Set("Accept", "application/json")
	if auth := r.creds.header(); auth != "" {
		req.Header.Set("Authorization", auth)
	}
	if len(send) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	begin := time.Now()
	res, err := r.client.Do(req)
	if err != nil {
		a.Ended, a.Alert = r.link.ending(err)
		a.Error = r.walk.secret.text(cut(err.Error(), maxError))
		return nil
	}
	defer res.Body.Close()
	a.Sent, a.Received, a.Duration = true, time.Now(), time.Since(begin)
	a.Status, a.Proto, a.Header = res.StatusCode, res.Proto, res.Header
	_, a.Reason, _ = strings.Cut(cut(res.Status, maxError), " ")
	b, _ := io.ReadAll(io.LimitReader(res.Body, most))
	a.Read = int64(len(b))
	r.over = res.Close || a.Read == most
	clean := r.walk.secret.bytes(b)
	a.Body = bytes.Clone(clean[:min(len(clean), maxBody)])
	scrubAnswer(a, r.walk.secret)
	return b
}

// fetchInfo asks the endpoint about itself and notes the answer in the trace.
func (w *walk) fetchInfo(ctx context.Context, r *rest, a *trace.Answer) {
	b := r.do(ctx, http.MethodGet, "/info", nil, maxInfo, a)
	if a.Status != http.StatusOK {
		return
	}
	if info, err := parseInfo(w.secret.bytes(b)); err != nil {
		a.Error = cut("the answer is not an info object: "+err.Error(), maxError)
	} else {
		w.tr.Info = info
	}
}

// parseInfo reads the parts of DRP's info object that matter. Keys differ in case between versions,
// which encoding/json passes over.
func parseInfo(b []byte) (*trace.Info, error) {
	var in struct {
		Version        string `json:"version"`
		Address        string `json:"address"`
		SecureFilePort int    `json:"secure_file_port"`
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return nil, err
	}
	return &trace.Info{Version: cut(in.Version, 256), Address: cut(in.Address, 256), SecureFilePort: in.SecureFilePort}, nil
}
