package cert

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"crypto/x509/pkix"

	"ws-diagnose/plugin/trace"
)

func TestStaple(t *testing.T) {
	root := issue(t, caTemplate("root"), keys[0], nil)
	leaf := issue(t, leafTemplate(), keys[1], root)
	other := issue(t, leafTemplate(), keys[1], root)
	answer := func(e *entity, by *entity, status int, from, until time.Time) []byte {
		der, err := ocsp.CreateResponse(root.Certificate, root.Certificate, ocsp.Response{
			Status: status, SerialNumber: e.SerialNumber, ThisUpdate: from, NextUpdate: until,
			RevokedAt: from,
		}, by.key)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	before, after := now.Add(-time.Hour), now.Add(time.Hour)
	cases := []struct {
		name        string
		staple      []byte
		status, err string
	}{
		{"none", nil, "", ""},
		{"good", answer(leaf, root, ocsp.Good, before, after), "good", ""},
		{"revoked", answer(leaf, root, ocsp.Revoked, before, after), "revoked", ""},
		{"unknown", answer(leaf, root, ocsp.Unknown, before, after), "unknown", ""},
		{"another's", answer(other, root, ocsp.Good, before, after), "", "no response matching"},
		{"forged", answer(leaf, leaf, ocsp.Good, before, after), "", "signature"},
		{"out of date", answer(leaf, root, ocsp.Good, before.AddDate(0, 0, -9), before), "", "out of date since 2026-11-22T11:00:00Z"},
		{"early", answer(leaf, root, ocsp.Good, after, after.Add(1e12)), "", "valid only from 2026-11-22T13:00:00Z on"},
		{"refusal", ocsp.TryLaterErrorResponse, "", "try later"},
		{"nonsense", []byte("nonsense"), "", "no OCSP response"},
		{"too long", make([]byte, maxStaple+1), "", "over the limit"},
	}
	for _, c := range cases {
		got, err := Examine(t.Context(), rawOf(leaf), Options{Roots: rootsOf(t, root), Time: now, Stapled: c.staple})
		if err != nil {
			t.Fatal(err)
		}
		kind := trace.StapleUnusable
		switch c.name {
		case "out of date":
			kind = trace.StapleOld
		case "early":
			kind = trace.StapleEarly
		}
		if c.err == "" {
			kind = ""
		}
		if got.StapleFault != kind {
			t.Errorf("%s: fault %q, want %q", c.name, got.StapleFault, kind)
		}
		if got.StapleStatus != c.status || !strings.Contains(got.StapleError, c.err) || (c.err == "") != (got.StapleError == "") {
			t.Errorf("%s: status %q, error %q; want %q, %q", c.name, got.StapleStatus, got.StapleError, c.status, c.err)
		}
	}
}

func TestMustStaple(t *testing.T) {
	for value, want := range map[string]bool{
		"\x30\x03\x02\x01\x05":             true,
		"\x30\x06\x02\x01\x11\x02\x01\x05": true,
		"\x30\x03\x02\x01\x11":             false,
		"\x30\x03\x02\x01":                 false,
	} {
		l := leafTemplate()
		l.ExtraExtensions = []pkix.Extension{{Id: oidTLSFeature, Value: []byte(value)}}
		var c trace.Cert = examine(t, rootsOf(t), issue(t, l, keys[0], nil)).Leaf
		if c.MustStaple != want {
			t.Errorf("%x: must staple %v, want %v", value, c.MustStaple, want)
		}
	}
}
