package browser

import (
	"crypto/x509"
	"slices"
	"time"

	"ws-diagnose/plugin/trace"
)

// chain is the certificates of a trace, seen as browsers do.
type chain struct {
	*trace.Certificate
	now      time.Time
	nameless bool // the leaf does not cover the name that the browser goes to
}

// chainOf returns nil where there is nothing to judge.
func chainOf(t *trace.Trace) *chain {
	c := t.Certificate
	if c == nil || c.Leaf.Certificate == nil {
		return nil
	}
	return &chain{c, t.Time, !covered(t)}
}

// covered says whether the leaf covers the name in the address bar: the target's own where that
// was checked, else all that users type.
func covered(t *trace.Trace) bool {
	if t.Target.NamesUnknown {
		return true
	}
	own := t.Target.ServerName
	if own == "" {
		own = t.Target.Host
	}
	for _, n := range t.Certificate.Names {
		if n.Name == own {
			return n.Covered
		}
	}
	return !slices.ContainsFunc(t.Certificate.Names, func(n trace.NameCheck) bool { return !n.Covered })
}

// has says whether a link of the chain has one of the faults.
func (c *chain) has(kinds ...trace.ChainFaultKind) bool {
	return slices.ContainsFunc(c.Faults, func(f trace.ChainFault) bool { return slices.Contains(kinds, f.Kind) })
}

// at says whether link i has one of the faults.
func (c *chain) at(i int, kinds ...trace.ChainFaultKind) bool {
	return slices.ContainsFunc(c.Faults, func(f trace.ChainFault) bool {
		return f.Index == i && slices.Contains(kinds, f.Kind)
	})
}

func (c *chain) expired() bool     { return c.now.After(c.Leaf.NotAfter) }
func (c *chain) notYetValid() bool { return c.now.Before(c.Leaf.NotBefore) }

// serves says whether the leaf's extended key usage, where it has one, lets it serve.
func (c *chain) serves(anyCounts bool) bool {
	if !c.Leaf.HasEKU {
		return true
	}
	return slices.Contains(c.Leaf.ExtKeyUsage, x509.ExtKeyUsageServerAuth) ||
		anyCounts && slices.Contains(c.Leaf.ExtKeyUsage, x509.ExtKeyUsageAny)
}
