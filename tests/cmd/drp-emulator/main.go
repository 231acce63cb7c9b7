// Command drp-emulator runs the emulated DRP endpoint of the tests until it is interrupted, for
// demonstrations and for trying things by hand. It listens on loopback only.
//
// Its first three lines on stdout are shell assignments that drpcli understands:
//
//	RS_ENDPOINT=https://127.0.0.1:40123
//	RS_KEY=rocketskates:r0cketsk8ts
//	RS_TOKEN=...
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"ws-diagnose/tests/emulator"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "drp-emulator:", err)
		os.Exit(1)
	}
}

func run() error {
	var o emulator.Options
	var verbose bool
	flag.StringVar(&o.Host, "host", "127.0.0.1", "loopback `address` to listen on")
	flag.IntVar(&o.APIPort, "api-port", 0, "API `port` (0: any free one)")
	flag.IntVar(&o.SecureFilePort, "secure-file-port", 0, "HTTPS file `port`")
	flag.IntVar(&o.FilePort, "file-port", 0, "HTTP file `port`")
	flag.IntVar(&o.CertificateDays, "cert-days", 365, "`days` that the certificate has left; below 0 it expired")
	flag.BoolVar(&o.Old, "old", false, "be a server without alerts, blueprints and triggers")
	flag.BoolVar(&verbose, "verbose", false, "log to stderr")
	flag.Parse()
	if flag.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flag.Arg(0))
	}
	if verbose {
		o.Log = log.New(os.Stderr, "", log.Ltime)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	e, err := emulator.Start(o)
	if err != nil {
		return err
	}
	fmt.Printf("RS_ENDPOINT=%s\nRS_KEY=%s:%s\nRS_TOKEN=%s\n",
		e.URL(), e.Username(), e.Password(), e.Token(24*time.Hour))
	<-ctx.Done()
	return e.Close()
}
