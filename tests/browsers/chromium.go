package browsers

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// Chromium is a running headless Chromium.
type Chromium struct {
	dir     string
	plain   *plainPage
	version string
	ctx     context.Context // of the browser; tabs derive from it
	stop    []context.CancelFunc
}

// StartChromium starts Chromium with a fresh profile that trusts the roots (PEM, one or more).
func StartChromium(roots []byte) (*Chromium, error) {
	exe, err := firstOf("chromium", "chromium-browser")
	if err != nil {
		return nil, err
	}
	dir, err := workspace()
	if err != nil {
		return nil, err
	}
	c := &Chromium{dir: dir}
	if err := c.start(exe, roots); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Chromium) start(exe string, roots []byte) (err error) {
	// Chromium reads locally trusted roots from the NSS database below the user's home.
	if err := trustDatabase(filepath.Join(c.dir, ".pki", "nssdb"), roots, "C,,"); err != nil {
		return err
	}
	if c.plain, err = servePlainPage(); err != nil {
		return err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(exe), chromedp.NoSandbox, chromedp.UserDataDir(filepath.Join(c.dir, "profile")),
		chromedp.Env("HOME="+c.dir, "XDG_CONFIG_HOME="+c.dir, "XDG_CACHE_HOME="+c.dir),
		chromedp.Flag("host-resolver-rules", "MAP *."+Host+" 127.0.0.1, MAP "+Host+" 127.0.0.1"),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("no-proxy-server", true),
		// A permission that the model takes as granted: see the finding browser-local-network.
		chromedp.Flag("disable-features", "Translate,OptimizationHints,MediaRouter,LocalNetworkAccessChecks,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable"),
	)
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stopBrowser := chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {}))
	c.ctx, c.stop = ctx, []context.CancelFunc{stopBrowser, stopAllocator}
	version, err := chromedp.CallBrowser(ctx, browser.GetVersion, cdp.Empty{})
	_, c.version, _ = strings.Cut(version.Product, "/")
	return err
}

// Name is "chromium".
func (c *Chromium) Name() string { return "chromium" }

// Version is the browser's version number.
func (c *Chromium) Version() string { return c.version }

// Close ends the browser and removes its profile.
func (c *Chromium) Close() error {
	for _, stop := range c.stop {
		stop()
	}
	if c.plain != nil {
		c.plain.server.Close()
	}
	return os.RemoveAll(c.dir)
}

// Try opens a websocket from a tab of its own, so that many can be tried at once.
func (c *Chromium) Try(ctx context.Context, v Visit) (Outcome, error) {
	var out Outcome
	tab, cancel := c.tab(ctx)
	defer cancel()
	var errors errorLog
	if err := chromedp.Listen(tab, errors.listen); err != nil {
		return out, err
	}
	if _, err := chromedp.Call(tab, network.Enable, network.EnableParams{}); err != nil {
		return out, err
	}
	if err := chromedp.Do(tab, chromedp.Navigate(c.plain.url)); err != nil {
		return out, err
	}
	seen, err := chromedp.Run(tab, chromedp.Evaluate[string](tryCall(v), chromedp.EvalAwaitPromise))
	if err != nil {
		return out, fmt.Errorf("chromium, trying %s: %w", v.URL, err)
	}
	if err := json.Unmarshal([]byte(seen), &out); err != nil {
		return out, err
	}
	if last := errors.last(); last != "" {
		out.Error = last
	}
	return out, nil
}

// tab makes a tab that ends with ctx.
func (c *Chromium) tab(ctx context.Context) (context.Context, context.CancelFunc) {
	tab, cancel := chromedp.NewContext(c.ctx)
	stop := context.AfterFunc(ctx, cancel)
	return tab, func() { stop(); cancel() }
}

// errorLog keeps what the browser reports of a tab's websockets. The events come before the page's
// own close event is delivered, so nothing has to be waited for.
type errorLog struct {
	mu    sync.Mutex
	texts []string
}

func (l *errorLog) listen(event any) {
	if e, ok := event.(*network.EventWebSocketFrameError); ok {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.texts = append(l.texts, strings.TrimPrefix(e.ErrorMessage, "Error in connection establishment: "))
	}
}

func (l *errorLog) last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.texts) == 0 {
		return ""
	}
	return l.texts[len(l.texts)-1]
}

// Accept navigates to url and takes the proceed link of the certificate warning where there is one.
func (c *Chromium) Accept(ctx context.Context, url string) (bool, error) {
	tab, cancel := c.tab(ctx)
	defer cancel()
	if err := chromedp.Do(tab, chromedp.Navigate(url)); err == nil {
		return false, nil // no warning: there was nothing to accept
	}
	// The warning page is put together by a script of its own.
	const complete = `document.readyState === 'complete' && Boolean(window.certificateErrorPageController)`
	if _, err := chromedp.Run(tab, chromedp.Poll[bool](complete, chromedp.WithPollingTimeout(10*time.Second))); err != nil {
		return false, nil // an error page of another kind
	}
	const proceedLink = `Boolean(document.getElementById('proceed-link')) && loadTimeData.getBoolean('overridable')`
	offered, err := chromedp.Run(tab, chromedp.Evaluate[bool](proceedLink))
	if err != nil || !offered {
		return false, err
	}
	// The page goes away under the call, so its error says nothing either.
	_, _ = chromedp.Run(tab, chromedp.Evaluate[json.RawMessage](`certificateErrorPageController.proceed(), null`))
	_, err = chromedp.Run(tab, chromedp.Poll[bool](`!window.certificateErrorPageController`, chromedp.WithPollingTimeout(10*time.Second)))
	return true, err
}
