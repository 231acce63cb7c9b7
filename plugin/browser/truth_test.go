package browser_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"ws-diagnose/plugin/browser"
)

// measured is one case of testdata/truth.json: what the real browsers did.
type measured struct {
	Case              string
	Chromium, Firefox shown
}

type shown struct {
	Opens           bool   `json:"opens"`
	CloseCode       *int   `json:"close_code"`
	Error           string `json:"error"`
	OpensIfAccepted *bool  `json:"opens_if_accepted"`
}

func readTruth(t *testing.T) []measured {
	t.Helper()
	b, err := os.ReadFile("testdata/truth.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []measured
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// expected turns what was measured into what the report is to say.
func (s shown) expected() browser.Prediction {
	p := browser.Prediction{Opens: s.Opens, OpensIfAccepted: s.Opens}
	if s.CloseCode != nil {
		p.CloseCode = *s.CloseCode
	}
	if p.Error = strings.TrimPrefix(s.Error, "Error in connection establishment: "); p.Error == "NS_OK" {
		p.Error = ""
	}
	if s.OpensIfAccepted != nil && !s.Opens {
		// Chromium was measured with a switch that ignores every certificate error; by hand this one
		// cannot be accepted.
		p.OpensIfAccepted = *s.OpensIfAccepted && p.Error != "net::ERR_CERT_INVALID"
	}
	return p
}

// untold are cases of which the trace cannot hold what a browser's answer hung on.
var untold = map[string]string{
	"trusted-self-signed-expired-as-peer firefox": "its store had the certificate as a peer, not as a root",
	"page-public-address-space chromium":          "local-network permission was not granted; a prediction takes it for granted",
	"http-401-then-basic-ok firefox":              "the page's URL had a user and a password",
}

func TestTruth(t *testing.T) {
	for _, m := range readTruth(t) {
		edits, ok := truthTraces[m.Case]
		if !ok {
			t.Errorf("%s: no trace", m.Case)
			continue
		}
		tr := sound(edits...)
		for _, b := range []struct {
			name string
			got  browser.Prediction
			want browser.Prediction
		}{
			{"chromium", browser.Chromium(tr), m.Chromium.expected()},
			{"firefox", browser.Firefox(tr), m.Firefox.expected()},
		} {
			if untold[m.Case+" "+b.name] != "" {
				continue
			}
			// The measuring page closed with 1000 what stayed open.
			if b.want.Opens && b.want.CloseCode == 1000 && tr.Socket != nil && tr.Socket.End == nil || b.want.Opens && tr.Socket == nil {
				b.want.CloseCode = 0
			}
			if b.got != b.want {
				t.Errorf("%s, %s:\n got %+v\nwant %+v", m.Case, b.name, b.got, b.want)
			}
		}
	}
}
