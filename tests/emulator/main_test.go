package emulator_test

import (
	"testing"

	"go.uber.org/goleak"

	"ws-diagnose/tests/emulator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start runs an endpoint for the length of a test.
func start(t *testing.T, o emulator.Options) *emulator.Endpoint {
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
