package command

import (
	"github.com/spf13/cobra"
)

// providerCommands are those that the SDK implements. They are here for the help page; the
// arguments go on to the SDK untouched.
func providerCommands(provider func() error) []*cobra.Command {
	var commands []*cobra.Command
	for _, c := range []struct{ use, short string }{
		{"define", "Print the provider's definition and content as JSON, as a server asks for it"},
		{"listen TO-PLUGIN FROM-PLUGIN", "Serve a DRP server over two unix sockets"},
		{"unpack DIRECTORY", "Write the provider's files into a directory of the file server"},
		{"standalone [PARAMS]", "Run the plugin without a server's sockets, with RS_ENDPOINT and RS_TOKEN"},
		{"version", "Print the version"},
	} {
		commands = append(commands, &cobra.Command{
			Use: c.use, Short: c.short, GroupID: server.ID,
			DisableFlagParsing: true,
			RunE: func(*cobra.Command, []string) error {
				if err := provider(); err != nil {
					return &StatusError{Status: 1} // the SDK has said why
				}
				return nil
			},
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
