package page_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"ws-diagnose/plugin/diagnose"
	"ws-diagnose/tests/browsers"
	"ws-diagnose/tests/emulator"
	"ws-diagnose/tests/faults"
)

// patience is how long all scenarios in one browser may take on a machine that is busy with more;
// alone they take half a minute.
const patience = 5 * time.Minute

// binaries is where the provider is built.
var binaries string

func TestMain(m *testing.M) {
	var err error
	if binaries, err = os.MkdirTemp("", "page-test"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(binaries)
	os.Exit(code)
}

// provider builds the real plugin binary, once.
var provider = sync.OnceValues(func() (string, error) {
	path := filepath.Join(binaries, "ws-diagnose")
	out, err := exec.Command("go", "build", "-C", "../..", "-o", path, "./cmd/ws-diagnose").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("go build ./cmd/ws-diagnose: %w\n%s", err, out)
	}
	return path, err
})

// stage is one browser before one endpoint, whose file ports serve what the provider unpacked.
type stage struct {
	*testing.T
	ctx      context.Context
	browser  browsers.Browser
	page     browsers.Page
	endpoint *emulator.Endpoint
	pki      *faults.PKI
}

// starters are the browsers that the page must work in.
var starters = map[string]func(roots []byte) (browsers.Browser, error){
	"chromium": func(roots []byte) (browsers.Browser, error) { return browsers.StartChromium(roots) },
	"firefox":  func(roots []byte) (browsers.Browser, error) { return browsers.StartFirefox(roots) },
}

// newStage starts browser and endpoint, uploads the provider, and skips where the browser is missing.
func newStage(t *testing.T, name string) *stage {
	t.Helper()
	s := &stage{T: t, pki: faults.NewPKI(t)}
	var cancel context.CancelFunc
	s.ctx, cancel = context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	var err error
	if s.browser, err = starters[name](s.pki.Roots()); errors.Is(err, browsers.ErrMissing) {
		t.Skipf("SKIPPED: the self-test page is not tested in %s: %v", name, err)
	}
	s.check(err)
	t.Cleanup(func() { s.browser.Close() })
	t.Logf("%s %s", name, s.browser.Version())
	s.endpoint, err = emulator.Start(emulator.Options{})
	s.check(err)
	t.Cleanup(func() { s.endpoint.Close() })
	s.endpoint.SetFileCertificate(s.pki.Leaf().Serve())
	s.endpoint.SetCertificate(s.pki.Leaf().Serve())
	s.upload()
	s.page, err = s.browser.Page(s.ctx)
	s.check(err)
	return s
}

// on is the same stage under a subtest.
func (s *stage) on(t *testing.T) *stage {
	under := *s
	under.T = t
	return &under
}

func (s *stage) check(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// another is a second endpoint, whose API port has an expired certificate for host, as DRP makes
// it. Its address is as a user types it.
func (s *stage) another(host string) (endpoint *emulator.Endpoint, address string) {
	s.Helper()
	end := time.Now().AddDate(0, 0, -3)
	c, err := emulator.NewCertificate(emulator.CertificateOptions{
		NotBefore: end.AddDate(-1, 0, 0), NotAfter: end, DNSNames: []string{host}})
	s.check(err)
	endpoint, err = emulator.Start(emulator.Options{})
	s.check(err)
	s.Cleanup(func() { endpoint.Close() })
	endpoint.SetCertificate(c)
	return endpoint, strings.Replace(endpoint.Addr(), "127.0.0.1", host, 1)
}

// upload installs the provider as drpcli does.
func (s *stage) upload() {
	s.Helper()
	path, err := provider()
	s.check(err)
	binary, err := os.Open(path)
	s.check(err)
	defer binary.Close()
	r, err := http.NewRequestWithContext(s.ctx, http.MethodPost, s.endpoint.URL()+"/api/v3/plugin_providers/ws-diagnose", binary)
	s.check(err)
	r.SetBasicAuth(s.endpoint.Username(), s.endpoint.Password())
	r.Header.Set("Content-Type", "application/octet-stream")
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}
	answer, err := transport.RoundTrip(r)
	s.check(err)
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusCreated {
		s.Fatalf("uploading the provider: %s", answer.Status)
	}
}

// byName replaces the loopback address of a URL or address by the name that the browsers know.
func byName(address string) string { return strings.Replace(address, "127.0.0.1", browsers.Host, 1) }

// open loads the page from a file port of the endpoint.
func (s *stage) open(base string) {
	s.Helper()
	s.check(s.page.Open(s.ctx, byName(base)+diagnose.SelfTestPath))
}

// eval runs an expression in the page.
func eval[T any](s *stage, expression string) T {
	s.Helper()
	var out T
	if err := s.page.Eval(s.ctx, expression, &out); err != nil {
		s.Fatalf("%v, in\n%s", err, expression)
	}
	return out
}

// form is what a user types, by the id of the field.
type form map[string]string

// credentials are those of the endpoint's built-in user, for the API port.
func (s *stage) credentials() form {
	return form{"endpoint": byName(s.endpoint.Addr()), "user": s.endpoint.Username(), "password": s.endpoint.Password(), "hold": "1"}
}

// shown is what the page says at the end of a test.
type shown struct {
	Verdict, Finding, Headline, Cause, Todo, Report string
	Accept                                          string // address of the accept button; "" while it is hidden
	Steps                                           map[string]string
	Details                                         string
}

// read waits for the end of the test under way and reads the page.
const read = `(async () => {
  const $ = (id) => document.getElementById(id);
  for (const begun = Date.now(); $('start').disabled || $('result').hidden; await new Promise((again) => setTimeout(again, 20))) {
    if (Date.now() - begun > 90000) throw new Error('the test does not end: ' + document.querySelector('main').innerText);
  }
  const steps = [...document.querySelectorAll('#steps li')];
  return {
    Verdict: $('result').dataset.verdict, Finding: $('result').dataset.finding,
    Headline: $('headline').textContent, Cause: $('cause').textContent, Todo: $('todo').innerText, Report: $('report').value,
    Accept: $('accept').checkVisibility() ? $('accept-link').href : '',
    Steps: Object.fromEntries(steps.map((li) => [li.dataset.step, li.dataset.state])),
    Details: steps.map((li) => li.innerText).join('\n'),
  };
})()`

// submit fills in the form and presses the button. The shortest holding time of the page is too
// long for most tests.
func (s *stage) submit(f form) {
	s.Helper()
	fields, err := json.Marshal(f)
	s.check(err)
	eval[any](s, fmt.Sprintf(`(() => {
  const fields = %s, hold = document.getElementById('hold');
  if (!hold.querySelector('[value="1"]')) hold.add(new Option('1 second', '1'));
  for (const id of ['user', 'password', 'token']) document.getElementById(id).value = '';
  for (const [id, value] of Object.entries(fields)) document.getElementById(id).value = value;
  document.getElementById('start').click();
  return null;
})()`, fields))
}

// run makes a whole test.
func (s *stage) run(f form) shown {
	s.Helper()
	s.submit(f)
	return eval[shown](s, read)
}

// expect holds what the page says against what it must: words are parts of it in any place.
func (s *stage) expect(got shown, verdict, finding string, words ...string) {
	s.Helper()
	if got.Verdict != verdict || got.Finding != finding {
		s.Errorf("the page says %s, finding %q, want %s, %q\n%s", got.Verdict, got.Finding, verdict, finding, got.Report)
	}
	all := strings.Join([]string{got.Headline, got.Cause, got.Todo, got.Details}, "\n")
	for _, w := range words {
		if !strings.Contains(all, w) {
			s.Errorf("%q is not on the page:\n%s", w, all)
		}
	}
	if !strings.Contains(got.Report, got.Headline) || !strings.Contains(got.Report, got.Cause) {
		s.Errorf("the report does not say what the page says:\n%s", got.Report)
	}
}

// expectSteps holds the list of steps against the states wanted, "step:state" in any order.
func (s *stage) expectSteps(got shown, want ...string) {
	s.Helper()
	for _, w := range want {
		step, state, _ := strings.Cut(w, ":")
		if got.Steps[step] != state {
			s.Errorf("step %s is %q, want %q; all: %v", step, got.Steps[step], state, got.Steps)
		}
	}
	if len(got.Steps) != len(want) {
		s.Errorf("steps %v, want %v", got.Steps, want)
	}
}
