package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ws-diagnose/plugin/browser"
	"ws-diagnose/plugin/diagnose"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares got with testdata/name.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// walk is all ten stages: those up to failed are ok, those after it skipped.
func walk(failed, why string) []diagnose.Stage {
	names := []string{"resolve", "connect", "tls", "certificate", "http", "upgrade", "register", "event", "ping", "close"}
	stages := make([]diagnose.Stage, len(names))
	outcome := "ok"
	for i, name := range names {
		stages[i] = diagnose.Stage{Name: name, Outcome: outcome, MS: int64(i)}
		switch {
		case name == failed:
			stages[i].Outcome, stages[i].Why = "failed", why
			outcome = "skipped"
		case outcome == "skipped":
			stages[i].Why = "not reached"
		}
	}
	return stages
}

func certificate() *diagnose.Certificate {
	return &diagnose.Certificate{
		Subject: "CN=drp.example.com", Issuer: "CN=drp.example.com",
		DNSNames: []string{"drp.example.com"}, IPAddresses: []string{"10.0.0.5", "fe80::1"},
		NotBefore: noon.AddDate(-1, 0, -3), NotAfter: noon.AddDate(0, 0, -3), DaysLeft: -3,
		SHA256: strings.Repeat("5f", 32), Key: "ECDSA P-384", SelfSigned: true,
		Chain: []diagnose.ChainLink{{Subject: "CN=drp.example.com", Sent: true}},
	}
}

func expired() diagnose.Report {
	stages := walk("", "")
	stages[3].Outcome, stages[3].Why = "failed", "expired 3 days ago"
	return diagnose.Report{
		Summary: "the certificate expired 3 days ago", Verdict: diagnose.VerdictError,
		Target: "https://drp.example.com:8092", Role: "endpoint", Vantage: "laptop", Time: noon, Version: "v1.2.3",
		FailedStage: "certificate", Stages: stages, Certificate: certificate(),
		Findings: []diagnose.Finding{
			{
				ID: "cert-expired", Level: diagnose.LevelError, Stage: "certificate",
				Title:  "The certificate has expired",
				Detail: "valid until 2026-11-19 12:00 UTC, which was 3 days ago by this machine's clock",
				Cause:  "An endpoint makes its certificate for a year when it is first started and does not renew it by itself, so that it ends in the middle of some night.",
				Remedy: []string{
					"Make a new one on the endpoint, and put it into service without a restart.",
					"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes \\\n  -days 365 -subj /CN=drp.example.com -addext subjectAltName=DNS:drp.example.com,IP:10.0.0.5 -keyout key.pem -out cert.pem",
					"drpcli system cert set cert.pem key.pem",
					"Then open the endpoint in the browser and accept the new certificate.",
				},
			},
			{
				ID: "cert-self-signed", Level: diagnose.LevelInfo, Stage: "certificate", DependsOn: []string{"cert-expired"},
				Title: "The certificate is self-signed", Detail: "issuer and subject are CN=drp.example.com",
				Cause: "DRP signs its own certificate unless it is given one.", Remedy: []string{},
			},
		},
		Browser: &diagnose.Browser{
			Chromium: browser.Prediction{CloseCode: 1006, Error: "net::ERR_CERT_AUTHORITY_INVALID", OpensIfAccepted: true},
			Firefox:  browser.Prediction{CloseCode: 1015, Error: "MOZILLA_PKIX_ERROR_SELF_SIGNED_CERT"},
		},
		Accept: &diagnose.Accept{
			Open: []string{"https://drp.example.com:8092/", "https://drp.example.com:8090/"},
			Text: "Open each address in the browser that shows the portal and accept the certificate. Firefox asks for each port.",
		},
		SelfTest: "https://drp.example.com:8090" + diagnose.SelfTestPath,
	}
}

func healthy() diagnose.Report {
	c := certificate()
	c.Issuer, c.SelfSigned, c.Trusted, c.NotAfter, c.DaysLeft = "CN=Example CA", false, true, noon.AddDate(0, 3, 0), 92
	c.Chain = []diagnose.ChainLink{
		{Subject: "CN=drp.example.com", Sent: true},
		{Subject: "CN=Example CA", Sent: true, NotAfter: noon.AddDate(2, 0, 0)},
		{Subject: "CN=Example Root", NotAfter: noon.AddDate(9, 0, 0)},
	}
	tokenEnds := noon.Add(time.Hour)
	return diagnose.Report{
		Summary: "the portal's websocket works", Verdict: diagnose.VerdictOK,
		Target: "https://drp.example.com:8092", Vantage: "laptop", Time: noon, Version: "v1.2.3",
		Stages: walk("", ""), Certificate: c,
		Browser: &diagnose.Browser{Chromium: browser.Prediction{Opens: true}, Firefox: browser.Prediction{Opens: true}},
		Watch: &diagnose.Watch{
			Since: noon.Add(-30 * time.Hour), Open: true, UptimeS: 7260, LongestS: 90000,
			DropsHour: map[string]int{}, DropsDay: map[string]int{"1006": 2, "1001": 1},
			CausesDay: map[string]int{"restart": 2, "closed": 1}, LastEnd: "2026-11-22 03:00:00 UTC after 2 hours: close code 1001",
			EventsSent: 60, EventsLost: 1, Websockets: 3, TokenEnds: &tokenEnds,
		},
		Idle:  &diagnose.Idle{AskedS: 90, BorneS: 54, Pinged: true, Text: "the websocket works after 54 s of silence"},
		Notes: []string{"No token was given: what DRP itself answers was not looked at."},
	}
}

func refused() diagnose.Report {
	return diagnose.Report{
		Summary: "nothing listens on port 8092", Verdict: diagnose.VerdictError, Target: "https://127.0.0.1:8092",
		Vantage: "laptop", Time: noon, Version: "v1.2.3", FailedStage: "connect", Stages: walk("connect", "refused"),
		Findings: []diagnose.Finding{{
			ID: "connect-refused", Level: diagnose.LevelError, Title: "The connection is refused", Stage: "connect",
			Detail: "127.0.0.1:8092 refused the connection", Cause: "The service is not running.",
			Remedy: []string{"systemctl start dr-provision"},
		}},
	}
}

// nasty is what a hostile server may try to have printed.
const nasty = "\x1b[2J\x1b]0;owned\a\r\nOK: all is well\u202e\u200b\xff\u009b31m <script>alert(1)</script> [x](javascript:1) `a` **b** | # &lt; _c_"

func hostile() diagnose.Report {
	r := expired()
	r.Summary, r.Target, r.Vantage, r.Version = nasty, "https://"+nasty, nasty, nasty
	r.Findings = append(r.Findings, diagnose.Finding{
		ID: "ws-closed", Level: diagnose.LevelWarn, Title: nasty, Detail: nasty + strings.Repeat("A", 300), Cause: nasty,
		Remedy: []string{nasty, nasty + "."}, DependsOn: []string{nasty},
	})
	r.Certificate.Subject, r.Certificate.Issuer, r.Certificate.Key = nasty, nasty, nasty
	for range 40 {
		r.Certificate.DNSNames = append(r.Certificate.DNSNames, nasty)
	}
	r.Certificate.Chain = append(r.Certificate.Chain, diagnose.ChainLink{Subject: nasty})
	r.Browser.Chromium.Error = nasty
	r.Stages[1].Why = nasty
	r.Accept.Text, r.Accept.Open, r.SelfTest = nasty, []string{nasty}, nasty
	r.Notes = []string{nasty}
	return r
}

var fixtures = map[string]func() diagnose.Report{
	"expired": expired, "healthy": healthy, "refused": refused, "hostile": hostile,
}

func text(t *testing.T, o TextOptions, reports ...diagnose.Report) string {
	t.Helper()
	var b strings.Builder
	if err := Text(&b, reports, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	for name, fixture := range fixtures {
		t.Run(name, func(t *testing.T) {
			r := fixture()
			golden(t, name+".txt", text(t, TextOptions{}, r))
			golden(t, name+".md", Markdown(r))
			var line bytes.Buffer
			if err := JSON(&line, r); err != nil {
				t.Fatal(err)
			}
			golden(t, name+".json", line.String())
		})
	}
	golden(t, "paragraph.md", Paragraph(expired(), expired().Findings[0]))
	golden(t, "color.txt", text(t, TextOptions{Color: true}, expired()))
	golden(t, "quiet.txt", text(t, TextOptions{Quiet: true}, expired(), healthy(), refused()))
	golden(t, "two.txt", text(t, TextOptions{Width: 60}, refused(), healthy()))
}

// TestTextFits wants every line within its width but those that are to be pasted.
func TestTextFits(t *testing.T) {
	for name, fixture := range fixtures {
		for _, width := range []int{60, 80, 100} {
			r := fixture()
			whole := map[string]bool{printable(firstLine(r)): true, printable(selfTest(r)): true}
			for _, f := range r.Findings {
				for _, command := range f.Remedy {
					for line := range strings.SplitSeq(command, "\n") {
						whole[indent+indent+printable(line)] = true
					}
				}
			}
			if r.Accept != nil {
				for _, address := range r.Accept.Open {
					whole[indent+indent+printable(address)] = true
				}
			}
			for line := range strings.Lines(text(t, TextOptions{Width: width}, r)) {
				line = strings.TrimSuffix(line, "\n")
				if columns(line) > width && !whole[line] {
					t.Errorf("%s at %d: %d columns: %s", name, width, columns(line), line)
				}
			}
		}
	}
}

func TestUnknownVerdict(t *testing.T) {
	got := text(t, TextOptions{Quiet: true}, diagnose.Report{Target: "t", Summary: "s"})
	if got != "UNKNOWN: t: s\n" {
		t.Errorf("got %q", got)
	}
}

// TestCommandsStayWhole wants every command of a remedy unbroken on a line of its own.
func TestCommandsStayWhole(t *testing.T) {
	r := expired()
	for name, got := range map[string]string{
		"text": text(t, TextOptions{Width: 40}, r), "markdown": Markdown(r), "paragraph": Paragraph(r, r.Findings[0]),
	} {
		for _, command := range r.Findings[0].Remedy[1:3] {
			if !strings.Contains(got, "\n    "+strings.ReplaceAll(command, "\n", "\n    ")+"\n") {
				t.Errorf("%s lacks the line %q", name, command)
			}
		}
	}
}

// TestParagraphIsStable wants no time in an alert's contents: they would differ with every run.
func TestParagraphIsStable(t *testing.T) {
	one, other := expired(), expired()
	other.Time = other.Time.Add(time.Hour)
	if Paragraph(one, one.Findings[0]) != Paragraph(other, other.Findings[0]) {
		t.Error("the paragraph depends on the time of the run")
	}
}

func TestJSONHasNoNulls(t *testing.T) {
	r := diagnose.Report{
		Findings: []diagnose.Finding{{ID: "x"}}, Certificate: &diagnose.Certificate{},
		Accept: &diagnose.Accept{}, Watch: &diagnose.Watch{},
	}
	var line bytes.Buffer
	if err := JSON(&line, r); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(line.String(), "null") {
		t.Errorf("null in %s", line.String())
	}
	if r.Findings[0].Remedy != nil || r.Certificate.Chain != nil {
		t.Error("the report given was changed")
	}
}

// TestJSONRoundTrip wants the same values back that went in: escapes are the encoding's business.
func TestJSONRoundTrip(t *testing.T) {
	r := hostile()
	var line bytes.Buffer
	if err := JSON(&line, r); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(line.String(), "\n"); n != 1 {
		t.Errorf("%d lines", n)
	}
	var got diagnose.Report
	if err := json.Unmarshal(line.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := strings.ToValidUTF8(nasty, "\ufffd")
	if got.Summary != want {
		t.Errorf("summary\n got %q\nwant %q", got.Summary, want)
	}
}

func TestSections(t *testing.T) {
	var b strings.Builder
	err := Sections(&b, []Section{
		{Heading: "1006", Rows: [][]string{{"Means", "that no close frame came, " + nasty}}, Steps: []string{"drpcli info get", "Look again."}},
		{Heading: "Others", Rows: [][]string{{"a", "b", "c"}, {"aa", "bb", "cc"}}},
	}, TextOptions{Width: 60})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "sections.txt", b.String())
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestWriteErrors(t *testing.T) {
	if err := Text(brokenWriter{}, []diagnose.Report{refused()}, TextOptions{}); err == nil {
		t.Error("Text hides that it could not write")
	}
	if err := JSON(brokenWriter{}, refused()); err == nil {
		t.Error("JSON hides that it could not write")
	}
}
