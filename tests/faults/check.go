package faults

import (
	"cmp"
	"context"
	"net"
	"strconv"
	"time"

	"ws-diagnose/plugin/cert"
	"ws-diagnose/plugin/diagnose"
	"ws-diagnose/plugin/probe"
	"ws-diagnose/plugin/trace"
)

// Checker runs the real check against cases.
type Checker struct {
	PKI      *PKI
	Resolver *net.Resolver
	Timeout  time.Duration // of one check
	Listen   time.Duration // where the case names none
}

// Target is what a check of the running case is asked for.
func (c Case) Target(s *Server) trace.Target {
	host := c.HostName()
	t := trace.Target{
		Scheme: c.scheme(), Host: host, Port: s.Port, Path: c.path(), Plain: !c.DRP,
		Role: trace.RoleEndpoint, Connect: s.Connect, Proxy: s.Proxy, Origin: c.portal(),
		Names: c.Check.Names, NamesUnknown: c.Check.NamesUnknown,
	}
	if t.Names == nil {
		t.Names = []string{host}
	}
	if t.NamesUnknown {
		t.Role, t.Names = trace.RoleLoopback, nil
	}
	return t
}

// portal is the origin of the page that opens the socket.
func (c Case) portal() string { return or(c.Check.Portal, "https://localhost") }

// Run checks a running case and judges what was seen. With a file port the report is the one of
// that port: there the comparison of the two stands.
func (k *Checker) Run(ctx context.Context, c Case, s *Server) (*trace.Trace, diagnose.Report, error) {
	roots, err := cert.LoadRoots(append(k.PKI.Roots(), s.Roots...))
	if err != nil {
		return nil, diagnose.Report{}, err
	}
	options := probe.Options{
		Timeout: k.Timeout + c.Check.Listen, Listen: cmp.Or(c.Check.Listen, k.Listen), Roots: roots,
		FetchIssuer: c.Check.FetchIssuer, Resolver: k.Resolver,
		Credentials: func(probe.Peer) probe.Credentials {
			if !c.DRP || c.Check.NoToken {
				return probe.Credentials{}
			}
			return probe.Credentials{Token: Token}
		},
	}
	seen := probe.Check(ctx, c.Target(s), options)
	ev := trace.Evidence{Time: time.Now(), Vantage: "test", Traces: []*trace.Trace{seen}, Known: map[string]trace.Known{}}
	if c.Check.Known != "" {
		ev.Known[seen.Target.ID()] = trace.Known{SHA256: c.Check.Known, Seen: ev.Time.AddDate(0, 0, -1)}
	}
	if s.Static != "" {
		ev.Traces = append(ev.Traces, probe.Check(ctx, staticTarget(c, s), options))
	}
	policy := diagnose.Policy{RequireTrusted: c.Check.RequireTrusted, LatencyWarn: c.Check.LatencyWarn, PortalURL: c.portal(), Version: "test"}
	reports := diagnose.Diagnose(ev, policy)
	return seen, reports[len(reports)-1], nil
}

// staticTarget is the HTTPS file port beside the case's own.
func staticTarget(c Case, s *Server) trace.Target {
	t := c.Target(s)
	_, port, _ := net.SplitHostPort(s.Static)
	t.Port, _ = strconv.Atoi(port)
	t.Scheme, t.Role, t.CertOnly, t.Connect = "https", trace.RoleStatic, true, s.Static
	return t
}
