package diagnose

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ws-diagnose/plugin/trace"
)

func TestAccept(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*world)
		open  []string
		text  string
	}{
		"trusted": {func(*world) {}, nil, ""},
		"self-signed": {(*world).selfSign,
			[]string{"https://drp.example.com:8092/", "https://drp.example.com:8090/"}, "for one port of a host"},
		"file port not known": {func(w *world) { w.selfSign(); w.Info = nil },
			[]string{"https://drp.example.com:8092/"}, "private windows"},
		"loopback, names known": {func(w *world) {
			w.selfSign()
			w.Target.Host, w.Target.Role, w.Target.Names = "127.0.0.1", trace.RoleLoopback, []string{"a.example", "2001:db8::5"}
			w.Info = nil
		}, []string{"https://a.example:8092/", "https://[2001:db8::5]:8092/"}, "private windows"},
		"loopback, names unknown": {func(w *world) {
			w.selfSign()
			w.Target.Host, w.Target.Role, w.Target.NamesUnknown = "127.0.0.1", trace.RoleLoopback, true
			w.Info = &trace.Info{Address: "10.0.0.5"}
		}, []string{"https://10.0.0.5:8092/"}, "private windows"},
		"HSTS": {func(w *world) {
			w.selfSign()
			w.HTTP.Header.Set("Strict-Transport-Security", "max-age=1")
		}, []string{"https://drp.example.com:8092/", "https://drp.example.com:8090/"}, "offers no way to proceed"},
		"no link to proceed": {func(w *world) { w.selfSign(); w.leaf().ExtKeyUsage = nil },
			[]string{"https://drp.example.com:8092/", "https://drp.example.com:8090/"}, "Chromium offers no link"},
	} {
		w := newWorld()
		c.spoil(w)
		a := w.report().Accept
		if c.text == "" {
			if a != nil {
				t.Errorf("%s: there is nothing to accept, but: %+v", name, a)
			}
			continue
		}
		if a == nil || !strings.Contains(a.Text, c.text) {
			t.Errorf("%s: %+v does not say %q", name, a, c.text)
			continue
		}
		if diff := cmp.Diff(c.open, a.Open); diff != "" {
			t.Errorf("%s: addresses to open (-want +got):\n%s", name, diff)
		}
	}
}

// TestNotes: what was not looked at is said.
func TestNotes(t *testing.T) {
	w := newWorld()
	w.Certificate.Unparsed, w.Certificate.SearchCut, w.Certificate.Error = 1, true, "no such file"
	notes := strings.Join(w.report().Notes, "\n")
	for _, want := range []string{"does not see what", "1 more certificate that cannot be read", "may be a better one", "no such file"} {
		if !strings.Contains(notes, want) {
			t.Errorf("the notes lack %q:\n%s", want, notes)
		}
	}
}

// TestRemedyThroughProxy: commands lead to the target, not to the proxy that was dialled.
func TestRemedyThroughProxy(t *testing.T) {
	w := newWorld()
	w.Target.Proxy = "http://192.0.2.1:3128"
	w.Connect = connected("192.0.2.1")
	w.Connect.Proxy = &trace.Proxy{URL: w.Target.Proxy, Status: 200}
	w.evidence.Known[w.Target.ID()] = trace.Known{SHA256: strings.Repeat("01", 32), Seen: runTime}
	found := w.report().Findings
	if len(found) != 1 || !strings.Contains(found[0].Remedy[0], "s_client -connect drp.example.com:8092 ") {
		t.Errorf("findings %+v", found)
	}
}

func TestWatchSection(t *testing.T) {
	w := newWorld()
	w.watched(3, time.Hour, 50*time.Second)
	h := w.evidence.History[w.Target.ID()]
	h.Ends[2].First = &trace.Attempt{Failed: trace.StageConnect, Why: "192.0.2.1:8092: refused\x1b"}
	h.Ends[2].Tally.Refused, h.Ends[2].Back = 2, runTime.Add(-time.Hour+4*time.Second)
	h.Ends[1].Close = &trace.CloseFrame{Code: 1001, Reason: []byte("bye")}
	tokenEnds := runTime.Add(time.Hour)
	h.Connections = []trace.Connection{
		{Type: "api", Principal: "user:api"}, {Type: "websocket", Principal: "user:ann", Expires: tokenEnds.Add(1)},
		{Type: "websocket"}, {Type: "websocket", Principal: "user:ann", Expires: tokenEnds},
	}
	h.Counts = []trace.WatchCount{
		{From: runTime.Add(-30 * day), Code: 1006, N: 100},
		{From: runTime.AddDate(0, 0, -1).Add(countSpan), Code: 1006, N: 2},
		{From: runTime.Add(-countSpan), Code: 1006, N: 1}, {From: runTime.Add(-countSpan), Code: 1001, N: 4},
	}
	got := w.report().Watch
	want := &Watch{
		Since: h.Since, Open: true, UptimeS: 60, LongestS: 3600,
		DropsHour: map[string]int{"1006": 1, "1001": 4}, DropsDay: map[string]int{"1006": 3, "1001": 4},
		CausesDay: map[string]int{"network": 1, "closed": 1, "restart": 1},
		LastEnd: "2026-11-22 11:00:00 UTC after 52 s: the connection was closed (TCP FIN); nothing listened afterwards, " +
			"open again after 4 s: a restart; right afterwards connect failed: 192.0.2.1:8092: refused\\x1b",
		Websockets: 3, Principals: map[string]int{"user:ann": 2}, TokenEnds: &tokenEnds,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("watch section (-want +got):\n%s", diff)
	}
}
