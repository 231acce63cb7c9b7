package command

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"ws-diagnose/plugin/probe"
	"ws-diagnose/plugin/trace"
)

// system is a System of literals.
func system(env, files map[string]string) System {
	return System{
		Getenv: func(name string) string { return env[name] },
		ReadFile: func(name string, limit int64) ([]byte, error) {
			data, ok := files[name]
			if !ok {
				return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
			}
			if int64(len(data)) > limit {
				return nil, errors.New("too large")
			}
			return []byte(data), nil
		},
	}
}

// parse is what check makes of a command line.
func parse(line []string, s System) (Config, error) {
	var f checkFlags
	set := pflag.NewFlagSet("check", pflag.ContinueOnError)
	f.register(set)
	if err := set.Parse(line); err != nil {
		return Config{}, err
	}
	return f.config(set.Args(), set.Changed, s)
}

const secret = "s3cr3t"

func TestConfigDefaults(t *testing.T) {
	c, err := parse(nil, system(nil, nil))
	if err != nil {
		t.Fatal(err)
	}
	want := trace.Target{
		Scheme: "https", Host: "127.0.0.1", Port: 8092, Path: "/api/v3/ws", Role: trace.RoleEndpoint,
		Origin: "https://portal.rackn.io", Names: []string{"127.0.0.1"},
	}
	if diff := cmp.Diff([]trace.Target{want}, c.Targets); diff != "" {
		t.Error(diff)
	}
	if c.Credentials != (probe.Credentials{}) {
		t.Error("there are credentials though nobody gave any")
	}
	if c.Timeout != 10*time.Second || c.Policy.WarnDays != 30 || c.Policy.ErrorDays != 7 || c.Policy.RequireTrusted {
		t.Errorf("defaults: %+v", c.Policy)
	}
}

func TestConfigFlags(t *testing.T) {
	for _, c := range []struct {
		line string
		want func(Config) bool
	}{
		{"--origin https://a.example:443/x", func(c Config) bool { return c.Targets[0].Origin == "https://a.example" }},
		{"--portal-url http://Portal.example:8080/", func(c Config) bool { return c.Targets[0].Origin == "http://portal.example:8080" }},
		{"--servername drp.example.com", func(c Config) bool {
			t := c.Targets[0]
			return t.ServerName == "drp.example.com" && slices.Equal(t.Names, []string{"drp.example.com"})
		}},
		{"--connect ::1 x", nil},
		{"--connect [::1]:8092 x", func(c Config) bool { return c.Targets[0].Connect == "[::1]:8092" && c.Targets[0].Host == "x" }},
		{"--proxy http://u:p@proxy:3128", func(c Config) bool { return c.Targets[0].Proxy == "http://proxy:3128" && c.ProxyAuth == "u:p" }},
		{"--timeout 1s --plain", func(c Config) bool { return c.Listen == 500*time.Millisecond }},
		{"--plain --listen 0", func(c Config) bool { return c.Listen == 0 && c.Targets[0].Plain }},
		{"a a b", func(c Config) bool { return len(c.Targets) == 2 }},
		{"--warn-days 5", func(c Config) bool { return c.Policy.WarnDays == 5 && c.Policy.ErrorDays == 5 }},
		{"--require-trusted --warn-days 60 --error-days 0", func(c Config) bool {
			return c.Policy.RequireTrusted && c.Policy.WarnDays == 60 && c.Policy.ErrorDays == 0
		}},
	} {
		got, err := parse(strings.Fields(c.line), system(nil, nil))
		if c.want == nil {
			if err == nil {
				t.Errorf("%s: no error", c.line)
			}
			continue
		}
		if err != nil || !c.want(got) {
			t.Errorf("%s: %v, %+v", c.line, err, got.Targets)
		}
	}
}

// TestCredentials is the order in which credentials are looked for.
func TestCredentials(t *testing.T) {
	files := map[string]string{"token": "from-file\n", "crlf": "from-file\r\n"}
	for _, c := range []struct {
		name, line string
		env        map[string]string
		want       probe.Credentials
	}{
		{name: "none"},
		{"flag", "-T t1", map[string]string{"RS_TOKEN": "t2"}, probe.Credentials{Token: "t1"}},
		{"environment", "", map[string]string{"RS_TOKEN": "t2", "RS_KEY": "u:p"}, probe.Credentials{Token: "t2"}},
		{"file", "--token-file token", nil, probe.Credentials{Token: "from-file"}},
		{"file of Windows", "--token-file crlf", nil, probe.Credentials{Token: "from-file"}},
		{"user beats the token of the environment", "-U u -P p", map[string]string{"RS_TOKEN": "t2"}, probe.Credentials{User: "u", Password: "p"}},
		{"key", "", map[string]string{"RS_KEY": "u:p:q", "RS_USERNAME": "x", "RS_PASSWORD": "y"}, probe.Credentials{User: "u", Password: "p:q"}},
		{"names", "", map[string]string{"RS_USERNAME": "x", "RS_PASSWORD": "y"}, probe.Credentials{User: "x", Password: "y"}},
		{"each by itself", "-U u", map[string]string{"RS_KEY": "x:y"}, probe.Credentials{User: "u", Password: "y"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parse(strings.Fields(c.line), system(c.env, files))
			if err != nil {
				t.Fatal(err)
			}
			if got.Credentials != c.want {
				t.Error("other credentials than expected") // which prints none
			}
		})
	}
}

// TestWhoGetsCredentials wants them to go to the endpoint alone, and never in the clear.
func TestWhoGetsCredentials(t *testing.T) {
	overTLS, inTheClear := probe.Peer{SHA256: "5f"}, probe.Peer{}
	for _, c := range []struct {
		endpoint, target string
		peer             probe.Peer
		want             bool
	}{
		{"https://drp:8092", "https://drp:8092", overTLS, true},
		{"https://DRP:8092/", "drp", overTLS, true},
		{"https://[::1]:8092", "0:0:0:0:0:0:0:1", overTLS, true},
		{"https://drp:8092", "https://drp:8093", overTLS, false},
		{"https://drp:8092", "https://other:8092", overTLS, false},
		{"https://drp:8092", "http://drp:8092", inTheClear, false},
		{"http://127.0.0.1:8092", "http://127.0.0.1:8092", probe.Peer{Loopback: true}, true},
	} {
		config, err := parse([]string{"-E", c.endpoint, "-T", secret, c.target}, system(nil, nil))
		if err != nil {
			t.Fatal(err)
		}
		decide := config.credentialsFor(config.Targets[0])
		got := decide != nil && decide(c.peer) != probe.Credentials{}
		if got != c.want {
			t.Errorf("-E %s, target %s: credentials shown: %v, want %v", c.endpoint, c.target, got, c.want)
		}
	}
}

// TestBadInput wants one clear line for each, which names what is wrong and shows no secret.
func TestBadInput(t *testing.T) {
	files := map[string]string{
		"empty": " \n", "junk": "junk", "huge": strings.Repeat("x", maxToken+1),
		"two-lines": secret + "\nX-Evil: 1\n", "no-token": "",
	}
	for _, c := range []struct {
		line []string
		env  map[string]string
		want string
	}{
		{[]string{"https://host:99999"}, nil, `the URL "https://host:99999": the port "99999" is not between 1 and 65535`},
		{[]string{"host:0"}, nil, "not between 1 and 65535"},
		{[]string{"host:18446744073709551616"}, nil, "not between 1 and 65535"},
		{[]string{"host:http"}, nil, `the port "http" is not a number`},
		{[]string{"host:"}, nil, `the port "" is not a number`},
		{[]string{"https://"}, nil, "the host is missing"},
		{[]string{""}, nil, `the URL "": it is empty`},
		{[]string{"ftp://host"}, nil, "the scheme must be https, http, wss or ws"},
		{[]string{"ho st"}, nil, `the URL "ho st": it holds a blank`},
		{[]string{"host\x1b[31m"}, nil, `"host\x1b[31m"`},
		{[]string{"10.0.0.256"}, nil, "neither a host name nor an address"},
		{[]string{"[::1"}, nil, "is not an IPv6 address"},
		{[]string{"[10.0.0.1]:80"}, nil, "is not an IPv6 address"},
		{[]string{"https://host/other"}, nil, "--plain for the path"},
		{[]string{"https://portal.rackn.io/#/e/10.0.0.5"}, nil, "leave out the part from # on"},
		{[]string{"--plain", "wss://host/ä"}, nil, "printing ASCII"},
		{[]string{"--plain", "wss://host/?access_token=" + secret}, nil, "a token does not belong into the address"},
		{[]string{"https://u:" + secret + "@host"}, nil, "credentials do not belong into the address"},
		{[]string{"https:/u:" + secret + "@host"}, nil, "not shown"},
		{[]string{"good", "bad:x"}, nil, `the URL "bad:x"`},
		{[]string{"-E", "https://:8092"}, nil, "--endpoint \"https://:8092\": the host is missing"},
		{nil, map[string]string{"RS_ENDPOINT": "x y"}, `RS_ENDPOINT "x y"`},
		{[]string{"--timeout", "0s"}, nil, "--timeout 0s must be more than 0"},
		{[]string{"--timeout", "10"}, nil, "missing unit"},
		{[]string{"--listen", "1s"}, nil, "--listen goes with --plain"},
		{[]string{"--plain", "--listen", "-1s"}, nil, "must not be negative"},
		{[]string{"--plain", "--listen", "10s"}, nil, "raise --timeout"},
		{[]string{"--warn-days", "-1"}, nil, "--warn-days -1 must be between"},
		{[]string{"--error-days", "31"}, nil, "--error-days 31 must be between 0 and --warn-days, which is 30"},
		{[]string{"--json", "--quiet"}, nil, "either --json or --quiet"},
		{[]string{"--connect", "host"}, nil, "the port is missing"},
		{[]string{"--servername", "a b"}, nil, "--servername: \"a b\" is neither"},
		{[]string{"--proxy", "socks5://h:1"}, nil, "http://host:port"},
		{[]string{"--proxy", "http://u:" + secret + "@h:x"}, nil, "--proxy (not shown"},
		{[]string{"--origin", "portal"}, nil, "--origin \"portal\": it must begin with https://"},
		{[]string{"--portal-url", "https://"}, nil, "--portal-url \"https://\": the host is missing"},
		{[]string{"--ca-cert", "missing"}, nil, `--ca-cert "missing" cannot be read: file does not exist`},
		{[]string{"--ca-cert", "empty"}, nil, `--ca-cert "empty" is empty`},
		{[]string{"--ca-cert", "junk"}, nil, `--ca-cert "junk": no certificate`},
		{[]string{"-T", secret + "\n"}, nil, "--token holds a line break"},
		{[]string{"-T", ""}, nil, "--token is empty"},
		{nil, map[string]string{"RS_TOKEN": secret + "\r\nHost: x"}, "RS_TOKEN holds a line break"},
		{[]string{"--token-file", "two-lines"}, nil, `the token in --token-file "two-lines" holds a line break`},
		{[]string{"--token-file", "no-token"}, nil, "is empty"},
		{[]string{"--token-file", "missing"}, nil, `--token-file "missing" cannot be read`},
		{[]string{"--token-file", "huge"}, nil, "cannot be read: too large"},
		{[]string{"--token-file", "x", "-T", secret}, nil, "either --token or --token-file"},
		{[]string{"-U", "u", "-T", secret}, nil, "either a token or --username"},
		{[]string{"-U", "u"}, nil, "a user without a password"},
		{[]string{"-P", secret}, nil, "a password without a user"},
		{[]string{"-U", "u:x", "-P", secret}, nil, "holds a colon"},
		{[]string{"-U", "u", "-P", secret + "\n"}, nil, "control character"},
		{nil, map[string]string{"RS_KEY": secret}, "RS_KEY has no colon"},
	} {
		_, err := parse(c.line, system(c.env, files))
		switch {
		case err == nil:
			t.Errorf("%q: no error", c.line)
		case !strings.Contains(err.Error(), c.want):
			t.Errorf("%q: %v; want %q", c.line, err, c.want)
		case strings.Contains(err.Error(), secret):
			t.Errorf("%q: shows a secret: %v", c.line, err)
		case strings.ContainsAny(err.Error(), "\n\x1b"):
			t.Errorf("%q: not one clean line: %q", c.line, err)
		}
	}
}
