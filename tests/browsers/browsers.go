// Package browsers drives the real Chromium and Firefox of the machine: opens a websocket from a
// page and tells what the page's script saw and what the browser itself reported.
//
// Each browser runs headless with a fresh profile that trusts one given root, and knows the name
// zoo.test as this machine. Nothing is downloaded: the browsers are the distribution's packages.
package browsers

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"time"
)

// Host is a name that both browsers resolve to 127.0.0.1, as they do with names below it but for a
// few (see package faults).
const Host = "zoo.test"

// ErrMissing says that a browser, or certutil for its trust store, is not installed.
var ErrMissing = errors.New("not installed")

// Outcome is what one browser showed for one websocket.
type Outcome struct {
	Opens      bool   `json:"opens"`
	ErrorEvent bool   `json:"error_event"`
	CloseCode  int    `json:"close_code"` // as the page's script sees it; 0 when the socket was still open after the settling time
	Clean      bool   `json:"clean"`
	Error      string `json:"error"`             // the browser's own word; "" when it had none
	GaveUp     bool   `json:"gave_up,omitempty"` // nothing happened within the patience given
}

// Visit says how a websocket is to be tried.
type Visit struct {
	URL      string
	Settle   time.Duration // how long an open socket is watched before the page closes it; one that the server is closing ends by itself
	Patience time.Duration // after which the page stops waiting for anything to happen
}

// Profile is what a browser remembers: certificates accepted by hand, hosts that insist on HTTPS.
type Profile interface {
	// Try opens a websocket from a plain page and reports how that went.
	Try(ctx context.Context, v Visit) (Outcome, error)
	// Accept opens an https address in a tab and accepts its certificate by hand, as a user would;
	// it reports whether the browser offered that.
	Accept(ctx context.Context, url string) (bool, error)
	Close() error
}

// Browser is one running browser. Its own profile lasts as long as itself.
type Browser interface {
	Name() string
	Version() string
	Profile
	// Fresh makes a profile that remembers nothing, and goes through an HTTP proxy
	// ("http://host:port") where one is given.
	Fresh(ctx context.Context, proxy string) (Profile, error)
	// Page returns a tab for tests of whole pages.
	Page(ctx context.Context) (Page, error)
}

// Page is a tab.
type Page interface {
	Open(ctx context.Context, url string) error
	// Eval runs an expression in the page, waits for it when it is a promise, and decodes its JSON value into out.
	Eval(ctx context.Context, expression string, out any) error
	// Type presses keys one after the other where the focus is: "\t" is Tab, "\r" is Enter.
	Type(ctx context.Context, keys string) error
	// Resize gives the page a viewport of that size in CSS pixels.
	Resize(ctx context.Context, width, height int) error
	// Screenshot is the whole page, as high as it is, as PNG.
	Screenshot(ctx context.Context) ([]byte, error)
	Dark(ctx context.Context, on bool) error
	// Complaints are the script errors and policy violations that the browser reported since Open.
	Complaints(ctx context.Context) ([]string, error)
	Close() error
}

// tryScript defines the function that both browsers run in the page: it resolves to an Outcome
// without Error, which only the browser knows.
const tryScript = `(url, settle, patience) => new Promise((resolve) => {
  const seen = { opens: false, error_event: false, close_code: 0, clean: false };
  const done = () => { clearTimeout(watch); clearTimeout(end); resolve(JSON.stringify(seen)); };
  let watch, socket;
  const end = setTimeout(() => { seen.gave_up = true; done(); socket.close(); }, patience);
  try { socket = new WebSocket(url); } catch (e) { seen.error = String(e.name); done(); return; }
  const closed = () => { if (socket.readyState === WebSocket.OPEN) { done(); socket.close(); } };
  socket.onopen = () => { seen.opens = true; watch = setTimeout(closed, settle); };
  socket.onerror = () => { seen.error_event = true; };
  socket.onclose = (e) => { seen.close_code = e.code; seen.clean = e.wasClean; done(); };
})`

// tryCall is the call of tryScript for a visit, as an expression.
func tryCall(v Visit) string {
	url, _ := json.Marshal(v.URL) // a string: cannot fail
	return fmt.Sprintf("(%s)(%s, %d, %d)", tryScript, url, v.Settle.Milliseconds(), v.Patience.Milliseconds())
}

// plainPage serves the empty page that websockets are opened from.
type plainPage struct {
	server *http.Server
	url    string
}

func servePlainPage() (*plainPage, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &plainPage{url: fmt.Sprintf("http://localhost:%d/", l.Addr().(*net.TCPAddr).Port)}
	p.server = &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, "<!doctype html><title>plain page</title>")
	})}
	go p.server.Serve(l)
	return p, nil
}

// trustDatabase makes an NSS database in dir that trusts the roots (PEM) for servers.
func trustDatabase(dir string, roots []byte, trust string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	certutil, err := exec.LookPath("certutil")
	if err != nil {
		return fmt.Errorf("certutil of libnss3-tools: %w", ErrMissing)
	}
	run := func(stdin []byte, args ...string) error {
		cmd := exec.Command(certutil, append(args, "-d", "sql:"+dir)...)
		cmd.Stdin = bytes.NewReader(stdin)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("certutil %s: %w: %s", args[0], err, out)
		}
		return nil
	}
	if err := run(nil, "-N", "--empty-password"); err != nil {
		return err
	}
	for n := 1; ; n++ {
		var block *pem.Block
		if block, roots = pem.Decode(roots); block == nil {
			return nil
		}
		if err := run(pem.EncodeToMemory(block), "-A", "-n", fmt.Sprintf("test root %d", n), "-t", trust); err != nil {
			return err
		}
	}
}

// firstOf finds the first of some programs that is installed.
func firstOf(names ...string) (string, error) {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s: %w", names[0], ErrMissing)
}

// workspace makes a browser's temporary directory, which holds its home and its profile.
func workspace() (string, error) { return os.MkdirTemp("", "ws-diagnose-browser") }
