package plugin

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is ours; own packages are named below it.
const module = "ws-diagnose/"

// mayImport says which packages of ours each package may use: imports follow the data, from the
// evidence to the report and on. What is not listed may use anything.
var mayImport = map[string][]string{
	"plugin/trace":     {},
	"plugin/cert":      {"plugin/trace"},
	"plugin/closecode": {"plugin/trace"},
	"plugin/browser":   {"plugin/trace"},
	"plugin/probe":     {"plugin/trace", "plugin/cert", "plugin/closecode", "plugin/browser"},
	"plugin/watch":     {"plugin/trace", "plugin/cert", "plugin/closecode", "plugin/browser", "plugin/probe"},
	"plugin/diagnose":  {"plugin/trace", "plugin/cert", "plugin/closecode", "plugin/browser"},
	"plugin/report":    {"plugin/diagnose", "plugin/browser"},
	"plugin/alert":     {"plugin/diagnose", "plugin/report"},
	"plugin/page":      {"plugin/trace", "plugin/diagnose", "plugin/browser", "plugin/closecode"},
	"content":          {},
	"params":           {},
}

// sdkUsers are the packages that may use the SDK of DRP.
var sdkUsers = []string{"plugin", "plugin/alert"}

// TestImportsFollowTheData holds every package of the program to the two rules above.
func TestImportsFollowTheData(t *testing.T) {
	seen := 0
	for file := range programFiles(t) {
		seen++
		pkg := filepath.ToSlash(filepath.Dir(file))
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", file), nil, parser.ImportsOnly)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, spec := range parsed.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			own, isOurs := strings.CutPrefix(path, module)
			allowed, limited := mayImport[pkg]
			if isOurs && limited && !slices.Contains(allowed, own) {
				t.Errorf("%s imports %s: against the path of the data", file, own)
			}
			if strings.HasPrefix(path, "gitlab.com/rackn/") && !slices.Contains(sdkUsers, pkg) {
				t.Errorf("%s imports %s: the SDK is for %v alone", file, path, sdkUsers)
			}
		}
	}
	if seen < 20 {
		t.Errorf("only %d files looked at", seen)
	}
}

// programFiles yields the Go files of the program, tests left out, by their path in the module.
func programFiles(t *testing.T) func(func(string) bool) {
	return func(yield func(string) bool) {
		for _, root := range []string{"cmd", "plugin", "content", "params"} {
			err := filepath.WalkDir(filepath.Join("..", root), func(path string, entry os.DirEntry, err error) error {
				if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
					return err
				}
				if !yield(strings.TrimPrefix(filepath.ToSlash(path), "../")) {
					return filepath.SkipAll
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}
