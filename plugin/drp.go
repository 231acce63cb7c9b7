package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strconv"
	"time"

	"gitlab.com/rackn/provision/v4/api"
	"gitlab.com/rackn/provision/v4/models"

	"ws-diagnose/plugin/probe"
)

const (
	callTimeout = 3 * time.Second // of one request to our own server
	maxAnswer   = 32 << 20        // bytes of one answer of it
	maxRefusal  = 16 << 10        // bytes of one that is an error
)

// server is our own DRP server, as far as its REST API goes.
type server struct{ client *api.Client }

// connect returns the server behind port on loopback. The token is the superuser's and is good for
// everything, so it goes there and not to the address that the server gives us as its own; and a
// proxy that the environment names is never asked for loopback.
func connect(port int, token string) (*server, error) {
	endpoint := "https://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	client, err := api.TokenSessionProxyServer(endpoint, token, false, false, "")
	if err != nil {
		return nil, fmt.Errorf("no session with the server's API on port %d: %w", port, err)
	}
	client.Client.Transport = guard{client.Client.Transport}
	client.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &server{client: client}, nil
}

// close ends the session.
func (s *server) close() { s.client.Close() }

// get decodes the answer to GET into out.
func (s *server) get(ctx context.Context, out any, path ...string) error {
	return s.do(ctx, s.client.Req().UrlFor(path...), out)
}

// do makes one request, once, and within callTimeout.
func (s *server) do(ctx context.Context, request *api.R, out any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return request.Context(ctx).FailFast().Do(out)
}

// status is the HTTP status behind an error of the server; 0 when it did not answer.
func status(err error) int {
	if answer, ok := errors.AsType[*models.Error](err); ok {
		return answer.Code
	}
	return 0
}

// guard stands between the SDK's client and whoever answers on the API port. It keeps an answer from
// filling the memory, and what is not an answer of DRP's from being quoted: the SDK puts all of it into
// its errors, and errors go to the log.
type guard struct{ http.RoundTripper }

// RoundTrip bounds the answer's body, and refuses one that is not JSON.
func (g guard) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := g.RoundTripper.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	kind := response.Header.Get("Content-Type")
	media, _, _ := mime.ParseMediaType(kind)
	most := int64(maxAnswer)
	switch refused := response.StatusCode >= http.StatusBadRequest; {
	case refused && media != "application/json":
		most = 0 // the status says it all
	case refused:
		most = maxRefusal
	case media != "application/json":
		response.Body.Close()
		return nil, fmt.Errorf("status %d with content of type %s instead of JSON: it is not DRP's API that answers",
			response.StatusCode, shown(kind))
	}
	response.Body = limited{io.LimitReader(response.Body, most), response.Body}
	return response, nil
}

// CloseIdleConnections lets the client end what it keeps open.
func (g guard) CloseIdleConnections() {
	if closer, ok := g.RoundTripper.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

type limited struct {
	io.Reader
	io.Closer
}

// tokens reads ws-diagnose/endpoint-tokens from the profile ws-diagnose, decoded. It is not a param
// of the plugin, because the SDK writes those to the log. Where there is no such profile there are
// no such tokens. No error quotes what was read.
func (s *server) tokens(ctx context.Context) (map[string]endpointToken, error) {
	var params map[string]json.RawMessage
	err := s.do(ctx, s.client.Req().UrlFor("profiles", Name, "params").Params("decode", "true"), &params)
	switch {
	case status(err) == http.StatusNotFound:
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("the params of profile %s cannot be had: %w", Name, err)
	}
	text := params[Name+"/endpoint-tokens"]
	if text == nil {
		return nil, nil
	}
	var typed map[string]endpointToken
	if json.Unmarshal(text, &typed) != nil {
		return nil, fmt.Errorf("param %s/endpoint-tokens of profile %s is not what it should be: "+
			"allowed is an object with a token for each host:port", Name, Name)
	}
	tokens := map[string]endpointToken{}
	for place, token := range typed {
		if address, err := probe.ParseHostPort(place); err == nil { // as targets are spelled: case does not count
			tokens[address] = token
		}
	}
	return tokens, nil
}
