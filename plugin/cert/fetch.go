package cert

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// Bounds of the fetch of an issuer.
const (
	fetchTimeout = 3 * time.Second
	maxFetched   = 64 << 10 // bytes
)

// FetchIssuer gets a certificate from the address that another one names as its issuer's (AIA,
// RFC 5280 section 4.2.2.1), by one GET over http as Chromium does. The address comes from an
// untrusted certificate: no redirect is followed, nothing but the path is sent, link-local addresses
// (where clouds keep their metadata) are refused, and so are long answers and slow ones.
func FetchIssuer(ctx context.Context, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" || u.User != nil {
		return nil, fmt.Errorf("issuer's address %q: only plain http addresses are fetched", address)
	}
	dialer := net.Dialer{Control: refuseLinkLocal}
	return fetchWith(ctx, &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}, address)
}

// fetchWith does one GET over transport, all of it within the bounds.
func fetchWith(ctx context.Context, transport *http.Transport, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("issuer's address %q: %w", address, err)
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return nil, fmt.Errorf("fetching the issuer from %q: %w", address, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetching the issuer from %q: %s", address, resp.Status)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxFetched+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("fetching the issuer from %q: %w", address, err)
	case len(body) > maxFetched:
		return nil, fmt.Errorf("fetching the issuer from %q: over %d bytes", address, maxFetched)
	}
	return body, nil
}

// refuseLinkLocal is asked before each connection attempt, when the name has become an address.
func refuseLinkLocal(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if a := ap.Addr().Unmap(); a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified() {
		return errors.New("refused: no CA serves its certificates from " + a.String())
	}
	return nil
}

// fetchIssuer gets the issuer of c from the first http address that c names; nil when there is
// none, it cannot be had, or it did not sign c.
func fetchIssuer(ctx context.Context, c *x509.Certificate, fetch func(context.Context, string) ([]byte, error)) *x509.Certificate {
	for _, address := range c.IssuingCertificateURL {
		if !strings.HasPrefix(strings.ToLower(address), "http://") {
			continue
		}
		delivered, err := fetch(ctx, address)
		if err != nil {
			return nil
		}
		for _, issuer := range bundle(delivered) {
			if bytes.Equal(issuer.RawSubject, c.RawIssuer) && signed(c, issuer) {
				return issuer
			}
		}
		return nil
	}
	return nil
}
