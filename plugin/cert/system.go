package cert

import (
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// The places where Linux distributions keep their trusted roots, as crypto/x509 looks for them: the
// first of the files that can be read, and all of the directories. Go hands its own pool out only
// for verifying; we need the certificates themselves.
var (
	systemFiles = []string{
		"/etc/ssl/certs/ca-certificates.crt",                // Debian, Ubuntu, Gentoo
		"/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora, RHEL 6
		"/etc/ssl/ca-bundle.pem",                            // openSUSE
		"/etc/pki/tls/cacert.pem",                           // OpenELEC
		"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // RHEL 7 and later
		"/etc/ssl/cert.pem",                                 // Alpine
	}
	systemDirs = []string{"/etc/ssl/certs", "/etc/pki/tls/certs"}
)

// systemPlaces returns where to look, with OpenSSL's environment variables considered.
func systemPlaces() (files, dirs []string) {
	files, dirs = systemFiles, systemDirs
	if f := os.Getenv("SSL_CERT_FILE"); f != "" {
		files = []string{f}
	}
	if d := os.Getenv("SSL_CERT_DIR"); d != "" {
		dirs = strings.Split(d, ":")
	}
	return files, dirs
}

// systemStore holds the system's roots as they were at one time.
type systemStore struct {
	store
	stamp   string // of the places they came from
	problem string // why there are none; "" when there are
}

var system struct {
	sync.Mutex
	last *systemStore
}

// currentSystem returns the system's roots. They are kept until one of their places changes: a
// root installed while the plugin runs counts from the next run on.
func currentSystem() *systemStore {
	files, dirs := systemPlaces()
	stamp := stampOf(files, dirs)
	system.Lock()
	defer system.Unlock()
	if system.last == nil || system.last.stamp != stamp {
		system.last = readSystem(files, dirs)
		system.last.stamp = stamp
	}
	return system.last
}

// stampOf tells the state of the places by names, sizes and times of change.
func stampOf(files, dirs []string) string {
	var b strings.Builder
	for _, place := range append(files[:len(files):len(files)], dirs...) {
		if info, err := os.Stat(place); err == nil {
			fmt.Fprintln(&b, place, info.Size(), info.ModTime().UnixNano())
		}
	}
	return b.String()
}

// readSystem reads the first file there is, and every directory.
func readSystem(files, dirs []string) *systemStore {
	s := new(systemStore)
	var failed error
	note := func(err error) {
		if failed == nil && !errors.Is(err, fs.ErrNotExist) {
			failed = err
		}
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err == nil {
			s.addPEM(data)
			break
		}
		note(err)
	}
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			note(err)
		}
		for _, e := range entries {
			if name := filepath.Join(dir, e.Name()); !aliasInDir(e, name) {
				if data, err := os.ReadFile(name); err == nil {
					s.addPEM(data)
				}
			}
		}
	}
	switch {
	case len(s.bySubject) > 0:
	case failed != nil:
		s.problem = "the system's trusted roots cannot be read: " + failed.Error()
	default:
		s.problem = "this system has no trusted roots (package ca-certificates?); looked at " +
			strings.Join(append(files[:len(files):len(files)], dirs...), ", ")
	}
	return s
}

// aliasInDir says whether e is a link to a neighbour, as the hashed names that c_rehash makes are:
// there are as many as certificates, and reading them too would take twice the time.
func aliasInDir(e fs.DirEntry, name string) bool {
	if e.Type()&fs.ModeSymlink == 0 {
		return false
	}
	target, err := os.Readlink(name)
	return err == nil && !strings.Contains(target, "/")
}

// addPEM adds every certificate in PEM text.
func (s *store) addPEM(data []byte) {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" && len(block.Headers) == 0 {
			s.add(block.Bytes)
		}
	}
}
