package browser_test

import (
	"maps"
	"net/http"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"ws-diagnose/plugin/browser"
	"ws-diagnose/plugin/trace"
)

// lacking takes away what a walk may not have come to.
var lacking = []edit{
	func(t *trace.Trace) { t.Resolve = nil },
	func(t *trace.Trace) { t.Connect = nil },
	func(t *trace.Trace) { t.TLS = nil },
	func(t *trace.Trace) { t.Certificate = nil },
	func(t *trace.Trace) { t.Certificate = &trace.Certificate{} },
	func(t *trace.Trace) { t.HTTP = nil },
	func(t *trace.Trace) { t.HTTP = &trace.HTTP{} },
	func(t *trace.Trace) { t.Socket = nil },
	func(t *trace.Trace) { t.Socket = &trace.Socket{} },
	func(t *trace.Trace) { t.TLS = &trace.TLS{} },
	func(t *trace.Trace) { t.Connect = &trace.Connect{} },
	func(t *trace.Trace) { t.Late = true },
	func(t *trace.Trace) { t.Target = trace.Target{} },
	func(t *trace.Trace) { *t = trace.Trace{} },
}

// apply makes an edit of a trace that may lack what it changes.
func apply(e edit, t *trace.Trace) {
	defer func() { _ = recover() }() // the fixture's edits expect a whole trace
	e(t)
}

// hold checks what is true of every prediction.
func hold(t rapid.TB, tr *trace.Trace) {
	c, f := browser.Chromium(tr), browser.Firefox(tr)
	for name, p := range map[string]browser.Prediction{"chromium": c, "firefox": f} {
		switch {
		case p.Opens && !p.OpensIfAccepted:
			t.Fatalf("%s: opens, but not if accepted: %+v", name, p)
		case !p.Opens && p.CloseCode != 1006 && p.CloseCode != 1015:
			t.Fatalf("%s: never opened, yet closes with %d", name, p.CloseCode)
		case !p.Opens && p.OpensIfAccepted && (!tr.Target.Secure() || tr.Certificate == nil):
			t.Fatalf("%s: nothing to accept: %+v", name, p)
		}
	}
	if !c.Opens && (c.CloseCode != 1006 || c.Error == "") {
		t.Fatalf("chromium does not open and gives %+v", c)
	}
	if !f.Opens && f.CloseCode == 1015 && (f.Error == "" || !tr.Target.Secure()) {
		t.Fatalf("firefox blames TLS without a cause: %+v", f)
	}
	if again := browser.Chromium(tr); again != c {
		t.Fatalf("a second look gives %+v after %+v", again, c)
	}
}

func TestProperties(t *testing.T) {
	edits := slices.Clone(lacking)
	for _, name := range slices.Sorted(maps.Keys(truthTraces)) {
		edits = append(edits, truthTraces[name]...)
	}
	rapid.Check(t, func(t *rapid.T) {
		tr := sound()
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(edits)-1), 0, 8).Draw(t, "edits") {
			apply(edits[i], tr)
		}
		hold(t, tr)
	})
}

func TestNoTrace(t *testing.T) {
	if browser.Chromium(nil).Opens || browser.Firefox(nil).Opens {
		t.Error("a socket without a trace opens")
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(101, "HTTP/1.1", "HTTP/1.1 101 Switching Protocols", "", "websocket", "Upgrade", "permessage-deflate; client_max_window_bits=10", "v1")
	f.Add(302, "HTTP/1.0", "\r\nhttp 1", "bad", "http://[::x", "", ";;,=\"", "")
	f.Fuzz(func(t *testing.T, status int, proto, first, malformed, upgrade, connection, extensions, protocol string) {
		tr := sound(func(tr *trace.Trace) {
			tr.HTTP.Status, tr.HTTP.Proto, tr.HTTP.First, tr.HTTP.Malformed = status, proto, []byte(first), malformed
			tr.HTTP.Header = http.Header{
				"Upgrade": {upgrade}, "Connection": {connection}, "Location": {upgrade}, "Sec-Websocket-Accept": {"x"},
				"Sec-Websocket-Extensions": {extensions}, "Sec-Websocket-Protocol": {protocol},
				"Strict-Transport-Security": {connection},
			}
		})
		hold(t, tr)
	})
}

func FuzzHandshake(f *testing.F) {
	f.Add([]byte("SSH-2.0-x"), int64(9), "fin", 40)
	f.Add([]byte{22, 3, 3, 0, 2, 2}, int64(5), "error", -1)
	f.Fuzz(func(t *testing.T, first []byte, read int64, ended string, alert int) {
		tr := sound(broken(trace.Handshake{First: first, Read: read, Ended: trace.Ending(ended), Alert: alert}))
		tr.TLS.Alert = alert
		hold(t, tr)
	})
}
