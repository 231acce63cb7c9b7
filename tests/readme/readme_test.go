// Package readme keeps the README true: what it shows of the program is what the program printed.
//
// A line `<!-- include SOURCE -->` in the README is followed by a block that this test compares with
// its source, a golden file of another test or a table made here. With -update it is written anew.
package readme

import (
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gitlab.com/rackn/provision/v4/models"
	"gitlab.com/rackn/provision/v4/store"

	"ws-diagnose/plugin/diagnose"
)

const readme = "../../README.md"

var update = flag.Bool("update", false, "write the included blocks of the README anew")

// included is one block: the marker, and what stands between it and its end marker.
var included = regexp.MustCompile(`(?s)<!-- include (\S+) -->\n(?:(.*?)<!-- end -->\n)?`)

func TestIncludedBlocks(t *testing.T) {
	old, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	fresh := included.ReplaceAllStringFunc(string(old), func(block string) string {
		source := included.FindStringSubmatch(block)[1]
		return fmt.Sprintf("<!-- include %s -->\n%s<!-- end -->\n", source, render(t, source))
	})
	if *update {
		if err := os.WriteFile(readme, []byte(fresh), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if fresh != string(old) {
		t.Error("README.md shows something else than the program does; run `go -C tests test ./readme -update` and read the difference")
	}
}

// render is the block of a source: tables as they are, text as it was printed.
func render(t *testing.T, source string) string {
	switch source {
	case "generated:params":
		return paramTable(t)
	case "generated:findings":
		return findingTable()
	}
	text, err := os.ReadFile(filepath.Join("../..", source))
	if err != nil {
		t.Fatal(err)
	}
	if path.Ext(source) == ".md" {
		return string(text)
	}
	return "```text\n" + strings.TrimRight(string(text), "\n") + "\n```\n"
}

// paramTable lists the settings of the plugin.
func paramTable(t *testing.T) string {
	files, err := filepath.Glob("../../params/ws-diagnose.*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no params: %v", err)
	}
	var b strings.Builder
	b.WriteString("| Param | Default | What it does |\n|---|---|---|\n")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		param := &models.Param{}
		if err := store.YamlCodec.Decode(text, param); err != nil {
			t.Fatal(err)
		}
		value, ok := param.DefaultValue()
		if !ok {
			continue // set by the plugin on its own objects, or a secret: not a setting
		}
		fmt.Fprintf(&b, "| `%s` | `%v` | %s |\n", param.Name, shown(value), param.Description)
	}
	return b.String()
}

func shown(value any) any {
	if value == "" {
		return `""`
	}
	return value
}

// findingTable lists the catalogue.
func findingTable() string {
	var b strings.Builder
	b.WriteString("| Finding | Level | What it says |\n|---|---|---|\n")
	for _, e := range diagnose.Catalogue() {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", e.ID, e.Level, e.Title)
	}
	return b.String()
}

// Links within the repository lead somewhere.
func TestLinks(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range regexp.MustCompile(`\]\(([^)#]+)\)`).FindAllStringSubmatch(string(text), -1) {
		if _, err := os.Stat(filepath.Join("../..", link[1])); err != nil {
			t.Errorf("the link %s leads nowhere: %v", link[1], err)
		}
	}
}
