package command

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spf13/pflag"

	"ws-diagnose/plugin/diagnose"
	"ws-diagnose/plugin/trace"
)

// outputs returns s with buffers for stdout and stderr.
func outputs(s System) (System, *bytes.Buffer, *bytes.Buffer) {
	var out, err bytes.Buffer
	s.Stdout, s.Stderr = &out, &err
	return s, &out, &err
}

func TestHelp(t *testing.T) {
	for name, args := range map[string][]string{
		"help.txt": {"--help"}, "help-check.txt": {"check", "--help"}, "help-watch.txt": {"watch", "--help"}, "help-explain.txt": {"help", "explain"},
	} {
		s, out, errs := outputs(system(nil, nil))
		if status := Main("v1.2.3", args, s, nil); status != StatusOK || errs.Len() > 0 {
			t.Errorf("%s: status %d, %s", name, status, errs)
		}
		golden(t, name, out.String())
		for line := range strings.Lines(out.String()) {
			if len(line) > 101 {
				t.Errorf("%s: %d columns: %s", name, len(line)-1, line)
			}
		}
	}
}

// TestHelpIsComplete wants a description of every command and flag, and an example of each for people.
func TestHelpIsComplete(t *testing.T) {
	root := Root("v1.2.3", system(nil, nil), nil)
	for _, c := range append(root.Commands(), root) {
		if c.Short == "" || c.GroupID == people.ID && c.Example == "" {
			t.Errorf("%s lacks a description or an example", c.CommandPath())
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" {
				t.Errorf("%s: --%s is not described", c.CommandPath(), f.Name)
			}
		})
	}
}

func TestProviderStatus(t *testing.T) {
	s, _, errs := outputs(system(nil, nil))
	failing := func() error { return errors.New("said already") }
	if status := Main("v1.2.3", []string{"define"}, s, failing); status != 1 || errs.Len() > 0 {
		t.Errorf("status %d, stderr %q", status, errs)
	}
}

// TestUnpackWithoutDirectory: the SDK would end in a panic, with the status of a broken endpoint.
func TestUnpackWithoutDirectory(t *testing.T) {
	var errs bytes.Buffer
	s := System{Stderr: &errs}
	if status := Main("v1.2.3", []string{"unpack"}, s, func() error { panic("index out of range") }); status != StatusUnknown ||
		!strings.Contains(errs.String(), "DIRECTORY") {
		t.Errorf("%d %s", status, &errs)
	}
}

func TestWorst(t *testing.T) {
	for _, c := range []struct {
		verdicts []diagnose.Verdict
		want     int
	}{
		{nil, StatusOK},
		{[]diagnose.Verdict{"ok", "warn", "ok"}, StatusWarning},
		{[]diagnose.Verdict{"error", "warn"}, StatusCritical},
		{[]diagnose.Verdict{"error", "odd"}, StatusUnknown},
	} {
		var reports []diagnose.Report
		for _, v := range c.verdicts {
			reports = append(reports, diagnose.Report{Verdict: v})
		}
		if got := worst(reports); got != c.want {
			t.Errorf("%v: %d, want %d", c.verdicts, got, c.want)
		}
	}
}

func TestTextOptions(t *testing.T) {
	terminal := func(env map[string]string, width int) System {
		s := system(env, nil)
		s.StdoutTerminal, s.Width = true, width
		return s
	}
	if o := textOptions(terminal(nil, 200), false); !o.Color || o.Width != 100 {
		t.Errorf("wide terminal: %+v", o)
	}
	if o := textOptions(terminal(map[string]string{"NO_COLOR": "1"}, 80), true); o.Color || o.Width != 80 || !o.Quiet {
		t.Errorf("NO_COLOR: %+v", o)
	}
	if o := textOptions(system(nil, nil), false); o.Color {
		t.Error("colours without a terminal")
	}
}

// TestInterrupt wants a check that was cut short to be called that, not a broken server.
func TestInterrupt(t *testing.T) {
	silent := silentServer()
	defer silent.close()
	s, out, _ := outputs(system(nil, nil))
	config, err := parse([]string{"--timeout", "1m", silent.address}, s)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var status *StatusError
	if err := run(ctx, config, s); !errors.As(err, &status) || status.Status != StatusUnknown {
		t.Fatalf("got %v", err)
	}
	if want := "interrupted: 1 of 1 targets not checked"; status.Error() != want {
		t.Errorf("got %q, want %q", status, want)
	}
	if out.Len() > 0 {
		t.Errorf("a report of a check that was not made: %s", out)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestWriteError(t *testing.T) {
	closed := closedPort()
	s := system(nil, nil)
	s.Stdout = fullDisk{}
	for _, form := range []string{"--quiet", "--json"} {
		config, err := parse([]string{form, closed.address}, s)
		if err != nil {
			t.Fatal(err)
		}
		var status *StatusError
		if err := run(context.Background(), config, s); !errors.As(err, &status) || status.Status != StatusUnknown {
			t.Errorf("%s: %v", form, err)
		}
	}
}

// locked is a writer that goroutines share.
type locked struct {
	mu sync.Mutex
	bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.Write(p)
}

func TestProgress(t *testing.T) {
	one := []trace.Target{{Scheme: "https", Host: "drp", Port: 8092}}
	const erased = "\r\x1b[K"
	t.Run("short", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var w locked
			p := startProgress(&w, one)
			time.Sleep(quietFor - time.Millisecond)
			p.stop()
			if w.Len() > 0 {
				t.Errorf("drawn for what takes less than %s: %q", quietFor, w.String())
			}
		})
	})
	t.Run("long", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var w locked
			p := startProgress(&w, one)
			p.at(trace.StageTLS)
			time.Sleep(quietFor + time.Millisecond)
			p.stop()
			if want := erased + "2s, tls: checking https://drp:8092" + erased; w.String() != want {
				t.Errorf("got %q, want %q", w.String(), want)
			}
		})
	})
	t.Run("several", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var w locked
			p := startProgress(&w, append(one, one...))
			p.one()
			time.Sleep(quietFor + time.Millisecond)
			p.stop()
			if want := erased + "2s: 1 of 2 targets checked" + erased; w.String() != want {
				t.Errorf("got %q, want %q", w.String(), want)
			}
		})
	})
	t.Run("no terminal", func(t *testing.T) {
		p := startProgress(nil, one)
		p.at(trace.StageTLS)
		p.one()
		p.stop()
	})
}
