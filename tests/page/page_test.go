// Package page_test tests the self-test page as users meet it: served by an endpoint's file port from
// what the real plugin binary unpacked there, in the real Chromium and the real Firefox.
package page_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"ws-diagnose/tests/browsers"
	"ws-diagnose/tests/emulator"
)

// scenarios are walked in their order: what was accepted by hand stays accepted.
var scenarios = []struct {
	name string
	play func(*stage)
}{
	{"diagnosis", diagnosis},
	{"spaces", spaces},
	{"addresses", addresses},
	{"healthy", healthy},
	{"token", token},
	{"policy", policy},
	{"keyboard", keyboard},
	{"left", left},
	{"plain HTTP", plainHTTP},
	{"incomplete", incomplete},
	{"wrong password", wrongPassword},
	{"not DRP's API", notTheAPI},
	{"dropped", dropped},
	{"hostile reason", hostileReason},
	{"close ignored", closeIgnored},
	{"proxy", proxy},
	{"nothing listens", nothingListens},
	{"expired", expired},
	{"accepted in vain", acceptedInVain},
}

func TestChromium(t *testing.T) { inBrowser(t, "chromium") }

func TestFirefox(t *testing.T) { inBrowser(t, "firefox") }

func inBrowser(t *testing.T, name string) {
	t.Parallel()
	s := newStage(t, name)
	for _, scenario := range scenarios {
		t.Run(scenario.name, func(t *testing.T) {
			under := s.on(t)
			under.endpoint.Misbehave(emulator.Faults{})
			under.open(under.endpoint.SecureFileURL())
			scenario.play(under)
		})
	}
}

// allSteps is the list of a walk without fault.
var allSteps = []string{"reach:ok", "signIn:ok", "open:ok", "register:ok", "echo:ok", "hold:ok", "close:ok"}

func healthy(s *stage) {
	s.fits("before the test")
	f := s.credentials()
	f["hold"] = "5"
	got := s.run(f)
	s.expect(got, "ok", "", "The websocket works from this browser", "stayed open for", "ms there and back")
	s.expectSteps(got, allSteps...)
	if got.Accept != "" {
		s.Error("the page offers to accept a certificate that is accepted")
	}
	if strings.Contains(got.Report, s.endpoint.Password()) {
		s.Error("the report holds the password")
	}
	s.fits("healthy")
	s.screenshot("healthy")
	if complaints := s.complaints(); len(complaints) > 0 {
		s.Errorf("the browser complains: %q", complaints)
	}
}

func token(s *stage) {
	token := s.endpoint.Token(time.Hour)
	f := form{"endpoint": byName(s.endpoint.URL()), "token": token, "hold": "1"}
	got := s.run(f)
	s.expect(got, "ok", "")
	s.expectSteps(got, allSteps...)
	if strings.Contains(got.Report, token) {
		s.Error("the report holds the token")
	}
	f["token"] = "expired"
	s.expect(s.run(f), "failed", "upgrade-forbidden", "token is expired")
}

// policy proves that a script which came into the page by any way would not run, and that the
// browser's complaints, of which there must be none elsewhere, would be seen.
func policy(s *stage) {
	eval[any](s, `(() => {
  const script = document.createElement('script');
  try { script.textContent = 'window.hacked = 1'; } catch { script.append('window.hacked = 1'); }
  try { document.body.append(script); } catch { /* Trusted Types */ }
  return null;
})()`)
	s.unhacked()
	if len(s.complaints()) == 0 {
		s.Error("the browser does not complain of an inline script")
	}
}

// keyboard makes a whole test without a mouse.
func keyboard(s *stage) {
	f := s.credentials()
	var order []string
	press := func(keys string) {
		s.check(s.page.Type(s.ctx, keys))
		order = append(order, eval[string](s, `document.activeElement.id`))
	}
	press("\t")
	press(f["endpoint"] + "\t")
	press(f["user"] + "\t")
	press(f["password"] + "\t")
	press("\t")
	press("55\t") // chooses the second entry that begins so, which are the 5 seconds
	if want := []string{"endpoint", "user", "password", "token", "hold", "start"}; !slices.Equal(order, want) {
		s.Fatalf("Tab leads to %q, want %q", order, want)
	}
	press("\r")
	if at := order[len(order)-1]; at != "stop" {
		s.Errorf("during the test the focus is at %q, want stop", at)
	}
	got := eval[shown](s, read)
	s.expect(got, "ok", "", "stayed open for")
	if at := eval[string](s, `document.activeElement.id`); at != "result" {
		s.Errorf("after the test the focus is at %q, want result", at)
	}
}

// left leaves the page in the middle of a test: it ends, and the password is forgotten.
func left(s *stage) {
	f := s.credentials()
	f["hold"] = "330"
	s.submit(f)
	eval[any](s, `(async () => {
  while (!document.querySelector('[data-step=hold]')) await new Promise((again) => setTimeout(again, 20));
  window.dispatchEvent(new Event('pagehide'));
  return null;
})()`)
	got := eval[shown](s, read)
	s.expect(got, "partial", "", "Stopped before the end")
	s.expectSteps(got, "reach:ok", "signIn:ok", "open:ok", "register:ok", "echo:ok", "hold:skipped")
	if eval[string](s, `document.getElementById('password').value`) != "" {
		s.Error("the password is still in the form")
	}
}

// plainHTTP asks for no secrets, and can tell a closed port from a certificate in every browser.
func plainHTTP(s *stage) {
	s.open(s.endpoint.FileURL())
	refusal := eval[string](s, `document.getElementById('credentials').innerText`)
	if !strings.Contains(refusal, "over plain HTTP") || !strings.Contains(refusal, "https://"+browsers.Host+":8090/files/") {
		s.Errorf("the page does not refuse credentials with the reason: %q", refusal)
	}
	if !eval[bool](s, `['user', 'password', 'token'].every((id) => document.getElementById(id).disabled)`) {
		s.Error("the page takes credentials over plain HTTP")
	}
	address := form{"endpoint": byName(s.endpoint.Addr()), "hold": "1"}
	s.expect(s.run(address), "partial", "", "sign in to test the websocket itself", "Open this page over HTTPS")
	_, address["endpoint"] = s.another(browsers.Host)
	s.expect(s.run(address), "failed", "cert-self-signed", "This browser refuses the endpoint’s certificate")
	address["endpoint"] = browsers.Host + ":" + s.freePort()
	s.expect(s.run(address), "failed", "connect-refused", "Nothing usable answers there")
}

func incomplete(s *stage) {
	got := s.run(form{"endpoint": byName(s.endpoint.Addr())})
	s.expect(got, "partial", "", "sign in to test the websocket itself", "Sign in above")
	s.expectSteps(got, "reach:ok", "open:failed", "ask:ok")
	for typed, complaint := range map[string]string{
		"http://" + browsers.Host: "https only", "": "host:port", "a:b@" + browsers.Host: "Leave user and password out", "[fd00": "not host:port",
	} {
		s.submit(form{"endpoint": typed})
		if said := eval[string](s, `document.getElementById('complaint').innerText`); !strings.Contains(said, complaint) {
			s.Errorf("to the endpoint %q the page says %q, want %q", typed, said, complaint)
		}
	}
}

func wrongPassword(s *stage) {
	f := s.credentials()
	f["password"] = "wrong"
	got := s.run(f)
	s.expect(got, "failed", "upgrade-forbidden", "refuses these credentials", "it is not the connection")
	s.expectSteps(got, "reach:ok", "signIn:failed")
	s.screenshot("wrong-password")
}

// notTheAPI takes the file port for the API's: HTTPS as it should be, but another server.
func notTheAPI(s *stage) {
	f := s.credentials()
	f["endpoint"] = byName(s.endpoint.SecureFileURL())
	s.expect(s.run(f), "failed", "upgrade-not-found", "it answers 404")
	f["endpoint"] = byName(s.endpoint.Addr())
	s.endpoint.Misbehave(emulator.Faults{Paths: map[string]int{"ws": 502}})
	s.expect(s.run(f), "failed", "upgrade-bad-gateway", "the websocket’s address answers 502")
}

func dropped(s *stage) {
	s.endpoint.Misbehave(emulator.Faults{DropAfter: 3 * time.Second})
	f := s.credentials()
	f["hold"] = "30"
	got := s.run(f)
	s.expect(got, "failed", "ws-dropped", "The websocket was dropped after", "idle timeout")
	s.expectSteps(got, "reach:ok", "signIn:ok", "open:ok", "register:ok", "echo:ok", "hold:failed")
}

// hostileReason is text that would be HTML, terminal colour and reversed writing.
func hostileReason(s *stage) {
	reason := "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script>\x1b[31m\u202ered"
	s.endpoint.Misbehave(emulator.Faults{CloseAfter: 3 * time.Second, CloseCode: 1008, CloseReason: reason})
	f := s.credentials()
	f["hold"] = "30"
	got := s.run(f)
	s.expect(got, "failed", "ws-closed", "with code 1008", "<img src=x onerror", `\u001b[31m\u202ered`)
	if strings.ContainsAny(got.Report+got.Cause+got.Details, "\x1b\u202e") {
		s.Errorf("control characters of the server reach the page: %q", got.Cause)
	}
	if n := eval[int](s, `document.querySelectorAll('section img, section script').length`); n != 0 {
		s.Errorf("%d elements were made of the server's text", n)
	}
	s.unhacked()
}

func closeIgnored(s *stage) {
	s.endpoint.Misbehave(emulator.Faults{IgnoreClose: true})
	got := s.run(s.credentials())
	s.expect(got, "partial", "ws-close-ignored", "closing it was not answered")
}

// proxy is the commonest fault of an nginx in front of DRP, and its cure by the page's own advice.
func proxy(s *stage) {
	advice := []string{"proxy_http_version 1.1;", "proxy_set_header Upgrade $http_upgrade;", `proxy_set_header Connection "upgrade";`}
	without, with := s.nginx(strings.Join(advice, "\n"))
	f := s.credentials()
	f["endpoint"] = without
	got := s.run(f)
	s.expect(got, "failed", "upgrade-not-switched", append(advice, "reverse proxy")...)
	s.expectSteps(got, "reach:ok", "signIn:ok", "open:failed", "ask:ok")
	s.screenshot("proxy-without-upgrade")
	f["endpoint"] = with
	s.expect(s.run(f), "ok", "")
}

// nothingListens cannot be told from a certificate by a page in Chromium, in Firefox it can.
func nothingListens(s *stage) {
	f := s.credentials()
	f["endpoint"] = browsers.Host + ":" + s.freePort()
	got := s.run(f)
	if s.browser.Name() == "firefox" {
		s.expect(got, "failed", "connect-refused", "Nothing usable answers there", "not 1015")
	} else {
		s.expect(got, "failed", "", "most likely", "“refused to connect”")
	}
	s.expectSteps(got, "reach:failed", "open:failed")
}

// expired is the main case: a certificate nobody accepted, then accepted by hand, then all is well.
func expired(s *stage) {
	endpoint, address := s.another("a." + browsers.Host)
	f := form{"endpoint": address, "user": endpoint.Username(), "password": endpoint.Password(), "hold": "1"}
	got := s.run(f)
	if s.browser.Name() == "firefox" {
		s.expect(got, "failed", "cert-self-signed", "This browser refuses the endpoint’s certificate", "1015")
	} else {
		s.expect(got, "failed", "", "most likely this browser does not accept the certificate", "1006")
	}
	s.expectSteps(got, "reach:failed", "open:failed")
	s.fits("expired")
	s.screenshot("expired")
	s.accept(got, address)
	got = s.run(f)
	s.expect(got, "ok", "")
	s.expectSteps(got, allSteps...)
	s.screenshot("expired-accepted")
}

// acceptedInVain is an observation on Chromium that the page tells: a certificate that it trusts, on
// another port of the host, takes back what was accepted by hand. The page itself comes from there.
func acceptedInVain(s *stage) {
	endpoint, address := s.another(browsers.Host)
	f := form{"endpoint": address, "user": endpoint.Username(), "password": endpoint.Password(), "hold": "1"}
	s.accept(s.run(f), address)
	got := s.run(f)
	if s.browser.Name() == "firefox" {
		s.expect(got, "ok", "")
		return
	}
	s.expect(got, "failed", "", "Does it not last? Chromium forgets it")
}

// accept does what the page advises: opens the address that it offers, accepts the certificate by
// hand, and comes back.
func (s *stage) accept(got shown, address string) {
	s.Helper()
	if want := "https://" + address + "/"; got.Accept != want {
		s.Fatalf("the page offers to open %q to accept the certificate, want %q", got.Accept, want)
	}
	// Another path of the same place: the endpoint's root leads to the portal, which is elsewhere.
	offered, err := s.browser.Accept(s.ctx, got.Accept+"accepted")
	s.check(err)
	if !offered {
		s.Fatal("the browser offers no way to accept the certificate")
	}
	s.open(s.endpoint.SecureFileURL())
}

func (s *stage) complaints() []string {
	s.Helper()
	list, err := s.page.Complaints(s.ctx)
	s.check(err)
	return list
}

// unhacked fails when text became a script that ran.
func (s *stage) unhacked() {
	s.Helper()
	if eval[bool](s, `(window.wrappedJSObject || window).hacked !== undefined`) {
		s.Error("a script ran that came in as text")
	}
}

// fits looks at the page on a phone, light and dark: nothing is wider than the screen, and text
// stands out from what is behind it (WCAG 2, level AA).
func (s *stage) fits(when string) {
	s.Helper()
	s.check(s.page.Resize(s.ctx, 360, 740))
	grounds := map[string]bool{}
	for _, dark := range []bool{false, true} {
		s.check(s.page.Dark(s.ctx, dark))
		if wide := eval[[]int](s, `[document.scrollingElement.scrollWidth, innerWidth]`); wide[0] > wide[1] {
			s.Errorf("%s, dark %v: the page is %d px wide on a screen of %d", when, dark, wide[0], wide[1])
		}
		for _, faint := range eval[[]string](s, contrast) {
			s.Errorf("%s, dark %v: %s", when, dark, faint)
		}
		grounds[eval[string](s, `getComputedStyle(document.body).backgroundColor`)] = true
	}
	if len(grounds) != 2 {
		s.Errorf("%s: light and dark have the same ground", when)
	}
	s.check(s.page.Dark(s.ctx, false))
	s.check(s.page.Resize(s.ctx, 900, 800))
}

// contrast lists visible text whose contrast with its ground is below 4.5:1.
const contrast = `(() => {
  const rgb = (c) => c.match(/[\d.]+/g).map(Number);
  const light = (c) => rgb(c).slice(0, 3).map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (rgb(c)[3] !== 0) return c; } return 'rgb(255,255,255)'; };
  const seen = [...document.querySelectorAll('body *')].filter((e) => e.checkVisibility() && !e.disabled && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()));
  return seen.map((e) => {
    const [a, b] = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x);
    return [e, (a + 0.05) / (b + 0.05)];
  }).filter(([, ratio]) => ratio < 4.5).map(([e, ratio]) => e.tagName + ' “' + e.textContent.slice(0, 40) + '” has a contrast of ' + ratio.toFixed(1));
})()`
