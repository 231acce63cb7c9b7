// Command bench measures what ws-diagnose costs, each figure as a ratio to a bare loop that dials,
// upgrades, echoes one message and closes, taken in the same run on the same machine. It asserts
// nothing: figures of one run on a busy machine are for people to read.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"slices"
	"time"
)

// rounds of each measurement; the two sides take turns so that a slow spell of the machine hits both.
const rounds = 15

func main() {
	log.SetFlags(0)
	provider := flag.String("provider", "", "path of the ws-diagnose binary")
	mode := flag.String("mode", "", "used by the program itself: serve, bare, watch")
	url := flag.String("url", "", "used by the program itself: where the clients go")
	roots := flag.String("roots", "", "used by the program itself: PEM file of the roots")
	flag.Parse()
	var err error
	switch *mode {
	case "serve":
		err = serve(*roots)
	case "watch":
		err = watchMany(*url, *roots)
	case "bare":
		err = bareOnce(*url, *roots)
	default:
		err = bench(*provider)
	}
	if err != nil {
		log.Fatalf("bench: %v", err)
	}
}

// bench runs every measurement and prints a line for each as it is done.
func bench(provider string) error {
	if _, err := os.Stat(provider); err != nil {
		return fmt.Errorf("the provider binary is missing: %w; run `make build` first", err)
	}
	echo, err := startServer()
	if err != nil {
		return err
	}
	defer echo.stop()
	fmt.Printf("%-52s %12s %12s %7s %7s\n", "measured", "bare", "ws-diagnose", "ratio", "goal")
	for _, measure := range []func(string, *server) (row, error){cpuOfCheck, wallOfCheck, startOfDefine, sizeOfBinary, idleMemory, watchedSockets} {
		r, err := measure(provider, echo)
		if err != nil {
			return err
		}
		fmt.Println(r)
	}
	return nil
}

// row is one printed figure. Where there is nothing to compare with, bare and ratio are empty.
type row struct {
	what, bare, ours, ratio, goal string
}

func (r row) String() string {
	return fmt.Sprintf("%-52s %12s %12s %7s %7s", r.what, r.bare, r.ours, r.ratio, r.goal)
}

// compared makes a row of two samples by their medians.
func compared(what string, bare, ours []time.Duration, goal string) row {
	b, o := median(bare), median(ours)
	return row{what, b.Round(time.Microsecond).String(), o.Round(time.Microsecond).String(),
		fmt.Sprintf("%.2f", float64(o)/float64(b)), goal}
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}
