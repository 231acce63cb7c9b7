package browsers

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"
)

// marionette is a client of Firefox's own automation protocol: messages are JSON arrays, each with
// its length before it, "42:[0,1,\"command\",{}]". Unlike WebDriver it reaches the browser's own
// scripts, where the reason of a failed connection can be read.
type marionette struct {
	mu   sync.Mutex // one command at a time
	conn net.Conn
	in   *bufio.Reader
	next int
}

const marionetteMax = 64 << 20 // bytes of one message; screenshots are the largest

func dialMarionette(ctx context.Context, addr string) (*marionette, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	m := &marionette{conn: conn, in: bufio.NewReader(conn)}
	if _, err := m.read(); err != nil { // the greeting
		conn.Close()
		return nil, err
	}
	return m, nil
}

// call runs a command and decodes the "value" of its answer into out, which may be nil.
func (m *marionette) call(ctx context.Context, command string, params map[string]any, out any) error {
	if out == nil {
		return m.callRaw(ctx, command, params, new(json.RawMessage)) // of whatever form it is
	}
	var answer struct{ Value json.RawMessage }
	if err := m.callRaw(ctx, command, params, &answer); err != nil {
		return err
	}
	return json.Unmarshal(answer.Value, out)
}

// callRaw runs a command and decodes its whole answer into out.
func (m *marionette) callRaw(ctx context.Context, command string, params map[string]any, out any) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	stop := context.AfterFunc(ctx, func() { m.conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if params == nil {
		params = map[string]any{}
	}
	m.next++
	message, err := json.Marshal([]any{0, m.next, command, params})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(m.conn, "%d:%s", len(message), message); err != nil {
		return fmt.Errorf("firefox, %s: %w", command, err)
	}
	answer, err := m.read()
	if err != nil {
		return fmt.Errorf("firefox, %s: %w", command, err)
	}
	return decodeAnswer(command, answer, out)
}

func decodeAnswer(command string, answer []byte, out any) error {
	var parts [4]json.RawMessage
	if err := json.Unmarshal(answer, &parts); err != nil {
		return fmt.Errorf("firefox, %s: %w", command, err)
	}
	if string(parts[2]) != "null" {
		var fault struct{ Error, Message string }
		json.Unmarshal(parts[2], &fault)
		return fmt.Errorf("firefox, %s: %s: %s", command, fault.Error, fault.Message)
	}
	return json.Unmarshal(parts[3], out)
}

func (m *marionette) read() ([]byte, error) {
	prefix, err := m.in.ReadString(':')
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(prefix[:len(prefix)-1])
	if err != nil || n < 0 || n > marionetteMax {
		return nil, fmt.Errorf("a message of length %q", prefix)
	}
	message := make([]byte, n)
	_, err = io.ReadFull(m.in, message)
	return message, err
}
