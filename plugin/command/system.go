package command

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/term"
)

// OS is the real system.
func OS() System {
	s := System{
		Getenv: os.Getenv, ReadFile: readFile, Stdout: os.Stdout, Stderr: os.Stderr,
		StdoutTerminal: term.IsTerminal(int(os.Stdout.Fd())),
		StderrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
	}
	if s.StdoutTerminal {
		s.Width, _, _ = term.GetSize(int(os.Stdout.Fd())) // 0 when the terminal does not say
	}
	return s
}

// readFile reads a file that a user named; it may be a device or a pipe that never ends.
func readFile(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("it is larger than %d bytes", limit)
	}
	return data, err
}

// quoted makes a value fit to stand in an error: on one line, printable, and not endless.
func quoted(value string) string {
	const most = 120
	if len(value) > most {
		return strconv.Quote(value[:most]) + "..."
	}
	return strconv.Quote(value)
}

// oneLine keeps an error on one line of printing characters; what is quoted in it already is.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	q := strconv.Quote(text)
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(q[1 : len(q)-1])
}

// internalError words a panic.
func internalError(fault any) error {
	return fmt.Errorf("internal error: %s; please report it with the arguments that led to it", quoted(fmt.Sprint(fault)))
}
