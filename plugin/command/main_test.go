package command

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// leakChecked fails the tests when they leave goroutines behind.
type leakChecked struct{ *testing.M }

func (m leakChecked) Run() int {
	code := m.M.Run()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return code
}

func TestMain(m *testing.M) {
	testscript.Main(leakChecked{m}, map[string]func(){
		"ws-diagnose": func() {
			os.Exit(Main("v1.2.3", os.Args[1:], OS(), func() error {
				fmt.Println("the SDK's turn:", os.Args[1:])
				if len(os.Args) > 2 {
					return errors.New("as the SDK returns it")
				}
				return nil
			}))
		},
	})
}

// TestScripts runs the command's specification in testdata/script: arguments, exit status, output.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		UpdateScripts:       *update,
		Setup:               setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": status,
		},
	})
}

// setup starts the servers that a script may check, and names them in its environment.
func setup(env *testscript.Env) error {
	authority := newAuthority()
	if err := os.WriteFile(filepath.Join(env.WorkDir, "ca.pem"), authority.pem(), 0o600); err != nil {
		return err
	}
	for name, s := range map[string]*testServer{
		"HEALTHY":  echoServer(authority.leaf(valid)),
		"EXPIRED":  echoServer(authority.leaf(expired)),
		"REFUSED":  closedPort(),
		"SILENT":   silentServer(),
		"DROPPING": droppingServer(authority.leaf(valid)),
	} {
		env.Setenv(name, s.address)
		env.Defer(s.close)
	}
	return nil
}

// status runs ws-diagnose and wants an exit status: status 2 check --plain wss://...
func status(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec("ws-diagnose", args[1:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// golden compares got with testdata/help/name.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "help", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
