package plugin

import (
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gitlab.com/rackn/provision/v4/api"
	"gitlab.com/rackn/provision/v4/models"
	"gitlab.com/rackn/provision/v4/store"

	"ws-diagnose/content"
	"ws-diagnose/params"
)

//go:generate go test -run TestBundle$ -update .
//go:generate go test -run TestDefinitionFile -update .

var update = flag.Bool("update", false, "write the content bundle and golden files anew")

// bundle is the form of a content bundle: what describes it, and its objects by type and name.
type bundle struct {
	Meta     map[string]string                  `json:"meta"`
	Sections map[string]map[string]models.Model `json:"sections"`
}

// metaFields are the fields that describe a bundle; one without a file is empty.
var metaFields = []string{"Name", "Version", "Description", "Source", "Documentation", "RequiredFeatures",
	"Type", "Color", "Icon", "Author", "DisplayName", "License", "Copyright", "CodeSource", "Order", "Tags",
	"DocUrl", "Prerequisites"}

// assemble makes the bundle of the trees content/ and params/, by the SDK's own types.
func assemble(t *testing.T) []byte {
	t.Helper()
	b := bundle{Meta: map[string]string{}, Sections: map[string]map[string]models.Model{}}
	for _, field := range metaFields {
		text, err := content.Files.ReadFile("._" + field + ".meta")
		if err != nil && field == "Version" {
			text = []byte("v0.0.0") // the server puts the provider's in its place
		}
		b.Meta[field] = strings.TrimSpace(string(text))
	}
	add := func(section string, tree fs.FS, file string) {
		text, err := fs.ReadFile(tree, file)
		if err != nil {
			t.Fatal(err)
		}
		object, err := models.New(section)
		if err != nil {
			t.Fatal(err)
		}
		if err := store.YamlCodec.Decode(text, object); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if b.Sections[section] == nil {
			b.Sections[section] = map[string]models.Model{}
		}
		b.Sections[section][object.Key()] = object
	}
	for _, file := range files(t, params.Files, "*.yaml") {
		add("params", params.Files, file)
	}
	for _, file := range files(t, content.Files, "*/*.yaml") {
		add(path.Dir(file), content.Files, file)
	}
	text, err := store.YamlCodec.Encode(b)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func files(t *testing.T, tree fs.FS, pattern string) []string {
	t.Helper()
	list, err := fs.Glob(tree, pattern)
	if err != nil || len(list) == 0 {
		t.Fatalf("no files %s: %v", pattern, err)
	}
	return list
}

// TestBundle compares the bundle that the program carries with the trees that it is made of.
func TestBundle(t *testing.T) {
	want := string(assemble(t))
	if *update {
		if err := os.WriteFile("../content/bundle.yaml", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, content.Bundle); diff != "" {
		t.Errorf("content/bundle.yaml is not up to date, run go generate ./plugin:\n%s", diff)
	}
}

// TestDefinitionFile compares what define prints with the definition as the SDK encodes it.
func TestDefinitionFile(t *testing.T) {
	encoded, err := json.MarshalIndent(Definition(versionMark), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want := string(encoded) + "\n"
	if *update {
		if err := os.WriteFile("definition.json", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, definitionJSON); diff != "" {
		t.Errorf("definition.json is not up to date, run go generate ./plugin:\n%s", diff)
	}
	var out strings.Builder
	if err := Define(&out, "v9.8.7"); err != nil || strings.Count(out.String(), "v9.8.7") != 1 || strings.Contains(out.String(), versionMark) {
		t.Errorf("define does not put the version in: %v", err)
	}
}

// TestBundleIsTheSDKs compares our bundle with the one that the SDK makes, as drpcli contents bundle
// does, byte for byte.
func TestBundleIsTheSDKs(t *testing.T) {
	tree := t.TempDir()
	if err := os.CopyFS(tree, content.Files); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(tree, "params"), params.Files); err != nil {
		t.Fatal(err)
	}
	os.Remove(filepath.Join(tree, "params", "embed.go"))
	file := filepath.Join(t.TempDir(), "bundle.yaml")
	destination, err := store.Open("file:" + file + "?codec=yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := api.DisconnectedClient().BundleContent(tree, destination, map[string]string{}); err != nil {
		t.Fatal(err)
	}
	destination.Close()
	theirs, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(theirs), string(assemble(t))); diff != "" {
		t.Errorf("the SDK's bundle (-) is not ours (+):\n%s", diff)
	}
}
