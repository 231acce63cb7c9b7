package browsers

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// chromiumProfile is a profile of a running Chromium: the one that it started with, or one like
// those of private windows.
type chromiumProfile struct {
	ctx    context.Context // tabs derive from it
	plain  *plainPage
	cancel context.CancelFunc
}

// Close ends a profile made by Fresh.
func (p *chromiumProfile) Close() error { p.cancel(); return nil }

// Try opens a websocket from a tab of its own, so that many can be tried at once.
func (p *chromiumProfile) Try(ctx context.Context, v Visit) (Outcome, error) {
	var out Outcome
	tab, cancel := p.tab(ctx)
	defer cancel()
	var errors errorLog
	if err := chromedp.Listen(tab, errors.listen); err != nil {
		return out, err
	}
	if _, err := chromedp.Call(tab, network.Enable, network.EnableParams{}); err != nil {
		return out, err
	}
	if err := chromedp.Do(tab, chromedp.Navigate(p.plain.url)); err != nil {
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
func (p *chromiumProfile) tab(ctx context.Context) (context.Context, context.CancelFunc) {
	tab, cancel := chromedp.NewContext(p.ctx)
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
func (p *chromiumProfile) Accept(ctx context.Context, url string) (bool, error) {
	tab, cancel := p.tab(ctx)
	defer cancel()
	if err := chromedp.Do(tab, chromedp.Navigate(url)); err == nil {
		return false, nil // no warning: there was nothing to accept
	}
	// The warning page is put together by a script of its own; other errors have another page.
	const errorPage = `document.readyState === 'complete' && Boolean(window.certificateErrorPageController || document.querySelector('.neterror'))`
	complete, cancelWait := context.WithTimeout(tab, 10*time.Second)
	defer cancelWait()
	if _, err := chromedp.Run(complete, poll(errorPage, 10*time.Second)); err != nil {
		return false, nil // no error page at all, as where the handshake went well with a page's own offer
	}
	const proceedLink = `Boolean(window.certificateErrorPageController && document.getElementById('proceed-link')) && loadTimeData.getBoolean('overridable')`
	offered, err := chromedp.Run(tab, chromedp.Evaluate[bool](proceedLink))
	if err != nil || !offered {
		return false, err
	}
	// The page goes away under the call, so its error says nothing; and it stays where the server
	// answers a page's request with no page.
	_, _ = chromedp.Run(tab, chromedp.Evaluate[json.RawMessage](`certificateErrorPageController.proceed(), null`))
	leaving, cancel := context.WithTimeout(tab, 2*time.Second)
	defer cancel()
	_, _ = chromedp.Run(leaving, poll(`!window.certificateErrorPageController`, 2*time.Second))
	return true, nil
}

// poll waits until an expression is true. It asks at intervals, because a tab that is not in front
// is never painted.
func poll(expression string, timeout time.Duration) chromedp.Action[bool] {
	return chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(timeout), chromedp.WithPollingInterval(50*time.Millisecond))
}
