package probe

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"

	"ws-diagnose/plugin/trace"
)

// tunnel asks the proxy at the other end of l for a connection to the target (RFC 9110 section
// 9.3.6). What the target says before it is spoken to is kept for the next reader.
func (w *walk) tunnel(ctx context.Context, l *link, p *trace.Proxy) error {
	l.until(ctx)
	to := w.target.Connect
	if to == "" {
		to = net.JoinHostPort(w.target.Host, strconv.Itoa(w.target.Port))
	}
	req := "CONNECT " + to + " HTTP/1.1\r\nHost: " + to + "\r\nUser-Agent: " + w.agent() + "\r\n"
	if w.opts.ProxyAuth != "" {
		req += "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(w.opts.ProxyAuth)) + "\r\n"
	}
	if _, err := io.WriteString(l, req+"\r\n"); err != nil {
		p.Ended = endOf(err)
		return fmt.Errorf("the proxy %s ended the connection: %w", p.URL, err)
	}
	a := &trace.Answer{Alert: -1}
	readAnswer(l, a, w.secret)
	scrubAnswer(a, w.secret)
	p.Status, p.Ended, p.Foreign = a.Status, a.Ended, a.Malformed != ""
	switch {
	case a.Malformed != "":
		return fmt.Errorf("the proxy %s does not speak HTTP: %s", p.URL, a.Malformed)
	case a.Status == 0 || a.Partial:
		return fmt.Errorf("the proxy %s did not answer CONNECT: %s", p.URL, a.Error)
	case a.Status/100 != 2:
		return fmt.Errorf("the proxy %s answered CONNECT %s with %d %s", p.URL, to, a.Status, http.StatusText(a.Status))
	}
	// From here on the tunnel is the wire: what is known of it begins anew.
	l.wire.early, l.pending = l.pending, nil
	l.wire.read, l.wire.wrote = 0, 0
	return nil
}
