package e2e

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"ws-diagnose/tests/drpcli"
	"ws-diagnose/tests/emulator"
)

// roleInREADME is the role that the README recommends to operators.
var roleInREADME = regexp.MustCompile(`(?s)drpcli roles create '(.*?)'`)

// TestOperatorsRole has a user with nothing but the role of the README: the action can be found
// and run, and nothing else can be done.
func TestOperatorsRole(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	role := roleInREADME.FindSubmatch(readme)
	if role == nil {
		t.Fatal("the README has no role")
	}
	e, admin := install(t, emulator.Options{})
	admin.Run("roles", "create", string(role[1]))
	admin.Run("users", "create", `{"Name":"alice","Roles":["ws-diagnose-operator"]}`)
	admin.Run("users", "password", "alice", "secret-of-alice")
	alice := drpcli.New(t, e.URL(), "alice", "secret-of-alice")
	for _, allowed := range []string{
		"plugins show ws-diagnose",
		"plugins actions ws-diagnose",
		"plugins runaction ws-diagnose ws-diagnose",
	} {
		if out, err := alice.Try(strings.Fields(allowed)...); err != nil || !strings.Contains(out, name) {
			t.Errorf("%s: %s, %v", allowed, out, err)
		}
	}
	for _, refused := range []string{
		"plugins list",
		"system runaction ws-diagnose",
		"plugins set ws-diagnose param ws-diagnose/alerts to false",
		"plugins destroy ws-diagnose",
		"plugin_providers destroy ws-diagnose",
		"profiles set global param trigger/ws-diagnose-enabled to true",
		"profiles show ws-diagnose-state",
		"users password alice another",
		"machines runaction Name:" + e.SelfRunner().Name + " ws-diagnose",
		"events post {}",
	} {
		if out, err := alice.Try(strings.Fields(refused)...); err == nil {
			t.Errorf("%s is allowed: %s", refused, out)
		}
	}
}
