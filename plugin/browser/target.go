package browser

import (
	"net/netip"
	"slices"
	"strings"

	"ws-diagnose/plugin/trace"
)

// unsafePorts are the ports that the Fetch standard blocks ("port blocking"), because other
// protocols live there. Both browsers follow its list.
var unsafePorts = []int{
	0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104,
	109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515,
	526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049,
	3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
}

// UnsafePort says whether browsers refuse the port before they send a packet.
func UnsafePort(port int) bool { return slices.Contains(unsafePorts, port) }

// mixedContent says whether a page at the target's Origin may not open this socket for its lack
// of TLS. Loopback is excepted by name and by address, not by what a name resolves to.
func mixedContent(t *trace.Target) bool {
	return !t.Secure() && strings.HasPrefix(strings.ToLower(t.Origin), "https://") && !loopbackHost(t.Host)
}

func loopbackHost(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Unmap().IsLoopback()
	}
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	return name == "localhost" || strings.HasSuffix(name, ".localhost")
}

// chromiumTarget: case unsafe-port. Mixed content is refused by the constructor of the socket, so
// the page gets an exception and no close event; its script has nothing but 1006 to go by.
func chromiumTarget(t *trace.Trace) *Prediction {
	switch {
	case mixedContent(&t.Target):
		return refuse(codeAbnormal, "An insecure WebSocket connection may not be initiated from a page loaded over HTTPS.")
	case UnsafePort(t.Target.Port):
		return refuse(codeAbnormal, "net::ERR_UNSAFE_PORT")
	}
	return nil
}

// firefoxTarget: the same. Firefox has no channel yet that could name an error.
func firefoxTarget(t *trace.Trace) *Prediction {
	if mixedContent(&t.Target) || UnsafePort(t.Target.Port) {
		return refuse(codeAbnormal, "")
	}
	return nil
}
