// Command demo shows ws-diagnose on an emulated DRP endpoint: it uploads the real provider binary over
// HTTP, runs its action as the portal's menu does, and prints the report and the alerts. With
// "-story alerts" it shows the life of one alert instead.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	provider := flag.String("provider", "", "`path` of the ws-diagnose binary")
	story := flag.String("story", "check", "what to show: `check`, or alerts (the life of one alert)")
	flag.Parse()
	show, ok := stories[*story]
	if !ok {
		fmt.Fprintf(os.Stderr, "demo: there is no story %q, only check and alerts\n", *story)
		os.Exit(2)
	}
	if err := run(os.Stdout, *provider, show); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

var stories = map[string]func(*scene) error{"check": showCheck, "alerts": showAlerts}

// run shows a story on an endpoint of its own. It fails when the story does not go as it should.
func run(out io.Writer, provider string, show func(*scene) error) error {
	s, err := open(out, provider)
	if err != nil {
		return err
	}
	return errors.Join(show(s), s.close())
}
