package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"ws-diagnose/tests/emulator"
	"ws-diagnose/tests/emulator/emutest"
	"ws-diagnose/tests/proxies"
)

// check runs the command as a user would, and returns its output below a prompt with the line
// typed, and its exit status at the end.
func check(t *testing.T, env []string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), provider(t), append([]string{"check"}, args...)...)
	command.Env = append([]string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}, env...)
	var out, complaints bytes.Buffer
	command.Stdout, command.Stderr = &out, &complaints
	if err := command.Run(); err != nil {
		if _, ended := errors.AsType[*exec.ExitError](err); !ended {
			t.Fatal(err)
		}
	}
	if complaints.Len() > 0 {
		t.Errorf("on stderr: %s", &complaints)
	}
	return fmt.Sprintf("$ ws-diagnose check %s\n%s$ echo $?\n%d\n", strings.Join(args, " "), &out, command.ProcessState.ExitCode())
}

// certificate is one as DRP makes it, for known names and addresses, with so many days left.
func certificate(t *testing.T, days int, addresses ...string) emulator.CertificateOptions {
	t.Helper()
	end := time.Now().AddDate(0, 0, days).Add(time.Hour)
	if days < 0 {
		end = end.Add(-2 * time.Hour)
	}
	o := emulator.CertificateOptions{NotBefore: end.AddDate(0, 0, -365), NotAfter: end, DNSNames: []string{"localhost"}}
	for _, a := range addresses {
		o.IPAddresses = append(o.IPAddresses, net.ParseIP(a))
	}
	return o
}

// serve starts an endpoint with a certificate, and a mask for what is said of both.
func serve(t *testing.T, o emulator.CertificateOptions) (*emulator.Endpoint, *mask) {
	t.Helper()
	e := emutest.Start(t, emulator.Options{})
	cert, err := emulator.NewCertificate(o)
	if err != nil {
		t.Fatal(err)
	}
	e.SetCertificate(cert)
	m := &mask{}
	m.ports(e)
	now := time.Now()
	m.days(now, 0)
	for _, at := range []time.Time{o.NotBefore, o.NotAfter} {
		*m = append(*m, at.UTC().Format(time.DateOnly), today.Add(at.Sub(now).Round(24*time.Hour)).Format(time.DateOnly))
	}
	return e, m
}

// login is the environment of a user who has a token.
func login(e *emulator.Endpoint) []string { return []string{"RS_TOKEN=" + e.Token(time.Hour)} }

// TestCheckExpired: nobody renewed the certificate that DRP had made for itself.
func TestCheckExpired(t *testing.T) {
	t.Parallel()
	e, m := serve(t, certificate(t, -3, "127.0.0.1", "10.0.0.5"))
	golden(t, "check-expired.txt", m.apply(check(t, login(e), "-E", e.URL())))
}

// TestCheckWrongName: users type an address that the server got after its certificate was made.
func TestCheckWrongName(t *testing.T) {
	t.Parallel()
	e, m := serve(t, certificate(t, 300, "10.0.0.5"))
	golden(t, "check-wrong-name.txt", m.apply(check(t, login(e), "-E", e.URL())))
}

// TestCheckDeadToken: the user's token has expired.
func TestCheckDeadToken(t *testing.T) {
	t.Parallel()
	e, m := serve(t, certificate(t, 300, "127.0.0.1", "10.0.0.5"))
	token := e.Token(-time.Hour)
	text := check(t, []string{"RS_TOKEN=" + token}, "-E", e.URL())
	if strings.Contains(text, token) {
		t.Errorf("the token is in the output:\n%s", text)
	}
	golden(t, "check-dead-token.txt", m.apply(text))
}

// closedPort is one that is taken, so that no other test gets it, and at which nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(socket) })
	if err := syscall.Bind(socket, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	address, err := syscall.Getsockname(socket)
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(address.(*syscall.SockaddrInet4).Port)
}

// TestCheckClosedPort: dr-provision is not running.
func TestCheckClosedPort(t *testing.T) {
	t.Parallel()
	port := closedPort(t)
	m := mask{port, "8092"}
	m.days(time.Now(), 0)
	golden(t, "check-closed-port.txt", m.apply(check(t, nil, "-E", "https://127.0.0.1:"+port)))
}

// freeAddress is one where nobody listens yet.
func freeAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// TestCheckProxy: a real nginx in front of the endpoint was not told about websockets.
func TestCheckProxy(t *testing.T) {
	t.Parallel()
	e, m := serve(t, certificate(t, 300, "127.0.0.1", "10.0.0.5"))
	at := proxies.Place{Dir: t.TempDir(), Listen: freeAddress(t), DRP: e.Addr(), DRP2: e.Addr()}
	certFile, keyFile := filepath.Join(at.Dir, "drp.pem"), filepath.Join(at.Dir, "drp.key")
	cli(t, e).Run("system", "certs", "get", certFile, keyFile)
	nginx, err := proxies.NewNginx(at)
	if err != nil {
		t.Skip(err)
	}
	config := nginx.Sound()
	for _, header := range []string{"Upgrade $http_upgrade", `Connection "upgrade"`} {
		config = strings.Replace(config, "proxy_set_header "+header+";", "", 1)
	}
	if err := nginx.Start(config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := nginx.Stop(); err != nil {
			t.Error(err)
		}
	})
	_, port, _ := net.SplitHostPort(at.Listen)
	*m = append(*m, port, "8443")
	text := check(t, login(e), "-E", "https://"+at.Listen)
	golden(t, "check-proxy.txt", m.apply(text))
}
