package plugin

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"

	"ws-diagnose/plugin/probe"
)

// defaultPortal is where the portal's page comes from unless somebody says otherwise.
const defaultPortal = "https://portal.rackn.io"

// portal is the origin of the portal that users open: the configured one, else where the server sends
// a browser that opens its own address (dr-provision --ui-url), else RackN's.
func (sv *service) portal(ctx context.Context, configured string) string {
	if configured != "" {
		return configured
	}
	api := net.JoinHostPort("127.0.0.1", strconv.Itoa(serverPort(sv.endpoint)))
	location, err := rootLocation(ctx, api)
	if err != nil || location.Host == "" || location.Host == api { // another page of the server itself
		return defaultPortal
	}
	origin, err := probe.ParseOrigin(location.Scheme + "://" + location.Host)
	if err != nil {
		return defaultPortal
	}
	return origin
}

// rootLocation asks the server at that address for its page and says where it redirects to. It
// follows nothing and shows no token, so the certificate does not matter. Ctx bounds it in time.
func rootLocation(ctx context.Context, address string) (*url.URL, error) {
	transport := &http.Transport{
		TLSClientConfig:        &tls.Config{InsecureSkipVerify: true},
		DisableKeepAlives:      true,
		MaxResponseHeaderBytes: 64 << 10,
	}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+address+"/", nil)
	if err != nil {
		return nil, err
	}
	response, err := transport.RoundTrip(request) // and not a client, which would follow
	if err != nil {
		return nil, err
	}
	response.Body.Close()
	if response.StatusCode < 300 || response.StatusCode > 399 {
		return nil, fmt.Errorf("status %d is no redirect", response.StatusCode)
	}
	return url.Parse(response.Header.Get("Location"))
}
