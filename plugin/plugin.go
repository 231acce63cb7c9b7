// Package plugin is the DRP plugin provider: what the server learns of us (definition, content,
// params), what it asks of us (config, action, stop), and when we check by ourselves.
//
// It gathers what a run needs from the server, has probe look and diagnose judge, and hands the
// reports on: to the caller of the action, to package alert, and to the memory in DRP that outlives
// the process. The checking itself knows nothing of DRP's plugins and lives in the packages below.
package plugin

import (
	"os"
	"slices"

	"github.com/spf13/cobra"
	sdk "gitlab.com/rackn/provision/v4/plugin"
)

// Name is the name of the provider, of its plugin, of its action and of what its content brings.
const Name = "ws-diagnose"

// Main runs the program: the verbs that a DRP server calls (define, listen, unpack, version), and
// commands beside them. Version is that of the program, as `v1.2.3`.
//
// The SDK watches its parent process from then on and ends this one when the parent is gone. Only
// define does without it: a server runs that for every provider at each start and waits.
func Main(version string, commands ...*cobra.Command) error {
	if slices.Equal(os.Args[1:], []string{"define"}) {
		return Define(os.Stdout, version)
	}
	sdk.InitApp(Name, "Find out why the portal's websocket fails, and how to mend it", version,
		Definition(version), NewProvider(version))
	sdk.App.AddCommand(commands...)
	return sdk.App.Execute()
}
