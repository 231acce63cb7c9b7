package diagnose

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"ws-diagnose/plugin/trace"
)

func connectRefused(s *scene) []sighting     { return connectFault(s, "connect-refused") }
func connectTimeout(s *scene) []sighting     { return connectFault(s, "connect-timeout") }
func connectUnreachable(s *scene) []sighting { return connectFault(s, "connect-unreachable") }

// connectFault is the sighting of id when that is what kept every address from answering.
func connectFault(s *scene, id string) []sighting {
	if s.Connect == nil || s.Connect.Proxy != nil || classifyDials(s.Connect) != id {
		return nil
	}
	return []sighting{{detail: dialDetails(s.Connect.Dials), values: values{"dial": firstDialled(s)}}}
}

// classifyDials names the fault when no address answered. One that keeps silent weighs most, for
// there may be more behind it; an address without a route (IPv6, often) says less than one whose
// host refuses.
func classifyDials(c *trace.Connect) string {
	if c.Chosen.IsValid() || len(c.Dials) == 0 {
		return ""
	}
	has := func(o trace.DialOutcome) bool {
		return slices.ContainsFunc(c.Dials, func(d trace.Dial) bool { return d.Outcome == o })
	}
	switch {
	case has(trace.DialOK):
		return ""
	case has(trace.DialTimeout):
		return "connect-timeout"
	case has(trace.DialRefused):
		return "connect-refused"
	case slices.ContainsFunc(c.Dials, resetAtOnce):
		return "tls-dropped"
	case has(trace.DialUnreachable), has(trace.DialDenied), has(trace.DialError):
		return "connect-unreachable"
	}
	return "connect-timeout" // all untried: the deadline came first
}

// resetAtOnce says that the host took the connection and reset it before we knew.
func resetAtOnce(d trace.Dial) bool {
	return d.Outcome == trace.DialError && strings.Contains(d.Error, "reset")
}

// firstDialled is the address to name in the headline.
func firstDialled(s *scene) string {
	if len(s.Connect.Dials) == 1 && s.Connect.Dials[0].Address.IsValid() {
		return s.Connect.Dials[0].Address.String()
	}
	return s.dialled()
}

func dialDetails(dials []trace.Dial) string {
	parts := make([]string, 0, len(dials))
	for _, d := range dials {
		parts = append(parts, dialDetail(d))
	}
	return listedWith("; ", parts)
}

// dialDetail is one attempt in words: "10.0.0.5:8092 refused after 1 ms".
func dialDetail(d trace.Dial) string {
	what := map[trace.DialOutcome]string{
		trace.DialOK:          "answered",
		trace.DialRefused:     "refused the connection",
		trace.DialTimeout:     "did not answer",
		trace.DialUnreachable: "cannot be reached",
		trace.DialDenied:      "is prohibited by a policy",
		trace.DialUntried:     "was not tried: the time was up",
	}[d.Outcome]
	if what == "" {
		what = "failed"
	}
	detail := fmt.Sprintf("%s %s", d.Address, what)
	if d.Outcome == trace.DialUntried {
		return detail
	}
	detail += " (" + span(d.Duration)
	if d.Error != "" && d.Outcome != trace.DialOK {
		detail += ", " + plain(d.Error)
	}
	return detail + ")"
}

func connectPartial(s *scene) []sighting {
	c := s.Connect
	if c == nil || c.Proxy != nil || !c.Chosen.IsValid() {
		return nil
	}
	var bad []trace.Dial
	for _, d := range c.Dials {
		if d.Outcome != trace.DialOK && d.Outcome != trace.DialUntried && d.Address != c.Chosen {
			bad = append(bad, d)
		}
	}
	if len(bad) == 0 {
		return nil
	}
	return []sighting{{detail: dialDetails(bad) + "; " + c.Chosen.String() + " works"}}
}

func proxyFailed(s *scene) []sighting {
	if s.Connect == nil || s.Connect.Proxy == nil {
		return nil
	}
	p := s.Connect.Proxy
	down := !s.Connect.Chosen.IsValid() && len(s.Connect.Dials) > 0
	refused := p.Status != 0 && (p.Status < 200 || p.Status > 299)
	if p.Error == "" && !refused && !down {
		return nil
	}
	var parts []string
	if p.Status != 0 && p.Error == "" {
		parts = append(parts, fmt.Sprintf("%s answered CONNECT with status %d", plain(p.URL), p.Status))
	}
	if p.Error != "" {
		parts = append(parts, plain(p.Error))
	}
	if down {
		parts = append(parts, dialDetails(s.Connect.Dials))
	}
	return []sighting{{detail: strings.Join(parts, "; "), values: values{"proxy": p.URL, "why": proxyFault(p, down)}}}
}

// proxyFault says in short why a proxy opened no tunnel.
func proxyFault(p *trace.Proxy, down bool) string {
	switch {
	case down:
		return "it cannot be reached"
	case p.Status != 0:
		return strings.TrimSpace(fmt.Sprintf("it answers %d %s", p.Status, http.StatusText(p.Status)))
	}
	return "it " + plain(strings.TrimPrefix(p.Error, "the proxy "+p.URL+" "))
}
