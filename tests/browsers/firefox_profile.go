package browsers

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"time"
)

// Fresh makes Firefox forget, because it has but one profile: only one can be in use at a time, and
// Close goes back to what is usual. Certificates that were accepted hold for host and port only.
func (f *Firefox) Fresh(ctx context.Context, proxy string) (Profile, error) {
	host, port := "", 0
	if proxy != "" {
		at, err := netip.ParseAddrPort(strings.TrimPrefix(proxy, "http://"))
		if err != nil {
			return nil, err
		}
		host, port = at.Addr().String(), int(at.Port())
	}
	return firefoxProfile{f}, f.forget(ctx, host, port)
}

// forget drops the hosts that insist on HTTPS, and sets the proxy, none when host is "".
func (f *Firefox) forget(ctx context.Context, host string, port int) error {
	return f.inChrome(ctx, `
		Cc["@mozilla.org/ssservice;1"].getService(Ci.nsISiteSecurityService).clearAll();
		Services.prefs.setStringPref("network.proxy.ssl", arguments[0]);
		Services.prefs.setIntPref("network.proxy.ssl_port", arguments[1]);
		Services.prefs.setIntPref("network.proxy.type", arguments[0] ? 1 : 0);
		return true;`, nil, host, port)
}

// firefoxProfile is the profile of a running Firefox, made to forget.
type firefoxProfile struct{ *Firefox }

// Close makes it forget again, and leaves the browser running.
func (p firefoxProfile) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return p.forget(ctx, "", 0)
}

// Accept opens url in a tab of its own and takes the warning page's way on where there is one.
func (f *Firefox) Accept(ctx context.Context, url string) (offered bool, err error) {
	back, err := f.newTab(ctx)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, back()) }()
	if err := f.m.call(ctx, "WebDriver:Navigate", map[string]any{"url": url}, nil); err == nil {
		return false, nil // no warning: there was nothing to accept
	}
	err = f.m.call(ctx, "WebDriver:ExecuteAsyncScript", map[string]any{"args": []any{}, "script": findProceed}, &offered)
	if err != nil || !offered {
		return false, err
	}
	// The button ignores clicks for its first second, so that nobody is tricked into one. The warning
	// stays where the server answers a page's request with no page.
	return true, f.waitAtMost(ctx, 4*time.Second, proceed)
}

// newTab opens a tab and goes there; back closes it and returns to the first.
func (f *Firefox) newTab(ctx context.Context) (back func() error, err error) {
	var first string
	var tab struct{ Handle string }
	if err := f.m.call(ctx, "WebDriver:GetWindowHandle", nil, &first); err != nil {
		return nil, err
	}
	if err := f.m.callRaw(ctx, "WebDriver:NewWindow", map[string]any{"type": "tab"}, &tab); err != nil {
		return nil, err
	}
	goTo := func(handle string) error {
		return f.m.call(ctx, "WebDriver:SwitchToWindow", map[string]any{"handle": handle}, nil)
	}
	return func() error {
		return errors.Join(f.m.call(ctx, "WebDriver:CloseWindow", nil, nil), goTo(first))
	}, goTo(tab.Handle)
}

// waitAtMost waits as long as a script in the page returns true, and most at the longest. A page
// that is just being replaced answers with an error: that counts as true.
func (f *Firefox) waitAtMost(ctx context.Context, most time.Duration, script string) error {
	for begin := time.Now(); ; {
		var still bool
		err := f.m.call(ctx, "WebDriver:ExecuteScript", map[string]any{"args": []any{}, "script": script}, &still)
		if err == nil && !still || time.Since(begin) > most {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// warningButton finds a button of Firefox's warning page. Some errors still have a page of the old
// form, whose buttons have other names.
const warningButton = `
const warningButton = (id, oldID) =>
  document.querySelector("net-error-card")?.shadowRoot?.getElementById(id) ?? document.getElementById(oldID);
`

// findProceed unfolds the warning page and tells whether it has a way on. The page builds itself
// step by step, so each button is waited for.
const findProceed = warningButton + `
const back = arguments[arguments.length - 1];
const shown = async (id, oldID) => {
  for (let tries = 0; tries < 40; tries++) {
    const found = warningButton(id, oldID);
    if (found && !found.hidden && found.checkVisibility()) return found;
    await new Promise((again) => setTimeout(again, 50));
  }
};
(async () => {
  const advanced = await shown("advanced-button", "advancedButton");
  if (!advanced) return back(false);
  advanced.click();
  back(Boolean(await shown("exception-button", "exceptionDialogButton")));
})();`

// proceed presses the button, and is true as long as the warning is there.
const proceed = warningButton + `
if (!document.documentURI.startsWith("about:")) return false;
warningButton("exception-button", "exceptionDialogButton")?.click();
return true;`
