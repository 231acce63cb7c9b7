package report

import (
	"io"
	"strings"
)

// Section is a part of an explanation, which is text about no target in particular.
type Section struct {
	Heading string
	Rows    [][]string // aligned cells, of which the last is running text
	Steps   []string   // a remedy, as a finding has it
}

// Sections writes explanations for people, with an empty line between them.
func Sections(w io.Writer, sections []Section, o TextOptions) error {
	p := newPage(o)
	for _, s := range sections {
		p.heading(s.Heading)
		p.table(s.Rows, nil)
		p.remedy(s.Steps)
	}
	_, err := io.WriteString(w, strings.TrimPrefix(p.String(), "\n"))
	return err
}
