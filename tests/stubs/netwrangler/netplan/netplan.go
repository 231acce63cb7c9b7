// Package netplan stands in for netwrangler's package of that name.
package netplan

import "gitlab.com/rackn/netwrangler/util"

// Netplan has the fields that drpcli fills in before it compiles a plan.
type Netplan struct {
	Network struct {
		Vlans, Bonds, Bridges, Ethernets map[string]any
	}
}

// Compile always fails with util.ErrStub.
func (*Netplan) Compile([]util.Phy) (*util.Layout, error) { return nil, util.ErrStub }
