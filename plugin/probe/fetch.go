package probe

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Bounds of the one GET of a missing issuer.
const (
	maxIssuer    = 64 << 10
	fetchTimeout = 2 * time.Second
)

// fetchIssuer gets the certificate at an AIA address: plain HTTP only, no redirects, no proxy.
func fetchIssuer(ctx context.Context, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" || u.Host == "" || u.User != nil {
		return nil, fmt.Errorf("%q is no http address", cut(address, maxError))
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	tr := &http.Transport{DisableKeepAlives: true, MaxResponseHeaderBytes: maxIssuer}
	defer tr.CloseIdleConnections()
	client := http.Client{Transport: tr, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %d", u.Redacted(), res.StatusCode)
	}
	b, err := io.ReadAll(io.LimitReader(res.Body, maxIssuer+1))
	if err == nil && len(b) > maxIssuer {
		err = fmt.Errorf("%s sends more than %d bytes", u.Redacted(), maxIssuer)
	}
	return b, err
}
