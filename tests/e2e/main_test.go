// Package e2e tests the whole of ws-diagnose: the real provider binary, the real drpcli and the SDK's
// real agent, against the emulated DRP endpoint. Only the server is not real.
//
// Two kinds of golden files in testdata are what the README shows: transcript.txt, a session with
// drpcli, and check-*.txt, what the command says of five broken endpoints. The flag -update rewrites
// them.
package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"ws-diagnose/tests/drpcli"
	"ws-diagnose/tests/emulator"
	"ws-diagnose/tests/emulator/emutest"
)

// name is that of the provider, its plugin instance, its action, blueprint, task and trigger.
const name = "ws-diagnose"

// binaries is a directory for what the tests build.
var binaries string

func TestMain(m *testing.M) {
	if os.Getenv(asEndpoint) != "" {
		endpointProcess()
	}
	var err error
	if binaries, err = os.MkdirTemp("", "e2e"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, emutest.AgentLeak(), goleak.Cleanup(func(code int) {
		os.RemoveAll(binaries)
		os.Exit(code)
	}))
}

// binary is where the Makefile puts the provider, in README's words.
const binary = "bin/linux/amd64/" + name

// build makes the provider as the Makefile does, once.
var build = sync.OnceValues(func() (string, error) {
	path := filepath.Join(binaries, binary)
	c := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w -X main.version=v0.1.0", "-o", path, "./cmd/"+name)
	c.Dir = "../.." // the product's own module: its versions of the dependencies count
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := c.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, err
})

// provider is the path of the provider's binary.
func provider(t *testing.T) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// cli is the real drpcli for an endpoint.
func cli(t *testing.T, e *emulator.Endpoint) *drpcli.CLI {
	t.Helper()
	return drpcli.New(t, e.URL(), e.Username(), e.Password())
}

// install starts an endpoint with the plugin. Runs of the plugin's own would come at any moment, so
// there are none.
func install(t *testing.T, o emulator.Options) (*emulator.Endpoint, *drpcli.CLI) {
	t.Helper()
	e := emutest.Start(t, o)
	c := cli(t, e)
	c.Run("plugin_providers", "upload", name, "from", provider(t))
	if o.Old { // it starts no plugin by itself
		c.Run("plugins", "create", `{"Name":"`+name+`","Provider":"`+name+`"}`)
	}
	set(c, "interval-minutes", "0")
	return e, c
}

// set sets a param of the plugin, which restarts it.
func set(c *drpcli.CLI, param, value string) {
	c.Run("plugins", "set", name, "param", name+"/"+param, "to", value)
}
