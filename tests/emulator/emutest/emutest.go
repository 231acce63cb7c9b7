// Package emutest is what tests on the emulator share: an endpoint for the length of a test, and
// the SDK's real agent at work for it.
package emutest

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"gitlab.com/rackn/provision/v4/agent"
	"gitlab.com/rackn/provision/v4/api"
	"go.uber.org/goleak"

	"ws-diagnose/tests/drpcli"
	"ws-diagnose/tests/emulator"
)

// AgentLeak lets a leak check pass over the proxy for its tasks that the SDK's agent leaves behind
// when it ends.
func AgentLeak() goleak.Option {
	return goleak.IgnoreAnyFunction("gitlab.com/rackn/provision/v4/api.(*Client).MakeProxy.func1")
}

// Start runs an endpoint for the length of a test.
func Start(t testing.TB, o emulator.Options) *emulator.Endpoint {
	t.Helper()
	e, err := emulator.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// RunAgent lets the SDK's real agent do what waits for the self-runner, until nothing does.
func RunAgent(t testing.TB, e *emulator.Endpoint) {
	t.Helper()
	t.Setenv("RS_RUNNER_DIR", "")
	t.Setenv("RS_LOCAL_PROXY", "") // the agent sets it, for good
	drpcli.AddToPath(t)
	machine := e.SelfRunner()
	session, err := api.TokenSession(e.URL(), e.MachineToken(machine.Key(), time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	var log Buffer
	const noPowerActions = false
	a, err := agent.New(session, machine, true, false, noPowerActions, &log)
	if err == nil {
		err = a.Timeout(time.Second).StateLoc(t.TempDir()).Context("").Run()
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, &log)
	}
	a.Close()
}

// Buffer is a buffer that several goroutines write and a test reads; the zero value is empty.
type Buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write adds p.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String is all that was written.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
