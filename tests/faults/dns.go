package faults

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/crypto/cryptobyte"
)

// DNS response codes (RFC 1035 section 4.1.1).
const (
	dnsOK       = 0
	dnsServFail = 2
	dnsNXDomain = 3
	dnsRefused  = 5
)

// zone is what the resolver answers for a name under zoo.test: a code, and addresses.
type zone struct {
	code   byte
	silent bool
	addrs  []netip.Addr
}

var home = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// zones are the names that the cases use; other names under zoo.test are 127.0.0.1.
var zones = map[string]zone{
	"nx.zoo.test":       {code: dnsNXDomain},
	"empty.zoo.test":    {code: dnsOK},
	"servfail.zoo.test": {code: dnsServFail},
	"refused.zoo.test":  {code: dnsRefused},
	"silent.zoo.test":   {silent: true},
	"partial.zoo.test":  {addrs: []netip.Addr{netip.MustParseAddr("127.0.0.2"), home}},
	"dual.zoo.test":     {addrs: []netip.Addr{netip.IPv6Loopback(), home}},
	"closed.zoo.test":   {addrs: []netip.Addr{netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.3")}},
}

// Resolver returns a resolver that asks a name server of ours on loopback, which ends with tb. It
// knows zoo.test only: any other name does not exist.
func Resolver(tb testing.TB) *net.Resolver {
	tb.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("faults: name server: %v", err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		serveDNS(pc)
	}()
	tb.Cleanup(func() {
		pc.Close()
		<-done
	})
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", pc.LocalAddr().String())
	}}
}

func serveDNS(pc net.PacketConn) {
	query := make([]byte, 1500)
	for {
		n, from, err := pc.ReadFrom(query)
		if err != nil {
			return
		}
		if reply := dnsReply(query[:n]); reply != nil {
			pc.WriteTo(reply, from)
		}
	}
}

// dnsReply answers a query with one question; nil when the answer is silence.
func dnsReply(query []byte) []byte {
	name, kind, question := dnsQuestion(query)
	z, known := zones[name]
	switch {
	case question == nil || z.silent:
		return nil
	case !known && (name == DefaultHost || strings.HasSuffix(name, "."+DefaultHost)):
		z = zone{addrs: []netip.Addr{home}}
	case !known:
		z = zone{code: dnsNXDomain}
	}
	var answers []byte
	count := uint16(0)
	for _, a := range z.addrs {
		if kind == 1 && a.Is4() || kind == 28 && a.Is6() { // A, AAAA
			count++
			answers = append(answers, 0xc0, 12) // the name: see offset 12
			answers = binary.BigEndian.AppendUint16(answers, kind)
			answers = append(answers, 0, 1, 0, 0, 0, 60, 0, byte(a.BitLen()/8)) // IN, TTL 60
			answers = append(answers, a.AsSlice()...)
		}
	}
	reply := append([]byte{query[0], query[1], 0x84 | query[2]&1, 0x80 | z.code, 0, 1}, byte(count>>8), byte(count), 0, 0, 0, 0)
	return append(append(reply, question...), answers...)
}

// dnsQuestion returns the name, in lower case, and the type asked for, and the question as it came.
func dnsQuestion(query []byte) (name string, kind uint16, question []byte) {
	s := cryptobyte.String(query)
	if !s.Skip(12) {
		return "", 0, nil
	}
	start := len(query) - len(s)
	var labels []string
	for {
		var label cryptobyte.String
		if !s.ReadUint8LengthPrefixed(&label) {
			return "", 0, nil
		}
		if len(label) == 0 {
			break
		}
		labels = append(labels, string(label))
	}
	if !s.ReadUint16(&kind) || !s.Skip(2) {
		return "", 0, nil
	}
	return strings.ToLower(strings.Join(labels, ".")), kind, query[start : len(query)-len(s)]
}
