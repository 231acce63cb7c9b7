// Package util stands in for netwrangler's package of that name.
package util

import "errors"

// ErrStub is what every function of the stand-in answers.
var ErrStub = errors.New("network configuration is not part of this build of drpcli")

// Phy stands for a physical network interface.
type Phy struct{}

// Layout stands for a compiled network configuration.
type Layout struct{}

// Err collects errors; here there is at most one.
type Err struct{ err error }

// OrNil returns the collected error.
func (e *Err) OrNil() error { return e.err }

// Copy always fails with ErrStub.
func Copy(_, _ string, e *Err) { e.err = ErrStub }
