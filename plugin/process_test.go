package plugin

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab.com/rackn/provision/v4/models"
	"go.uber.org/goleak"
)

// asProgram has the test binary be the program: the SDK's own commands and its own sockets are what
// is tested here, in a process of their own.
const asProgram = "WS_DIAGNOSE_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		if err := Main("v1.2.3"); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// program is a command that runs the program as a DRP server does.
func program(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	command := exec.CommandContext(ctx, os.Args[0], args...)
	command.Env = append([]string{asProgram + "=1", "HOME=" + t.TempDir()}, env...) // RS_PID unset: we are the parent
	return command
}

func TestDefine(t *testing.T) {
	command := program(t, nil, "define")
	var complaints bytes.Buffer
	command.Stderr = &complaints
	printed, err := command.Output()
	if err != nil || complaints.Len() > 0 {
		t.Fatalf("%v, stderr: %s", err, &complaints)
	}
	if bytes.Contains(printed, []byte(`": null`)) {
		t.Errorf("null in the definition:\n%s", printed)
	}
	var definition models.PluginProvider
	if err := json.Unmarshal(printed, &definition); err != nil {
		t.Fatal(err)
	}
	if definition.Name != Name || definition.Version != "v1.2.3" || definition.PluginVersion != 4 ||
		!definition.AutoStart || definition.HasPublish || len(definition.RequiredParams) > 0 {
		t.Errorf("%+v", definition)
	}
	var on []string
	for _, a := range definition.AvailableActions {
		on = append(on, a.Model)
		if a.Command != Name || len(a.RequiredParams) > 0 || len(a.OptionalParams) == 0 {
			t.Errorf("%+v", a)
		}
	}
	if want := []string{"", "plugins", "machines", "endpoints"}; !slices.Equal(on, want) {
		t.Errorf("actions on %q", on)
	}
	if content, err := definition.Store(); err != nil {
		t.Errorf("the server cannot read the content: %v", err)
	} else if keys, _ := content.Keys("params"); len(keys) < 20 {
		t.Errorf("params in the content: %v", keys)
	}
}

// drp is as much of a DRP server as the provider asks for, over TLS on loopback.
type drp struct {
	*httptest.Server
	mu       sync.Mutex
	alerts   []map[string]any
	profiles map[string]map[string]any
	tokens   []string // Authorization of every request
	old      bool     // knows no alerts
	orders   map[string]map[string]any
	trigger  map[string]any // ours; nil for none

	unreadable bool   // fails when it is asked for the state of the plugin
	silent     bool   // fails when it is asked for its info
	filePort   int    // of the file server, in its info
	patches    string // of alerts, one after the other
	root       string // where / redirects to
	rootStatus int    // of the answer to /
}

const superToken = "superuser-token-of-the-test"

func newDRP(t *testing.T) *drp {
	d := &drp{profiles: map[string]map[string]any{"global": {}}}
	d.Server = httptest.NewUnstartedServer(http.HandlerFunc(d.serve))
	d.Config.ErrorLog = log.New(io.Discard, "", 0) // the probe breaks handshakes off, as it should
	d.StartTLS()
	t.Cleanup(d.Close)
	return d
}

func (d *drp) serve(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tokens = append(d.tokens, r.Header.Get("Authorization"))
	w.Header().Set("Content-Type", "application/json")
	answer := func(status int, body any) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}
	path := strings.TrimPrefix(r.URL.Path, "/api/v3/")
	name := strings.SplitN(strings.TrimPrefix(path, "profiles/"), "/", 2)[0]
	switch {
	case path == "/" && d.rootStatus != 0:
		w.Header().Set("Location", d.root)
		answer(d.rootStatus, nil)
	case d.unreadable && name == stateProfile && r.Method == http.MethodGet:
		answer(500, models.Error{Code: 500, Messages: []string{"out of order"}})
	case strings.HasPrefix(path, "work_orders/") && d.orders[strings.TrimPrefix(path, "work_orders/")] != nil:
		answer(200, d.orders[strings.TrimPrefix(path, "work_orders/")])
	case path == "triggers/"+Name && d.trigger != nil:
		answer(200, d.trigger)
	case path == "info" && d.silent:
		answer(503, models.Error{Code: 503, Messages: []string{"starting"}})
	case path == "info" && d.filePort != 0:
		answer(200, map[string]any{"id": "test", "address": "127.0.0.1", "secure_file_port": d.filePort})
	case path == "info":
		answer(200, map[string]any{"id": "test", "address": "127.0.0.1"})
	case strings.HasPrefix(path, "alerts/"):
		text, _ := io.ReadAll(r.Body)
		d.patches += string(text) + "\n"
		answer(200, map[string]any{})
	case path == "alerts" && !d.old && r.Method == http.MethodGet:
		answer(200, d.list(r.URL.Query().Get("Acknowledged") == "Eq(true)"))
	case path == "alerts" && !d.old && r.Method == http.MethodPost:
		var alert map[string]any
		_ = json.NewDecoder(r.Body).Decode(&alert)
		alert["Uuid"], alert["Acknowledged"] = "id-"+alert["Name"].(string), false
		d.alerts = append(d.alerts, alert)
		answer(201, alert)
	case path == "profiles" && r.Method == http.MethodPost:
		var profile struct {
			Name   string
			Params map[string]any
		}
		_ = json.NewDecoder(r.Body).Decode(&profile)
		d.profiles[profile.Name] = profile.Params
		answer(201, profile)
	case strings.HasPrefix(path, "profiles/") && d.profiles[name] != nil && r.Method == http.MethodGet:
		answer(200, map[string]any{"Name": name, "Params": d.profiles[name]})
	case strings.HasPrefix(path, "profiles/") && d.profiles[name] != nil:
		var value any
		_ = json.NewDecoder(r.Body).Decode(&value)
		d.profiles[name][strings.TrimPrefix(path, "profiles/"+name+"/params/")] = value
		answer(200, value)
	default:
		answer(404, models.Error{Code: 404, Key: r.URL.Path, Messages: []string{"No route"}})
	}
}

func (d *drp) list(acknowledged bool) []map[string]any {
	list := []map[string]any{}
	for _, a := range d.alerts {
		if a["Acknowledged"] == acknowledged {
			list = append(list, a)
		}
	}
	return list
}

// host is the plugin's side of a DRP server: it starts the provider and talks to it by its sockets.
type host struct {
	t      *testing.T
	client *http.Client
	log    *record
	exited chan error
}

// record collects what the provider posts.
type record struct {
	mu    sync.Mutex
	lines strings.Builder
}

func (r *record) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines.WriteString(request.URL.Path + " " + string(body) + "\n")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusNoContent)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lines.String()
}

func start(t *testing.T, d *drp) *host {
	t.Helper()
	dir, err := os.MkdirTemp("", "wsd") // t.TempDir is too long for a socket's name
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	to, from := filepath.Join(dir, "to"), filepath.Join(dir, "from")
	h := &host{t: t, log: &record{}, exited: make(chan error, 1)}
	listener, err := net.Listen("unix", from)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: h.log}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { server.Close() })

	command := program(t, []string{"RS_ENDPOINT=" + d.URL, "RS_TOKEN=" + superToken}, "listen", to, from)
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make([]byte, len("READY!\n"))
	if _, err := io.ReadFull(stdout, ready); err != nil || string(ready) != "READY!\n" {
		t.Fatalf("%q, %v", ready, err)
	}
	go func() { h.exited <- command.Wait() }()
	t.Cleanup(func() { _ = command.Process.Kill() })
	h.client = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", to)
	}}}
	t.Cleanup(h.client.CloseIdleConnections)
	return h
}

// post calls the provider and returns status and body.
func (h *host) post(path string, body any) (int, string) {
	h.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		h.t.Fatal(err)
	}
	response, err := h.client.Post("http://unix/api-plugin/v4/"+path, "application/json", bytes.NewReader(text))
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	answer, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(answer)
}

func action(params map[string]any) models.Action {
	return models.Action{Plugin: Name, Command: Name, Params: params}
}

func TestLife(t *testing.T) {
	d := newDRP(t)
	h := start(t, d)
	if status, body := h.post("action", action(nil)); status != http.StatusConflict || !strings.Contains(body, "not configured") {
		t.Errorf("before config: %d %s", status, body)
	}
	if status, body := h.post("config", map[string]any{"Name": Name, "ws-diagnose/alerts": "x"}); status != 422 ||
		!strings.Contains(body, "ws-diagnose/alerts") || !strings.Contains(body, "true or false") {
		t.Errorf("bad config: %d %s", status, body)
	}
	config := map[string]any{"Name": Name, "ws-diagnose/interval-minutes": 0, "ws-diagnose/timeout-seconds": 6}
	for range 2 { // the server may do so at any time
		if status, body := h.post("config", config); status != 200 {
			t.Fatalf("config: %d %s", status, body)
		}
	}
	if status, body := h.post("action", models.Action{Command: "nonsense"}); status != 404 || !strings.Contains(body, "nonsense") {
		t.Errorf("unknown action: %d %s", status, body)
	}
	if status, body := h.post("action", action(map[string]any{"ws-diagnose/target": "evil.example.com"})); status != 400 ||
		!strings.Contains(body, d.URL) {
		t.Errorf("a target of the caller's own: %d %s", status, body)
	}
	status, body := h.post("action", action(nil))
	if status != 200 || !strings.HasPrefix(body, `{"summary":"`) {
		t.Fatalf("action: %d %s", status, body)
	}
	var result struct {
		Verdict  string
		Time     time.Time
		Version  string
		Markdown string
		Reports  []struct{ Target, Role string }
	}
	if err := json.Unmarshal([]byte(body), &result); err != nil {
		t.Fatal(err)
	}
	if result.Version != "v1.2.3" || result.Time.IsZero() || result.Markdown == "" ||
		len(result.Reports) != 1 || result.Reports[0].Target != d.URL || result.Reports[0].Role != "loopback" {
		t.Errorf("%+v", result)
	}
	d.mu.Lock()
	raised, remembered := len(d.alerts), d.profiles[stateProfile][stateParam]
	d.mu.Unlock()
	if raised == 0 || remembered == nil { // the test server's certificate is valid for a century
		t.Errorf("%d alerts, remembered %v", raised, remembered)
	}
	begin := time.Now()
	h.post("stop", map[string]any{})
	if err := <-h.exited; err != nil || time.Since(begin) > 2*time.Second {
		t.Errorf("stop: %v after %v", err, time.Since(begin))
	}
	if strings.Contains(body+h.log.String(), superToken) {
		t.Error("the token is in the result or the log")
	}
}

// TestTogether has five callers ask at the same time: they get one and the same answer.
func TestTogether(t *testing.T) {
	d := newDRP(t)
	h := start(t, d)
	h.post("config", map[string]any{"ws-diagnose/interval-minutes": 0})
	answers := make([]string, 5)
	var all sync.WaitGroup
	d.mu.Lock() // the run waits for the server until all have asked
	for i := range answers {
		all.Go(func() { _, answers[i] = h.post("action", action(nil)) })
	}
	time.AfterFunc(300*time.Millisecond, d.mu.Unlock)
	all.Wait()
	for _, a := range answers {
		if a != answers[0] || a == "" {
			t.Errorf("another answer:\n%s\n%s", a, answers[0])
		}
	}
}

// TestSilentServer has the server take connections and never answer: the action ends in time.
func TestSilentServer(t *testing.T) {
	d := newDRP(t)
	h := start(t, d)
	h.post("config", map[string]any{"ws-diagnose/interval-minutes": 0, "ws-diagnose/timeout-seconds": 3})
	d.mu.Lock()
	defer d.mu.Unlock()
	begin := time.Now()
	status, body := h.post("action", action(nil))
	if took := time.Since(begin); took > 4*time.Second || status != 200 {
		t.Errorf("%d after %v: %s", status, took, body)
	}
}

// TestOldServer has a server that knows no alerts: events go out in their place, by the plugin's own
// socket.
func TestOldServer(t *testing.T) {
	d := newDRP(t)
	d.old = true
	h := start(t, d)
	h.post("config", map[string]any{"ws-diagnose/interval-minutes": 0})
	if status, body := h.post("action", action(nil)); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	h.post("stop", map[string]any{})
	<-h.exited
	if log := h.log.String(); !strings.Contains(log, `/publish {"Time":`) || !strings.Contains(log, `"Action":"warn","Key":"cert-`) {
		t.Errorf("no event:\n%s", log)
	}
}

// TestTokenStaysOnLoopback has an endpoint of the users' that would love to see the token.
func TestTokenStaysOnLoopback(t *testing.T) {
	d, other := newDRP(t), newDRP(t)
	second, err := tls.X509KeyPair(selfSigned(t))
	if err != nil {
		t.Fatal(err)
	}
	other.TLS.Certificates = []tls.Certificate{second}
	h := start(t, d)
	h.post("config", map[string]any{"ws-diagnose/interval-minutes": 0,
		"ws-diagnose/endpoints": []string{strings.Replace(other.URL, "127.0.0.1", "localhost", 1), other.URL}})
	if status, body := h.post("action", action(nil)); status != 200 || !strings.Contains(body, other.URL) {
		t.Fatalf("%d %s", status, body)
	}
	seen := func(d *drp) bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		return slices.ContainsFunc(d.tokens, func(s string) bool { return strings.Contains(s, superToken) })
	}
	if !seen(d) || seen(other) {
		t.Errorf("the server itself was shown the token: %v, the other one: %v", seen(d), seen(other))
	}
}

// selfSigned makes a certificate for 127.0.0.1 and its key, as PEM.
func selfSigned(t *testing.T) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})
}
