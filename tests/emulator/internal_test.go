package emulator

import (
	"bytes"
	"errors"
	"net/url"
	"testing"

	"gitlab.com/rackn/provision/v4/models"
)

func TestFilter(t *testing.T) {
	e := &Endpoint{store: newStore(false)}
	all := []object{
		{"Name": "a", "Count": 9.0, "Open": true, "Endpoint": "", "Params": object{"x/y": "one"}, "Profiles": []any{"p", "q"}},
		{"Name": "b", "Count": 10.0, "Open": false, "Endpoint": "other", "Meta": object{"color": "red"}},
		{"Name": "c (d)", "Count": 11.0},
	}
	for query, want := range map[string]string{
		"":                         "a b c (d) ",
		"Name=a":                   "a ",
		"Name=Eq(c (d))":           "c (d) ",
		"Name=Ne(a)":               "b c (d) ",
		"Count=Gt(9)":              "b c (d) ",
		"Count=Lte(9)":             "a ",
		"Count=Between(10,11)":     "b c (d) ",
		"Count=Except(10,11)":      "a ",
		"Open=true":                "a ",
		"Open=Eq(false)":           "b ",
		"Endpoint=":                "a c (d) ",
		"Name=In(a,b)":             "a b ",
		"Name=Nin(a,b)":            "c (d) ",
		"Name=Re(^[ab]$)":          "a b ",
		"Profiles=In(q)":           "a ",
		"Params.x/y=one":           "a ",
		"Meta.color=red":           "b ",
		"Name=Gte(b)&Count=Lt(11)": "b ",
		"sort=Name&reverse=true":   "c (d) b a ",
		"limit=1&offset=1":         "b ",
		"offset=9":                 "",
		"token=abc&decode=true":    "a b c (d) ",
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		found, err := filter(all, values, e)
		got := ""
		for _, o := range found {
			got += o["Name"].(string) + " "
		}
		if err != nil || got != want || found == nil {
			t.Errorf("%q finds %q, %v, want %q", query, got, err, want)
		}
	}
	for _, query := range []string{"limit=x", "offset=-1", "Name=Re(()", "Name=Between(1)"} {
		values, _ := url.ParseQuery(query)
		if _, err := filter(all, values, e); err == nil {
			t.Errorf("%q is accepted", query)
		}
	}
}

func TestGrant(t *testing.T) {
	g := &grant{claims: []*models.Claim{
		{Scope: "plugins", Action: "get, action:go", Specific: "mine"},
		{Scope: "alerts,events", Action: "*", Specific: "*"},
		{Scope: "machines", Action: "update:/Meta,action", Specific: "*"},
	}}
	for _, c := range []struct {
		scope, action, specific string
		want                    bool
	}{
		{"plugins", "get", "mine", true},
		{"plugins", "get", "other", false},
		{"plugins", "list", "mine", false},
		{"plugins", "action:go", "mine", true},
		{"plugins", "action:stop", "mine", false},
		{"alerts", "create", "*", true},
		{"events", "post", "*", true},
		{"machines", "action:any", "m", true},
		{"machines", "update", "m", false},
		{"profiles", "get", "global", false},
	} {
		if got := g.allows(c.scope, c.action, c.specific); got != c.want {
			t.Errorf("%s %s %s: %v, want %v", c.scope, c.action, c.specific, got, c.want)
		}
	}
	g.limits = []*models.Claim{{Scope: "alerts", Action: "get", Specific: "*"}}
	if g.allows("plugins", "get", "mine") || g.allows("alerts", "create", "*") || !g.allows("alerts", "get", "a") {
		t.Error("limits do not limit")
	}
}

// FuzzReadMessage feeds the frame reader anything: it ends with a message within the limit or with
// an error.
func FuzzReadMessage(f *testing.F) {
	f.Add([]byte("\x81\x83\x00\x00\x00\x00abc"))
	f.Add([]byte("\x01\x81\x01\x02\x03\x04a\x80\x81\x00\x00\x00\x00b"))
	f.Add([]byte("\x88\x82\x00\x00\x00\x00\x03\xE8"))
	f.Add([]byte("\x81\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		reader, partial := bytes.NewReader(raw), frame{}
		for {
			message, err := readMessage(reader, &partial)
			if bad, ok := errors.AsType[*closeError](err); ok && bad.code != 1002 && bad.code != 1009 {
				t.Fatalf("close code %d", bad.code)
			}
			if err != nil {
				return
			}
			if len(message.payload) > maxMessage {
				t.Fatalf("message of %d bytes", len(message.payload))
			}
		}
	})
}
