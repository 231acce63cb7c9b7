package command

import (
	"github.com/spf13/cobra"
)

// providerVerbs are the commands that the SDK implements.
var providerVerbs = []struct{ name, args, short string }{
	{"define", "", "Print the provider's definition and content as JSON, as a server asks for it"},
	{"listen", " TO-PLUGIN FROM-PLUGIN", "Serve a DRP server over two unix sockets"},
	{"unpack", " DIRECTORY", "Write the provider's files into a directory of the file server"},
	{"standalone", " [PARAMS]", "Run the plugin without a server's sockets, with RS_ENDPOINT and RS_TOKEN"},
	{"version", "", "Print the version"},
}

func isProviderVerb(word string) bool {
	for _, verb := range providerVerbs {
		if verb.name == word {
			return true
		}
	}
	return false
}

// runProvider hands the process over to the SDK, which says on stderr itself what went wrong.
func runProvider(provider func() error) error {
	if err := provider(); err != nil {
		return &StatusError{Status: 1}
	}
	return nil
}

// providerCommands put the SDK's commands on our help page. The arguments go on to it untouched.
func providerCommands(provider func() error) []*cobra.Command {
	var commands []*cobra.Command
	for _, verb := range providerVerbs {
		commands = append(commands, &cobra.Command{
			Use: verb.name + verb.args, Short: verb.short, GroupID: server.ID,
			DisableFlagParsing: true,
			RunE:               func(*cobra.Command, []string) error { return runProvider(provider) },
		})
	}
	return commands
}

// autocompleteCommand takes the place of the SDK's, which would know the SDK's commands only.
func autocompleteCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "autocomplete FILE",
		Short:   "Write a completion script for bash",
		Long:    "Write a completion script for bash, to be put into /etc/bash_completion.d.",
		Example: "  ws-diagnose autocomplete /etc/bash_completion.d/ws-diagnose",
		GroupID: people.ID,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return c.Root().GenBashCompletionFileV2(args[0], true)
		},
	}
}
