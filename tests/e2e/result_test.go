package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"ws-diagnose/tests/drpcli"
	"ws-diagnose/tests/emulator"
)

// result is what the action returns, as far as tests look at it.
type result struct {
	Summary, Verdict, Markdown string
	Reports                    []report
}

type report struct {
	Target, Role, Verdict string
	FailedStage           string `json:"failed_stage"`
	Findings              []struct{ ID, Level string }
}

// about returns the report of one target.
func (r *result) about(t *testing.T, target string) report {
	t.Helper()
	i := slices.IndexFunc(r.Reports, func(r report) bool { return r.Target == target })
	if i < 0 {
		t.Fatalf("no report on %s: %+v", target, r.Reports)
	}
	return r.Reports[i]
}

// has says whether a finding is in the report.
func (r report) has(id string) bool {
	return slices.ContainsFunc(r.Findings, func(f struct{ ID, Level string }) bool { return f.ID == id })
}

// run runs the action on the plugin; params are pairs of a name without prefix and a value.
func run(c *drpcli.CLI, params ...string) *result {
	args := []string{"plugins", "runaction", name, name}
	for i, p := range params {
		if i%2 == 0 {
			p = name + "/" + p
		}
		args = append(args, p)
	}
	r := &result{}
	c.Into(r, args...)
	return r
}

// browser is what a portal's page has: a connection to the API that stays open.
type browser struct {
	e      *emulator.Endpoint
	client *http.Client
}

// patience is how long something may take that must come to an end, on a busy machine.
const patience = time.Minute

func browse(t *testing.T, e *emulator.Endpoint) *browser {
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	t.Cleanup(transport.CloseIdleConnections)
	return &browser{e, &http.Client{Transport: transport, Timeout: patience}}
}

// do makes one API request and returns status and body.
func (b *browser) do(ctx context.Context, method, path string, body any) (int, string, error) {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return 0, "", err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, b.e.URL()+"/api/v3/"+path, bytes.NewReader(text))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Content-Type", "application/json")
	request.SetBasicAuth(b.e.Username(), b.e.Password())
	response, err := b.client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	return response.StatusCode, string(answer), err
}

// act runs the action and returns its answer as it came.
func (b *browser) act(t *testing.T, params map[string]any) string {
	t.Helper()
	if params == nil {
		params = map[string]any{}
	}
	status, answer, err := b.do(t.Context(), http.MethodPost, "plugins/"+name+"/actions/"+name, params)
	if err != nil || status != http.StatusOK {
		t.Fatalf("action: %d %s, %v", status, answer, err)
	}
	return answer
}

func decode(t *testing.T, answer string) *result {
	t.Helper()
	r := &result{}
	if err := json.Unmarshal([]byte(answer), r); err != nil {
		t.Fatalf("%v: %s", err, answer)
	}
	return r
}

// certify gives both TLS ports of an endpoint a one-year certificate with so many days left.
func certify(t *testing.T, e *emulator.Endpoint, days int) {
	t.Helper()
	end := time.Now().AddDate(0, 0, days).Add(time.Hour)
	cert, err := emulator.NewCertificate(emulator.CertificateOptions{NotBefore: end.AddDate(0, 0, -365), NotAfter: end})
	if err != nil {
		t.Fatal(err)
	}
	e.SetCertificate(cert)
	e.SetFileCertificate(cert)
}

// alerts describes the alerts of an endpoint, one line each: state, level and name without the
// port, which is another at each run.
func alerts(e *emulator.Endpoint) string {
	var lines []string
	for _, a := range e.Alerts() {
		state := "open"
		if a.Acknowledged {
			state = "cleared"
		}
		about, _, _ := strings.Cut(a.Name, " 127.0.0.1 ")
		lines = append(lines, state+" "+a.Level+" "+about)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
