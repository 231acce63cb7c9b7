package diagnose

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"ws-diagnose/plugin/trace"
)

// badPorts are those of the WHATWG Fetch standard, "port blocking".
var badPorts = []int{
	0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109,
	110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531,
	532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060,
	5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
}

func schemeInsecure(s *scene) []sighting {
	if s.Target.Host == "" || s.Target.Secure() || isLoopback(s.Target.Host) {
		return nil
	}
	return []sighting{{detail: "the target is " + quote(s.Target.ID())}}
}

// isLoopback says whether browsers take the host for their own machine (Secure Contexts, 3.1).
func isLoopback(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Unmap().IsLoopback()
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

func portUnsafe(s *scene) []sighting {
	if s.Target.Host == "" || !slices.Contains(badPorts, s.Target.Port) {
		return nil
	}
	return []sighting{{detail: "port " + strconv.Itoa(s.Target.Port) + " is on the browsers' list of blocked ports"}}
}

func namesUnknown(s *scene) []sighting {
	if !s.Target.NamesUnknown || s.Certificate == nil {
		return nil
	}
	return []sighting{{detail: "the certificate names " + namesOf(s.Certificate.Leaf) +
		"; whether users type one of these is not known"}}
}

func dnsNotFound(s *scene) []sighting {
	r := s.Resolve
	if r == nil || !r.NotFound {
		return nil
	}
	return []sighting{{detail: resolverSays(s)}}
}

func dnsFailed(s *scene) []sighting {
	r := s.Resolve
	if r == nil || r.NotFound || len(r.Addresses) > 0 || (r.Error == "" && !r.Timeout) {
		return nil
	}
	return []sighting{{detail: resolverSays(s)}}
}

// resolverSays is what the resolver answered about the host.
func resolverSays(s *scene) string {
	detail := "looking up " + quote(s.Target.Host)
	if s.Resolve.Timeout {
		detail += ": no answer in " + span(s.Stage(trace.StageResolve).Duration)
	}
	if s.Resolve.Error != "" {
		detail += ": " + plain(s.Resolve.Error)
	} else if s.Resolve.NotFound {
		detail += ": no address"
	}
	return detail
}
