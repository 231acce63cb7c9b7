package diagnose

import (
	"maps"
	"regexp"
	"strings"
)

// values are what the templates of the catalogue are filled with, as they came: fill escapes them.
type values map[string]string

// with returns v and more; more wins.
func (v values) with(more values) values {
	all := maps.Clone(v)
	maps.Copy(all, more)
	return all
}

// Placeholders: {name} is the value of that name. At the start of a remedy {?name} keeps the line
// only where the value is not empty, {!name} only where it is.
var (
	placeholder = regexp.MustCompile(`\{([a-z_]+)\}`)
	condition   = regexp.MustCompile(`^\{([?!])([a-z_]+)\}`)
)

// fill puts the values into a template, each through escape. In a remedy a placeholder must not
// stand between quotes: shellArg brings its own.
func fill(template string, v values, escape func(string) string) string {
	return placeholder.ReplaceAllStringFunc(template, func(p string) string {
		return escape(v[p[1:len(p)-1]])
	})
}

// complete says that the template needs no value that is not known.
func complete(template string, v values) bool {
	for _, p := range placeholder.FindAllStringSubmatch(template, -1) {
		if v[p[1]] == "" {
			return false
		}
	}
	return true
}

// fillSteps fills the steps of a remedy. It leaves out those whose condition does not hold, and
// those that need a value that is not known.
func fillSteps(steps []string, v values) []string {
	filled := []string{}
	for _, step := range steps {
		step, ok := applies(step, v)
		if ok && complete(step, v) {
			filled = append(filled, fill(step, v, escapeFor(step)))
		}
	}
	return filled
}

// applies strips the conditions at the start of a step and says whether all of them hold.
func applies(step string, v values) (string, bool) {
	for {
		c := condition.FindStringSubmatch(step)
		if c == nil {
			return step, true
		}
		if (v[c[2]] != "") != (c[1] == "?") {
			return "", false
		}
		step = step[len(c[0]):]
	}
}

// escapeFor chooses how values go into a step: as words of a shell into what is to be pasted, as
// plain text into prose.
func escapeFor(step string) func(string) string {
	if IsCommand(step) {
		return shellArg
	}
	return plain
}

// IsCommand tells the steps of a remedy apart: what is to be pasted (commands, lines of
// configuration) from prose, which ends as sentences do.
func IsCommand(step string) bool { return !strings.HasSuffix(step, ".") }
