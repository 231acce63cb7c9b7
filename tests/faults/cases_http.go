package faults

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// httpCases are answers that never come, end early, or are not HTTP.
func httpCases() []Case {
	return []Case{
		{Name: "tls-ok-request-then-close", Finding: "http-dropped", What: "request read, then close_notify and FIN", Start: play(answered((*Conn).CloseNotify))},
		{Name: "tls-ok-request-then-fin", Finding: "http-dropped", What: "request read, then FIN without close_notify", Start: play(answered((*Conn).FIN))},
		{Name: "tls-ok-request-then-rst", Finding: "http-dropped", What: "request read, then RST", Start: play(answered((*Conn).RST))},
		{Name: "tls-ok-request-then-alert", Finding: "http-dropped", What: "request read, then a fatal alert", Start: play(answered((*Conn).Alert))},
		{Name: "http-silent", Finding: "http-timeout", What: "request read, never answered", Start: play(answered(func(c *Conn) { hold(c) }))},
		{Name: "http-headers-never-finish", Finding: "http-timeout", What: "status line and one header, then silence", Start: play(answered(func(c *Conn) {
			io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n")
			hold(c)
		}))},
		{Name: "http-headers-drip", Finding: "http-timeout", What: "a header line a second, without end", Start: play(answered(dripHeaders))},
		{Name: "http-headers-cut", Finding: "http-dropped", What: "connection closed in the middle of the header", Start: play(answered(func(c *Conn) {
			io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: webso")
		}))},
		{Name: "http-headers-10mib", Finding: "http-malformed", What: "a header of 10 MiB", Start: play(hugeHeader(10<<20, rightUpgrade...))},
		{Name: "http-headers-200kib", What: "a right 101 with a header of 200 KiB", Start: play(hugeHeader(200<<10, rightUpgrade...))},
		{Name: "http-headers-endless-line", Finding: "http-malformed", What: "one header line of 1 MiB", Start: play(answered(func(c *Conn) {
			c.Say(statusLine(101), append([]string{"X-Long: " + strings.Repeat("a", 1<<20)}, rightUpgrade...)...)
		}))},
		{Name: "http-headers-latin1", What: "a right 101 with Latin-1 and UTF-8 in other fields", Start: play(switching(statusLine(101), append([]string{"X-Who: M\xfcller", "X-Where: Zürich"}, rightUpgrade...)...))},
		{Name: "http-early-hints", Finding: "browser-refuses", What: "a right 101 after a 103, which Chromium takes for the answer",
			Start: play(switching("HTTP/1.1 103 Early Hints\r\n\r\n"+statusLine(101), rightUpgrade...))},
		{Name: "http-garbage", Finding: "http-malformed", What: "bytes that are no HTTP", Start: says200("\x00\x01\x02 not HTTP \x1b[2J\r\n\r\n")},
		{Name: "http-json", Finding: "http-malformed", What: "JSON without a status line", Start: says200(`{"error":"upgrade required"}` + "\n")},
		{Name: "http-09-page", Finding: "http-malformed", What: "a page without a header, as HTTP/0.9", Start: says200("<html><body>It works!</body></html>\n")},
		{Name: "http-icy", Finding: "http-malformed", What: "ICY 200 OK", Start: says200("ICY 200 OK\r\n\r\n")},
		{Name: "http-status-letters", Finding: "http-malformed", What: "letters for a status", Start: says200("HTTP/1.1 abc Switching\r\n\r\n")},
		{Name: "http-ssh-inside-tls", Finding: "http-malformed", What: "an SSH banner inside TLS", Start: says200("SSH-2.0-OpenSSH_9.2p1\r\n")},
		{Name: "http-header-without-colon", Finding: "http-malformed", What: "a header line without a colon", Start: says200("HTTP/1.1 101 Switching Protocols\r\nthis is no header\r\n\r\n")},
	}
}

func says200(text string) starter {
	return play(answered(func(c *Conn) { io.WriteString(c, text) }))
}

func dripHeaders(c *Conn) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	_, err := io.WriteString(c, statusLine(101)+"\r\n")
	for i := 0; err == nil; i++ {
		<-tick.C
		_, err = fmt.Fprintf(c, "X-Drip-%d: on\r\n", i)
	}
}

// hugeHeader answers 101 with fields and a header of n bytes.
func hugeHeader(n int, fields ...string) script {
	return answered(func(c *Conn) {
		line := "X-Filler: " + strings.Repeat("a", 1000)
		filler := strings.Repeat(line+"\r\n", n/len(line))
		if c.Say(statusLine(101), append([]string{strings.TrimSuffix(filler, "\r\n")}, fields...)...) == nil {
			c.Live(manners{})
		}
	})
}

// plainHTTP answers as net/http does when TLS comes in: 400 in plain text; 200 to a real request.
func plainHTTP(c *Conn) {
	if c.ReadRequest() {
		c.Say(statusLine(200), "Content-Length: 0", "Connection: close")
		return
	}
	io.WriteString(c, "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTPS request to an HTTP server.\n")
}

// status answers every request with a status and the fields, and a short body where one may be.
func status(code int, fields ...string) script {
	return func(c *Conn) {
		for c.ReadRequest() {
			body := ""
			if code >= 200 && code != http.StatusNoContent && code != http.StatusNotModified {
				body = fmt.Sprintf("<html><body><h1>%d %s</h1></body></html>\n", code, http.StatusText(code))
			}
			all := append([]string{"Content-Type: text/html", fmt.Sprintf("Content-Length: %d", len(body))}, fields...)
			if code == http.StatusNoContent || code == http.StatusNotModified {
				all = fields
			}
			if c.Say(statusLine(code), all...) != nil {
				return
			}
			io.WriteString(c, body)
		}
	}
}

// statusCases answer the upgrade with something else than 101.
func statusCases() []Case {
	const login = "Location: https://login.example/?next=%2F"
	cases := []Case{
		{Name: "http-302-https", Finding: "upgrade-redirected", What: "redirect to a login page", Start: play(status(302, login))},
		{Name: "http-302-no-location", Finding: "upgrade-redirected", What: "redirect to nowhere", Start: play(status(302))},
		{Name: "http-302-hostile-location", Finding: "upgrade-redirected", What: "escape sequences in the redirect's address", Start: play(status(302, "Location: https://x/\x1b[2J\x1b]0;owned\x07"))},
		{Name: "http-301-portal", Finding: "upgrade-redirected", What: "redirect to the portal, as DRP's own / does", Start: play(status(301, "Location: /ui/"))},
		{Name: "http-303", Finding: "upgrade-redirected", What: "see other", Start: play(status(303, login))},
		{Name: "http-307", Finding: "upgrade-redirected", What: "temporary redirect", Start: play(status(307, login))},
		{Name: "http-308", Finding: "upgrade-redirected", What: "permanent redirect", Start: play(status(308, login))},
		{Name: "http-401-bearer", Finding: "upgrade-unauthorized", What: "with WWW-Authenticate: Bearer", Start: play(status(401, "WWW-Authenticate: Bearer"))},
		{Name: "http-401-plain", Finding: "upgrade-unauthorized", What: "no challenge", Start: play(status(401))},
		{Name: "http-401-basic", Finding: "upgrade-unauthorized", What: "with WWW-Authenticate: Basic", Start: play(status(401, `WWW-Authenticate: Basic realm="zoo"`))},
		{Name: "http-401-then-basic-ok", Finding: "upgrade-unauthorized", What: "Basic demanded; user and pass open it", Start: play(basicOnly)},
		{Name: "http-403-origin", Finding: "upgrade-origin", What: "403 with an Origin, 101 without", Start: play(refuseOrigin(403))},
		{Name: "http-404-origin", Finding: "upgrade-origin", What: "404 with an Origin, 101 without, as Rails does", Start: play(refuseOrigin(404))},
		{Name: "http-401-origin", Finding: "upgrade-origin", What: "401 without a challenge with an Origin, 101 without, as Node's ws does", Start: play(refuseOrigin(401))},
	}
	for _, s := range []struct {
		code    int
		finding string
	}{
		{200, "upgrade-not-switched"}, {202, "upgrade-not-switched"}, {204, "upgrade-not-switched"},
		{304, "upgrade-redirected"},
		{400, "upgrade-not-switched"}, {402, "upgrade-not-switched"}, {403, "upgrade-forbidden"},
		{404, "upgrade-not-found"}, {405, "upgrade-not-found"}, {406, "upgrade-not-switched"},
		{407, "upgrade-proxy-auth"}, {408, "upgrade-not-switched"}, {410, "upgrade-not-found"},
		{413, "upgrade-not-switched"}, {418, "upgrade-not-switched"}, {421, "upgrade-not-switched"},
		{426, "upgrade-not-switched"}, {429, "upgrade-rate-limited"}, {431, "upgrade-not-switched"},
		{451, "upgrade-not-switched"},
		{500, "upgrade-server-error"}, {501, "upgrade-server-error"}, {502, "upgrade-bad-gateway"},
		{503, "upgrade-bad-gateway"}, {504, "upgrade-bad-gateway"}, {505, "upgrade-server-error"},
		{507, "upgrade-server-error"}, {511, "upgrade-proxy-auth"}, {520, "upgrade-server-error"},
		{599, "upgrade-server-error"},
	} {
		cases = append(cases, Case{
			Name: fmt.Sprintf("http-%d", s.code), Finding: s.finding,
			What: fmt.Sprintf("%d %s", s.code, http.StatusText(s.code)), Start: play(status(s.code)),
		})
	}
	return cases
}

// basicOnly demands Basic credentials user:pass.
func basicOnly(c *Conn) {
	for c.ReadRequest() {
		if user, password, ok := c.Request.BasicAuth(); ok && user == "user" && password == "pass" {
			c.Say(statusLine(101), rightUpgrade...)
			c.Live(manners{})
			return
		}
		c.Say(statusLine(401), `WWW-Authenticate: Basic realm="zoo"`, "Content-Length: 0")
	}
}

// refuseOrigin refuses requests that carry an Origin.
func refuseOrigin(code int) script {
	return answered(func(c *Conn) {
		if c.Request.Header.Get("Origin") != "" {
			c.Say(statusLine(code), "Content-Length: 0", "Connection: close")
			return
		}
		c.Say(statusLine(101), rightUpgrade...)
		c.Live(manners{})
	})
}
