package plugin

import (
	_ "embed"
	"io"
	"strings"

	"gitlab.com/rackn/provision/v4/models"

	"ws-diagnose/content"
)

// documentation is what the portal shows of the provider.
const documentation = `Finds out why the portal's websocket fails, and says how to mend it.

Pick the action ws-diagnose on this plugin, or run

    drpcli plugins runaction ws-diagnose ws-diagnose

Tell it under which names and addresses your users reach this endpoint:

    drpcli plugins set ws-diagnose param ws-diagnose/endpoints to '["https://drp.example.com:8092"]'

Users test from their own browser on the self-test page, which the HTTPS file port serves:

    https://drp.example.com:8090/files/plugin_providers/ws-diagnose/index.html
`

// definitionJSON is Definition(versionMark), made by go generate.
//
//go:embed definition.json
var definitionJSON string

// versionMark stands in definition.json where the version goes.
const versionMark = "v0.0.0-generated"

// Define writes what the verb define prints.
func Define(w io.Writer, version string) error {
	_, err := io.WriteString(w, strings.Replace(definitionJSON, versionMark, version, 1))
	return err
}

// Definition is what a DRP server learns of this provider by the verb define. It has no null
// lists: the SDK does not fill them in.
func Definition(version string) *models.PluginProvider {
	definition := &models.PluginProvider{
		Name:             Name,
		Version:          version,
		PluginVersion:    4,
		AutoStart:        true,
		AvailableActions: actions(),
		OptionalParams:   paramNames(forConfig),
		Documentation:    documentation,
		Content:          content.Bundle,
		Meta:             models.Meta{"color": "blue", "icon": "heartbeat", "title": "Websocket diagnosis"},
	}
	definition.Fill()
	return definition
}

// actions lists the one action under every type of object that it stands for. No param is
// required: the portal hides an action whose required params are missing.
func actions() []models.AvailableAction {
	var list []models.AvailableAction
	for _, model := range []string{"", "plugins", "machines", "endpoints"} { // "" is the system
		list = append(list, models.AvailableAction{
			Provider:       Name,
			Model:          model,
			Command:        Name,
			RequiredParams: []string{},
			OptionalParams: paramNames(forAction),
		})
	}
	return list
}
