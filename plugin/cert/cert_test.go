package cert

import (
	"testing"
)

func TestSmoke(t *testing.T) {
	root := issue(t, caTemplate("root"), keys[0], nil)
	mid := issue(t, caTemplate("mid"), keys[1], root)
	leaf := issue(t, leafTemplate(), keys[2], mid)
	got, err := Examine(t.Context(), rawOf(leaf, mid), Options{Roots: rootsOf(t, root), Time: now, Names: []string{"drp.example.com", "10.0.0.5", "x.com"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v %v %v", got.Names, got.Trusted, got.Faults)
	for _, c := range got.Chain {
		t.Log(c.Subject, c.Key, c.SelfSigned)
	}
}

func BenchmarkSystemLoad(b *testing.B) {
	for b.Loop() {
		f, d := systemPlaces()
		s := readSystem(f, d)
		if len(s.bySubject) < 100 {
			b.Fatal(len(s.bySubject), s.problem)
		}
	}
}
func BenchmarkSystemCurrent(b *testing.B) {
	for b.Loop() {
		currentSystem()
	}
}

func BenchmarkSelf(b *testing.B) {
	leaf := issue(b, leafTemplate(), keys[2], nil)
	for b.Loop() {
		r, _ := LoadRoots(nil)
		Examine(b.Context(), rawOf(leaf), Options{Roots: r, Time: now, Names: []string{"drp.example.com", "10.0.0.5", "x.com"}})
	}
}
