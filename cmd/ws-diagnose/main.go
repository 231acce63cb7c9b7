// Command ws-diagnose finds out why the RackN portal cannot reach a DRP endpoint: as a command for
// people and monitoring, and as a DRP plugin provider.
package main

import (
	"os"

	"ws-diagnose/plugin"
	"ws-diagnose/plugin/command"
)

// version is set by the linker: -ldflags "-X main.version=v1.2.3".
var version = "v0.0.0-dev"

func main() {
	os.Exit(command.Main(version, os.Args[1:], command.OS(), func() error { return plugin.Main(version) }))
}
