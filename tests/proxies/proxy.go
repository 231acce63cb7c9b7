// Package proxies puts real reverse proxies, as Debian ships them, between the check and an emulated
// DRP endpoint: each set up with one fault, found, and mended by one line.
//
//	proxy.go    a proxy's program: written, started, reloaded, ended
//	nginx.go    a sound nginx, and how it is run
//	haproxy.go  a sound HAProxy, and how it is run
package proxies

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Proxy is a reverse proxy in a directory of its own.
type Proxy interface {
	Name() string
	// Sound is a configuration without fault: from :443 to DRP at 127.0.0.1:8092. Its comments are the
	// places where a fault may be put.
	Sound() string
	// Start writes the configuration, starts the program and waits until it listens.
	Start(config string) error
	// Reload writes another configuration and has the running program take it over, as an operator
	// would. It returns when new connections meet the new one.
	Reload(config string) error
	// Stop ends the program and all its workers.
	Stop() error
	// Log is what the program has said.
	Log() string
}

// Place is where a proxy stands.
type Place struct {
	Dir    string // for its files; certificates lie there already
	Listen string // host:port that stands for :443
	DRP    string // host:port that stands for 127.0.0.1:8092
	DRP2   string // host:port that stands for 127.0.0.2:8092
}

// endTime bounds how long a proxy may take to start or to end.
const endTime = 10 * time.Second

// program is what the proxies have in common.
type program struct {
	Place
	path    string
	file    string // of the configuration, in Dir
	listens string // how the configuration says that it listens on :443
	test    []string
	run     []string
	reload  os.Signal
	loaded  []string // what the program says each time when a reload is over

	cmd  *exec.Cmd
	done chan struct{} // closed when the program has ended
}

// find looks for a program where Debian puts those of administrators, too.
func find(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	path, err := exec.LookPath(filepath.Join("/usr/sbin", name))
	if err != nil {
		return "", fmt.Errorf("%s is not installed: apt-get install %s", name, name)
	}
	return path, nil
}

// Start implements Proxy.
func (p *program) Start(config string) error {
	if err := p.write(config); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(p.Dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	p.cmd = exec.Command(p.path, p.run...)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = p.Dir, log, log
	if err := p.cmd.Start(); err != nil {
		return err
	}
	p.done = make(chan struct{})
	go func() {
		_ = p.cmd.Wait() // how it ended does not matter: Stop ends it by a signal
		close(p.done)
	}()
	return p.ready()
}

// write puts the configuration in its place, once the program has found no fault of syntax in it.
func (p *program) write(config string) error {
	directive, _, _ := strings.Cut(p.listens, " ")
	config = strings.NewReplacer(
		p.listens, directive+" "+p.Listen, "127.0.0.1:8092", p.DRP, "127.0.0.2:8092", p.DRP2,
	).Replace(config)
	if err := os.WriteFile(filepath.Join(p.Dir, p.file), []byte(config), 0o600); err != nil {
		return err
	}
	test := exec.Command(p.path, p.test...)
	test.Dir = p.Dir
	if out, err := test.CombinedOutput(); err != nil {
		return fmt.Errorf("%s refuses its configuration: %w\n%s", p.path, err, out)
	}
	return nil
}

// ready waits until the program listens.
func (p *program) ready() error {
	return p.until("listen on "+p.Listen, p.done, p.listening)
}

// listening says whether connections to the proxy are accepted.
func (p *program) listening() bool {
	conn, err := net.Dial("tcp", p.Listen)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// until waits for the program to do something, or for ended to be closed.
func (p *program) until(what string, ended <-chan struct{}, did func() bool) error {
	deadline := time.After(endTime)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !did() {
		select {
		case <-tick.C:
		case <-ended:
			return fmt.Errorf("%s ended and did not %s:\n%s", p.path, what, p.Log())
		case <-deadline:
			return fmt.Errorf("%s did not %s in time:\n%s", p.path, what, p.Log())
		}
	}
	return nil
}

// Reload implements Proxy.
func (p *program) Reload(config string) error {
	if err := p.write(config); err != nil {
		return err
	}
	before := p.said()
	if err := p.cmd.Process.Signal(p.reload); err != nil {
		return err
	}
	// Until then the former worker may answer, and a signal would end HAProxy's master, which executes
	// itself anew, without its workers.
	return p.until("reload", p.done, func() bool {
		now := p.said()
		for i := range now {
			if now[i] <= before[i] {
				return false
			}
		}
		return true
	})
}

// said counts how often the program has said what it says after a reload.
func (p *program) said() []int {
	log, times := p.Log(), []int{}
	for _, words := range p.loaded {
		times = append(times, strings.Count(log, words))
	}
	return times
}

// Stop implements Proxy.
func (p *program) Stop() error {
	if p.done == nil {
		return nil
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.done:
	case <-time.After(endTime):
		_ = p.cmd.Process.Kill()
		<-p.done
		return fmt.Errorf("%s did not end when told to:\n%s", p.path, p.Log())
	}
	// A worker that has lost its master ends by itself, a little later.
	return p.until("leave "+p.Listen, nil, func() bool { return !p.listening() })
}

// Log implements Proxy.
func (p *program) Log() string {
	b, err := os.ReadFile(filepath.Join(p.Dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(bytes.TrimSpace(b))
}
