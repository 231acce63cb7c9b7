package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"ws-diagnose/plugin/trace"
)

// Bounds of a name's addresses: so many are dialled, and so many noted.
const (
	maxAddresses = 16
	maxNoted     = 64
)

// hostNames maps names as browsers do (UTS 46, non-transitional) and lets underscores pass, which
// stand in many internal names.
var hostNames = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.Transitional(false), idna.StrictDomainName(false))

// whereTo is what the walk dials: the proxy, or Connect, or the target itself.
func (w *walk) whereTo() (host string, port int, err error) {
	t := &w.target
	dial := t.Connect
	if t.Proxy != "" {
		scheme, rest, _ := strings.Cut(t.Proxy, "://")
		if scheme != "http" {
			return "", 0, fmt.Errorf("proxy %q: only http:// proxies can be used", t.Proxy)
		}
		dial = strings.TrimSuffix(rest, "/")
	}
	if dial == "" {
		return t.Host, t.Port, nil
	}
	host, p, err := net.SplitHostPort(dial)
	if err != nil {
		return "", 0, fmt.Errorf("%q is not host:port", dial)
	}
	port, err = strconv.Atoi(p)
	if err != nil || port < 1 || port > 65535 {
		return "", 0, fmt.Errorf("%q: the port must be 1 to 65535", dial)
	}
	return host, port, nil
}

// resolve turns the name into addresses.
func (w *walk) resolve(ctx context.Context) error {
	r := &trace.Resolve{}
	w.tr.Resolve = r
	host, port, err := w.whereTo()
	if err == nil {
		w.port = port
		err = w.lookup(ctx, host, r)
	}
	if err != nil {
		r.Error = cut(err.Error(), maxError)
		w.proxyFailed(r.Error)
	}
	return err
}

func (w *walk) lookup(ctx context.Context, host string, r *trace.Resolve) error {
	if a, err := netip.ParseAddr(host); err == nil {
		r.Addresses = []netip.Addr{a.Unmap()}
		return nil
	}
	name, err := hostNames.ToASCII(host)
	if err != nil {
		r.NotFound = true
		return fmt.Errorf("%q is no valid host name: %w", host, err)
	}
	res := w.opts.Resolver
	if res == nil {
		res = net.DefaultResolver
	}
	found, err := res.LookupNetIP(ctx, "ip", name)
	for _, a := range found {
		if a = a.Unmap(); len(r.Addresses) < maxNoted && !slices.Contains(r.Addresses, a) {
			r.Addresses = append(r.Addresses, a)
		}
	}
	var de *net.DNSError
	switch {
	case err == nil && len(r.Addresses) == 0:
		r.NotFound = true
		return fmt.Errorf("%s has no address", name)
	case errors.As(err, &de):
		r.NotFound = de.IsNotFound
		r.Timeout = de.IsTimeout || ctx.Err() != nil
	case err != nil:
		r.Timeout = timedOut(err)
	}
	return err
}

// proxyFailed notes why the proxy, where there is one, could not be used.
func (w *walk) proxyFailed(why string) {
	if w.target.Proxy == "" {
		return
	}
	if w.tr.Connect == nil {
		w.tr.Connect = &trace.Connect{}
	}
	if w.tr.Connect.Proxy == nil {
		w.tr.Connect.Proxy = &trace.Proxy{URL: w.target.Proxy}
	}
	w.tr.Connect.Proxy.Error = why
}

// Texts that a library or a server makes are cut to this many bytes.
const maxError = 300

// cut shortens s to n bytes.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n-3], "") + "..."
}
