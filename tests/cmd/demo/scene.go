package main

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"ws-diagnose/plugin/diagnose"
	"ws-diagnose/plugin/report"
	"ws-diagnose/tests/emulator"
)

const (
	// lifetime of the certificates shown, in days: that of the one DRP makes for itself.
	lifetime = 365
	patience = 60 * time.Second
	maxBody  = 16 << 20
)

// scene is an emulated endpoint and a user who is logged in to it, as the portal is.
type scene struct {
	endpoint *emulator.Endpoint
	provider string
	client   *http.Client
}

func open(provider string) (*scene, error) {
	if _, err := os.Stat(provider); err != nil {
		return nil, fmt.Errorf("the provider binary is missing: %w; run `make build` first", err)
	}
	e, err := emulator.Start(emulator.Options{ID: "drp.example.com"})
	if err != nil {
		return nil, err
	}
	fmt.Printf("A DRP endpoint is up at %s (emulated; its plugin host runs the real binary).\n", e.URL())
	// The endpoint's certificate is self-signed and made a moment ago; there is nothing to verify it by.
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	return &scene{e, provider, &http.Client{Timeout: patience, Transport: transport}}, nil
}

// certificate gives both TLS ports a certificate of the usual lifetime with so many days left.
func (s *scene) certificate(days int) error {
	end := time.Now().AddDate(0, 0, days).Add(time.Hour)
	cert, err := emulator.NewCertificate(emulator.CertificateOptions{NotBefore: end.AddDate(0, 0, -lifetime), NotAfter: end})
	if err != nil {
		return err
	}
	s.endpoint.SetCertificate(cert)
	s.endpoint.SetFileCertificate(cert)
	fmt.Printf("\nIts certificate now ends in %d days (%s).\n", days, end.UTC().Format(time.DateOnly))
	return nil
}

// upload installs the provider, as `drpcli plugin_providers upload` does.
func (s *scene) upload() error {
	binary, err := os.Open(s.provider)
	if err != nil {
		return err
	}
	defer binary.Close()
	var stored struct {
		Path string `json:"path"`
		Size int64  `json:"size"`
	}
	if err := s.call(http.MethodPost, "plugin_providers/ws-diagnose", "application/octet-stream", binary, &stored); err != nil {
		return err
	}
	fmt.Printf("Uploaded provider %s, %d bytes.\n", stored.Path, stored.Size)
	return nil
}

// run calls the action on the plugin, as the portal's menu does.
func (s *scene) run(params map[string]any) (*result, error) {
	if params == nil {
		params = map[string]any{}
	}
	body, err := json.Marshal(params)
	if err != nil {
		return nil, err
	}
	fmt.Printf("\nRunning action ws-diagnose on plugin ws-diagnose.\n\n")
	var r result
	return &r, s.call(http.MethodPost, "plugins/ws-diagnose/actions/ws-diagnose", "application/json", bytes.NewReader(body), &r)
}

// call makes one API request and decodes the answer into out.
func (s *scene) call(method, path, contentType string, body io.Reader, out any) error {
	request, err := http.NewRequest(method, s.endpoint.URL()+"/api/v3/"+path, body)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", contentType)
	request.SetBasicAuth(s.endpoint.Username(), s.endpoint.Password())
	response, err := s.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, answer)
	}
	return json.Unmarshal(answer, out)
}

// result is what the action returns.
type result struct {
	Summary string            `json:"summary"`
	Reports []diagnose.Report `json:"reports"`
}

// print shows the report of the target that is worst off, names the others, and returns the root cause.
func (r *result) print(w io.Writer) (diagnose.Finding, error) {
	if len(r.Reports) == 0 || len(r.Reports[0].Findings) == 0 {
		return diagnose.Finding{}, fmt.Errorf("the action found nothing: %q", r.Summary)
	}
	fmt.Fprintf(w, "%s\n\n", r.Summary)
	report.Text(w, r.Reports[:1], report.TextOptions{})
	if len(r.Reports) > 1 {
		fmt.Fprintln(w, "\nThe other targets of the same run, first lines only:")
		report.Text(w, r.Reports[1:], report.TextOptions{Quiet: true})
	}
	return r.Reports[0].Findings[0], nil
}

// alert is a DRP alert, the columns that are shown.
type alert struct {
	Name, Level, Contents, Note string
	Acknowledged                bool
	Count                       int
}

// printAlerts shows the endpoint's alerts as a table, the open ones first.
func (s *scene) printAlerts(w io.Writer) error {
	var alerts []alert
	if err := s.call(http.MethodGet, "alerts", "application/json", nil, &alerts); err != nil {
		return err
	}
	slices.SortStableFunc(alerts, func(a, b alert) int {
		return cmp.Or(cmp.Compare(fmt.Sprint(a.Acknowledged), fmt.Sprint(b.Acknowledged)), cmp.Compare(a.Name, b.Name))
	})
	fmt.Fprintf(w, "\nAlerts of the endpoint:\n\n")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "STATE\tLEVEL\tNAME\tNOTE")
	for _, a := range alerts {
		state := "open"
		if a.Acknowledged {
			state = "cleared"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", state, a.Level, a.Name, firstLine(a.Note))
	}
	if len(alerts) == 0 {
		fmt.Fprintln(t, "(none)")
	}
	return t.Flush()
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
