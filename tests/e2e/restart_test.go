package e2e

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"ws-diagnose/tests/drpcli"
	"ws-diagnose/tests/emulator"
)

// TestKilled: a plugin killed without a word goes on in its next life with the alerts that are open.
func TestKilled(t *testing.T) {
	t.Parallel()
	e, c := install(t, emulator.Options{CertificateDays: 5})
	run(c)
	before := find(t, e, "cert-expiring")
	pid := e.PluginPID(name)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if out, err := c.Try("plugins", "runaction", name, name); err == nil {
		t.Fatalf("a dead plugin answers: %s", out)
	}
	c.Run("plugins", "destroy", name) // a server restarts no plugin that died
	c.Run("plugins", "create", `{"Name":"ws-diagnose","Provider":"ws-diagnose","Params":{"ws-diagnose/interval-minutes":0}}`)
	if again := e.PluginPID(name); again == 0 || again == pid {
		t.Fatalf("process %d after %d", again, pid)
	}
	r := run(c)
	after := find(t, e, "cert-expiring")
	if got := alerts(e); got != "open Error ws-diagnose cert-expiring" || after.Key() != before.Key() || after.Count != before.Count {
		t.Errorf("alerts:\n%s\nbefore %+v\nafter %+v", got, before, after)
	}
	if r.about(t, e.URL()).has("cert-changed") {
		t.Error("a restart takes the certificate for another")
	}
	certify(t, e, 300) // what was remembered counts across lives
	if r := run(c); !r.about(t, e.URL()).has("cert-changed") {
		t.Errorf("%+v", r)
	}
}

// TestStop: told to stop, the process ends by itself within two seconds, after which it is killed;
// nothing of it is left.
func TestStop(t *testing.T) {
	t.Parallel()
	e, c := install(t, emulator.Options{StopTimeout: 2 * time.Second})
	run(c)
	pid := e.PluginPID(name)
	c.Run("plugins", "destroy", name)
	if syscall.Kill(pid, 0) == nil {
		t.Errorf("process %d is still there", pid)
	}
	for _, line := range e.Log() {
		if strings.Contains(line.Message, "STOPPING") { // the SDK's last word, said after our Stop
			return
		}
	}
	t.Error("the plugin did not end by itself")
}

// asEndpoint has the test binary be an endpoint with a plugin, in a process of its own that can be
// killed.
const asEndpoint = "E2E_ENDPOINT"

// endpointProcess starts an endpoint and says where it is; for each line of its input it says the
// process id of the plugin.
func endpointProcess() {
	e, err := emulator.Start(emulator.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(e.URL())
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		fmt.Println(e.PluginPID(name))
	}
	os.Exit(0)
}

// TestParentGone: a plugin whose server was killed ends by itself, without having been told.
func TestParentGone(t *testing.T) {
	t.Parallel()
	server := exec.CommandContext(t.Context(), os.Args[0])
	server.Env = append(os.Environ(), asEndpoint+"=1", "TMPDIR="+t.TempDir())
	in, err := server.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	var url string
	var pid int
	answers := bufio.NewReader(out)
	if _, err := fmt.Fscanln(answers, &url); err != nil {
		t.Fatal(err)
	}
	c := drpcli.New(t, url, "rocketskates", "r0cketsk8ts")
	c.Run("plugin_providers", "upload", name, "from", provider(t))
	run(c)
	fmt.Fprintln(in)
	if _, err := fmt.Fscanln(answers, &pid); err != nil || syscall.Kill(pid, 0) != nil {
		t.Fatalf("plugin's process %d: %v", pid, err)
	}
	if err := server.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = server.Wait() // killed
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for isRunning(pid) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("process %d of the plugin outlives its server", pid)
		}
	}
}

// isRunning says whether there is a process of that id which is no mere entry of the process table:
// an orphan stays one where nobody reaps it.
func isRunning(pid int) bool {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)) // empty where there is no /proc
	_, state, _ := strings.Cut(string(stat), ") ")
	return syscall.Kill(pid, 0) == nil && !strings.HasPrefix(state, "Z")
}
