package probe

import (
	"strings"
	"testing"

	"ws-diagnose/plugin/trace"
)

func TestParseTarget(t *testing.T) {
	tests := []struct {
		in    string
		plain bool
		id    string
		path  string
	}{
		{"https://host:8092", false, "https://host:8092", "/api/v3/ws"},
		{"host", false, "https://host:8092", "/api/v3/ws"},
		{"HOST.Example:9000/", false, "https://host.example:9000", "/api/v3/ws"},
		{"[::1]:8092", false, "https://[::1]:8092", "/api/v3/ws"},
		{"::1", false, "https://[::1]:8092", "/api/v3/ws"},
		{"fe80::1%eth0", false, "https://[fe80::1%eth0]:8092", "/api/v3/ws"},
		{"http://10.0.0.5:8092", false, "http://10.0.0.5:8092", "/api/v3/ws"},
		{"drp.example.com", false, "https://drp.example.com:8092", "/api/v3/ws"},
		{"DRP.Example.com.:443", false, "https://drp.example.com:443", "/api/v3/ws"},
		{"https://drp.example.com", false, "https://drp.example.com:443", "/api/v3/ws"},
		{"HTTP://host/", false, "http://host:80", "/api/v3/ws"},
		{"wss://host:8092/api/v3/ws", false, "wss://host:8092", "/api/v3/ws"},
		{"[2001:DB8::1]:444", false, "https://[2001:db8::1]:444", "/api/v3/ws"},
		{"https://[fe80::1%25eth0]:8092", false, "https://[fe80::1%eth0]:8092", "/api/v3/ws"},
		{"bücher.example", false, "https://xn--bcher-kva.example:8092", "/api/v3/ws"},
		{"my_host", false, "https://my_host:8092", "/api/v3/ws"},
		{"wss://host/any/path?x=1", true, "wss://host:443/any/path?x=1", "/any/path?x=1"},
		{"ws://host", true, "ws://host:80/", "/"},
		{"host", true, "wss://host:443/", "/"},
		{"wss://host/a%20b", true, "wss://host:443/a%20b", "/a%20b"},
	}
	for _, tt := range tests {
		got, err := ParseTarget(tt.in, tt.plain)
		if err != nil {
			t.Errorf("%s: %v", tt.in, err)
			continue
		}
		if got.ID() != tt.id || got.Path != tt.path {
			t.Errorf("%s: got %s and path %s, want %s and %s", tt.in, got.ID(), got.Path, tt.id, tt.path)
		}
		if got.Role != trace.RoleEndpoint || got.Plain != tt.plain {
			t.Errorf("%s: role %s, plain %v", tt.in, got.Role, got.Plain)
		}
	}
}

func TestParseTargetRefuses(t *testing.T) {
	tests := []struct {
		in    string
		plain bool
		want  string
	}{
		{"", false, "empty"},
		{"  ", false, "empty"},
		{"https://", false, "host is missing"},
		{"https://host:0", false, "not between 1 and 65535"},
		{"https://host:65536", false, "not between 1 and 65535"},
		{"https://host:99999999999999999999", false, "not between 1 and 65535"},
		{"https://host:abc", false, "not a number"},
		{"https:host", false, "not a number"},
		{"https:/host", false, "not a number"},
		{"ftp://host", false, "scheme must be"},
		{"https://host/\x00", false, "control character"},
		{"ho\nst", false, "control character"},
		{"ho st", false, "blank"},
		{"https://a..b", false, "neither a host name"},
		{"https://" + strings.Repeat("a", 64), false, "neither a host name"},
		{"https://" + strings.Repeat("a.", 150) + "b", false, "neither a host name"},
		{strings.Repeat("a", 3000), false, "longer than 2048"},
		{"https://127.1", false, "neither a host name"},
		{"https://0x7f000001", false, "neither a host name"},
		{"https://256.1.1.1", false, "neither a host name"},
		{"https://[fe80::1%25a;b]", false, "not an IPv6 address"},
		{"https://[10.0.0.5]:8092", false, "not an IPv6 address"},
		{"https://a*b", false, "neither a host name"},
		{"https://portal.example/#/e/10.0.0.5:8092/", false, "# on"},
		{"https://host:8092/x?y=1", false, "--plain"},
		{"https://manager:8092/child/", false, "--plain"},
		{"wss://host:8092/socket", false, "--plain"},
		{"wss://host/socket?token=sesame", true, "token"},
		{"https://user:sesame@host", false, "credentials"},
		{"https://user:se%zzsame@host", false, "credentials"},
	}
	for _, tt := range tests {
		_, err := ParseTarget(tt.in, tt.plain)
		switch {
		case err == nil:
			t.Errorf("%q is taken, want an error with %q", tt.in, tt.want)
		case !strings.Contains(err.Error(), tt.want):
			t.Errorf("%q: error %q, want it to say %q", tt.in, err, tt.want)
		case strings.Contains(err.Error(), "sesame"):
			t.Errorf("%q: the error carries the secret: %v", tt.in, err)
		case strings.ContainsFunc(err.Error(), isControl):
			t.Errorf("%q: the error carries control characters: %q", tt.in, err)
		}
	}
}

func FuzzParseTarget(f *testing.F) {
	for _, s := range []string{"https://host:8092", "[::1]:1", "wss://ü/ä?b", "user:p@h", "a%zz", "fe80::1%eth0"} {
		f.Add(s, false)
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, s string, plain bool) {
		got, err := ParseTarget(s, plain)
		if err != nil {
			return
		}
		if got.Host == "" || got.Port < 1 || got.Port > 65535 || !strings.HasPrefix(got.Path, "/") {
			t.Fatalf("%q: %+v", s, got)
		}
		if strings.ContainsFunc(got.ID()+got.Path, func(r rune) bool { return isControl(r) || r > '~' && !plain }) {
			t.Fatalf("%q: unclean %q", s, got.ID())
		}
		again, err := ParseTarget(strings.TrimSuffix(got.ID(), got.Path)+got.Path, plain)
		if err != nil || again.ID() != got.ID() || again.Path != got.Path {
			t.Fatalf("%q became %q, which becomes %q: %v", s, got.ID()+got.Path, again.ID()+again.Path, err)
		}
	})
}
