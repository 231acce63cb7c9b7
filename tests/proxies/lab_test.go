package proxies

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"ws-diagnose/plugin/cert"
	"ws-diagnose/plugin/diagnose"
	"ws-diagnose/plugin/probe"
	"ws-diagnose/plugin/trace"
	"ws-diagnose/tests/emulator"
	"ws-diagnose/tests/faults"
)

// siteName is what users type.
const siteName = "drp.example.com"

// lab is one proxy between the check and two endpoints of its own, the second for who wants it.
type lab struct {
	t       *testing.T
	drp     *emulator.Endpoint
	proxy   Proxy
	config  string // that the proxy was given last
	target  trace.Target
	options probe.Options
	known   map[string]trace.Known
}

// maker makes a proxy at its place.
type maker func(Place) (Proxy, error)

// newLab starts endpoints, but not yet the proxy.
func newLab(t *testing.T, newProxy maker, files fileSet, r row) *lab {
	t.Helper()
	at := Place{Dir: t.TempDir(), Listen: address(8443), DRP: address(8092), DRP2: address(8092)}
	proxy, err := newProxy(at)
	if err != nil {
		t.Skip(err)
	}
	files.write(t, at.Dir)
	l := &lab{t: t, proxy: proxy, known: map[string]trace.Known{}}
	l.drp = endpoint(t, at.DRP2)
	if r.plain {
		plainServer(t, at.DRP, l.drp.Certificate())
	} else {
		l.drp = endpoint(t, at.DRP)
	}
	l.target = trace.Target{
		Scheme: "https", Host: siteName, Port: 443, Path: probe.WebsocketPath, Role: trace.RoleEndpoint,
		Connect: at.Listen, Origin: "https://portal.rackn.io", Names: []string{siteName},
	}
	roots, err := cert.LoadRoots(files.pki.Roots())
	if err != nil {
		t.Fatal(err)
	}
	if l.target.Plain = r.plain; r.longToken {
		l.target.Path += "?token=" + strings.Repeat("x", 600) // as the portal hands it over
	}
	creds := probe.Credentials{User: l.drp.Username(), Password: l.drp.Password()}
	l.options = probe.Options{
		Roots: roots, FetchIssuer: true, Credentials: func(probe.Peer) probe.Credentials { return creds },
	}
	t.Cleanup(func() {
		if err := proxy.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("%s said:\n%s", proxy.Name(), proxy.Log())
		}
	})
	return l
}

// endpoint starts a DRP endpoint at an address.
func endpoint(t *testing.T, at string) *emulator.Endpoint {
	t.Helper()
	host, _, err := net.SplitHostPort(at)
	if err != nil {
		t.Fatal(err)
	}
	e, err := emulator.Start(emulator.Options{Host: host, APIPort: 8092})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// plainServer is a websocket server by the library under the one that DRP was built on, which insists
// on both headers of an upgrade.
func plainServer(t *testing.T, at string, c tls.Certificate) {
	t.Helper()
	listener, err := tls.Listen("tcp", at, &tls.Config{Certificates: []tls.Certificate{c}})
	if err != nil {
		t.Fatal(err)
	}
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return // and has been answered
		}
		defer ws.Close()
		for err == nil {
			_, _, err = ws.ReadMessage()
		}
	}))
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
}

var addresses atomic.Uint32

// address is a loopback address that nobody else uses, another test run beside this one included: so
// ports need not be looked for, and cannot be taken away before a proxy listens there.
func address(port int) string {
	n, pid := addresses.Add(1)%256, os.Getpid()
	return fmt.Sprintf("127.%d.%d.%d:%d", 64+(pid>>8)%128, pid%256, n, port)
}

// start runs the proxy.
func (l *lab) start(config string) {
	l.t.Helper()
	l.config = config
	if err := l.proxy.Start(config); err != nil {
		l.t.Fatal(err)
	}
}

// reload has the proxy take over another configuration.
func (l *lab) reload(config string) {
	l.t.Helper()
	l.config = config
	if err := l.proxy.Reload(config); err != nil {
		l.t.Fatal(err)
	}
}

// check looks once.
func (l *lab) check() diagnose.Report {
	return l.judge(probe.Check(l.t.Context(), l.target, l.options), nil)
}

// judge makes a report of what was seen.
func (l *lab) judge(seen *trace.Trace, history *trace.Watch) diagnose.Report {
	ev := trace.Evidence{Time: time.Now(), Vantage: "test", Traces: []*trace.Trace{seen}, Known: l.known}
	if history != nil {
		ev.History = map[string]*trace.Watch{l.target.ID(): history}
	}
	// A busy machine is not to make events slow.
	policy := diagnose.Policy{PortalURL: l.target.Origin, Version: "test", LatencyWarn: time.Minute}
	return diagnose.Diagnose(ev, policy)[0]
}

// await looks until a report will do: a reload, a health check or a limit takes its time. It returns
// the last report in any case.
func (l *lab) await(enough func(diagnose.Report) bool) diagnose.Report {
	var r diagnose.Report
	end := time.Now().Add(patience / 2)
	for {
		if r = l.check(); enough(r) || time.Now().After(end) {
			return r
		}
		pause()
	}
}

// until waits for a condition.
func (l *lab) until(reached func() bool) {
	l.t.Helper()
	for end := time.Now().Add(patience); !reached(); pause() {
		if time.Now().After(end) {
			l.t.Fatal("what was waited for did not happen")
		}
	}
}

// pause is the time between two looks.
func pause() { <-time.After(50 * time.Millisecond) }

// fileSet is what lies beside a configuration.
type fileSet struct {
	pki   *faults.PKI
	files map[string][]byte
}

// newFiles makes the certificates, all for one key, and what else the configurations name.
func newFiles(t *testing.T) fileSet {
	pki := faults.NewPKI(t)
	named := func(s *faults.Spec) { s.DNSNames, s.IPAddresses = []string{siteName}, nil }
	middle := pki.Intermediate("of the lab")
	aia := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write(middle.DER)
	}))
	t.Cleanup(aia.Close)
	below := pki.Mint(middle, named, func(s *faults.Spec) { s.IssuingCertificateURL = []string{aia.URL} })
	expired := pki.Mint(pki.Root, named, func(s *faults.Spec) {
		s.NotBefore, s.NotAfter = pki.Now.AddDate(-1, 0, 0), pki.Now.AddDate(0, 0, -1)
	})
	other := pki.Mint(pki.Root, func(s *faults.Spec) { s.DNSNames, s.IPAddresses = []string{"www.example.com"}, nil })
	key, err := x509.MarshalPKCS8PrivateKey(pki.Leaf().Key)
	if err != nil {
		t.Fatal(err)
	}
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	files := map[string][]byte{
		"drp.key": keyPEM, "clients.pem": pki.Roots(), "users": []byte("admin:{PLAIN}admin\n"),
	}
	for name, chain := range map[string][]byte{
		"drp.pem": pki.Mint(pki.Root, named).PEM(), "expired.pem": expired.PEM(), "other.pem": other.PEM(),
		"leaf.pem": below.PEM(), "fullchain.pem": append(below.PEM(), middle.PEM()...),
	} {
		files[name], files[name+".key"] = chain, keyPEM // HAProxy looks for the key beside it
	}
	return fileSet{pki, files}
}

func (f fileSet) write(t *testing.T, dir string) {
	t.Helper()
	for name, content := range f.files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
