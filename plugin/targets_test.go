package plugin

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ws-diagnose/plugin/cert"
	"ws-diagnose/plugin/diagnose"
	"ws-diagnose/plugin/trace"
)

func TestServerEndpoint(t *testing.T) {
	for endpoint, want := range map[string]struct {
		host string
		port int
	}{
		"https://10.0.0.5:8092":  {"10.0.0.5", 8092},
		"https://:8092":          {"", 8092},
		"https://:18092":         {"", 18092},
		"":                       {"", 8092},
		"https://[fe80::1]:8092": {"fe80::1", 8092},
		"https://10.0.0.5":       {"10.0.0.5", 8092},
		"://":                    {"", 8092},
		"https://10.0.0.5:0":     {"10.0.0.5", 8092},
	} {
		if host, port := serverHost(endpoint), serverPort(endpoint); host != want.host || port != want.port {
			t.Errorf("%q: %q %d", endpoint, host, port)
		}
	}
}

func TestTargets(t *testing.T) {
	settings, err := configure(map[string]any{"ws-diagnose/endpoints": []any{
		"https://drp.example.com:8092", "https://lb.example.com", "https://lb.example.com:443", "https://127.0.0.1:8092"}})
	if err != nil {
		t.Fatal(err)
	}
	var info serverInfo
	if err := json.Unmarshal([]byte(`{"address":"10.0.0.5","ha_virtual_address":"10.0.0.9/24","secure_file_port":8090,
		"extra_api_ports":[8192,"8193",0,-1,1e9,null]}`), &info); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, target := range targets(settings, "https://:8092", defaultPortal, info) {
		got = append(got, string(target.Role)+" "+target.ID())
		if target.Role == trace.RoleLoopback && !cmp.Equal(target.Names, []string{"drp.example.com", "lb.example.com", "127.0.0.1"}) {
			t.Errorf("loopback is judged against %v", target.Names)
		}
		if target.Origin != "https://portal.rackn.io" || target.NamesUnknown || target.CertOnly != (target.Role == trace.RoleStatic) {
			t.Errorf("%+v", target)
		}
	}
	want := []string{
		"loopback https://127.0.0.1:8092",
		"own https://10.0.0.5:8092",
		"own https://127.0.0.1:8192",
		"own https://127.0.0.1:8193",
		"own https://10.0.0.9:8092",
		"static https://127.0.0.1:8090",
		"endpoint https://drp.example.com:8092",
		"endpoint https://lb.example.com:443",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTargetsWithoutAnyAnswer(t *testing.T) {
	list := targets(Settings{}, "https://127.0.0.1:18092", defaultPortal, serverInfo{})
	if len(list) != 1 || list[0].Port != 18092 || !list[0].NamesUnknown {
		t.Errorf("%+v", list)
	}
}

func TestChoose(t *testing.T) {
	list := []trace.Target{{Scheme: "https", Host: "127.0.0.1", Port: 8092}, {Scheme: "https", Host: "drp.example.com", Port: 443}}
	for wanted, n := range map[string]int{"": 2, "drp.example.com": 1, "drp.example.com:443": 1, "https://drp.example.com:443": 1,
		"https://drp.example.com:443/": 1, "127.0.0.1:8092": 1} {
		if chosen, err := choose(list, wanted); err != nil || len(chosen) != n {
			t.Errorf("%q: %v, %v", wanted, chosen, err)
		}
	}
	list[0].Role = trace.RoleLoopback
	if chosen, err := choose(list, "drp.example.com"); err != nil || len(chosen) != 2 {
		t.Errorf("loopback is left out: %v, %v", chosen, err)
	}
	reports := []diagnose.Report{{Target: list[0].ID()}, {Target: list[1].ID()}}
	if told := meant(reports, "drp.example.com"); len(told) != 1 || told[0].Target != list[1].ID() || len(meant(reports, "")) != 2 {
		t.Errorf("told: %v", told)
	}
	_, err := choose(list, "evil.example.com")
	if err == nil || !strings.Contains(err.Error(), "https://drp.example.com:443") {
		t.Errorf("%v", err)
	}
}

func TestDropForeignNames(t *testing.T) {
	own := &trace.Trace{Target: trace.Target{Role: trace.RoleLoopback}, Certificate: &trace.Certificate{
		Leaf:  trace.Cert{SHA256: "aa"},
		Names: []trace.NameCheck{{Name: "direct"}, {Name: "proxy"}, {Name: "silent"}}}}
	traces := []*trace.Trace{own,
		{Target: trace.Target{Role: trace.RoleEndpoint, Host: "direct"}, Certificate: &trace.Certificate{Leaf: trace.Cert{SHA256: "aa"}}},
		{Target: trace.Target{Role: trace.RoleEndpoint, Host: "proxy"}, Certificate: &trace.Certificate{Leaf: trace.Cert{SHA256: "bb"}}},
		{Target: trace.Target{Role: trace.RoleEndpoint, Host: "silent"}},
	}
	dropForeignNames(traces)
	if want := []trace.NameCheck{{Name: "direct"}, {Name: "silent"}}; !cmp.Equal(own.Certificate.Names, want) {
		t.Errorf("%+v", own.Certificate.Names)
	}
}

func TestRemoteEndpoint(t *testing.T) {
	for _, c := range []struct{ model, want, wrong string }{
		{`null`, "", ""},
		{`{"Name":"global","Params":{"manager/url":"https://evil.example.com"}}`, "", ""},
		{`{"Uuid":"1","Id":"x","Name":"machine"}`, "", ""},
		{`{"Id":"site-1","Params":{"manager/url":"https://site1.example.com:8092"}}`, "https://site1.example.com:8092", ""},
		{`{"Id":"site-1","Params":{}}`, "", "manager/url"},
		{`{"Id":"site-1","Params":{"manager/url":"nonsense://"}}`, "", "manager/url"},
	} {
		var model any
		if err := json.Unmarshal([]byte(c.model), &model); err != nil {
			t.Fatal(err)
		}
		target, err := remoteEndpoint(model)
		switch {
		case c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)):
			t.Errorf("%s: %v", c.model, err)
		case c.wrong == "" && err != nil:
			t.Errorf("%s: %v", c.model, err)
		case c.want == "" && target != nil, c.want != "" && (target == nil || target.ID() != c.want):
			t.Errorf("%s: %v", c.model, target)
		}
	}
}

func TestRootsOfTheSettingsAreThoseOfTheProbe(t *testing.T) {
	if _, err := cert.LoadRoots([]byte(Settings{}.CACert)); err != nil {
		t.Errorf("the default, no roots of one's own, is refused: %v", err)
	}
}
