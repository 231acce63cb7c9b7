package emulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// Options says what kind of endpoint to start. The zero value is a current server with alerts,
// blueprints and triggers on ports of the kernel's choice.
type Options struct {
	Host                              string // loopback address, "127.0.0.1" unless set
	APIPort, SecureFilePort, FilePort int    // 0: the kernel chooses

	ID       string // id of the endpoint and name of its self-runner
	Username string // "rocketskates" unless set: DRP's built-in superuser
	Password string // "r0cketsk8ts" unless set: DRP's well-known default

	// Old makes it the 3.8 server of the recorded transcript, which knows neither alerts nor
	// blueprints, triggers, work orders or the list of object types.
	Old bool
	// ResolveConfig hands a plugin's Config the values of profiles and schema defaults as well.
	// Observed on a 3.8 server: only what is set on the plugin itself.
	ResolveConfig bool
	// Unique says what "unique" means when an alert is created, FirstCount where Count begins.
	// Neither is documented well enough to know.
	Unique     UniqueMode
	FirstCount int

	// CertificateDays is how many days the one-year certificate has left, 365 unless set; below 0
	// it has expired.
	CertificateDays int

	Info      map[string]any // keys of the info answer to add or replace
	Log       *log.Logger    // what the server and its plugins log; nothing unless set
	PluginEnv []string       // added to the environment of plugin processes
	Now       func() time.Time

	// Timers, with the values observed on a real server unless set.
	PingEvery   time.Duration // 54 s between the server's websocket pings
	PongWait    time.Duration // 60 s without a pong end a socket
	WriteWait   time.Duration // 10 s for one websocket write
	StopTimeout time.Duration // 60 s for a plugin to stop before it is killed
}

func (o Options) withDefaults() Options {
	setDefault(&o.Host, "127.0.0.1")
	setDefault(&o.ID, "emulator")
	setDefault(&o.Username, "rocketskates")
	setDefault(&o.Password, "r0cketsk8ts")
	setDefault(&o.CertificateDays, 365)
	setDefault(&o.PingEvery, 54*time.Second)
	setDefault(&o.PongWait, 60*time.Second)
	setDefault(&o.WriteWait, 10*time.Second)
	setDefault(&o.StopTimeout, 60*time.Second)
	if o.Log == nil {
		o.Log = log.New(io.Discard, "", 0)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

func setDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// Endpoint is a running emulator.
type Endpoint struct {
	opt Options
	dir string // plugins, their scratch space and the file server's tree

	store         *store
	writes        sync.Mutex // one change of an object at a time
	alertCreation sync.Mutex // makes "unique" one step
	auth          *authority
	hub           *hub
	host          *pluginHost
	logs          logBuffer
	jobLogs       jobLogs
	faults        faultBox

	api, secureFiles, files *listener

	done   context.Context // ends at Close
	cancel context.CancelFunc
	tasks  sync.WaitGroup
}

// Start opens the three ports of an endpoint and serves them until Close.
func Start(o Options) (*Endpoint, error) {
	o = o.withDefaults()
	if ip := net.ParseIP(o.Host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("emulator: host %q is not a loopback address", o.Host)
	}
	dir, err := os.MkdirTemp("", "drp")
	if err != nil {
		return nil, fmt.Errorf("emulator: %w", err)
	}
	e := &Endpoint{opt: o, dir: dir}
	e.done, e.cancel = context.WithCancel(context.Background())
	e.store = newStore(o.Old)
	e.auth = newAuthority(o.Now)
	e.hub = newHub()
	e.host = newPluginHost(e)
	if err := e.listen(); err != nil {
		e.Close()
		return nil, fmt.Errorf("emulator: %w", err)
	}
	e.seed()
	if !o.Old {
		e.tasks.Go(e.runCron)
	}
	return e, nil
}

// listen makes the certificate and opens the ports.
func (e *Endpoint) listen() error {
	for _, sub := range []string{"plugins", "plugin-tmp", "run", "tftpboot/files/plugin_providers"} {
		if err := os.MkdirAll(filepath.Join(e.dir, sub), 0o755); err != nil {
			return err
		}
	}
	end := e.opt.Now().Add(time.Duration(e.opt.CertificateDays) * day)
	cert, err := NewCertificate(CertificateOptions{NotBefore: end.Add(-365 * day), NotAfter: end})
	if err != nil {
		return err
	}
	fileTree := http.FileServer(http.Dir(filepath.Join(e.dir, "tftpboot")))
	e.api = &listener{e: e, port: e.opt.APIPort, handler: crossOrigin(e.apiHandler()),
		certBox: &certBox{cert: &cert}, beforeTLS: e.faults.beforeTLS}
	e.secureFiles = &listener{e: e, port: e.opt.SecureFilePort, handler: fileTree,
		certBox: &certBox{cert: &cert}, beforeTLS: func() {}}
	e.files = &listener{e: e, port: e.opt.FilePort, handler: fileTree}
	for _, l := range []*listener{e.api, e.secureFiles, e.files} {
		if err := l.open(); err != nil {
			return err
		}
	}
	return nil
}

// Close stops the plugins, ends every connection and removes the endpoint's files.
func (e *Endpoint) Close() error {
	e.Misbehave(Faults{})
	e.host.stopAll()
	e.cancel()
	e.hub.dropAll()
	var errs []error
	for _, l := range []*listener{e.api, e.secureFiles, e.files} {
		if l != nil {
			errs = append(errs, l.close())
		}
	}
	e.tasks.Wait()
	return errors.Join(append(errs, os.RemoveAll(e.dir))...)
}

// URL is the base of the API, as drpcli's RS_ENDPOINT wants it.
func (e *Endpoint) URL() string { return "https://" + e.api.address() }

// SecureFileURL is the base of the HTTPS file server.
func (e *Endpoint) SecureFileURL() string { return "https://" + e.secureFiles.address() }

// FileURL is the base of the HTTP file server.
func (e *Endpoint) FileURL() string { return "http://" + e.files.address() }

// Addr is host and port of the API.
func (e *Endpoint) Addr() string { return e.api.address() }

// Username is the name of the built-in superuser.
func (e *Endpoint) Username() string { return e.opt.Username }

// Password is the built-in superuser's password.
func (e *Endpoint) Password() string { return e.opt.Password }

// StopAPI closes the API port and all its connections; plugins live on.
func (e *Endpoint) StopAPI() error {
	e.hub.dropAll()
	return e.api.close()
}

// StartAPI opens the API port again, at the same number.
func (e *Endpoint) StartAPI() error { return e.api.open() }

// listener is one port: it can be closed and opened again, and its certificate swapped.
type listener struct {
	e       *Endpoint
	handler http.Handler

	certBox   *certBox // nil: plain HTTP
	beforeTLS func()

	mu     sync.Mutex
	port   int
	server *http.Server
}

func (l *listener) address() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return net.JoinHostPort(l.e.opt.Host, strconv.Itoa(l.port))
}

func (l *listener) open() error {
	address := l.address()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.server != nil {
		return nil
	}
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	l.port = ln.Addr().(*net.TCPAddr).Port
	server := &http.Server{Handler: l.handler, ErrorLog: l.e.opt.Log, ReadHeaderTimeout: time.Minute}
	l.server = server
	l.e.tasks.Go(func() {
		if l.certBox == nil {
			_ = server.Serve(ln)
			return
		}
		server.TLSConfig = l.certBox.config(l.beforeTLS)
		_ = server.ServeTLS(ln, "", "")
	})
	return nil
}

func (l *listener) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.server == nil {
		return nil
	}
	err := l.server.Close()
	l.server = nil
	return err
}
