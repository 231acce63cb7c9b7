package page_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"crypto/x509"
	"encoding/pem"

	"ws-diagnose/tests/browsers"
)

// nginxConfig is a reverse proxy as people write it, with one server that forgets the headers of an
// upgrade and one that does what the page advises. Everything it writes lies in its own directory.
const nginxConfig = `
daemon off; master_process off; worker_processes 1; pid nginx.pid; error_log error.log;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  ssl_certificate cert.pem; ssl_certificate_key key.pem;
  server { listen 127.0.0.1:%[1]s ssl; location / { proxy_pass %[3]s; } }
  server { listen 127.0.0.1:%[2]s ssl; location / { proxy_pass %[3]s;
%[4]s
  } }
}
`

// nginx runs the real nginx in front of the endpoint until the test ends. advice are the lines for
// the second server. It returns both as the browser is to be told, and skips where there is no nginx.
func (s *stage) nginx(advice string) (without, with string) {
	s.Helper()
	exe, err := exec.LookPath("nginx")
	if err != nil {
		if exe = "/usr/sbin/nginx"; !isFile(exe) {
			s.Skip("SKIPPED: the page is not tested behind a reverse proxy: nginx is not installed")
		}
	}
	dir := s.TempDir()
	leaf := s.pki.Leaf()
	key, err := x509.MarshalPKCS8PrivateKey(leaf.Key)
	s.check(err)
	a, b := s.freePort(), s.freePort()
	for name, content := range map[string][]byte{
		"cert.pem":   leaf.PEM(),
		"key.pem":    pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
		"nginx.conf": fmt.Appendf(nil, nginxConfig, a, b, s.endpoint.URL(), advice),
	} {
		s.check(os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	cmd := exec.Command(exe, "-p", dir, "-c", "nginx.conf", "-e", "error.log")
	var said strings.Builder
	cmd.Stderr = &said
	s.check(cmd.Start())
	s.Cleanup(func() { cmd.Process.Signal(syscall.SIGTERM); cmd.Wait() })
	for _, port := range []string{a, b} {
		if err := s.answers(port); err != nil {
			s.Fatalf("nginx does not listen: %v\n%s", err, said.String())
		}
	}
	return net.JoinHostPort(browsers.Host, a), net.JoinHostPort(browsers.Host, b)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// freePort is a port of the loopback address where nothing listens.
func (s *stage) freePort() string {
	s.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	s.check(err)
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// answers waits until something listens on a port.
func (s *stage) answers(port string) error {
	for tick := time.NewTicker(20 * time.Millisecond); ; {
		conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", port))
		if err == nil {
			return conn.Close()
		}
		select {
		case <-tick.C:
		case <-s.ctx.Done():
			return err
		}
	}
}
