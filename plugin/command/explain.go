package command

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"ws-diagnose/plugin/closecode"
	"ws-diagnose/plugin/diagnose"
	"ws-diagnose/plugin/report"
)

func explainCommand(s System) *cobra.Command {
	return &cobra.Command{
		Use:   "explain [CODE|FINDING]",
		Short: "Say what a close code or a finding means, and what to do",
		Long: `Explain says what a websocket's close code (as the portal shows it, such as 1006) or a finding
of a report (such as cert-expired) means, where it comes from and what mends it. Without an
argument it lists all of them. What is written in capitals in a remedy is to be filled in; a
report has it filled in.`,
		Example: `  ws-diagnose explain
  ws-diagnose explain 1006
  ws-diagnose explain upgrade-not-switched`,
		GroupID:               people.ID,
		Args:                  cobra.MaximumNArgs(1),
		DisableFlagsInUseLine: true,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return topics(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			sections := overview()
			if len(args) == 1 {
				var err error
				if sections, err = explain(args[0]); err != nil {
					return fmt.Errorf("explain: %w", err)
				}
			}
			if err := report.Sections(s.Stdout, sections, textOptions(s, false)); err != nil {
				return fmt.Errorf("explain: the text cannot be written: %w", err)
			}
			return nil
		},
	}
}

// explain is what is known of one topic.
func explain(topic string) ([]report.Section, error) {
	if code, err := strconv.Atoi(topic); err == nil {
		return []report.Section{explainCode(code)}, nil
	}
	topic = strings.ToLower(topic)
	if e, ok := diagnose.Lookup(topic); ok {
		return []report.Section{explainFinding(e)}, nil
	}
	if near := nearest(topic, topics()); len(near) > 0 {
		return nil, fmt.Errorf("%s is neither a close code nor a finding; did you mean %s?", quoted(topic), strings.Join(near, " or "))
	}
	return nil, fmt.Errorf("%s is neither a close code nor a finding; ws-diagnose explain lists them", quoted(topic))
}

func explainFinding(e diagnose.Entry) report.Section {
	return report.Section{
		Heading: fmt.Sprintf("%s: %s", e.ID, e.Title),
		Rows: filled([][]string{
			{"Level", string(e.Level)},
			{"Stage", string(e.Stage)},
			{"Seen", e.Seen},
			{"Users", e.User},
			{"Cause", e.Cause},
			{"May follow", strings.Join(e.DependsOn, ", ")},
			{"Mended if", e.Verify},
		}),
		Steps: e.Remedy,
	}
}

func explainCode(code int) report.Section {
	c := closecode.Lookup(code)
	onWire := "no: it must not stand in a close frame"
	if c.OnWire {
		onWire = "yes"
	}
	rows := filled([][]string{
		{"Sent by", c.Sender},
		{"On the wire", onWire},
		{"Means", c.Meaning},
		{"Portal", c.Reconnects},
	})
	for i, cause := range c.Causes {
		label := ""
		if i == 0 {
			label = "Causes"
		}
		rows = append(rows, []string{label, fmt.Sprintf("%d. %s", i+1, cause)})
	}
	if c.KB != "" {
		rows = append(rows, []string{"KB-00056", c.KB})
	}
	return report.Section{Heading: codeTitle(code, c), Rows: rows, Steps: c.Remedy}
}

func codeTitle(code int, c closecode.Code) string {
	title := strconv.Itoa(code)
	if c.Name != "" {
		title += " " + c.Name
	}
	if c.Low != c.High {
		title += " (" + c.Range() + ")"
	}
	return title
}

// codeName is a code's registered name, or the beginning of what its range means.
func codeName(c closecode.Code) string {
	if c.Name != "" {
		return c.Name
	}
	first, _, _ := strings.Cut(c.Meaning, ". ")
	return strings.TrimSuffix(first, ".")
}

// overview lists everything that can be explained.
func overview() []report.Section {
	findings := report.Section{Heading: "Findings"}
	for _, e := range diagnose.Catalogue() {
		findings.Rows = append(findings.Rows, []string{e.ID, string(e.Level), e.Title})
	}
	codes := report.Section{Heading: "Close codes"}
	for _, c := range closecode.All() {
		codes.Rows = append(codes.Rows, []string{c.Range(), codeName(c)})
	}
	return []report.Section{findings, codes}
}

// topics are the ids of all findings and all single codes.
func topics() []string {
	var all []string
	for _, e := range diagnose.Catalogue() {
		all = append(all, e.ID)
	}
	for _, c := range closecode.All() {
		if c.Low == c.High {
			all = append(all, strconv.Itoa(c.Low))
		}
	}
	return all
}

// filled leaves out the rows without a value.
func filled(rows [][]string) [][]string {
	return slices.DeleteFunc(rows, func(row []string) bool { return row[1] == "" })
}

// nearest are the topics that word may be a slip for, the nearest first, at most three.
func nearest(word string, topics []string) []string {
	const farthest = 3 // edits
	if len(word) > 40 {
		return nil
	}
	far := map[string]int{}
	var near []string
	for _, topic := range topics {
		far[topic] = distance(word, topic)
		if len(word) > farthest && strings.Contains(topic, word) {
			far[topic] = 1
		}
		if far[topic] <= farthest && far[topic] < len(word) {
			near = append(near, topic)
		}
	}
	slices.SortStableFunc(near, func(a, b string) int { return far[a] - far[b] })
	return near[:min(len(near), 3)]
}

// distance counts the edits (insert, delete, replace a byte) from a to b: Levenshtein's, row by row.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(row[j]+1, diagonal+1, replace)
		}
	}
	return row[len(b)]
}
