package emulator

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// listControls are query keys that shape a list instead of filtering it.
var listControls = []string{"aggregate", "decode", "limit", "offset", "params", "reverse", "slim", "sort",
	"token", "range-only", "expand", "commented", "reduced"}

var operation = regexp.MustCompile(`^(Eq|Ne|Lt|Lte|Gt|Gte|In|Nin|Re|Between|Except)\((.*)\)$`)

// filter applies the query of a list request: "Field=value", "Field=Op(value)", "Params.name=...",
// sort, reverse, offset and limit. With aggregate, params come from profiles as well.
func filter(all []object, query url.Values, e *Endpoint) ([]object, error) {
	var found []object
	for _, o := range all {
		ok, err := matchesAll(o, query, e)
		if err != nil {
			return nil, err
		}
		if ok {
			found = append(found, o)
		}
	}
	if field := query.Get("sort"); field != "" {
		slices.SortStableFunc(found, func(a, b object) int { return compare(a[field], text(b[field])) })
	}
	if query.Get("reverse") == "true" {
		slices.Reverse(found)
	}
	found, err := cut(found, query.Get("offset"), query.Get("limit"))
	if found == nil {
		found = []object{} // an empty list, not null
	}
	return found, err
}

func cut(list []object, offset, limit string) ([]object, error) {
	if offset != "" {
		n, err := strconv.Atoi(offset)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("invalid offset %q", offset)
		}
		list = list[min(n, len(list)):]
	}
	if limit != "" {
		n, err := strconv.Atoi(limit)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("invalid limit %q", limit)
		}
		list = list[:min(n, len(list))]
	}
	return list, nil
}

// matchesAll reports whether an object passes every condition of a query.
func matchesAll(o object, query url.Values, e *Endpoint) (bool, error) {
	for field, conditions := range query {
		if slices.Contains(listControls, field) {
			continue
		}
		value := fieldValue(o, field, e)
		for _, condition := range conditions {
			if ok, err := matches(value, condition); !ok || err != nil {
				return false, err
			}
		}
	}
	return true, nil
}

// fieldValue finds a field, or a param by "Params.<name>" with what profiles say about it.
func fieldValue(o object, field string, e *Endpoint) any {
	if name, ok := strings.CutPrefix(field, "Params."); ok {
		value, _ := e.paramOf(o, name)
		return value
	}
	if name, ok := strings.CutPrefix(field, "Meta."); ok {
		meta, _ := o["Meta"].(object)
		return meta[name]
	}
	return o[field]
}

// matches applies one condition to a value.
func matches(value any, condition string) (bool, error) {
	op, arg := "Eq", condition
	if m := operation.FindStringSubmatch(condition); m != nil {
		op, arg = m[1], m[2]
	}
	args := strings.Split(arg, ",")
	switch op {
	case "Eq":
		return compare(value, arg) == 0, nil
	case "Ne":
		return compare(value, arg) != 0, nil
	case "Lt":
		return compare(value, arg) < 0, nil
	case "Lte":
		return compare(value, arg) <= 0, nil
	case "Gt":
		return compare(value, arg) > 0, nil
	case "Gte":
		return compare(value, arg) >= 0, nil
	case "Re":
		re, err := regexp.Compile(arg)
		return err == nil && re.MatchString(text(value)), err
	case "In":
		return slices.ContainsFunc(args, func(a string) bool { return contains(value, a) }), nil
	case "Nin":
		return !slices.ContainsFunc(args, func(a string) bool { return contains(value, a) }), nil
	}
	if len(args) != 2 {
		return false, fmt.Errorf("%s needs two arguments", op)
	}
	between := compare(value, args[0]) >= 0 && compare(value, args[1]) <= 0
	return between == (op == "Between"), nil
}

// contains reports whether a value is, or a list has, the item.
func contains(value any, item string) bool {
	if list, ok := value.([]any); ok {
		return slices.ContainsFunc(list, func(v any) bool { return compare(v, item) == 0 })
	}
	return compare(value, item) == 0
}

// compare orders a field's value against the text of a query: numbers as numbers.
func compare(value any, arg string) int {
	if n, ok := value.(float64); ok {
		if m, err := strconv.ParseFloat(arg, 64); err == nil {
			return cmp.Compare(n, m)
		}
	}
	return strings.Compare(text(value), arg)
}

// text is a field's value as a query writes it.
func text(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	raw, _ := json.Marshal(value)
	return string(raw)
}
