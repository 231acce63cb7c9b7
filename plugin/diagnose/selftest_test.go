package diagnose

import (
	"testing"

	"ws-diagnose/plugin/trace"
)

func TestSelfTest(t *testing.T) {
	const page = "https://drp.example.com:8090" + SelfTestPath
	for _, c := range []struct {
		name, want string
		spoil      func(*world)
	}{
		{"endpoint", page, func(*world) {}},
		{"another file port", "https://drp.example.com:9090" + SelfTestPath, func(w *world) { w.Info.SecureFilePort = 9090 }},
		{"no HTTPS file port", "", func(w *world) { w.Info.SecureFilePort = 0 }},
		{"nothing told, default port", page, func(w *world) { w.Info = nil }},
		{"nothing told, another port", "", func(w *world) { w.Info, w.Target.Port = nil, 443 }},
		{"IPv6", "https://[2001:db8::5]:8090" + SelfTestPath, func(w *world) { w.Target.Host = "2001:db8::5" }},
		{"not DRP", "", func(w *world) { w.Target.Plain = true }},
		{"not reached", "", func(w *world) { w.Stages[1].Outcome = trace.Failed }},
		{"loopback typed", "", func(w *world) { w.Target.Host = "localhost" }},
		{"loopback with names", page, func(w *world) { w.Target.Role, w.Target.Host = trace.RoleLoopback, "127.0.0.1" }},
		{"loopback, names unknown", "https://10.0.0.5:8090" + SelfTestPath, func(w *world) {
			w.Target.Role, w.Target.Host, w.Target.Names, w.Target.NamesUnknown = trace.RoleLoopback, "127.0.0.1", nil, true
			w.Info.Address = "10.0.0.5"
		}},
		{"loopback, nothing known", "", func(w *world) {
			w.Target.Role, w.Target.Host, w.Target.Names, w.Target.NamesUnknown = trace.RoleLoopback, "127.0.0.1", nil, true
		}},
		{"file port", "https://drp.example.com:9090" + SelfTestPath, func(w *world) {
			w.Target.Role, w.Target.Host, w.Target.Port, w.Info = trace.RoleStatic, "127.0.0.1", 9090, nil
		}},
		{"proxy in front", "https://10.0.0.5:8090" + SelfTestPath, func(w *world) {
			own := healthy("127.0.0.1", "127.0.0.1")
			own.Target.Role, own.Certificate.Leaf.SHA256 = trace.RoleLoopback, "another"
			w.evidence.Traces = append(w.evidence.Traces, own)
			w.Info.Address = "10.0.0.5"
		}},
	} {
		w := newWorld()
		c.spoil(w)
		if got := w.report().SelfTest; got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
