package page

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	for range 2 { // an upgrade writes over what is there
		if err := Write(dir); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"index.html", "style.css", "page.js", "walk.js", "diagnosis.js", "rules-api.js", "rules-socket.js", "words.js", "closecodes.js", "icon.svg"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v, want a file with content", name, err)
		}
	}
	if !strings.Contains(string(closeCodes()), `"low": 1006`) {
		t.Error("closecodes.js lacks 1006")
	}
}

func TestWriteNowhere(t *testing.T) {
	if err := Write(filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Fatal("writing into a directory that does not exist succeeded")
	}
}

// The page must work offline, and text from a server must never become HTML.
func TestFilesKeepToThemselves(t *testing.T) {
	entries, err := files.ReadDir("files")
	if err != nil {
		t.Fatal(err)
	}
	foreign := regexp.MustCompile(`(?:src|href)="(?:https?:)?//|@import|url\(`)
	html := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(`)
	for _, e := range entries {
		data, err := files.ReadFile("files/" + e.Name())
		if err != nil {
			t.Fatal(err)
		}
		if m := foreign.Find(data); m != nil {
			t.Errorf("%s fetches something from elsewhere: %s", e.Name(), m)
		}
		if m := html.Find(data); m != nil {
			t.Errorf("%s makes HTML of text: %s", e.Name(), m)
		}
		if strings.HasSuffix(e.Name(), ".html") && regexp.MustCompile(`(?i)\son\w+=|<script>|<style`).Match(data) {
			t.Errorf("%s has inline script or style, which its policy forbids", e.Name())
		}
	}
}
