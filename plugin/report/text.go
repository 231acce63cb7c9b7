package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"ws-diagnose/plugin/diagnose"
)

// DefaultWidth is the width of text where the terminal does not say, in columns.
const DefaultWidth = 100

// TextOptions say how text is to look.
type TextOptions struct {
	Color bool // ANSI colours: for a terminal whose user did not object
	Quiet bool // the first line of each report alone
	Width int  // columns; 0 means DefaultWidth. Commands are never wrapped
}

// Text writes reports for people, one after the other. The first line of each is
// "OK|WARNING|CRITICAL|UNKNOWN: target: summary".
func Text(w io.Writer, reports []diagnose.Report, o TextOptions) error {
	p := newPage(o)
	for i, r := range reports {
		if i > 0 && !o.Quiet {
			p.line("")
		}
		p.report(r)
	}
	_, err := io.WriteString(w, p.String())
	return err
}

// ANSI colours (ECMA-48, SGR).
const (
	red    = "31"
	yellow = "33"
	green  = "32"
	bold   = "1"
)

var verdictColors = map[diagnose.Verdict]string{
	diagnose.VerdictOK:    green,
	diagnose.VerdictWarn:  yellow,
	diagnose.VerdictError: red,
}

// indent is what stands before the lines of a section.
const indent = "  "

// page is text in the making.
type page struct {
	strings.Builder
	options TextOptions
}

func newPage(o TextOptions) *page {
	if o.Width <= 0 {
		o.Width = DefaultWidth
	}
	return &page{options: o}
}

func (p *page) report(r diagnose.Report) {
	p.line(p.paint(printable(firstLine(r)), verdictColors[r.Verdict]))
	if p.options.Quiet {
		return
	}
	wrong, information := parts(r)
	first := min(1, len(wrong))
	p.findings(wrong[:first])
	if r.Browser != nil {
		p.heading("In the browser")
		p.table(browserRows(r.Browser), nil)
	}
	p.findings(wrong[first:])
	if r.Accept != nil {
		p.heading("Accepting the certificate by hand")
		p.prose(indent, r.Accept.Text)
		for _, address := range r.Accept.Open {
			p.command(address)
		}
	}
	if r.SelfTest != "" {
		p.line("")
		p.line(printable(selfTest(r)))
	}
	p.details(r)
	p.findings(information)
	if len(r.Notes) > 0 {
		p.heading("Notes")
		for _, note := range r.Notes {
			p.prose(indent, note)
		}
	}
	p.line("")
	p.prose("", provenance(r))
}

// details is what was seen on the way.
func (p *page) details(r diagnose.Report) {
	p.heading("Stages")
	p.table(stageRows(r.Stages), func(row int) string {
		if r.Stages[row].Outcome == "failed" {
			return red
		}
		return ""
	})
	if r.Certificate != nil {
		p.heading("Certificate")
		p.table(certificateRows(r.Certificate, r.Time), nil)
	}
	if r.Watch != nil {
		p.heading("Watch")
		p.table(watchRows(r.Watch), nil)
	}
	if r.Idle != nil {
		p.heading("Idle test")
		p.table(idleRows(r.Idle), nil)
	}
}

func (p *page) findings(list []part) {
	for _, f := range list {
		p.heading(fmt.Sprintf("%s (%s, %s): %s", f.heading, f.ID, f.Level, f.Title))
		p.table(findingRows(f.Finding), nil)
		p.remedy(f.Remedy)
	}
}

// remedy writes the steps that mend something: what is to be pasted bold, the rest wrapped.
func (p *page) remedy(steps []string) {
	if len(steps) == 0 {
		return
	}
	p.line(indent + "Remedy")
	for _, step := range steps {
		if diagnose.IsCommand(step) {
			p.command(step)
		} else {
			p.prose(indent+indent, step)
		}
	}
}

// heading begins a section.
func (p *page) heading(text string) {
	p.line("")
	for _, l := range wrap(text, p.options.Width) {
		p.line(p.paint(l, bold))
	}
}

// prose writes running text, wrapped, behind a margin.
func (p *page) prose(margin, text string) {
	p.hanging(margin, text, "")
}

// command writes what is to be pasted: its lines stay whole, however long they are.
func (p *page) command(text string) {
	for line := range strings.SplitSeq(text, "\n") {
		p.line(indent + indent + p.paint(printable(line), bold))
	}
}

// table writes rows of aligned cells; the last cell of a row is wrapped under itself.
func (p *page) table(rows [][]string, color func(row int) string) {
	var aligned strings.Builder
	t := tabwriter.NewWriter(&aligned, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for _, cell := range row[:len(row)-1] {
			fmt.Fprint(t, printable(cell), "\t")
		}
		fmt.Fprintln(t)
	}
	t.Flush()
	leads := strings.Split(aligned.String(), "\n")
	for i, row := range rows {
		paint := ""
		if color != nil {
			paint = color(i)
		}
		p.hanging(indent+leads[i], row[len(row)-1], paint)
	}
}

// hanging writes a lead and, beside it, text: its further lines stand under its first.
func (p *page) hanging(lead, text, color string) {
	margin := columns(lead)
	for i, l := range append(wrap(text, p.options.Width-margin), "") {
		switch {
		case i == 0:
			p.line(p.paint(strings.TrimRight(lead+l, " "), color))
		case l != "":
			p.line(p.paint(strings.Repeat(" ", margin)+l, color))
		}
	}
}

func (p *page) line(text string) {
	p.WriteString(text)
	p.WriteByte('\n')
}

// paint colours text, where colours are wanted and text and color are not empty.
func (p *page) paint(text, color string) string {
	if !p.options.Color || color == "" || text == "" {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}
