// Package command is the command line for people: check, watch and explain, and the root of them all.
//
// To stdout goes the answer alone: reports, explanations, help. Everything else goes to stderr:
// errors (one line each: which value, what is wrong with it, what to do), hints, and on a terminal a
// progress line that is erased again.
//
// The exit status is that of monitoring plugins: 0 ok, 1 warning, 2 error, 3 could not run. With
// several targets it is the worst of theirs.
//
// What a DRP server calls (define, listen, unpack) is handed on to the SDK's own commands, and only
// then is the SDK started: it ends a process whose parent changes, which is right for a plugin and
// wrong for a check that somebody put into the background.
package command

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// The exit statuses.
const (
	StatusOK       = 0
	StatusWarning  = 1
	StatusCritical = 2
	StatusUnknown  = 3 // could not run: bad arguments, interrupted, internal
)

// StatusError ends the program with a status. Err is what remains to be said; nil when all has been
// said already.
type StatusError struct {
	Status int
	Err    error
}

func (e *StatusError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("exit status %d", e.Status)
	}
	return e.Err.Error()
}

func (e *StatusError) Unwrap() error { return e.Err }

// System is what a command may touch of the system beside the network.
type System struct {
	Getenv         func(string) string
	ReadFile       func(name string, limit int64) ([]byte, error) // an error when there is more than limit bytes
	Stdout, Stderr io.Writer
	StdoutTerminal bool // stdout is a terminal
	StderrTerminal bool
	Width          int // of stdout's terminal in columns, 0 when it is none
}

// Main runs the command that args name and returns the exit status. Provider runs the SDK's
// commands with the arguments of the process.
//
// A server waits for `define` at each start, so those commands do not wait for ours to be built.
func Main(version string, args []string, s System, provider func() error) int {
	if len(args) == 1 && args[0] == "unpack" { // the SDK would end in a panic
		return conclude(s, errors.New("unpack: give the DIRECTORY to write to"))
	}
	if len(args) > 0 && isProviderVerb(args[0]) {
		return conclude(s, runProvider(provider))
	}
	root := Root(version, s, provider)
	root.SetArgs(args)
	return conclude(s, root.Execute())
}

// conclude says on stderr what err has to say, and returns its status.
func conclude(s System, err error) int {
	if err == nil {
		return StatusOK
	}
	var status *StatusError
	if !errors.As(err, &status) {
		status = &StatusError{StatusUnknown, err} // cobra's own: unknown command, unknown flag
	}
	if status.Err != nil {
		fmt.Fprintln(s.Stderr, "ws-diagnose: "+oneLine(status.Err.Error()))
	}
	return status.Status
}

// The groups of commands on the help page.
var (
	people = &cobra.Group{ID: "people", Title: "For people and monitoring:"}
	server = &cobra.Group{ID: "server", Title: "As a DRP plugin provider:"}
)

// Root is the whole program's command. Further commands for people may be added to it.
func Root(version string, s System, provider func() error) *cobra.Command {
	root := &cobra.Command{
		Use:   "ws-diagnose",
		Short: "Find out why the RackN portal cannot reach a DRP endpoint",
		Long: `ws-diagnose walks the way of the RackN portal to a DRP endpoint (name, TCP, TLS, certificate,
HTTP, websocket), says at which step and why it breaks, what the user's browser shows for it,
and which command mends it. It is a command for people and monitoring, and a plugin provider
that a DRP endpoint runs by itself.`,
		Example: `  ws-diagnose check https://drp.example.com:8092
  ws-diagnose watch https://drp.example.com:8092
  ws-diagnose explain 1006`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetOut(s.Stdout)
	root.SetErr(s.Stderr)
	root.AddGroup(people, server)
	root.SetHelpCommandGroupID(people.ID)
	root.PersistentFlags().BoolP("debug", "d", false, "for the provider's commands, which take it")
	_ = root.PersistentFlags().MarkHidden("debug") // fails for an unknown flag only
	root.AddCommand(checkCommand(version, s), watchCommand(version, s), explainCommand(s), autocompleteCommand())
	root.AddCommand(providerCommands(provider)...)
	return root
}
