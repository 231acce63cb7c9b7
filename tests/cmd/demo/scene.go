package main

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"ws-diagnose/tests/emulator"
)

const (
	// lifetime of the certificates shown, in days: that of the one DRP makes for itself.
	lifetime = 365
	patience = 60 * time.Second
	maxBody  = 16 << 20
)

// scene is an emulated endpoint and a user who is logged in to it, as the portal is.
type scene struct {
	out        io.Writer
	endpoint   *emulator.Endpoint
	provider   string
	client     *http.Client
	generation int // lives that the plugin was made to begin
}

func open(out io.Writer, provider string) (*scene, error) {
	if _, err := os.Stat(provider); err != nil {
		return nil, fmt.Errorf("the provider binary is missing: %w; run `make build` first", err)
	}
	e, err := emulator.Start(emulator.Options{ID: "drp.example.com"})
	if err != nil {
		return nil, err
	}
	// The endpoint's certificate is self-signed and made a moment ago; there is nothing to verify it by.
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	s := &scene{out: out, endpoint: e, provider: provider, client: &http.Client{Timeout: patience, Transport: transport}}
	s.say("A DRP endpoint is up at %s: emulated, but what it runs is the real provider.", e.URL())
	return s, nil
}

func (s *scene) close() error {
	s.client.CloseIdleConnections()
	return s.endpoint.Close()
}

// say prints a line.
func (s *scene) say(format string, args ...any) { fmt.Fprintf(s.out, format+"\n", args...) }

// certificate gives both TLS ports a certificate of the usual lifetime with so many days left.
func (s *scene) certificate(days int) error {
	now := time.Now()
	end := now.AddDate(0, 0, days).Add(time.Minute)
	if days < 0 || days == lifetime {
		end = now.AddDate(0, 0, days) // neither half a day less, nor yet to begin
	}
	cert, err := emulator.NewCertificate(emulator.CertificateOptions{NotBefore: end.AddDate(0, 0, -lifetime), NotAfter: end})
	if err != nil {
		return err
	}
	s.endpoint.SetCertificate(cert)
	s.endpoint.SetFileCertificate(cert)
	return nil
}

// upload installs the provider, as `drpcli plugin_providers upload` does.
func (s *scene) upload() error {
	binary, err := os.Open(s.provider)
	if err != nil {
		return err
	}
	defer binary.Close()
	var stored struct {
		Path string `json:"path"`
		Size int64  `json:"size"`
	}
	err = s.send(http.MethodPost, "plugin_providers/ws-diagnose", "application/octet-stream", binary, &stored)
	if err != nil {
		return err
	}
	s.say("The provider %s was uploaded, %.1f MB, and its plugin started.", stored.Path, float64(stored.Size)/1e6)
	return nil
}

// act runs the action on the plugin, as the portal's menu does.
func (s *scene) act(params map[string]any) (*result, error) {
	if params == nil {
		params = map[string]any{}
	}
	r := &result{}
	return r, s.call(http.MethodPost, "plugins/ws-diagnose/actions/ws-diagnose", params, r)
}

// set sets a param of an object.
func (s *scene) set(object, param string, value any) error {
	return s.call(http.MethodPost, object+"/params/"+param, value, nil)
}

// call makes one API request with a JSON body and decodes the answer into out, unless out is nil.
func (s *scene) call(method, path string, body, out any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return s.send(method, path, "application/json", bytes.NewReader(text), out)
}

func (s *scene) send(method, path, contentType string, body io.Reader, out any) error {
	request, err := http.NewRequest(method, s.endpoint.URL()+"/api/v3/"+path, body)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", contentType)
	request.SetBasicAuth(s.endpoint.Username(), s.endpoint.Password())
	response, err := s.client.Do(request)
	if err != nil {
		return err
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return err
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, answer)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}
