package emulator

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"gitlab.com/rackn/provision/v4/models"
)

// process is one running plugin: a child process, the socket to it and the socket from it.
type process struct {
	e      *Endpoint
	name   string
	cmd    *exec.Cmd
	client *http.Client // to the plugin
	server *http.Server // from the plugin
	calls  sync.WaitGroup
	exited chan struct{}
}

// outputGrace is how long output is read after a process ended, in case a child of its own holds
// the pipe open.
const outputGrace = time.Second

// startProcess starts "listen" as a direct child and waits until it says that it is ready.
func (e *Endpoint) startProcess(name, provider string, number int) (*process, error) {
	socket := func(direction string) string {
		return filepath.Join(e.dir, "run", fmt.Sprintf("%s.%s.%d", name, direction, number))
	}
	to, from := socket("toPlugin"), socket("fromPlugin")
	p := &process{e: e, name: name, exited: make(chan struct{})}
	if err := p.serve(from); err != nil {
		return nil, err
	}
	p.client = &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", to)
		}}}
	token := e.auth.issue(grant{principal: "plugin:" + name, claims: superuser}, pluginTokenLife)
	p.cmd = exec.Command(e.providerPath(provider), "listen", to, from)
	p.cmd.Env = e.pluginEnv(token)
	p.cmd.Dir = filepath.Join(e.dir, "plugin-tmp")
	ready, err := p.launch()
	if err != nil {
		p.server.Close()
		return nil, err
	}
	select {
	case ok := <-ready:
		if ok {
			return p, nil
		}
	case <-e.done.Done():
	}
	p.kill()
	return nil, fmt.Errorf("plugin %s did not get ready", name)
}

// launch starts the process and returns what will tell whether it got ready.
func (p *process) launch() (<-chan bool, error) {
	out, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p.cmd.Stdout, p.cmd.Stderr = in, in
	err = p.cmd.Start()
	in.Close()
	if err != nil {
		out.Close()
		return nil, err
	}
	ready, drained := make(chan bool, 1), make(chan struct{})
	p.e.tasks.Go(func() {
		defer close(drained)
		p.readOutput(out, ready)
	})
	p.e.tasks.Go(func() {
		defer close(p.exited)
		_ = p.cmd.Wait()
		select {
		case <-drained:
		case <-time.After(outputGrace):
		}
		out.Close()
	})
	return ready, nil
}

// readOutput waits for the line "READY!" or "Failed"; what follows goes to the log.
func (p *process) readOutput(out io.Reader, ready chan<- bool) {
	defer close(ready)
	lines := bufio.NewScanner(out)
	for told := false; lines.Scan(); {
		switch line := lines.Text(); {
		case !told && (line == "READY!" || line == "Failed"):
			ready <- line == "READY!"
			told = true
		default:
			p.e.logLine(p.name, line)
		}
	}
	_, _ = io.Copy(io.Discard, out) // after a line too long to log
}

// post sends a request to the plugin.
func (p *process) post(path string, body any) ([]byte, int, error) {
	p.calls.Add(1)
	defer p.calls.Done()
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, 0, err
	}
	resp, err := p.client.Post("http://unix/api-plugin/v4/"+path, "application/json", bytes.NewReader(raw))
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	return bytes.TrimSpace(answer), resp.StatusCode, err
}

// configure calls Config. An error is of the plugin's own making, or that it cannot be reached.
func (p *process) configure(config object) error {
	answer, code, err := p.post("config", config)
	if err != nil || code < http.StatusBadRequest {
		return err
	}
	refused := &models.Error{}
	if json.Unmarshal(answer, refused) != nil {
		refused.Errorf("%s", answer)
	}
	refused.Code = code
	return refused
}

// stop lets calls in flight end, asks the process to stop and kills it when it does not. That the
// answer to "stop" is cut off is normal: the SDK exits right after writing it.
func (p *process) stop() {
	deadline := time.NewTimer(p.e.opt.StopTimeout)
	defer deadline.Stop()
	asked := make(chan struct{})
	p.e.tasks.Go(func() {
		p.calls.Wait()
		_, _, _ = p.post("stop", nil)
		close(asked)
	})
	select {
	case <-p.exited:
	case <-deadline.C:
	}
	p.kill()
	<-asked
}

// kill ends the process and both sockets.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // no-op after a normal end
	<-p.exited
	p.client.CloseIdleConnections()
	p.server.Close()
}

// serve opens the socket on which the plugin talks to the server.
func (p *process) serve(path string) error {
	ln, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	p.server = &http.Server{Handler: http.HandlerFunc(p.fromPlugin), ReadHeaderTimeout: time.Minute}
	p.e.tasks.Go(func() {
		if err := p.server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			p.e.opt.Log.Printf("socket from %s: %v", p.name, err)
		}
	})
	return nil
}
