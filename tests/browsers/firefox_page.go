package browsers

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// Page returns the one tab.
func (f *Firefox) Page(context.Context) (Page, error) { return &firefoxPage{f}, nil }

type firefoxPage struct{ f *Firefox }

// Open loads a page and forgets what was said of others.
func (p *firefoxPage) Open(ctx context.Context, url string) error {
	if err := p.f.inChrome(ctx, `Services.console.reset(); return true;`, nil); err != nil {
		return err
	}
	return p.f.m.call(ctx, "WebDriver:Navigate", map[string]any{"url": url}, nil)
}

// complaints reads the browser's console: errors of pages' scripts and of their policies. Those of
// the browser's own pages have other categories.
const complaints = `
return Services.console.getMessageArray()
  .filter((m) => m instanceof Ci.nsIScriptError && /^(CSP|content javascript|Trusted)/i.test(m.category))
  .map((m) => m.category + ": " + m.errorMessage);`

func (p *firefoxPage) Complaints(ctx context.Context) ([]string, error) {
	var list []string
	err := p.f.inChrome(ctx, complaints, &list)
	return list, err
}

func (p *firefoxPage) Eval(ctx context.Context, expression string, out any) error {
	script := `const back = arguments[arguments.length - 1];
(async () => ` + expression + `)().then((value) => back({ value }), (error) => back({ error: String(error) }));`
	var answer struct {
		Value json.RawMessage
		Error string
	}
	err := p.f.m.call(ctx, "WebDriver:ExecuteAsyncScript", map[string]any{"script": script, "args": []any{}}, &answer)
	switch {
	case err != nil:
		return err
	case answer.Error != "":
		return fmt.Errorf("firefox, in the page: %s", answer.Error)
	case out == nil || answer.Value == nil:
		return nil
	}
	return json.Unmarshal(answer.Value, out)
}

// namedKeys are keys without a character, as WebDriver spells them.
var namedKeys = map[rune]string{'\t': "\uE004", '\r': "\uE007"}

func (p *firefoxPage) Type(ctx context.Context, keys string) error {
	var strokes []map[string]any
	for _, key := range keys {
		value := string(key)
		if name := namedKeys[key]; name != "" {
			value = name
		}
		strokes = append(strokes, map[string]any{"type": "keyDown", "value": value}, map[string]any{"type": "keyUp", "value": value})
	}
	keyboard := map[string]any{"type": "key", "id": "keyboard", "actions": strokes}
	return p.f.m.call(ctx, "WebDriver:PerformActions", map[string]any{"actions": []any{keyboard}}, nil)
}

// resize sizes the element that shows the page: a window has a least width, a phone's is below it.
const resize = `
const [width, height] = arguments;
const shown = gBrowser.selectedBrowser;
shown.style.width = shown.style.minWidth = shown.style.maxWidth = width + "px";
shown.style.height = shown.style.minHeight = shown.style.maxHeight = height + "px";
return true;`

// resized waits until the page knows its new width.
const resized = `
const [width, back] = arguments;
(async () => { while (innerWidth !== width) await new Promise((again) => setTimeout(again, 20)); })().then(back);`

func (p *firefoxPage) Resize(ctx context.Context, width, height int) error {
	if err := p.f.inChrome(ctx, resize, nil, width, height); err != nil {
		return err
	}
	return p.f.m.call(ctx, "WebDriver:ExecuteAsyncScript", map[string]any{"script": resized, "args": []any{width}}, nil)
}

func (p *firefoxPage) Screenshot(ctx context.Context) ([]byte, error) {
	var encoded string
	if err := p.f.m.call(ctx, "WebDriver:TakeScreenshot", map[string]any{"full": true}, &encoded); err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(encoded)
}

// recolored waits until the page knows its colour scheme.
const recolored = `
const [dark, back] = arguments;
(async () => {
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  while (scheme.matches !== dark) await new Promise((again) => setTimeout(again, 20));
})().then(back);`

func (p *firefoxPage) Dark(ctx context.Context, on bool) error {
	scheme := 1 // light
	if on {
		scheme = 0
	}
	err := p.f.inChrome(ctx, `Services.prefs.setIntPref("layout.css.prefers-color-scheme.content-override", arguments[0]); return true;`, nil, scheme)
	if err != nil {
		return err
	}
	return p.f.m.call(ctx, "WebDriver:ExecuteAsyncScript", map[string]any{"script": recolored, "args": []any{on}}, nil)
}

func (p *firefoxPage) Close() error { return nil }
