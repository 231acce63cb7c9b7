package command

import (
	"errors"
	"fmt"
	"strings"

	"ws-diagnose/plugin/probe"
	"ws-diagnose/plugin/trace"
)

// maxToken bounds a token, in bytes: servers refuse a longer header anyway.
const maxToken = 64 << 10

// credentials finds what is to be shown to the endpoint: flags before the environment, and there a
// token before a user, RS_KEY before RS_USERNAME and RS_PASSWORD, as drpcli has it. No error ever
// shows a value.
func (a *accessFlags) credentials(given func(flag string) bool, s System) (probe.Credentials, error) {
	byToken := given("token") || given("token-file")
	byUser := given("username") || given("password")
	switch {
	case byToken && byUser:
		return probe.Credentials{}, errors.New("give either a token or --username and --password, not both")
	case byUser:
		return a.user(given, s)
	case byToken:
		return a.givenToken(given, s)
	case s.Getenv("RS_TOKEN") != "":
		return checkToken("RS_TOKEN", s.Getenv("RS_TOKEN"))
	default:
		return a.user(given, s)
	}
}

// givenToken is the token of --token or --token-file.
func (a *accessFlags) givenToken(given func(string) bool, s System) (probe.Credentials, error) {
	if !given("token-file") {
		return checkToken("--token", a.token)
	}
	if given("token") {
		return probe.Credentials{}, errors.New("give either --token or --token-file, not both")
	}
	data, err := s.ReadFile(a.tokenFile, maxToken)
	if err != nil {
		return probe.Credentials{}, fmt.Errorf("--token-file %s cannot be read: %w", quoted(a.tokenFile), cause(err))
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	return checkToken("the token in --token-file "+quoted(a.tokenFile), text)
}

// checkToken refuses what cannot stand in a header (RFC 6750 section 2.1: no space, no control
// character), and with it what would smuggle in another header.
func checkToken(where, token string) (probe.Credentials, error) {
	switch i := strings.IndexFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }); {
	case token == "":
		return probe.Credentials{}, fmt.Errorf("%s is empty: give a token, or leave it out", where)
	case len(token) > maxToken:
		return probe.Credentials{}, fmt.Errorf("%s is longer than %d bytes: it is no token", where, maxToken)
	case i >= 0:
		return probe.Credentials{}, fmt.Errorf(
			"%s holds a line break, a space or another character that no token has, at byte %d: give the bare token", where, i+1)
	}
	return probe.Credentials{Token: token}, nil
}

// user is the user and password of the flags and the environment, each for itself; none when
// there is neither.
func (a *accessFlags) user(given func(string) bool, s System) (probe.Credentials, error) {
	user, password := s.Getenv("RS_USERNAME"), s.Getenv("RS_PASSWORD")
	if key := s.Getenv("RS_KEY"); key != "" {
		var ok bool
		if user, password, ok = strings.Cut(key, ":"); !ok {
			return probe.Credentials{}, errors.New("RS_KEY has no colon: give it as user:password")
		}
	}
	if given("username") {
		user = a.username
	}
	if given("password") {
		password = a.password
	}
	isControl := func(r rune) bool { return r < ' ' || r == 0x7f }
	switch {
	case user == "" && password == "" && !given("username") && !given("password"):
		return probe.Credentials{}, nil
	case user == "":
		return probe.Credentials{}, errors.New("a password without a user: give --username or RS_USERNAME too")
	case password == "":
		return probe.Credentials{}, errors.New("a user without a password: give --password or RS_PASSWORD too")
	case strings.Contains(user, ":"):
		return probe.Credentials{}, errors.New("the username holds a colon, which HTTP cannot transmit: give the user alone")
	case strings.ContainsFunc(user+password, isControl):
		return probe.Credentials{}, errors.New("the username or password holds a line break or another control character: give it without")
	}
	return probe.Credentials{User: user, Password: password}, nil
}

// credentialsFor says what one target may be shown: everything if it is the endpoint itself, and
// then never in the clear over a network; nothing otherwise.
func (c *Config) credentialsFor(t trace.Target) func(probe.Peer) probe.Credentials {
	if c.Credentials == (probe.Credentials{}) || !c.isEndpoint(t) {
		return nil
	}
	return func(p probe.Peer) probe.Credentials {
		if p.SHA256 == "" && !p.Loopback {
			return probe.Credentials{}
		}
		return c.Credentials
	}
}

// isEndpoint says whether t is the endpoint that the credentials are for.
func (c *Config) isEndpoint(t trace.Target) bool {
	return t.Host == c.Endpoint.Host && t.Port == c.Endpoint.Port
}
