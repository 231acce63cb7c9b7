package emulator_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"ws-diagnose/tests/emulator/emutest"
)

// binaries holds what the tests build.
var binaries string

func TestMain(m *testing.M) {
	var err error
	if binaries, err = os.MkdirTemp("", "emulator-test"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, emutest.AgentLeak(), goleak.Cleanup(func(code int) {
		os.RemoveAll(binaries)
		os.Exit(code)
	}))
}

// recorder builds the plugin provider that the transcript used, once.
var recorder = sync.OnceValues(func() (string, error) {
	path := filepath.Join(binaries, "recorder")
	out, err := exec.Command("go", "build", "-o", path, "./recorder").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("go build ./recorder: %w\n%s", err, out)
	}
	return path, err
})

func buildRecorder(t *testing.T) string {
	t.Helper()
	path, err := recorder()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
