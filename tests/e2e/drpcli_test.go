package e2e

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ws-diagnose/tests/drpcli"
	"ws-diagnose/tests/emulator"
	"ws-diagnose/tests/emulator/emutest"
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
	needs(t, "bash", "jq")
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

// shell prepares a line.
func (s *terminal) shell(ctx context.Context, line string) *exec.Cmd {
	shell := exec.CommandContext(ctx, "bash", "-o", "pipefail", "-c", line)
	shell.Dir, shell.Env, shell.WaitDelay = binaries, s.env, time.Second
	return shell
}

// types runs a line that must succeed, and writes it down with what it printed.
func (s *terminal) types(line string) {
	s.t.Helper()
	if err := s.run(line); err != nil {
		s.t.Fatalf("%v\n%s", err, &s.transcript)
	}
}

// isRefused runs a line that must fail.
func (s *terminal) isRefused(line string) {
	s.t.Helper()
	if err := s.run(line); err == nil {
		s.t.Fatalf("this must fail:\n%s", &s.transcript)
	}
}

func (s *terminal) run(line string) error {
	out, err := s.shell(s.t.Context(), line).CombinedOutput()
	s.transcript.WriteString("$ " + line + "\n" + string(out))
	return err
}

// watches runs a line that goes on in another window, and waits until it has registered for a filter.
// The function returned waits for the first line that it prints, ends it and writes it down.
func (s *terminal) watches(e *emulator.Endpoint, filter, line string) (end func()) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	shell := s.shell(ctx, line)
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the pipe's programs end together
	shell.Cancel = func() error { return syscall.Kill(-shell.Process.Pid, syscall.SIGTERM) }
	out, err := shell.StdoutPipe()
	if err == nil {
		err = shell.Start()
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(cancel)
	if err := e.WaitRegistered(ctx, filter); err != nil {
		s.t.Fatal(err)
	}
	return func() {
		s.t.Helper()
		first, err := bufio.NewReader(out).ReadString('\n')
		if err != nil {
			s.t.Errorf("%s: %v", line, err)
		}
		cancel()
		_ = shell.Wait() // ended by the signal
		s.transcript.WriteString("$ " + line + "\n" + first + "^C\n")
	}
}

// TestTranscript is what the README shows: from the upload to the removal without leftovers.
func TestTranscript(t *testing.T) {
	t.Parallel()
	e := emutest.Start(t, emulator.Options{ID: "drp.example.com"})
	m := mask{}
	m.ports(e)
	m.days(time.Now().Add(time.Hour), 5)
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
	seen := s.watches(e, "alerts.*.*", "drpcli events watch 'alerts.*.*' |\n"+
		`  jq --unbuffered -r '"\(.Action)  \(.Object.Level)  \(.Object.Name)"'`)
	s.types("drpcli plugins runaction ws-diagnose ws-diagnose | jq -r .summary")
	s.types("drpcli system runaction ws-diagnose | jq -r '.reports[].summary'")
	s.types("drpcli machines runaction Name:drp.example.com ws-diagnose ws-diagnose/target localhost |\n" +
		`  jq -r '.reports[0].findings[] | select(.level != "Info") | "\(.level) \(.id): \(.title)"'`)
	s.blank()
	s.comment("What it found stands in an alert, with the commands that mend it.")
	s.types(`drpcli alerts list Acknowledged=false | jq -r '.[] | "\(.Level)  \(.Name)"'`)
	s.types("drpcli alerts list Acknowledged=false | jq -r '.[].Contents' | grep 'system certs'")
	s.blank()
	s.comment("Whoever watched the events meanwhile, in another window, saw it come.")
	seen()
	s.blank()
	s.comment("Thresholds are params. The server refuses what they must not be.")
	s.types("drpcli plugins set ws-diagnose param ws-diagnose/cert-warn-days to 60")
	s.isRefused("drpcli plugins set ws-diagnose param ws-diagnose/cert-error-days to soon")
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
	golden(t, "transcript.txt", m.apply(s.transcript.String()))
}

// port is that of the API.
func port(e *emulator.Endpoint) string {
	_, port, _ := strings.Cut(e.Addr(), ":")
	return port
}

// TestUpgrade: another upload of the provider keeps settings and alerts, and ends the old process.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	e, c := install(t, emulator.Options{CertificateDays: 5})
	set(c, "cert-warn-days", "60")
	run(c)
	pid, alert := e.PluginPID(name), find(t, e, "cert-expiring").Key()
	c.Run("plugin_providers", "upload", name, "from", provider(t))
	if syscall.Kill(pid, 0) == nil || e.PluginPID(name) == 0 {
		t.Errorf("process %d after %d", e.PluginPID(name), pid)
	}
	if out := c.Run("plugins", "get", name, "param", name+"/cert-warn-days"); strings.TrimSpace(out) != "60" {
		t.Errorf("setting: %s", out)
	}
	run(c)
	if got := alerts(e); got != "open Error ws-diagnose cert-expiring" || find(t, e, "cert-expiring").Key() != alert {
		t.Errorf("alerts:\n%s", got)
	}
}
