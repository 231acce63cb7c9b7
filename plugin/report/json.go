package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"ws-diagnose/plugin/diagnose"
)

// JSON writes one report as one line of JSON. Lists that programs expect are never null.
//
// The line is safe to look at on a terminal as well: what does not print stands as \u escapes, which
// any JSON reader turns back into the same text.
func JSON(w io.Writer, r diagnose.Report) error {
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false) // remedies are shell commands: && and > are to stay legible
	if err := enc.Encode(WithoutNulls(r)); err != nil {
		return fmt.Errorf("encoding the report of %q: %w", r.Target, err)
	}
	_, err := w.Write(escapeJSON(line.Bytes()))
	return err
}

// WithoutNulls returns a copy of r, for encoding, in which lists and maps that are nil are empty.
func WithoutNulls(r diagnose.Report) diagnose.Report {
	r.Stages = nonNil(r.Stages)
	r.Findings = nonNil(slices.Clone(r.Findings))
	for i := range r.Findings {
		r.Findings[i].Remedy = nonNil(r.Findings[i].Remedy)
	}
	if r.Certificate != nil {
		c := *r.Certificate
		c.DNSNames, c.IPAddresses, c.Chain = nonNil(c.DNSNames), nonNil(c.IPAddresses), nonNil(c.Chain)
		r.Certificate = &c
	}
	if r.Accept != nil {
		r.Accept = &diagnose.Accept{Open: nonNil(r.Accept.Open), Text: r.Accept.Text}
	}
	if r.Watch != nil {
		watch := *r.Watch
		watch.DropsHour, watch.DropsDay = nonNilMap(watch.DropsHour), nonNilMap(watch.DropsDay)
		r.Watch = &watch
	}
	return r
}

func nonNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func nonNilMap(m map[string]int) map[string]int {
	if m == nil {
		return map[string]int{}
	}
	return maps.Clone(m)
}

// escapeJSON writes every character of a line of JSON that does not print as a \u escape. They
// stand inside strings only, and encoding/json has seen to the ASCII control characters but DEL.
func escapeJSON(line []byte) []byte {
	out := make([]byte, 0, len(line))
	for len(line) > 0 {
		r, size := utf8.DecodeRune(line)
		if r == '\n' || strconv.IsPrint(r) {
			out = append(out, line[:size]...)
		} else if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		} else {
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		line = line[size:]
	}
	return out
}
