package alert

import (
	"flag"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain has the property test try ten thousand histories unless the command line says otherwise.
func TestMain(m *testing.M) {
	flag.Parse()
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "rapid.checks" })
	if !chosen {
		if err := flag.Set("rapid.checks", "10000"); err != nil {
			os.Exit(1)
		}
	}
	goleak.VerifyTestMain(m)
}
