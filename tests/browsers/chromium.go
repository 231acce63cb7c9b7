package browsers

import (
	"context"
	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"os"
	"path/filepath"
	"strings"
)

// Chromium is a running headless Chromium, with the profile that it started with.
type Chromium struct {
	chromiumProfile
	dir     string
	version string
	stop    []context.CancelFunc
}

// resolverRules are the names that Chromium knows. A rule gives one address; only localhost has
// two, ::1 and then 127.0.0.1, of which nothing listens at the first.
var resolverRules = strings.Join([]string{
	"MAP nx." + Host + " ~NOTFOUND", "MAP empty." + Host + " ~NOTFOUND",
	"MAP dual." + Host + " localhost", "MAP partial." + Host + " localhost", "MAP closed." + Host + " localhost",
	"MAP *." + Host + " 127.0.0.1", "MAP " + Host + " 127.0.0.1",
}, ",")

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
		chromedp.Flag("host-resolver-rules", resolverRules),
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

// Fresh makes a profile of its own, which ends with ctx.
func (c *Chromium) Fresh(ctx context.Context, proxy string) (Profile, error) {
	tab, cancel := chromedp.NewContext(c.ctx, chromedp.WithNewBrowserContext(func(p *target.CreateBrowserContextParams) { p.ProxyServer = proxy }))
	stop := context.AfterFunc(ctx, cancel)
	p := &chromiumProfile{ctx: tab, plain: c.plain, cancel: func() { stop(); cancel() }}
	if err := chromedp.Do(tab); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}
