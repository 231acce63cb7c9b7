package probe

import (
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"testing"
	"time"

	"ws-diagnose/plugin/trace"
)

// filtered is a port that does not answer attempts to connect, as behind a firewall that drops them:
// its backlog is full, and nobody accepts.
func filtered(t *testing.T) string {
	t.Helper()
	socket := func() int {
		fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { syscall.Close(fd) })
		return fd
	}
	listener := socket()
	if err := syscall.Bind(listener, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(listener, 0); err != nil {
		t.Fatal(err)
	}
	at, err := syscall.Getsockname(listener)
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		_ = syscall.Connect(socket(), at) // goes on by itself
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(at.(*syscall.SockaddrInet4).Port))
}

func TestFiltered(t *testing.T) {
	t.Parallel()
	address := filtered(t)
	tr := check(t, plainTarget(t, "wss", address), Options{Timeout: time.Second})
	outcomes(t, tr, map[trace.StageName]trace.Outcome{
		trace.StageResolve: trace.OK, trace.StageConnect: trace.Failed, trace.StageTLS: trace.Skipped, trace.StageClose: trace.Skipped,
	})
	d := tr.Connect.Dials
	if len(d) != 1 || d[0].Address != netip.MustParseAddrPort(address) || d[0].Outcome != trace.DialTimeout || tr.Connect.Chosen.IsValid() {
		t.Errorf("dials %+v", d)
	}
}
