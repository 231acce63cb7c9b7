// Package netwrangler stands in for the module behind "drpcli net", which cannot be downloaded.
// It lets drpcli compile; each of its functions fails with util.ErrStub.
package netwrangler

import "gitlab.com/rackn/netwrangler/util"

// DestFormats is empty: the stand-in writes no format.
var DestFormats []string

// BootMac ignores the address of the boot interface.
func BootMac(string) {}

// GatherPhys always fails.
func GatherPhys() ([]util.Phy, error) { return nil, util.ErrStub }

// GatherPhysFromFile always fails.
func GatherPhysFromFile(string) ([]util.Phy, error) { return nil, util.ErrStub }

// Write always fails.
func Write(*util.Layout, string, string, bool) error { return util.ErrStub }

// Compile always fails.
func Compile([]util.Phy, string, string, string, string, bool) error { return util.ErrStub }
