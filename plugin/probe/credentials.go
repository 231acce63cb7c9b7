package probe

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
)

// Credentials are a token, or a user and a password. They print as "[redacted]".
type Credentials struct {
	Token, User, Password string
}

const redacted = "[redacted]"

// Zero says that there is nothing to send.
func (c Credentials) Zero() bool { return c == Credentials{} }

// Valid says why c cannot stand in an HTTP header, without quoting it.
func (c Credentials) Valid() error {
	switch {
	case c.Token != "" && strings.ContainsFunc(c.Token, notVisible):
		return errors.New("the token holds a blank, a line break or another character that no token has")
	case strings.Contains(c.User, ":"):
		return errors.New("the user's name holds a colon, which HTTP Basic authentication cannot carry (RFC 7617)")
	case strings.ContainsFunc(c.User+c.Password, isControl):
		return errors.New("the user's name or the password holds a control character")
	}
	return nil
}

func notVisible(r rune) bool { return r <= ' ' || r > '~' }
func isControl(r rune) bool  { return r < ' ' || r == 0x7f }

// header is the value of the Authorization header, "" when there is nothing fit to send.
func (c Credentials) header() string {
	switch {
	case c.Zero() || c.Valid() != nil:
		return ""
	case c.Token != "":
		return "Bearer " + c.Token
	}
	return "Basic " + c.basic()
}

func (c Credentials) basic() string {
	return base64.StdEncoding.EncodeToString([]byte(c.User + ":" + c.Password))
}

// String hides the secrets from %s and %v.
func (c Credentials) String() string { return redacted }

// GoString hides the secrets from %#v.
func (c Credentials) GoString() string { return redacted }

// Format hides the secrets from every other verb.
func (c Credentials) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalJSON hides the secrets from JSON.
func (c Credentials) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// LogValue hides the secrets from structured logs.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(redacted) }

// scrubber takes secrets out of what is recorded: a server may well say again what it was told.
type scrubber struct {
	mu      sync.RWMutex
	secrets [][]byte // longest first
}

// Shorter secrets are not looked for: every text would be full of them.
const shortestSecret = 4

// add has the secrets of c looked for from now on.
func (s *scrubber) add(c Credentials) {
	if c.Zero() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	words := []string{c.Token, c.Password}
	if c.Password != "" {
		words = append(words, c.basic())
	}
	for _, w := range words {
		if len(w) >= shortestSecret && !slices.ContainsFunc(s.secrets, func(b []byte) bool { return string(b) == w }) {
			s.secrets = append(s.secrets, []byte(w))
		}
	}
	slices.SortFunc(s.secrets, func(a, b []byte) int { return len(b) - len(a) })
}

// bytes returns b without secrets. A part of a secret at the end, where b was cut off, goes too.
func (s *scrubber) bytes(b []byte) []byte {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, secret := range s.secrets {
		if bytes.Contains(b, secret) {
			b = bytes.ReplaceAll(b, secret, []byte(redacted))
		}
		b = withoutBeginning(b, secret)
	}
	return b
}

// withoutBeginning takes the beginning of secret off the end of b, where a text was cut off and
// perhaps marked as such.
func withoutBeginning(b, secret []byte) []byte {
	text := bytes.TrimRight(b, `."`)
	for n := min(len(secret)-1, len(text)); n >= shortestSecret; n-- {
		if bytes.HasSuffix(text, secret[:n]) {
			return slices.Concat(text[:len(text)-n], []byte(redacted), b[len(text):])
		}
	}
	return b
}

func (s *scrubber) text(t string) string {
	if s.longest() == 0 {
		return t
	}
	return string(s.bytes([]byte(t)))
}

// longest is the length of the longest secret, 0 when there is none.
func (s *scrubber) longest() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if len(s.secrets) == 0 {
		return 0
	}
	return len(s.secrets[0])
}
