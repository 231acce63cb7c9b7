package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"ws-diagnose/plugin/trace"
)

func TestDialOutcome(t *testing.T) {
	wrap := func(err error) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", err)}
	}
	tests := []struct {
		err  error
		want trace.DialOutcome
	}{
		{nil, trace.DialOK},
		{wrap(syscall.ECONNREFUSED), trace.DialRefused},
		{wrap(syscall.EHOSTUNREACH), trace.DialUnreachable},
		{wrap(syscall.ENETUNREACH), trace.DialUnreachable},
		{wrap(syscall.EADDRNOTAVAIL), trace.DialUnreachable},
		{wrap(syscall.EACCES), trace.DialDenied},
		{wrap(syscall.EPERM), trace.DialDenied},
		{wrap(syscall.ETIMEDOUT), trace.DialTimeout},
		{&net.OpError{Op: "dial", Err: context.DeadlineExceeded}, trace.DialTimeout},
		{wrap(syscall.EMFILE), trace.DialError},
		{errors.New("else"), trace.DialError},
	}
	for _, tt := range tests {
		if got := dialOutcome(tt.err); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.err, got, tt.want)
		}
	}
}

// closedPort is an address on which nothing listens.
func closedPort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestRefused(t *testing.T) {
	tr := check(t, plainTarget(t, "wss", closedPort(t)), Options{})
	outcomes(t, tr, map[trace.StageName]trace.Outcome{
		trace.StageResolve: trace.OK, trace.StageConnect: trace.Failed, trace.StageTLS: trace.Skipped,
		trace.StageCertificate: trace.Skipped, trace.StageHTTP: trace.Skipped, trace.StageClose: trace.Skipped,
	})
	if d := tr.Connect.Dials; len(d) != 1 || d[0].Outcome != trace.DialRefused || tr.Connect.Chosen.IsValid() {
		t.Errorf("dials %+v", d)
	}
}

// nameServer answers every question of the resolver it returns with reply, made from the question;
// nil is silence.
func nameServer(t testing.TB, reply func(question []byte) []byte) *net.Resolver {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 1500)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			if b := reply(append([]byte(nil), buf[:n]...)); b != nil {
				_, _ = pc.WriteTo(b, from)
			}
		}
	}()
	// Go's resolver waits on after its caller has gone; the end of its connections ends it.
	var mu sync.Mutex
	var asked []net.Conn
	over := false
	t.Cleanup(func() {
		pc.Close()
		<-done
		mu.Lock()
		defer mu.Unlock()
		over = true
		for _, c := range asked {
			c.Close()
		}
	})
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		mu.Lock()
		defer mu.Unlock()
		if over {
			return nil, net.ErrClosed
		}
		c, err := new(net.Dialer).DialContext(ctx, "udp", pc.LocalAddr().String())
		if err == nil {
			asked = append(asked, c)
		}
		return c, err
	}}
}

// answerDNS answers A questions with the addresses, AAAA with none.
func answerDNS(rcode byte, addresses ...string) func([]byte) []byte {
	return func(q []byte) []byte {
		end := 12
		for q[end] != 0 {
			end += int(q[end]) + 1
		}
		end += 5
		kind := q[end-3]
		b := append([]byte(nil), q[:end]...)
		b[2], b[3], b[10], b[11] = 0x81, 0x80|rcode, 0, 0
		b[7], b[9] = 0, 0
		if kind == 1 && rcode == 0 {
			b[7] = byte(len(addresses))
			for _, a := range addresses {
				ip := netip.MustParseAddr(a).As4()
				b = append(append(b, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4), ip[:]...)
			}
		}
		return b
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	target := trace.Target{Scheme: "wss", Host: "some.example.", Port: 443, Path: "/", Plain: true}
	tests := []struct {
		name     string
		resolver *net.Resolver
		want     trace.Resolve
	}{
		{"no such name", nameServer(t, answerDNS(3)), trace.Resolve{NotFound: true}},
		{"no address", nameServer(t, answerDNS(0)), trace.Resolve{NotFound: true}},
		{"refused", nameServer(t, answerDNS(5)), trace.Resolve{}},
		{"silent", nameServer(t, func([]byte) []byte { return nil }), trace.Resolve{Timeout: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tr := check(t, target, Options{Resolver: tt.resolver, Timeout: 6 * time.Second})
			outcomes(t, tr, map[trace.StageName]trace.Outcome{trace.StageResolve: trace.Failed, trace.StageConnect: trace.Skipped})
			r := tr.Resolve
			if r.NotFound != tt.want.NotFound || r.Timeout != tt.want.Timeout || r.Error == "" || len(r.Addresses) > 0 {
				t.Errorf("resolve %+v", r)
			}
		})
	}
}

// All addresses of a name are tried; the first in order that answers is chosen.
func TestSeveralAddresses(t *testing.T) {
	t.Parallel()
	address := serve(t, hang)
	_, port, _ := net.SplitHostPort(address)
	target := plainTarget(t, "ws", "some.example:"+port)
	target.Host += "."
	tr := check(t, target, Options{
		Resolver: nameServer(t, answerDNS(0, "127.0.0.2", "127.0.0.1", "127.0.0.3")), Timeout: 6 * time.Second,
	})
	if c := tr.Connect; len(c.Dials) != 3 || c.Chosen.String() != address {
		t.Fatalf("connect %+v", c)
	}
	for _, d := range tr.Connect.Dials {
		want := trace.DialRefused
		if d.Address.String() == address {
			want = trace.DialOK
		}
		if d.Outcome != want {
			t.Errorf("%s: %s, want %s", d.Address, d.Outcome, want)
		}
	}
}

// Once an address has answered, the others have so long as grace to do so too; without one they have
// the whole stage.
func TestGraceForSlowAddresses(t *testing.T) {
	const stage = 5 * time.Second
	silent := time.Hour
	for _, tt := range []struct {
		name    string
		answers []time.Duration
		want    []trace.DialOutcome
		took    time.Duration
	}{
		{"one is filtered", []time.Duration{0, silent}, []trace.DialOutcome{trace.DialOK, trace.DialTimeout}, grace},
		{"one is slow", []time.Duration{time.Second, grace}, []trace.DialOutcome{trace.DialOK, trace.DialOK}, grace},
		{"the working one is slow", []time.Duration{silent, time.Second}, []trace.DialOutcome{trace.DialTimeout, trace.DialOK}, time.Second + grace},
		{"all are filtered", []time.Duration{silent, silent}, []trace.DialOutcome{trace.DialTimeout, trace.DialTimeout}, stage},
		{"the only one is slow", []time.Duration{stage - 1}, []trace.DialOutcome{trace.DialOK}, stage - 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &walk{tr: &trace.Trace{Resolve: &trace.Resolve{}}, port: 1}
				for i := range tt.answers {
					w.tr.Resolve.Addresses = append(w.tr.Resolve.Addresses, netip.AddrFrom4([4]byte{127, 0, 0, byte(i)}))
				}
				dial := func(ctx context.Context, d *trace.Dial) net.Conn {
					select {
					case <-time.After(tt.answers[d.Address.Addr().As4()[3]]):
						d.Outcome = trace.DialOK
						return fixedConn{}
					case <-ctx.Done():
						d.Outcome = dialOutcome(ctx.Err())
						return nil
					}
				}
				ctx, cancel := context.WithTimeout(t.Context(), stage)
				defer cancel()
				var c trace.Connect
				begin := time.Now()
				conns := w.dialAll(ctx, &c, dial)
				for i, d := range c.Dials {
					if d.Outcome != tt.want[i] || (conns[i] != nil) != (d.Outcome == trace.DialOK) {
						t.Errorf("dial %d: %s, connection %v, want %s", i, d.Outcome, conns[i], tt.want[i])
					}
				}
				if took := time.Since(begin); took != tt.took { // on the bubble's own clock
					t.Errorf("took %v, want %v", took, tt.took)
				}
			})
		})
	}
}

func TestTooManyAddresses(t *testing.T) {
	var addrs []string
	for i := range 100 {
		addrs = append(addrs, fmt.Sprintf("127.0.1.%d", i+1))
	}
	_, port, _ := net.SplitHostPort(closedPort(t))
	target := plainTarget(t, "ws", "some.example:"+port)
	target.Host += "."
	tr := check(t, target, Options{Resolver: nameServer(t, answerDNS(0, addrs...))})
	if n := len(tr.Connect.Dials); n != maxNoted || tr.Connect.Dials[n-1].Outcome != trace.DialUntried {
		t.Errorf("%d dials, the last %+v", n, tr.Connect.Dials[n-1])
	}
}

// proxy is an HTTP proxy that answers CONNECT with answer and, after a 200, goes on as next.
func proxy(t testing.TB, answer, auth string, next func(net.Conn)) string {
	return serve(t, func(c net.Conn) {
		r := readRequest(c)
		if r == nil || r.Method != "CONNECT" || r.Header.Get("Proxy-Authorization") != auth {
			_, _ = io.WriteString(c, "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
			return
		}
		_, _ = io.WriteString(c, answer)
		if strings.Contains(answer, " 200 ") {
			next(c)
		}
	})
}

func TestProxy(t *testing.T) {
	echo := serve(t, echoServer)
	relay := func(c net.Conn) {
		up, err := net.Dial("tcp", echo)
		if err != nil {
			return
		}
		defer up.Close()
		go func() { _, _ = io.Copy(up, c); up.Close() }()
		_, _ = io.Copy(c, up)
	}
	const ok = "HTTP/1.1 200 Connection established\r\n\r\n"
	tests := []struct {
		name, answer, auth string
		status             int
		failed             bool
	}{
		{"opens", ok, "", 200, false},
		{"opens with password", ok, "Basic dXNlcjpzZXNhbWU=", 200, false},
		{"refuses", "HTTP/1.1 403 Forbidden\r\n\r\n", "", 403, true},
		{"wants a password", ok, "Basic x", 407, true},
		{"is none", "SSH-2.0-x\r\n", "", 0, true},
		{"hangs up", "", "", 0, true},
		{"says user's password back", "HTTP/1.1 x user:sesame\r\n\r\n", "Basic dXNlcjpzZXNhbWU=", 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			target := plainTarget(t, "ws", "nowhere.invalid:8092")
			target.Proxy = "http://" + proxy(t, tt.answer, tt.auth, relay)
			o := Options{Timeout: 6 * time.Second}
			if strings.HasPrefix(tt.auth, "Basic dX") {
				o.ProxyAuth = "user:sesame"
			}
			tr := check(t, target, o)
			p := tr.Connect.Proxy
			if p == nil || p.Status != tt.status || (p.Error != "") != tt.failed || p.URL != target.Proxy {
				t.Fatalf("proxy %+v", p)
			}
			if foreign := strings.HasPrefix(tt.answer, "SSH") || strings.HasPrefix(tt.answer, "HTTP/1.1 x"); p.Foreign != foreign || tt.name == "hangs up" && p.Ended != trace.EndFIN {
				t.Errorf("proxy %+v", p)
			}
			if strings.Contains(p.Error, "sesame") {
				t.Errorf("the error carries the password: %s", p.Error)
			}
			want := map[trace.StageName]trace.Outcome{trace.StageConnect: trace.OK, trace.StageClose: trace.OK}
			if tt.failed {
				want = map[trace.StageName]trace.Outcome{trace.StageConnect: trace.Failed, trace.StageHTTP: trace.Skipped}
			}
			outcomes(t, tr, want)
		})
	}
	t.Run("carries TLS", func(t *testing.T) {
		inner := server(selfSigned(t, nil))
		target := plainTarget(t, "wss", "127.0.0.1:8092") // the proxy takes it elsewhere: to itself
		target.Proxy = "http://" + proxy(t, ok, "", func(c net.Conn) {
			if s := tls.Server(c, inner); s.Handshake() == nil {
				echoServer(s)
			}
		})
		loopback := true
		tr := check(t, target, Options{Credentials: func(p Peer) Credentials { loopback = p.Loopback; return Credentials{} }})
		outcomes(t, tr, map[trace.StageName]trace.Outcome{trace.StageTLS: trace.OK, trace.StageCertificate: trace.OK, trace.StageClose: trace.OK})
		if loopback {
			t.Error("what lies behind a proxy is taken for loopback")
		}
	})
	t.Run("is down", func(t *testing.T) {
		target := plainTarget(t, "ws", "nowhere.invalid:8092")
		target.Proxy = "http://" + closedPort(t)
		if tr := check(t, target, Options{}); tr.Connect.Proxy.Error == "" {
			t.Error("no error of the proxy")
		}
	})
	t.Run("of another kind", func(t *testing.T) {
		target := plainTarget(t, "ws", "nowhere.invalid:8092")
		target.Proxy = "socks5://127.0.0.1:1080"
		tr := check(t, target, Options{})
		outcomes(t, tr, map[trace.StageName]trace.Outcome{trace.StageResolve: trace.Failed})
		if tr.Connect.Proxy.Error == "" {
			t.Error("no error of the proxy")
		}
	})
}

// Connect dials elsewhere, and the server still sees the name of the URL.
func TestConnectElsewhere(t *testing.T) {
	hosts := make(chan string, 1)
	address := serve(t, func(c net.Conn) {
		if r := readRequest(c); r != nil {
			hosts <- r.Host
			switching(c, r)
		}
	})
	target := plainTarget(t, "ws", "drp.invalid:8092")
	target.Connect = address
	tr := check(t, target, Options{})
	outcomes(t, tr, map[trace.StageName]trace.Outcome{trace.StageUpgrade: trace.OK})
	if h := <-hosts; h != "drp.invalid:8092" {
		t.Errorf("Host %q", h)
	}
	for _, bad := range []string{"nohost", "host:0", "host:x"} {
		target.Connect = bad
		outcomes(t, check(t, target, Options{}), map[trace.StageName]trace.Outcome{trace.StageResolve: trace.Failed})
	}
}
