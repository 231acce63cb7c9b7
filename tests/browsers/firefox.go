package browsers

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Firefox is a running headless Firefox.
type Firefox struct {
	dir     string
	plain   *plainPage
	version string
	cmd     *exec.Cmd
	m       *marionette
}

// prefs keep Firefox from talking to anybody but the servers under test.
const prefs = `
user_pref("marionette.port", 0);
user_pref("network.websocket.delay-failed-reconnects", false);
user_pref("network.proxy.type", 0);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("network.http.speculative-parallel-limit", 0);
user_pref("network.prefetch-next", false);
user_pref("browser.safebrowsing.update.enabled", false);
user_pref("services.settings.server", "data:,none");
user_pref("app.update.enabled", false);
user_pref("app.normandy.enabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("datareporting.healthreport.uploadEnabled", false);
user_pref("toolkit.telemetry.server", "");
user_pref("browser.aboutConfig.showWarning", false);
user_pref("browser.startup.page", 0);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("extensions.getAddons.cache.enabled", false);
user_pref("browser.newtabpage.enabled", false);
user_pref("dom.security.https_only_mode", false);
`

// StartFirefox starts Firefox with a fresh profile that trusts the roots (PEM, one or more).
func StartFirefox(roots []byte) (*Firefox, error) {
	exe, err := firstOf("firefox-esr", "firefox")
	if err != nil {
		return nil, err
	}
	dir, err := workspace()
	if err != nil {
		return nil, err
	}
	f := &Firefox{dir: dir}
	if err := f.start(exe, roots); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func (f *Firefox) start(exe string, roots []byte) (err error) {
	profile := filepath.Join(f.dir, "profile")
	if err := trustDatabase(profile, roots, "CT,,"); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(profile, "user.js"), []byte(prefs), 0o600); err != nil {
		return err
	}
	if f.plain, err = servePlainPage(); err != nil {
		return err
	}
	f.cmd = exec.Command(exe, "--headless", "--no-remote", "--marionette", "--remote-allow-system-access", "--profile", profile)
	f.cmd.Env = append(os.Environ(), "HOME="+f.dir, "MOZ_CRASHREPORTER_DISABLE=1")
	if err := f.cmd.Start(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	port, err := waitForFile(ctx, filepath.Join(profile, "MarionetteActivePort"))
	if err != nil {
		return fmt.Errorf("firefox did not open its automation port: %w", err)
	}
	if f.m, err = dialMarionette(ctx, "127.0.0.1:"+port); err != nil {
		return err
	}
	return f.prepare(ctx)
}

// waitForFile waits until the browser has written a file, and returns what stands in it.
func waitForFile(ctx context.Context, path string) (string, error) {
	for {
		if data, err := os.ReadFile(path); err == nil && len(data) > 0 {
			return strings.TrimSpace(string(data)), nil
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// observer notes, in the browser's own context, how every channel ended: websockets are HTTP
// channels there, and their status and security error are what Firefox itself knows.
const observer = `
const names = new Map(Object.getOwnPropertyNames(Components.results).map((name) => [Components.results[name], name]));
for (const name in Components.results) names.set(Components.results[name], name);
names.set(0x804b005a, "NS_ERROR_PARSING_HTTP_STATUS_LINE"); // has no name for scripts
globalThis.channelEnds ??= new Map();
Services.obs.addObserver({ observe(subject) {
  const channel = subject.QueryInterface(Ci.nsIChannel);
  // Of NSPR, below NSS, the channel's own status says the same in other words.
  const code = channel.securityInfo && channel.securityInfo.errorCodeString;
  const security = code && !code.startsWith("PR_") ? code : "";
  const status = channel.status === 0 ? "" : names.get(channel.status) || "0x" + (channel.status >>> 0).toString(16);
  globalThis.channelEnds.set(channel.URI.spec, status === "" ? "" : security || status);
} }, "http-on-stop-request");
return true;`

// names are those that Firefox knows, each with its addresses; "N/A" is none.
var names = map[string][]string{
	Host: {"127.0.0.1"}, "a." + Host: {"127.0.0.1"}, "abc." + Host: {"127.0.0.1"}, "a.b." + Host: {"127.0.0.1"}, "named." + Host: {"127.0.0.1"},
	"nx." + Host: {"N/A"}, "empty." + Host: {"N/A"},
	"dual." + Host: {"::1", "127.0.0.1"}, "partial." + Host: {"127.0.0.2", "127.0.0.1"}, "closed." + Host: {"127.0.0.2", "127.0.0.3"},
}

const setNames = `
const override = Cc["@mozilla.org/network/native-dns-override;1"].getService(Ci.nsINativeDNSResolverOverride);
for (const [name, addresses] of Object.entries(arguments[0]))
  for (const address of addresses) override.addIPOverride(name, address);
return true;`

// prepare opens the session, starts the observer and loads the plain page.
func (f *Firefox) prepare(ctx context.Context) error {
	var session struct {
		Capabilities struct {
			Version string `json:"browserVersion"`
		} `json:"capabilities"`
	}
	raw := map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{"acceptInsecureCerts": false}}}
	if err := f.m.callRaw(ctx, "WebDriver:NewSession", raw, &session); err != nil {
		return err
	}
	f.version = session.Capabilities.Version
	if err := f.m.call(ctx, "WebDriver:SetTimeouts", map[string]any{"script": 3600_000, "pageLoad": 10_000}, nil); err != nil {
		return err
	}
	if err := f.inChrome(ctx, observer, nil); err != nil {
		return err
	}
	if err := f.inChrome(ctx, setNames, nil, names); err != nil {
		return err
	}
	return f.m.call(ctx, "WebDriver:Navigate", map[string]any{"url": f.plain.url}, nil)
}

// inChrome runs a script with the browser's own rights.
func (f *Firefox) inChrome(ctx context.Context, script string, out any, args ...any) error {
	if err := f.m.call(ctx, "Marionette:SetContext", map[string]any{"value": "chrome"}, nil); err != nil {
		return err
	}
	if args == nil {
		args = []any{}
	}
	err := f.m.call(ctx, "WebDriver:ExecuteScript", map[string]any{"script": script, "args": args, "sandbox": "system", "newSandbox": false}, out)
	if back := f.m.call(ctx, "Marionette:SetContext", map[string]any{"value": "content"}, nil); err == nil {
		err = back
	}
	return err
}

// Name is "firefox".
func (f *Firefox) Name() string { return "firefox" }

// Version is the browser's version number.
func (f *Firefox) Version() string { return f.version }

// Close ends the browser and removes its profile.
func (f *Firefox) Close() error {
	if f.m != nil {
		f.m.conn.Close()
	}
	if f.cmd != nil && f.cmd.Process != nil {
		f.cmd.Process.Kill()
		f.cmd.Wait()
	}
	if f.plain != nil {
		f.plain.server.Close()
	}
	return os.RemoveAll(f.dir)
}

// Try opens a websocket from the plain page. Visits take turns: Firefox connects to one websocket
// of an address at a time anyway.
func (f *Firefox) Try(ctx context.Context, v Visit) (Outcome, error) {
	var out Outcome
	var seen string
	script := "const back = arguments[arguments.length - 1]; " + tryCall(v) + ".then(back);"
	if err := f.m.call(ctx, "WebDriver:ExecuteAsyncScript", map[string]any{"script": script, "args": []any{}}, &seen); err != nil {
		return out, fmt.Errorf("trying %s: %w", v.URL, err)
	}
	if err := json.Unmarshal([]byte(seen), &out); err != nil {
		return out, err
	}
	channel := "http" + strings.TrimPrefix(v.URL, "ws") // wss is carried by an https channel
	word, err := f.ending(ctx, channel, out.Opens)
	if err != nil {
		return out, err
	}
	out.Error = word
	return out, nil
}

// ending is what the observer noted of a channel. Of one that failed that comes after the page's
// own event, or not at all where there was none.
func (f *Firefox) ending(ctx context.Context, channel string, opened bool) (string, error) {
	for tries := 0; ; tries++ {
		var word *string
		err := f.inChrome(ctx, `return globalThis.channelEnds.get(arguments[0]) ?? null;`, &word, channel)
		switch {
		case err != nil:
			return "", err
		case word != nil:
			return *word, nil
		case opened || tries == 20:
			return "", nil
		}
		time.Sleep(50 * time.Millisecond)
	}
}
