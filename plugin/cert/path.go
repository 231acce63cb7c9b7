package cert

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"slices"
	"time"

	"ws-diagnose/plugin/trace"
)

// Bounds of one search. Without them a server could send certificates that all issue one another:
// the paths through a hundred of those are beyond counting.
const (
	maxSteps  = 1000 // certificates appended to some path
	maxChecks = 128  // signatures checked
)

// path is a walk from the leaf from issuer to issuer.
type path struct {
	certs    []*x509.Certificate // leaf first
	anchored bool                // the last one is a trusted root
	closed   bool                // the last one is its own issuer
	forged   int                 // links whose signature does not fit
	faults   []trace.ChainFault
}

// trusted says that the path ends in a trusted root and every signature on the way fits.
func (p path) trusted() bool { return p.anchored && p.forged == 0 }

// compare orders paths, the better one first: trusted before others, then by signatures that do
// not fit, then complete ones, then by faults; of equals the shorter trusted one, but else the
// longer one, as it tells more.
func compare(a, b path) int {
	longer := cmp.Compare(len(b.certs), len(a.certs))
	if a.trusted() {
		longer = -longer
	}
	return cmp.Or(
		rank(b.trusted(), a.trusted()),
		cmp.Compare(a.forged, b.forged),
		rank(b.anchored || b.closed, a.anchored || a.closed),
		cmp.Compare(len(a.faults), len(b.faults)),
		longer,
	)
}

// rank orders false before true.
func rank(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// search looks for the best path from a leaf over the certificates sent to a root.
type search struct {
	sent   []*x509.Certificate
	roots  *Roots
	now    time.Time
	system bool // the system's roots are looked at as well
	steps  int
	fits   map[[2]*x509.Certificate]bool // signatures checked: child and issuer
	names  int                           // names compared with constraints
	best   path
	cut    bool // a bound ended the search before every path was seen
}

func newSearch(sent []*x509.Certificate, roots *Roots, now time.Time) *search {
	return &search{sent: sent, roots: roots, now: now, fits: map[[2]*x509.Certificate]bool{}}
}

// run returns the best path. The given roots are tried first: where they do, the system's need not
// be read from disk.
func (s *search) run(leaf *x509.Certificate) path {
	for _, s.system = range []bool{false, true} {
		s.best, s.steps, s.cut = path{}, 0, false
		s.walk(path{certs: []*x509.Certificate{leaf}})
		if s.done() {
			break
		}
	}
	return s.best
}

// done says that no better path can be found.
func (s *search) done() bool { return s.best.trusted() && len(s.best.faults) == 0 }

// walk extends p by every possible issuer of its last certificate, and notes it where it ends. Once
// the search is cut nothing is concluded from signatures: they were not checked.
func (s *search) walk(p path) {
	last := p.certs[len(p.certs)-1]
	p.anchored = contains(s.roots.find(last.RawSubject, s.system), last)
	p.closed = bytes.Equal(last.RawIssuer, last.RawSubject) && s.signs(last, last)
	if p.anchored || p.closed {
		s.note(p)
		return
	}
	issuers, forged := s.issuers(last, p.certs)
	if len(issuers) == 0 || s.cut {
		if claimsSelf(last) && !s.cut {
			p.closed = true
			p.forged++
		}
		s.note(p)
		return
	}
	for _, issuer := range issuers {
		if s.steps++; s.steps > maxSteps {
			s.cut = true
			s.note(p)
			return
		}
		next := path{certs: append(slices.Clone(p.certs), issuer), forged: p.forged}
		if forged {
			next.forged++
		}
		if s.walk(next); s.done() || s.cut {
			return
		}
	}
}

// note keeps p when it is the best so far.
func (s *search) note(p path) {
	p.faults = s.faultsOf(p)
	if s.best.certs == nil || compare(p, s.best) < 0 {
		s.best = p
	}
}

// issuers returns the certificates that may have signed child and are not on the way yet, each once,
// those of matching key identifier first. When the signature fits none of them, forged is true and
// they are those that claim to have signed it: the name is the issuer's, the identifier not another's.
func (s *search) issuers(child *x509.Certificate, way []*x509.Certificate) (found []*x509.Certificate, forged bool) {
	candidates := s.roots.find(child.RawIssuer, s.system)
	for _, c := range s.sent {
		if bytes.Equal(c.RawSubject, child.RawIssuer) && !contains(candidates, c) {
			candidates = append(candidates, c)
		}
	}
	candidates = slices.DeleteFunc(candidates, func(c *x509.Certificate) bool { return sameEntity(way, c) })
	slices.SortStableFunc(candidates, func(a, b *x509.Certificate) int {
		return cmp.Compare(keyHint(child, a), keyHint(child, b))
	})
	for _, c := range candidates {
		if s.signs(child, c) {
			found = append(found, c)
		}
	}
	if len(found) > 0 {
		return found, false
	}
	claims := slices.DeleteFunc(candidates, func(c *x509.Certificate) bool { return keyHint(child, c) > 1 })
	return claims, true
}

// sameEntity says whether a certificate of the same name and key is on the way already: going over
// it again, in another guise, leads in a circle.
func sameEntity(way []*x509.Certificate, c *x509.Certificate) bool {
	return slices.ContainsFunc(way, func(w *x509.Certificate) bool {
		return bytes.Equal(w.RawSubject, c.RawSubject) &&
			bytes.Equal(w.RawSubjectPublicKeyInfo, c.RawSubjectPublicKeyInfo)
	})
}

// keyHint says what the key identifiers tell of issuer having signed child: 0 that it did, 1
// nothing, 2 that it did not (RFC 5280 section 4.2.1.1). They are hints; the signature decides.
func keyHint(child, issuer *x509.Certificate) int {
	switch {
	case len(child.AuthorityKeyId) == 0 || len(issuer.SubjectKeyId) == 0:
		return 1
	case bytes.Equal(child.AuthorityKeyId, issuer.SubjectKeyId):
		return 0
	}
	return 2
}

// claimsSelf says whether c, by name and key identifier, is to be its own issuer. The name is not
// enough: many a home-made CA and its servers are all called "Acme Co".
func claimsSelf(c *x509.Certificate) bool {
	return bytes.Equal(c.RawIssuer, c.RawSubject) && keyHint(c, c) == 0
}

// signs says whether issuer signed child, within the bound on checks.
func (s *search) signs(child, issuer *x509.Certificate) bool {
	pair := [2]*x509.Certificate{child, issuer}
	fits, ok := s.fits[pair]
	if !ok {
		if len(s.fits) >= maxChecks {
			s.cut = true
			return false
		}
		fits = signed(child, issuer)
		s.fits[pair] = fits
	}
	return fits
}
