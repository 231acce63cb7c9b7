package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"ws-diagnose/plugin/probe"
	"ws-diagnose/plugin/trace"
)

// TestWhereTokensGo is the whole of the rule, one row for each way in which it could be broken.
func TestWhereTokensGo(t *testing.T) {
	const pin = "ab12"
	entry := map[string]endpointToken{
		"lb.example.com:443":     {Token: "lb"},
		"pinned.example.com:443": {Token: "pinned", SHA256: "AB:12"},
	}
	for _, c := range []struct {
		name, host string
		port       int
		role       trace.Role
		peer       probe.Peer
		want       string
	}{
		{"loopback", "127.0.0.1", 8092, trace.RoleLoopback, probe.Peer{SHA256: "own", Loopback: true}, "super"},
		{"loopback that is none", "127.0.0.1", 8092, trace.RoleLoopback, probe.Peer{SHA256: "x"}, ""},
		{"own address, same certificate", "10.0.0.5", 8092, trace.RoleOwn, probe.Peer{SHA256: "own"}, "super"},
		{"own address, another certificate", "10.0.0.5", 8092, trace.RoleOwn, probe.Peer{SHA256: "x", Verified: true}, ""},
		{"no TLS", "10.0.0.5", 8092, trace.RoleEndpoint, probe.Peer{}, ""},
		{"another service on loopback", "localhost", 9999, trace.RoleEndpoint, probe.Peer{SHA256: "x", Loopback: true, Verified: true}, ""},
		{"set for it, verified", "lb.example.com", 443, trace.RoleEndpoint, probe.Peer{SHA256: "x", Verified: true}, "lb"},
		{"set for it, not verified", "lb.example.com", 443, trace.RoleEndpoint, probe.Peer{SHA256: "x"}, ""},
		{"set for another port", "lb.example.com", 8443, trace.RoleEndpoint, probe.Peer{SHA256: "x", Verified: true}, ""},
		{"set for another name", "xlb.example.com", 443, trace.RoleEndpoint, probe.Peer{SHA256: "x", Verified: true}, ""},
		{"pinned and shown", "pinned.example.com", 443, trace.RoleEndpoint, probe.Peer{SHA256: pin}, "pinned"},
		{"pinned, verified, not shown", "pinned.example.com", 443, trace.RoleEndpoint, probe.Peer{SHA256: "x", Verified: true}, ""},
		{"set for it, but it is the server itself", "lb.example.com", 443, trace.RoleEndpoint, probe.Peer{SHA256: "own"}, "super"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := &vault{token: "super", tokens: entry, loopback: newPromise()}
			if c.role != trace.RoleLoopback {
				v.loopback.keep("own")
			}
			got := v.forTarget(context.Background(), trace.Target{Host: c.host, Port: c.port, Role: c.role})(c.peer)
			if got.Token != c.want || got.User+got.Password != "" {
				t.Errorf("sent %q, not %q", got.Token, c.want)
			}
		})
	}
}

func TestNoTokenWithoutLoopback(t *testing.T) {
	v := &vault{token: "super", loopback: newPromise()}
	v.loopback.keep("") // its check ended without a handshake
	got := v.forTarget(context.Background(), trace.Target{Host: "10.0.0.5", Port: 8092, Role: trace.RoleOwn})(probe.Peer{})
	if got.Token != "" {
		t.Error("the token went to a peer without a certificate")
	}
}

func TestWaitingForLoopbackEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if text := newPromise().wait(ctx, fingerprintWait); text != "" {
		t.Errorf("%q out of nothing", text)
	}
}

func TestEndpointTokens(t *testing.T) {
	var tokens map[string]endpointToken
	text := `{"a:1":"bare","b:2":{"token":"with","sha256":"00"}}`
	if err := json.Unmarshal([]byte(text), &tokens); err != nil {
		t.Fatal(err)
	}
	if tokens["a:1"] != (endpointToken{Token: "bare"}) || tokens["b:2"] != (endpointToken{Token: "with", SHA256: "00"}) {
		t.Error("not read as they stand there")
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if printed := fmt.Sprintf(verb, tokens); strings.Contains(printed, "bare") || strings.Contains(printed, "with") {
			t.Errorf("%s prints tokens", verb)
		}
	}
}
