package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"ws-diagnose/plugin/cert"
	"ws-diagnose/plugin/probe"
	"ws-diagnose/plugin/trace"
)

// batch is how many loops one CPU sample covers: the kernel counts CPU time coarsely.
const batch = 40

// cpuOfCheck compares the processor time of healthy checks in this process with that of bare loops.
// Both trust the same root, verify, and speak the same TLS to the same server.
func cpuOfCheck(_ string, s *server) (row, error) {
	pool, err := loadPool(s.roots)
	if err != nil {
		return row{}, err
	}
	pem, err := os.ReadFile(s.roots)
	if err != nil {
		return row{}, err
	}
	roots, err := cert.LoadRoots(pem)
	if err != nil {
		return row{}, err
	}
	target, err := probe.ParseTarget(s.url, true)
	if err != nil {
		return row{}, err
	}
	check := func() error {
		tr := probe.Check(context.Background(), target, probe.Options{Roots: roots})
		if last := tr.Stage(trace.StageClose); last.Outcome != trace.OK {
			return fmt.Errorf("the check of the echo server failed: %+v", tr.Stages)
		}
		return nil
	}
	var bareTimes, ours []time.Duration
	for range rounds {
		b, err := cpuTime(func() error { return bare(s.url, pool) })
		if err != nil {
			return row{}, err
		}
		o, err := cpuTime(check)
		if err != nil {
			return row{}, err
		}
		bareTimes, ours = append(bareTimes, b/batch), append(ours, o/batch)
	}
	return compared("CPU of one check --plain --listen 0, in process", bareTimes, ours, "<= 1.3"), nil
}

// cpuTime is the processor time that this process spends on a batch of loops.
func cpuTime(loop func() error) (time.Duration, error) {
	before, err := usage()
	if err != nil {
		return 0, err
	}
	for range batch {
		if err := loop(); err != nil {
			return 0, err
		}
	}
	after, err := usage()
	return after - before, err
}

func usage() (time.Duration, error) {
	var r syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano()), err
}

// wallOfCheck compares whole processes: start, one check or one bare loop, end.
func wallOfCheck(provider string, s *server) (row, error) {
	bareTimes, ours, err := alternate(
		[]string{os.Args[0], "-mode", "bare", "-url", s.url, "-roots", s.roots},
		[]string{provider, "check", "--plain", "--listen", "0", "--quiet", "--ca-cert", s.roots, s.url})
	return compared("wall time of one-shot check --plain --listen 0", bareTimes, ours, "<= 2.5"), err
}

// startOfDefine compares `define` with the start of an empty Go program.
func startOfDefine(provider string, s *server) (row, error) {
	empty, err := emptyProgram(s.dir)
	if err != nil {
		return row{}, err
	}
	emptyTimes, ours, err := alternate([]string{empty}, []string{provider, "define"})
	return compared("wall time of define, against an empty program", emptyTimes, ours, "<= 4"), err
}

// alternate runs two commands in turn and returns how long each took.
func alternate(a, b []string) (as, bs []time.Duration, err error) {
	for range rounds * 2 {
		for _, side := range []struct {
			args  []string
			times *[]time.Duration
		}{{a, &as}, {b, &bs}} {
			begun := time.Now()
			if out, err := exec.Command(side.args[0], side.args[1:]...).CombinedOutput(); err != nil {
				return nil, nil, fmt.Errorf("%v: %w: %s", side.args, err, out)
			}
			*side.times = append(*side.times, time.Since(begun))
		}
	}
	return as, bs, nil
}

// emptyProgram builds a program that does nothing.
func emptyProgram(dir string) (string, error) {
	source, binary := dir+"/empty.go", dir+"/empty"
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-ldflags", "-s -w", "-o", binary, source)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the empty program: %w: %s", err, out)
	}
	return binary, nil
}
