package plugin

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"text/template"

	"gitlab.com/rackn/provision/v4/models"
	"gitlab.com/rackn/provision/v4/store"

	"ws-diagnose/content"
)

// machine is what DRP hands to a template, as far as ours uses it.
type machine map[string]any

// Param is the value of a param on the machine.
func (m machine) Param(name string) (any, error) { return m[name], nil }

// script renders the task's template as DRP does.
func script(t *testing.T, fail bool) string {
	t.Helper()
	text, err := content.Files.ReadFile("tasks/ws-diagnose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	task := &models.Task{}
	if err := store.YamlCodec.Decode(text, task); err != nil {
		t.Fatal(err)
	}
	rendered, err := template.New("task").Option("missingkey=error").Parse(task.Templates[0].Contents)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := rendered.Execute(&out, machine{"ws-diagnose/fail-work-order": fail}); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ws-diagnose.sh")
	if err := os.WriteFile(file, out.Bytes(), 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestTaskIsCleanShell(t *testing.T) {
	shellcheck, err := exec.LookPath("shellcheck")
	if err != nil {
		t.Skip("no shellcheck here")
	}
	for _, fail := range []bool{true, false} {
		if out, err := exec.CommandContext(t.Context(), shellcheck, script(t, fail)).CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
}

// TestTaskStatus runs the task with a drpcli that answers as it is told.
func TestTaskStatus(t *testing.T) {
	for _, tool := range []string{"bash", "jq"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s here", tool)
		}
	}
	const order = "11111111-2222-3333-4444-555555555555"
	for _, c := range []struct {
		name, answer string
		fail, ok     bool
		says         string
	}{
		{"ok", `{"verdict":"ok","markdown":"**all is well**"}`, true, true, "**all is well**"},
		{"error", `{"verdict":"error","markdown":"**broken**"}`, false, true, "**broken**"},
		{"error that is to fail", `{"verdict":"error","markdown":"**broken**"}`, true, false, "**broken**"},
		{"warning", `{"verdict":"warn","markdown":"**soon**"}`, true, true, "**soon**"},
		{"action fails", "", false, false, "the plugin's action failed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bin := t.TempDir()
			drpcli := "#!/bin/sh\necho \"$@\" >&2\n[ -n '" + c.answer + "' ] && echo '" + c.answer + "'\n"
			if err := os.WriteFile(filepath.Join(bin, "drpcli"), []byte(drpcli), 0o755); err != nil {
				t.Fatal(err)
			}
			run := exec.CommandContext(t.Context(), script(t, c.fail))
			run.Env = []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "RS_WORKORDER_UUID=" + order}
			out, err := run.CombinedOutput()
			if (err == nil) != c.ok || !strings.Contains(string(out), c.says) || !strings.Contains(string(out), order) {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
