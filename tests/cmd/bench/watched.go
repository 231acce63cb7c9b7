package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"ws-diagnose/plugin/cert"
	"ws-diagnose/plugin/probe"
	"ws-diagnose/plugin/trace"
	"ws-diagnose/plugin/watch"
)

const (
	watchedFirst = 100 // open before the measurement begins
	watchedCount = 500
	watchedIdle  = 10 * time.Second
)

// watchedSockets measures what a watched socket costs: the growth of resident memory and the processor
// time of a process of its own that watches watchedCount sockets of the echo server.
func watchedSockets(_ string, s *server) (row, error) {
	out, err := exec.Command(os.Args[0], "-mode", "watch", "-url", s.url, "-roots", s.roots).CombinedOutput()
	if err != nil {
		return row{}, fmt.Errorf("watching: %w: %s", err, out)
	}
	f := strings.Fields(string(out))
	if len(f) != 3 {
		return row{}, fmt.Errorf("watching printed %q", out)
	}
	return row{
		what: fmt.Sprintf("each of %d watched sockets: RSS (heap+stack %s KiB)", watchedCount, f[1]),
		ours: f[0] + " KiB", ratio: f[2] + " CPU", goal: "30 KiB",
	}, nil
}

// watchMany opens the sockets, lets them be idle, and prints the KiB of resident memory for each, the
// KiB of heap and stacks for each, and the processor time while idle.
func watchMany(url, roots string) error {
	target, err := probe.ParseTarget(url, true)
	if err != nil {
		return err
	}
	pem, err := os.ReadFile(roots)
	if err != nil {
		return err
	}
	trusted, err := cert.LoadRoots(pem)
	if err != nil {
		return err
	}
	group := watch.NewGroup()
	defer group.Stop()
	// What is there for the first sockets, code and tables and room for garbage, is no single one's cost.
	if err := openMany(group, target, trusted, 0, watchedFirst); err != nil {
		return err
	}
	before := settle()
	if err := openMany(group, target, trusted, watchedFirst, watchedFirst+watchedCount); err != nil {
		return err
	}
	after := settle()
	cpu := usedCPU()
	time.Sleep(watchedIdle)
	cpu = usedCPU() - cpu
	for id, w := range group.Snapshot() {
		if !w.Open || len(w.Ends) > 0 {
			return fmt.Errorf("%s was not open all the time: %+v", id, w)
		}
	}
	fmt.Println((after.resident-before.resident)/watchedCount/1024, (after.inUse-before.inUse)/watchedCount/1024, cpu.Round(time.Millisecond))
	return nil
}

// openMany has the group watch the targets of these numbers, each by a path of its own, and returns
// when all sockets are open.
func openMany(group *watch.Group, target trace.Target, roots *cert.Roots, from, to int) error {
	opened := make(chan watch.Event, 2*(to-from))
	var targets []watch.Target
	for i := from; i < to; i++ {
		t := target
		t.Path = "/" + strconv.Itoa(i)
		targets = append(targets, watch.Target{Target: t, Options: watch.Options{
			Open:   watch.Prober(t, probe.Options{Roots: roots}),
			Notify: func(e watch.Event) { opened <- e },
		}})
	}
	group.Watch(targets)
	for range targets {
		select {
		case <-opened:
		case <-time.After(time.Minute):
			return errors.New("no further socket opened within a minute")
		}
	}
	return nil
}

// memory of the process, in bytes.
type memory struct{ resident, inUse int64 }

// settle returns what is left once the garbage is gone, and has the system take back what is free.
func settle() memory {
	for range 4 {
		debug.FreeOSMemory() // stacks shrink by half at each collection
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return memory{resident: resident(), inUse: int64(m.HeapAlloc + m.StackInuse)}
}

// resident is the resident memory of this process, 0 where the system does not tell.
func resident() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(status) {
		if value, ok := bytes.CutPrefix(line, []byte("VmRSS:")); ok {
			kib, _ := strconv.ParseInt(string(bytes.Fields(value)[0]), 10, 64)
			return kib * 1024
		}
	}
	return 0
}

// usedCPU is the processor time that this process has used.
func usedCPU() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
