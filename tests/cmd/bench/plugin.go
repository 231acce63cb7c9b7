package main

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"ws-diagnose/tests/emulator"
)

// sizeOfBinary is the stripped binary's size.
func sizeOfBinary(provider string, _ *server) (row, error) {
	info, err := os.Stat(provider)
	if err != nil {
		return row{}, err
	}
	return row{"stripped binary", "", fmt.Sprintf("%.1f MB", float64(info.Size())/1e6), "", "<= 14 MB"}, nil
}

// idleMemory is the resident size of a configured plugin after one action, at rest.
func idleMemory(provider string, _ *server) (row, error) {
	e, err := emulator.Start(emulator.Options{})
	if err != nil {
		return row{}, err
	}
	defer e.Close()
	binary, err := os.ReadFile(provider)
	if err != nil {
		return row{}, err
	}
	// The emulator's certificate is self-signed and made a moment ago.
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	for _, call := range []struct {
		path, kind string
		body       []byte
	}{
		{"plugin_providers/ws-diagnose", "application/octet-stream", binary},
		{"plugins/ws-diagnose/actions/ws-diagnose", "application/json", []byte("{}")},
	} {
		request, err := http.NewRequest(http.MethodPost, e.URL()+"/api/v3/"+call.path, bytes.NewReader(call.body))
		if err != nil {
			return row{}, err
		}
		request.Header.Set("Content-Type", call.kind)
		request.SetBasicAuth(e.Username(), e.Password())
		response, err := client.Do(request)
		if err != nil {
			return row{}, err
		}
		answer, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if response.StatusCode >= 300 {
			return row{}, fmt.Errorf("%s: %s: %s", call.path, response.Status, answer)
		}
	}
	kb, err := residentChild("ws-diagnose")
	return row{"resident size of the plugin after an action", "", fmt.Sprintf("%.1f MiB", float64(kb)/1024), "", "<= 24 MiB"}, err
}

// residentChild is the resident size, in KiB, of this process's child that runs the plugin.
func residentChild(name string) (int, error) {
	children, err := filepath.Glob("/proc/[0-9]*/status")
	if err != nil {
		return 0, err
	}
	parent := strconv.Itoa(os.Getpid())
	for _, path := range children {
		data, err := os.ReadFile(path)
		if err != nil {
			continue // ended meanwhile
		}
		status := fields(string(data))
		if status["PPid"] == parent && strings.HasPrefix(name, status["Name"]) {
			return strconv.Atoi(strings.TrimSuffix(status["VmRSS"], " kB"))
		}
	}
	return 0, fmt.Errorf("no running plugin process was found")
}

func fields(status string) map[string]string {
	m := map[string]string{}
	for line := range strings.Lines(status) {
		key, value, _ := strings.Cut(line, ":")
		m[key] = strings.TrimSpace(value)
	}
	return m
}
