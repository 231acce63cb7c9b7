// Package page holds the self-test page: plain HTML, CSS and JavaScript that walks the portal's path
// from the user's own browser. DRP serves it from the provider's file space, where Write puts it, at
// diagnose.SelfTestPath.
package page

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"ws-diagnose/plugin/closecode"
)

//go:embed files
var files embed.FS

// Write puts the page's files into dir, which exists. Files of an earlier version are replaced.
func Write(dir string) error {
	pages, err := fs.Sub(files, "files")
	if err != nil {
		return err
	}
	entries, err := fs.ReadDir(pages, ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		data, err := fs.ReadFile(pages, e.Name())
		if err != nil {
			return err
		}
		if err := write(dir, e.Name(), data); err != nil {
			return err
		}
	}
	return write(dir, "closecodes.js", closeCodes())
}

func write(dir, name string, data []byte) error {
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		return fmt.Errorf("unpacking the self-test page: %w; check that the directory exists and is writable", err)
	}
	return nil
}

// closeCodes renders what package closecode knows as the script module that the page imports, so
// that page and command line say the same.
func closeCodes() []byte {
	type entry struct {
		Low     int      `json:"low"`
		High    int      `json:"high"`
		Name    string   `json:"name"`
		Meaning string   `json:"meaning"`
		Remedy  []string `json:"remedy"`
	}
	var known []entry
	for _, c := range closecode.All() {
		known = append(known, entry{c.Low, c.High, c.Name, c.Meaning, c.Remedy})
	}
	var b bytes.Buffer
	b.WriteString("// Written from the program's own table of close codes.\nexport const CLOSE_CODES = ")
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	if err := e.Encode(known); err != nil {
		panic(err) // strings and integers only: cannot fail
	}
	return b.Bytes()
}
