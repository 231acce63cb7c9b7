package proxies

import (
	"strings"
	"testing"
)

func TestProgramThatIsMissing(t *testing.T) {
	if _, err := find("no-such-proxy"); err == nil || !strings.Contains(err.Error(), "apt-get install") {
		t.Errorf("found, or not told how to install it: %v", err)
	}
}

// TestFaultOfSyntax: a configuration that the program refuses is reported with its own words, and leaves
// nothing running.
func TestFaultOfSyntax(t *testing.T) {
	for _, s := range setups {
		t.Run(s.name, func(t *testing.T) {
			p, err := s.newProxy(Place{Dir: t.TempDir(), Listen: address(8443)})
			if err != nil {
				t.Skip(err)
			}
			if err := p.Start("no such directive\n"); err == nil || !strings.Contains(err.Error(), "refuses its configuration") {
				t.Errorf("started, or fails by %v", err)
			}
			if err := p.Stop(); err != nil {
				t.Error(err)
			}
		})
	}
}
