package cert

import (
	"crypto/x509"
	"testing"

	"ws-diagnose/plugin/trace"
)

// What the search finds for all the ways in which servers send chains.
func TestPaths(t *testing.T) {
	root := issue(t, caTemplate("root"), keys[0], nil)
	mid := issue(t, caTemplate("mid"), keys[1], root)
	low := issue(t, caTemplate("low"), keys[2], mid)
	leaf := issue(t, leafTemplate(), keys[3], low)
	other := issue(t, caTemplate("other"), keys[4], nil)
	crossed := issue(t, caTemplate("root"), keys[0], other) // root, also signed by other
	expired := caTemplate("root")
	expired.NotAfter = now.AddDate(0, 0, -1)
	stale := issue(t, expired, keys[0], other)
	namesake := issue(t, caTemplate("root"), keys[5], nil) // another root of the same name
	self := issue(t, leafTemplate(), keys[6], nil)
	withIDs := leafTemplate()
	withIDs.SubjectKeyId, withIDs.AuthorityKeyId = []byte{1, 2, 3}, []byte{1, 2, 3}
	forged := corrupt(t, issue(t, withIDs, keys[6], nil))
	loopA, loopB := loop(t)
	acme := template("acme")
	acme.DNSNames = []string{"drp.example.com"}
	ofAcme := issue(t, acme, keys[9], issue(t, caTemplate("acme"), keys[10], nil))

	cases := []struct {
		name    string
		trusted []*entity
		sent    []*entity
		chain   string
		trust   bool
		missing bool
		faults  string
	}{
		{"in order", []*entity{root}, []*entity{leaf, low, mid}, "drp < low < mid < root", true, false, ""},
		{"any order", []*entity{root}, []*entity{leaf, mid, low}, "drp < low < mid < root", true, false, ""},
		{"with strangers and duplicates", []*entity{root}, []*entity{leaf, other, mid, mid, leaf, self, low},
			"drp < low < mid < root", true, false, ""},
		{"root sent as well", []*entity{root}, []*entity{leaf, low, mid, root}, "drp < low < mid < root", true, false, ""},
		{"root sent, not trusted", nil, []*entity{leaf, low, mid, root}, "drp < low < mid < root", false, false, ""},
		{"root neither sent nor trusted", nil, []*entity{leaf, low, mid}, "drp < low < mid", false, true, ""},
		{"gap", []*entity{root}, []*entity{leaf, mid}, "drp", false, true, ""},
		{"leaf alone", []*entity{root}, []*entity{leaf}, "drp", false, true, ""},
		{"intermediate trusted", []*entity{mid}, []*entity{leaf, low, mid, root}, "drp < low < mid", true, false, ""},
		{"leaf trusted", []*entity{leaf}, []*entity{leaf}, "drp", true, false, ""},
		{"cross-sign to the trusted side", []*entity{other}, []*entity{leaf, low, mid, crossed, root},
			"drp < low < mid < root < other", true, false, ""},
		{"short way preferred", []*entity{root, other}, []*entity{leaf, low, mid, crossed},
			"drp < low < mid < root", true, false, ""},
		{"expired cross-sign avoided", []*entity{other, root}, []*entity{leaf, low, mid, stale},
			"drp < low < mid < root", true, false, ""},
		{"expired cross-sign unavoidable", []*entity{other}, []*entity{leaf, low, mid, stale},
			"drp < low < mid < root < other", true, false, "3 expired"},
		{"root of the same name, another key", []*entity{namesake}, []*entity{leaf, low, mid},
			"drp < low < mid", false, true, ""},
		{"both roots of one name", []*entity{namesake, root}, []*entity{leaf, low, mid},
			"drp < low < mid < root", true, false, ""},
		{"self-signed", []*entity{root}, []*entity{self}, "drp", false, false, ""},
		{"self-signed and trusted", []*entity{self}, []*entity{self}, "drp", true, false, ""},
		{"issuer of the same name, not sent", nil, []*entity{ofAcme}, "acme", false, true, ""},
		{"two that issue each other", []*entity{root}, []*entity{issue(t, leafTemplate(), keys[3], loopA), loopA, loopB},
			"drp < a < b", false, true, ""},
		{"leaf forged", []*entity{root}, []*entity{corrupt(t, leaf), low, mid},
			"drp < low < mid < root", false, false, "0 bad-signature"},
		{"intermediate forged", []*entity{root}, []*entity{leaf, low, corrupt(t, mid)},
			"drp < low < mid < root", false, false, "2 bad-signature"},
		{"self-signed forged", []*entity{root}, []*entity{forged}, "drp", false, false, "0 bad-signature"},
		{"forged and trusted all the same", []*entity{forged}, []*entity{forged}, "drp", true, false, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := examine(t, rootsOf(t, c.trusted...), c.sent...)
			if chain := chainOf(got); chain != c.chain {
				t.Errorf("chain %q, want %q", chain, c.chain)
			}
			if got.Trusted != c.trust || got.MissingIssuer != c.missing {
				t.Errorf("trusted %v, issuer missing %v; want %v, %v", got.Trusted, got.MissingIssuer, c.trust, c.missing)
			}
			if faults := faultsIn(got); faults != c.faults {
				t.Errorf("faults %q, want %q", faults, c.faults)
			}
			if anchored := c.trust && len(got.Chain) == 1; got.AnchorLeaf != anchored {
				t.Errorf("leaf is the anchor: %v, want %v", got.AnchorLeaf, anchored)
			}
		})
	}
}

// The better path is the one that browsers would take, or else the one that tells most.
func TestCompare(t *testing.T) {
	one, two := make([]*x509.Certificate, 1), make([]*x509.Certificate, 2)
	fault := make([]trace.ChainFault, 1)
	cases := []struct {
		name          string
		better, worse path
	}{
		{"trusted", path{certs: one, anchored: true, faults: fault}, path{certs: two, closed: true}},
		{"no signature that does not fit", path{certs: one}, path{certs: two, closed: true, forged: 1}},
		{"anchored by signatures that fit", path{certs: one, closed: true}, path{certs: two, anchored: true, forged: 1}},
		{"complete", path{certs: one, closed: true, faults: fault}, path{certs: two}},
		{"fewer faults", path{certs: one}, path{certs: two, faults: fault}},
		{"shorter when trusted", path{certs: one, anchored: true}, path{certs: two, anchored: true}},
		{"longer when not", path{certs: two}, path{certs: one}},
	}
	for _, c := range cases {
		if compare(c.better, c.worse) >= 0 || compare(c.worse, c.better) <= 0 {
			t.Errorf("%s: not preferred", c.name)
		}
	}
}

// loop makes two CAs that issue each other.
func loop(t *testing.T) (a, b *entity) {
	t.Helper()
	ca, cb := caTemplate("a"), caTemplate("b")
	return issue(t, ca, keys[7], &entity{cb, keys[8]}), issue(t, cb, keys[8], &entity{ca, keys[7]})
}

// Key identifiers are hints: where they are wrong and the signature fits, the link stands.
func TestWrongKeyIdentifier(t *testing.T) {
	root := issue(t, caTemplate("root"), keys[0], nil)
	misled := *root.Certificate
	misled.SubjectKeyId = []byte{1, 2, 3}
	leaf := issue(t, leafTemplate(), keys[1], &entity{&misled, keys[0]})
	if keyHint(leaf.Certificate, root.Certificate) != 2 {
		t.Fatal("the identifiers agree")
	}
	if c := examine(t, rootsOf(t, root), leaf); !c.Trusted {
		t.Errorf("not trusted: %q", chainOf(c))
	}
}
