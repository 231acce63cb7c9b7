package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ws-diagnose/tests/drpcli"
	"ws-diagnose/tests/emulator"
)

// terminal is a shell in which a user types, with drpcli and jq.
type terminal struct {
	t          *testing.T
	env        []string
	transcript strings.Builder
}

// openTerminal opens one in a directory where the provider lies as the Makefile leaves it.
func openTerminal(t *testing.T, e *emulator.Endpoint) *terminal {
	t.Helper()
	for _, tool := range []string{"bash", "jq"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s here", tool)
		}
	}
	tool, err := drpcli.Path()
	if err != nil {
		t.Fatal(err)
	}
	provider(t)
	home := t.TempDir()
	return &terminal{t: t, env: []string{
		"PATH=" + filepath.Dir(tool) + ":" + os.Getenv("PATH"), "HOME=" + home, "RS_TOKEN_CACHE=" + home,
		"RS_ENDPOINT=" + e.URL(), "RS_KEY=" + e.Username() + ":" + e.Password(),
	}}
}

// comment writes a line that explains what follows.
func (s *terminal) comment(text string) { s.transcript.WriteString("# " + text + "\n") }

// blank separates what belongs together from the rest.
func (s *terminal) blank() { s.transcript.WriteString("\n") }

// types runs a line that must succeed, and writes it down with what it printed.
func (s *terminal) types(line string) {
	s.t.Helper()
	s.transcript.WriteString("$ " + line + "\n")
	shell := exec.CommandContext(s.t.Context(), "bash", "-o", "pipefail", "-c", line)
	shell.Dir, shell.Env, shell.WaitDelay = binaries, s.env, time.Second
	out, err := shell.CombinedOutput()
	s.transcript.Write(out)
	if err != nil {
		s.t.Fatalf("%v\n%s", err, &s.transcript)
	}
}

// TestTranscript is what the README shows: from the upload to the removal without leftovers.
func TestTranscript(t *testing.T) {
	t.Parallel()
	e := start(t, emulator.Options{ID: "drp.example.com"})
	certify(t, e, 5)
	s := openTerminal(t, e)

	s.comment("Install the provider; the server starts its plugin by itself.")
	s.types("drpcli plugin_providers upload ws-diagnose from " + binary + " | jq -r .path")
	s.types("drpcli plugins show ws-diagnose | jq -c '{Name, Provider, Available, PluginErrors}'")
	pid := e.PluginPID(name)
	s.blank()
	s.comment("Say how users reach this endpoint.")
	s.types(`drpcli plugins set ws-diagnose param ws-diagnose/endpoints to '["https://localhost:` + port(e) + `"]'`)
	restarted := e.PluginPID(name)
	s.blank()
	s.comment("Check: as the plugin's action, the system's, and a machine's.")
	s.types("drpcli plugins runaction ws-diagnose ws-diagnose | jq -r .summary")
	s.types("drpcli system runaction ws-diagnose | jq -r '.reports[].summary'")
	s.types("drpcli machines runaction Name:drp.example.com ws-diagnose ws-diagnose/target localhost |\n" +
		`  jq -r '.reports[0].findings[] | select(.level != "Info") | "\(.level) \(.id): \(.title)"'`)
	s.blank()
	s.comment("What it found stands in an alert, with the commands that mend it.")
	s.types(`drpcli alerts list Acknowledged=false | jq -r 'sort_by(.Name)[] | "\(.Level)  \(.Name)  (\(.Count))"'`)
	s.types("drpcli alerts list Acknowledged=false | jq -r '.[0].Contents' | head -3")
	s.blank()
	s.comment("Thresholds are params. The server refuses what they must not be.")
	s.types("drpcli plugins set ws-diagnose param ws-diagnose/cert-warn-days to 60")
	s.types("drpcli plugins set ws-diagnose param ws-diagnose/cert-error-days to soon || true")
	s.blank()
	s.comment("Remove it, and what it has left on the server.")
	s.types("drpcli plugins destroy ws-diagnose")
	s.types("drpcli plugin_providers destroy ws-diagnose")
	s.types("drpcli profiles destroy ws-diagnose-state")
	s.types("drpcli alerts list | jq -r '.[] | select(.Name | startswith(\"ws-diagnose \")) | .Uuid' |\n" +
		"  xargs -n 1 drpcli alerts destroy")

	for _, gone := range []int{pid, restarted} {
		if gone == 0 || syscall.Kill(gone, 0) == nil {
			t.Errorf("process %d of the plugin is still there", gone)
		}
	}
	if out := strings.TrimSpace(cli(t, e).Run("connections", "list")); out != "[]" {
		t.Errorf("sockets are left: %s", out)
	}
	m := mask{}
	m.ports(e)
	m.days(time.Now().Add(time.Hour), 5)
	golden(t, "transcript.txt", m.apply(s.transcript.String()))
}

// port is that of the API.
func port(e *emulator.Endpoint) string {
	_, port, _ := strings.Cut(e.Addr(), ":")
	return port
}
