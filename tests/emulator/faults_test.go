package emulator_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"os"
	"testing"
	"time"

	"ws-diagnose/tests/emulator"
	"ws-diagnose/tests/emulator/emutest"
)

// insecureClient takes any certificate and keeps no connection.
func insecureClient(t *testing.T) *http.Client {
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

// postAlert posts an alert and returns the status of the answer.
func postAlert(t *testing.T, e *emulator.Endpoint) (int, error) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, e.URL()+"/api/v3/alerts", bytes.NewReader([]byte(`{"Name":"an alert","Level":"Warn"}`)))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(e.Username(), e.Password())
	resp, err := insecureClient(t).Do(req)
	if err != nil {
		return 0, err
	}
	resp.Body.Close()
	return resp.StatusCode, nil
}

// TestAlertFaults: alerts that are refused, fail for a while, or whose answer is lost.
func TestAlertFaults(t *testing.T) {
	e := emutest.Start(t, emulator.Options{})
	e.Misbehave(emulator.Faults{Paths: map[string]int{"alerts": http.StatusForbidden}})
	if code, err := postAlert(t, e); code != http.StatusForbidden || len(e.Alerts()) != 0 {
		t.Errorf("refused: %d, %v, %d alerts", code, err, len(e.Alerts()))
	}
	e.Misbehave(emulator.Faults{FailPosts: map[string]int{"alerts": 2}})
	for _, want := range []int{500, 500, 201} {
		if code, err := postAlert(t, e); code != want {
			t.Errorf("failing: %d, %v, want %d", code, err, want)
		}
	}
	e.Misbehave(emulator.Faults{LoseAnswers: map[string]int{"alerts": 1}})
	if code, err := postAlert(t, e); err == nil {
		t.Errorf("an answer that should be lost: %d", code)
	}
	if code, err := postAlert(t, e); code != http.StatusCreated || len(e.Alerts()) != 3 {
		t.Errorf("after the loss: %d, %v, %d alerts", code, err, len(e.Alerts()))
	}
}

// TestHangs: the endpoint goes silent at a stage, and its end frees what hangs.
func TestHangs(t *testing.T) {
	for name, faults := range map[string]emulator.Faults{
		"TLS": {HangTLS: true}, "HTTP": {HangHTTP: true}, "slow TLS": {TLSDelay: time.Hour},
	} {
		e := emutest.Start(t, emulator.Options{})
		e.Misbehave(faults)
		client := insecureClient(t)
		client.Timeout = 100 * time.Millisecond
		_, err := client.Get(e.URL() + "/api/v3/info")
		if timeout, ok := errors.AsType[interface {
			error
			Timeout() bool
		}](err); !ok || !timeout.Timeout() {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestStopAPI: the API port refuses and comes back at the same number; plugins live on.
func TestStopAPI(t *testing.T) {
	e := withRecorder(t, emulator.Options{})
	address, pid := e.Addr(), e.PluginPID("rec")
	s := openSocket(t, e)
	if err := e.StopAPI(); err != nil {
		t.Fatal(err)
	}
	if code := s.ending(); code != 1006 {
		t.Errorf("open socket ends with %d", code)
	}
	if _, err := postAlert(t, e); err == nil {
		t.Error("a stopped API answers")
	}
	if err := e.StartAPI(); err != nil {
		t.Fatal(err)
	}
	if code, err := postAlert(t, e); code != http.StatusCreated || e.Addr() != address || e.PluginPID("rec") != pid {
		t.Errorf("after the start: %d, %v, at %s with %d", code, err, e.Addr(), e.PluginPID("rec"))
	}
}

// TestCertificates: each TLS port has its own, and a new one counts at once.
func TestCertificates(t *testing.T) {
	e := emutest.Start(t, emulator.Options{CertificateDays: -5})
	served := func(address string) *tls.ConnectionState {
		conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		state := conn.ConnectionState()
		return &state
	}
	leaf := served(e.Addr()).PeerCertificates[0]
	if life := leaf.NotAfter.Sub(leaf.NotBefore); life != 365*24*time.Hour || leaf.NotAfter.After(time.Now()) || leaf.Subject.String() != "O=Acme Co" || leaf.IsCA {
		t.Errorf("%s for %s until %s, CA %v", leaf.Subject, life, leaf.NotAfter, leaf.IsCA)
	}
	if err := errors.Join(leaf.VerifyHostname("localhost"), leaf.VerifyHostname("127.0.0.1")); err != nil {
		t.Error(err)
	}
	expired, err := emulator.NewCertificate(emulator.CertificateOptions{NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1, 0)})
	if err != nil {
		t.Fatal(err)
	}
	e.SetFileCertificate(expired)
	if leaf := served(e.SecureFileURL()[len("https://"):]).PeerCertificates[0]; leaf.NotAfter.Unix() != 1 {
		t.Errorf("file port serves one until %s", leaf.NotAfter)
	}
}

// TestLoopbackOnly: the emulator does not listen elsewhere, but on ::1 as well.
func TestLoopbackOnly(t *testing.T) {
	for _, host := range []string{"0.0.0.0", "192.0.2.1", "localhost", "::"} {
		if e, err := emulator.Start(emulator.Options{Host: host}); err == nil {
			e.Close()
			t.Errorf("listens on %s", host)
		}
	}
	e := emutest.Start(t, emulator.Options{Host: "::1"})
	if code, err := postAlert(t, e); code != http.StatusCreated {
		t.Errorf("over ::1: %d, %v", code, err)
	}
}

// TestCloseRemovesFiles: nothing is left behind.
func TestCloseRemovesFiles(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	e, err := emulator.Start(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	left, err := os.ReadDir(os.TempDir())
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestNobodyRegisters: waiting for a registration ends with its context.
func TestNobodyRegisters(t *testing.T) {
	e := emutest.Start(t, emulator.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := e.WaitRegistered(ctx, "a.b.c"); err == nil {
		t.Error("somebody registered")
	}
}
