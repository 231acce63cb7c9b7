package cert

import (
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func pemOf(e *entity) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: e.Raw})
}

func TestLoadRoots(t *testing.T) {
	root := pemOf(issue(t, caTemplate("root"), keys[0], nil))
	secret := "c2VjcmV0LXByaXZhdGUta2V5"
	key := []byte("-----BEGIN PRIVATE KEY-----\n" + secret + "\n-----END PRIVATE KEY-----\n")
	broken := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("broken")})
	cases := []struct {
		name, extra, want string
	}{
		{"nothing", "", ""},
		{"white space", " \n", ""},
		{"one", string(root), ""},
		{"one after text and a key", "# root\n" + string(key) + string(root), ""},
		{"no PEM", "hello", "no certificate among the given roots"},
		{"DER", "\x30\x82\x01\x00", "expected PEM text"},
		{"a key alone", string(key), "no certificate among the given roots"},
		{"second is broken", string(root) + string(broken), "certificate 2 of the given roots cannot be parsed"},
	}
	for _, c := range cases {
		roots, err := LoadRoots([]byte(c.extra))
		switch {
		case c.want == "" && (err != nil || roots == nil):
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: error %v, want %q in it", c.name, err, c.want)
		case err != nil && strings.Contains(err.Error(), secret):
			t.Errorf("%s: the key stands in the error: %v", c.name, err)
		}
	}
}

// systemOf makes these the system's roots: a bundle, and a directory with a file, a link to it and
// a link elsewhere.
func systemOf(t *testing.T, bundle, inDir, linked *entity) (bundleFile string) {
	t.Helper()
	base := t.TempDir()
	dir := filepath.Join(base, "certs")
	write := func(name string, e *entity) string {
		if err := os.WriteFile(name, append([]byte("# text\n"), pemOf(e)...), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write(filepath.Join(dir, "one.pem"), inDir)
	elsewhere := write(filepath.Join(base, "linked.pem"), linked)
	for name, target := range map[string]string{"0123abcd.0": "one.pem", "two.pem": elsewhere, "dead": "/nowhere/at/all"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	bundleFile = write(filepath.Join(base, "bundle.pem"), bundle)
	t.Setenv("SSL_CERT_FILE", bundleFile)
	t.Setenv("SSL_CERT_DIR", "/nowhere/certs:"+dir)
	return bundleFile
}

func TestSystemRoots(t *testing.T) {
	a := issue(t, caTemplate("a"), keys[0], nil)
	b := issue(t, caTemplate("b"), keys[1], nil)
	c := issue(t, caTemplate("c"), keys[2], nil)
	systemOf(t, a, b, c)
	for _, root := range []*entity{a, b, c} {
		got := examine(t, rootsOf(t), issue(t, leafTemplate(), keys[3], root))
		if !got.Trusted || got.Error != "" {
			t.Errorf("%v: trusted %v, error %q", root.Subject, got.Trusted, got.Error)
		}
	}
	// A self-signed certificate that an administrator added to the system's is trusted.
	self := issue(t, leafTemplate(), keys[4], nil)
	systemOf(t, a, self, c)
	if got := examine(t, rootsOf(t), self); !got.AnchorLeaf {
		t.Errorf("self-signed among the system's roots: anchor %v", got.AnchorLeaf)
	}
	// Given roots come first, and then the system's are not even read.
	roots := rootsOf(t, a)
	if got := examine(t, roots, issue(t, leafTemplate(), keys[3], a)); !got.Trusted || roots.system.Load() != nil {
		t.Errorf("given root: trusted %v, read %v", got.Trusted, roots.system.Load() != nil)
	}
}

// A root that is installed while the plugin runs counts for the next run.
func TestSystemRootsChange(t *testing.T) {
	a := issue(t, caTemplate("a"), keys[0], nil)
	b := issue(t, caTemplate("b"), keys[1], nil)
	bundle := systemOf(t, a, a, a)
	leaf := issue(t, leafTemplate(), keys[3], b)
	if examine(t, rootsOf(t), leaf).Trusted {
		t.Fatal("trusted before its root is")
	}
	if first := currentSystem(); first != currentSystem() {
		t.Error("unchanged files are read again")
	}
	if err := os.WriteFile(bundle, pemOf(b), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(bundle, now, now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if !examine(t, rootsOf(t), leaf).Trusted {
		t.Error("not trusted after its root is")
	}
}

func TestSystemRootsMissing(t *testing.T) {
	leaf := issue(t, leafTemplate(), keys[0], issue(t, caTemplate("a"), keys[1], nil))
	if got := examine(t, nil, leaf); !strings.Contains(got.Error, "testdata/none.pem, testdata/none") {
		t.Errorf("error %q does not say where the roots were looked for", got.Error)
	}
	t.Setenv("SSL_CERT_FILE", t.TempDir()) // a directory cannot be read as a file
	if got := examine(t, nil, leaf); !strings.Contains(got.Error, "cannot be read") {
		t.Errorf("error %q does not say that the roots cannot be read", got.Error)
	}
}

// Several targets are examined at a time with the same roots.
func TestRootsTogether(t *testing.T) {
	a := issue(t, caTemplate("a"), keys[0], nil)
	systemOf(t, a, a, a)
	roots, leaf := rootsOf(t), issue(t, leafTemplate(), keys[1], a)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if c, err := Examine(t.Context(), rawOf(leaf), Options{Roots: roots, Time: now}); err != nil || !c.Trusted {
				t.Errorf("%v: %+v", err, c)
			}
		})
	}
	wait.Wait()
}

func TestRawSubject(t *testing.T) {
	for _, c := range []*entity{
		issue(t, caTemplate("root"), keys[0], nil),
		{fixture(t, "dsa.pem"), nil},
		version1(t, "old", keys[1], issue(t, caTemplate("by"), keys[2], nil)),
	} {
		if got, ok := rawSubject(c.Raw); !ok || string(got) != string(c.RawSubject) {
			t.Errorf("%v: %x, %v", c.Subject, got, ok)
		}
	}
	if _, ok := rawSubject([]byte("nonsense")); ok {
		t.Error("nonsense has a subject")
	}
}
