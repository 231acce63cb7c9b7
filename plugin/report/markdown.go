package report

import (
	"fmt"
	"strings"

	"ws-diagnose/plugin/diagnose"
)

// Markdown renders a whole report for a job's log. It reads as plain text as well.
func Markdown(r diagnose.Report) string {
	var d document
	d.block("**" + markdown(firstLine(r)) + "**")
	wrong, information := parts(r)
	first := min(1, len(wrong))
	d.findings(wrong[:first])
	d.section("In the browser", users(r))
	d.findings(wrong[first:])
	if r.Accept != nil {
		d.section("Accepting the certificate by hand", r.Accept.Text)
		d.list(r.Accept.Open)
	}
	d.selfTest(r)
	d.details(r)
	d.findings(information)
	if len(r.Notes) > 0 {
		d.block("## Notes")
		d.list(r.Notes)
	}
	d.block(markdown(provenance(r)))
	return d.String()
}

// Paragraph is the contents of an alert for one finding of a report: what it is, the evidence, the
// cause, the remedy, what browser users see and where they test for themselves. It holds no time of
// its own, so that the same fault has the same text in the next run. It reads as Markdown and as
// plain text.
func Paragraph(r diagnose.Report, f diagnose.Finding) string {
	var d document
	d.block("**" + markdown(f.Title) + "** " + label(f) + " at " +
		markdown(r.Target) + ", checked from " + markdown(r.Vantage) + ".")
	d.body(f)
	if text := users(r); text != "" {
		d.block("In the browser: " + prose(text))
	}
	d.selfTest(r)
	return d.String()
}

// document is Markdown in the making: blocks with an empty line between them.
type document struct{ strings.Builder }

func (d *document) block(text string) {
	if d.Len() > 0 {
		d.WriteByte('\n')
	}
	d.WriteString(text)
	d.WriteByte('\n')
}

// section is a heading and a paragraph; none where there is no text.
func (d *document) section(heading, text string) {
	if text != "" {
		d.block("## " + heading)
		d.block(prose(text))
	}
}

// selfTest says where the page is that tests from the user's browser.
func (d *document) selfTest(r diagnose.Report) {
	if r.SelfTest != "" {
		d.block(prose(selfTest(r)))
	}
}

func (d *document) findings(list []part) {
	for _, f := range list {
		d.block("## " + f.heading + " " + label(f.Finding) + ": " + markdown(f.Title))
		d.body(f.Finding)
	}
}

// details is what was seen on the way.
func (d *document) details(r diagnose.Report) {
	d.block("## Stages")
	d.table([]string{"stage", "outcome", "took", "why"}, stageRows(r.Stages))
	if r.Certificate != nil {
		d.block("## Certificate")
		d.pairs(certificateRows(r.Certificate, r.Time))
	}
	if r.Watch != nil {
		d.block("## Watch")
		d.pairs(watchRows(r.Watch))
	}
	if r.Idle != nil {
		d.block("## Idle test")
		d.pairs(idleRows(r.Idle))
	}
}

// label is the id and the level of a finding.
func label(f diagnose.Finding) string {
	return "(" + markdown(f.ID) + ", " + markdown(string(f.Level)) + ")"
}

// body is what is to be said of a finding below its title.
func (d *document) body(f diagnose.Finding) {
	for _, row := range findingRows(f) {
		d.block(row[0] + ": " + prose(row[1]))
	}
	if len(f.Remedy) > 0 {
		d.block("Remedy:")
		d.remedy(f.Remedy)
	}
}

// remedy writes sentences as paragraphs, and what stands between them as blocks of code. These
// are indented and not fenced: no line can end such a block, and it is plain text.
func (d *document) remedy(steps []string) {
	var code []string
	flush := func() {
		if len(code) > 0 {
			d.block(strings.Join(code, "\n"))
			code = nil
		}
	}
	for _, step := range steps {
		if diagnose.IsCommand(step) {
			for line := range strings.SplitSeq(step, "\n") {
				code = append(code, "    "+printable(line))
			}
			continue
		}
		flush()
		d.block(prose(step))
	}
	flush()
}

// list writes the items of a list.
func (d *document) list(items []string) {
	var lines []string
	for _, item := range items {
		lines = append(lines, "- "+prose(item))
	}
	if len(lines) > 0 {
		d.block(strings.Join(lines, "\n"))
	}
}

// pairs writes labels and their values as a list.
func (d *document) pairs(rows [][]string) {
	var items []string
	for _, row := range rows {
		items = append(items, row[0]+": "+row[1])
	}
	d.list(items)
}

// table writes a table in GitHub's dialect.
func (d *document) table(header []string, rows [][]string) {
	lines := []string{
		"| " + strings.Join(header, " | ") + " |",
		"|" + strings.Repeat(" --- |", len(header)),
	}
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = prose(cell)
		}
		lines = append(lines, fmt.Sprintf("| %s |", strings.Join(cells, " | ")))
	}
	d.block(strings.Join(lines, "\n"))
}

// prose is running text as one line of Markdown: its line breaks become spaces.
func prose(s string) string { return markdown(strings.Join(strings.Fields(s), " ")) }
