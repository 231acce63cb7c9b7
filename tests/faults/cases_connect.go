package faults

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"testing"
)

// targetCases are faults of the URL itself.
func targetCases() []Case {
	plain := start(overTCP(healthy))
	return []Case{
		{Name: "ws-insecure", Scheme: "ws", Finding: "scheme-insecure", What: "ws:// to a named host", Start: plain},
		{Name: "ws-insecure-address", Scheme: "ws", Host: "127.0.0.1", What: "ws:// to a loopback address, which browsers allow", Start: plain},
		{Name: "http-insecure", Scheme: "http", DRP: true, Finding: "scheme-insecure", What: "http:// to a named DRP endpoint", Start: endpoint(drp{noTLS: true})},
		{Name: "unsafe-port", Finding: "port-unsafe", What: "port 6000 is on the browsers' blocked list", Start: onPort(6000)},
		{Name: "unsafe-port-sip", Finding: "port-unsafe", What: "so is 5060", Start: onPort(5060)},
	}
}

// onPort starts a healthy server that passes for one on another port.
func onPort(port int) starter {
	return func(tb testing.TB, pki *PKI) *Server {
		s := play(healthy)(tb, pki)
		s.Port = port
		return s
	}
}

// resolveCases are names that do not become addresses.
func resolveCases() []Case {
	nobody := func(testing.TB, *PKI) *Server { return &Server{Port: 8092} }
	return []Case{
		{Name: "dns-nxdomain", Host: "nx.zoo.test", Finding: "dns-not-found", What: "the name does not exist", Start: nobody},
		{Name: "dns-empty", Host: "empty.zoo.test", Finding: "dns-not-found", What: "the name exists, but has no address", Start: nobody},
		{Name: "dns-servfail", Host: "servfail.zoo.test", Finding: "dns-failed", What: "the name server fails", Start: nobody},
		{Name: "dns-refused", Host: "refused.zoo.test", Finding: "dns-failed", What: "the name server refuses", Start: nobody},
		{Name: "dns-timeout", Host: "silent.zoo.test", Finding: "dns-failed", What: "the name server does not answer", Start: nobody},
	}
}

// connectCases are addresses that do not answer, and proxies that do not let us through.
func connectCases() []Case {
	named := func(tb testing.TB, pki *PKI) *Server {
		s := play(healthy)(tb, pki)
		s.Connect = ""
		return s
	}
	via := func(proxy wire) starter {
		return func(tb testing.TB, pki *PKI) *Server {
			s := play(healthy)(tb, pki)
			s.Proxy = "http://" + listen(tb, proxy).Addr
			return s
		}
	}
	return []Case{
		{Name: "dns-healthy", Host: "named.zoo.test", What: "a name with one address that answers", Start: named},
		{Name: "port-closed", Finding: "connect-refused", What: "nothing listens", Start: portClosed},
		{Name: "ports-closed", Host: "closed.zoo.test", Finding: "connect-refused", What: "two addresses, both refuse", Start: func(tb testing.TB, pki *PKI) *Server {
			s := portClosed(tb, pki)
			s.Connect = ""
			return s
		}},
		{Name: "syn-dropped", Finding: "connect-timeout", What: "the backlog is full: attempts go unanswered", Start: synDropped},
		{Name: "address-unreachable", Host: "127.255.255.255", Finding: "connect-unreachable", What: "a broadcast address: network unreachable", Start: func(testing.TB, *PKI) *Server {
			return &Server{Connect: "127.255.255.255:8092", Port: 8092}
		}},
		{Name: "address-partial", Host: "partial.zoo.test", Finding: "connect-partial", What: "of two addresses the first refuses", Start: named},
		{Name: "address-ipv6-closed", Host: "dual.zoo.test", Finding: "connect-partial", What: "the IPv6 address refuses, the IPv4 one works", Start: named},
		{Name: "proxy-healthy", What: "a proxy that lets us through", Start: via(tunnel)},
		{Name: "proxy-connect-403", Finding: "proxy-failed", What: "the proxy refuses CONNECT", Start: via(overTCP(status(403)))},
		{Name: "proxy-connect-407", Finding: "proxy-failed", What: "the proxy asks for credentials", Start: via(overTCP(status(407, `Proxy-Authenticate: Basic realm="zoo"`)))},
		{Name: "proxy-connect-502", Finding: "proxy-failed", What: "the proxy cannot reach the endpoint", Start: via(overTCP(status(502)))},
		{Name: "proxy-drops", Finding: "proxy-failed", What: "the proxy ends the connection", Start: via(overTCP(answered((*Conn).FIN)))},
		{Name: "proxy-silent", Finding: "proxy-failed", What: "the proxy never answers", Start: via(overTCP(func(c *Conn) { hold(c) }))},
		{Name: "proxy-garbage", Finding: "proxy-failed", What: "what answers is no proxy", Start: via(banner("SSH-2.0-OpenSSH_9.2p1\r\n"))},
		{Name: "proxy-closed", Finding: "proxy-failed", What: "no proxy listens", Start: func(tb testing.TB, pki *PKI) *Server {
			s := play(healthy)(tb, pki)
			s.Proxy = "http://" + portClosed(tb, pki).Connect
			return s
		}},
	}
}

// portClosed reserves a port on which nothing listens: it is bound until tb ends, so that nobody
// else gets it.
func portClosed(tb testing.TB, _ *PKI) *Server {
	fd, port := boundSocket(tb)
	tb.Cleanup(func() { syscall.Close(fd) })
	return &Server{Connect: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), Port: port}
}

func boundSocket(tb testing.TB) (fd, port int) {
	tb.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err == nil {
		err = syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	}
	var at syscall.Sockaddr
	if err == nil {
		at, err = syscall.Getsockname(fd)
	}
	if err != nil {
		tb.Fatalf("faults: a socket of our own: %v", err)
	}
	return fd, at.(*syscall.SockaddrInet4).Port
}

// synDropped listens with the shortest backlog, fills it, and accepts nothing: Linux then drops
// further SYNs, as a firewall would.
func synDropped(tb testing.TB, _ *PKI) *Server {
	fd, port := boundSocket(tb)
	fds := []int{fd}
	tb.Cleanup(func() {
		for _, fd := range fds {
			syscall.Close(fd)
		}
	})
	if err := syscall.Listen(fd, 0); err != nil {
		tb.Fatalf("faults: listening: %v", err)
	}
	for range 4 {
		c, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
		if err != nil {
			tb.Fatalf("faults: filling the backlog: %v", err)
		}
		fds = append(fds, c)
		syscall.Connect(c, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: port})
	}
	return &Server{Connect: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), Port: port}
}

// tunnel is a proxy that does what CONNECT asks for, but dials loopback only.
func tunnel(raw *net.TCPConn) {
	in := bufio.NewReader(raw)
	r, err := http.ReadRequest(in)
	if err != nil || r.Method != http.MethodConnect {
		return
	}
	_, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		return
	}
	out, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		io.WriteString(raw, "HTTP/1.1 502 Bad Gateway\r\n\r\n")
		return
	}
	defer out.Close()
	io.WriteString(raw, "HTTP/1.1 200 Connection established\r\n\r\n")
	done := make(chan struct{})
	go func() {
		defer close(done)
		io.Copy(out, in)
		out.(*net.TCPConn).CloseWrite()
	}()
	io.Copy(raw, out)
	raw.CloseWrite()
	<-done
}
