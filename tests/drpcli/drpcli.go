// Package drpcli runs the real drpcli, the version in this module's go.mod, against an endpoint.
package drpcli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// timeout bounds one command.
const timeout = time.Minute

// Path builds drpcli, once, into Go's build cache and returns where it is.
var Path = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "tool", "-n", "drpcli").Output()
	if err != nil {
		return "", fmt.Errorf("build drpcli: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
})

// AddToPath lets scripts that a test starts find drpcli.
func AddToPath(t testing.TB) {
	t.Helper()
	path, err := Path()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", filepath.Dir(path)+string(filepath.ListSeparator)+os.Getenv("PATH"))
}

// CLI is drpcli with an endpoint and a user. It neither sees nor changes the caller's own settings
// and cached tokens.
type CLI struct {
	t    testing.TB
	path string
	env  []string
}

// New prepares drpcli for an endpoint.
func New(t testing.TB, endpoint, user, password string) *CLI {
	t.Helper()
	path, err := Path()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	return &CLI{t: t, path: path, env: []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "RS_TOKEN_CACHE=" + home,
		"RS_ENDPOINT=" + endpoint, "RS_KEY=" + user + ":" + password,
	}}
}

// WithToken is drpcli with a token instead of a user.
func (c *CLI) WithToken(token string) *CLI {
	other := *c
	other.env = append(c.env[:len(c.env):len(c.env)], "RS_TOKEN="+token)
	return &other
}

// Command prepares a run; its output is the caller's business.
func (c *CLI) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.path, args...)
	cmd.Env = c.env
	cmd.WaitDelay = time.Second
	return cmd
}

// Try runs a command and returns what it printed; the error of one that fails holds its stderr.
func (c *CLI) Try(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), timeout)
	defer cancel()
	cmd := c.Command(ctx, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		message, _, _ := strings.Cut(stderr.String(), "\nUsage:")
		err = fmt.Errorf("drpcli %s: %w\n%s", strings.Join(args, " "), err, message)
	}
	return string(out), err
}

// Run runs a command that must succeed.
func (c *CLI) Run(args ...string) string {
	c.t.Helper()
	out, err := c.Try(args...)
	if err != nil {
		c.t.Fatal(err)
	}
	return out
}

// Into runs a command that must succeed and decodes the JSON it prints.
func (c *CLI) Into(v any, args ...string) {
	c.t.Helper()
	out := c.Run(args...)
	if err := json.Unmarshal([]byte(out), v); err != nil {
		c.t.Fatalf("drpcli %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}
