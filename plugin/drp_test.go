package plugin

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"gitlab.com/rackn/logger"
)

// answering is the session with a server that answers every request in the same way.
func answering(t *testing.T, answer http.HandlerFunc) *server {
	t.Helper()
	backend := httptest.NewTLSServer(answer)
	t.Cleanup(backend.Close)
	address, err := url.Parse(backend.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(address.Port())
	if err != nil {
		t.Fatal(err)
	}
	s, err := connect(port, superToken)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	return s
}

// TestErrorsQuoteNoAnswers has something else than DRP answer on the API port, and say again what it
// knows: nothing of that is in an error.
func TestErrorsQuoteNoAnswers(t *testing.T) {
	for _, c := range []struct {
		name, kind string
		status     int
		body       string
	}{
		{"a page", "text/html", 200, "hunter2"},
		{"no type", "", 200, "hunter2"},
		{"a page of an error", "text/html", 502, "hunter2"},
		{"JSON of another form", "application/json", 200, `["hunter2"]`},
		{"long JSON of an error", "application/json", 500, `{"Code":500,"Messages":["` + strings.Repeat("x", 10<<20) + `"]}`},
		{"endless", "application/json", 200, strings.Repeat(" ", maxAnswer+1) + "{}"},
	} {
		s := answering(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", c.kind)
			w.Header().Set("X-Echo", r.Header.Get("Authorization"))
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		})
		_, err := s.tokens(t.Context())
		if err == nil {
			t.Errorf("%s: no error", c.name)
			continue
		}
		text := err.Error()
		if strings.Contains(text, "hunter2") || strings.Contains(text, superToken) || len(text) > 2*maxRefusal {
			t.Errorf("%s: %.300s", c.name, text)
		}
		if c.status >= 400 && status(err) != c.status {
			t.Errorf("%s: status %d", c.name, status(err))
		}
	}
}

// TestTokensAsPeopleTypeThem has hosts and ports in the param as they are typed, and found as targets
// are spelled.
func TestTokensAsPeopleTypeThem(t *testing.T) {
	s := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"ws-diagnose/endpoint-tokens":{"LB.Example.com:443":"a","[FE80::0:1]:8092":{"token":"b","sha256":"00"},
			"10.0.0.5":"no port","https://lb.example.com:8092":"no host:port","":null}}`)
	})
	tokens, err := s.tokens(t.Context())
	if err != nil || len(tokens) != 2 || tokens["lb.example.com:443"].Token != "a" || tokens["[fe80::1]:8092"].Token != "b" {
		t.Errorf("%d tokens, %v", len(tokens), err)
	}
}

// TestRedirectsAreNotFollowed has the API port lead elsewhere.
func TestRedirectsAreNotFollowed(t *testing.T) {
	asked := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked = true
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{}")
	}))
	defer elsewhere.Close()
	s := answering(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) })
	var info serverInfo
	if err := s.get(t.Context(), &info, "info"); err == nil || asked {
		t.Errorf("%v, followed: %v", err, asked)
	}
}

// lines is a logger of the SDK that keeps what it is given.
type lines struct {
	logger.Logger
	kept chan string
}

func (l lines) NoRepublish() logger.Logger { return l }

func (l lines) Logf(_ logger.Level, _ string, args ...any) { l.kept <- args[0].(string) }

func TestLogLinesAreBounded(t *testing.T) {
	box := newOutbox()
	defer box.close()
	l := lines{kept: make(chan string, 1)}
	newLog(l, box).WithField("who", "me").Warn(strings.Repeat("ä", 1<<20))
	if line := <-l.kept; len(line) > maxLine+3 || strings.ContainsRune(line, '\ufffd') {
		t.Errorf("%d bytes", len(line))
	}
}
