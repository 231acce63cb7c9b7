package browsers

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Page opens a tab.
func (c *Chromium) Page(ctx context.Context) (Page, error) {
	tab, cancel := c.tab(ctx)
	p := &chromiumPage{tab: tab, cancel: cancel}
	if err := p.prepare(); err != nil {
		cancel()
		return nil, err
	}
	return p, nil
}

type chromiumPage struct {
	tab    context.Context
	cancel context.CancelFunc

	mu         sync.Mutex
	complaints []string
}

func (p *chromiumPage) prepare() error {
	if err := chromedp.Listen(p.tab, p.listen); err != nil {
		return err
	}
	if _, err := chromedp.Call(p.tab, log.Enable, cdp.Empty{}); err != nil {
		return err
	}
	// Keys go to a tab that believes to be in front.
	_, err := chromedp.Call(p.tab, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	return err
}

// listen keeps what the browser has against the page. Failed requests are none of that: they are
// what the page is there for.
func (p *chromiumPage) listen(event any) {
	text := ""
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Source != log.EntrySourceNetwork {
			text = string(e.Entry.Source) + ": " + e.Entry.Text
		}
	case *runtime.EventExceptionThrown:
		text = "exception: " + e.ExceptionDetails.Text
	}
	if text != "" {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.complaints = append(p.complaints, text)
	}
}

func (p *chromiumPage) Complaints(ctx context.Context) ([]string, error) {
	// An answer to a call comes after the events before it.
	if err := p.Eval(ctx, "0", nil); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.complaints, nil
}

func (p *chromiumPage) Open(_ context.Context, url string) error {
	p.mu.Lock()
	p.complaints = nil
	p.mu.Unlock()
	return chromedp.Do(p.tab, chromedp.Navigate(url))
}

func (p *chromiumPage) Eval(_ context.Context, expression string, out any) error {
	value, err := chromedp.Run(p.tab, chromedp.Evaluate[json.RawMessage](expression, chromedp.EvalAwaitPromise))
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(value, out)
}

func (p *chromiumPage) Type(_ context.Context, keys string) error {
	return chromedp.Do(p.tab, chromedp.KeyEvent(keys))
}

func (p *chromiumPage) Resize(_ context.Context, width, height int) error {
	return chromedp.Do(p.tab, chromedp.EmulateViewport(int64(width), int64(height)))
}

func (p *chromiumPage) Screenshot(context.Context) ([]byte, error) {
	return chromedp.Run(p.tab, chromedp.FullScreenshot(100)) // 100: PNG
}

func (p *chromiumPage) Dark(_ context.Context, on bool) error {
	scheme := "light"
	if on {
		scheme = "dark"
	}
	_, err := chromedp.Call(p.tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	return err
}

func (p *chromiumPage) Close() error { p.cancel(); return nil }
