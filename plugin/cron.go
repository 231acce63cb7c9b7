package plugin

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// cronFields are the ranges of a crontab's five fields: minute, hour, day of month, month, day of
// week, where 7 is Sunday as well.
var cronFields = [5][2]int{{0, 59}, {0, 23}, {1, 31}, {1, 12}, {0, 7}}

// cronEvery is the longest time between two firings of a crontab's five fields, as far as the two
// months after from show; 0 when it fires less often. Runs that are due at certain hours only are
// so not missed at others.
func cronEvery(line string, from time.Time) (time.Duration, error) {
	words := strings.Fields(line)
	if len(words) != len(cronFields) {
		return 0, fmt.Errorf("%s has not the five fields of a crontab", shown(line))
	}
	var fields [5]uint64 // a bit for each number that matches
	for i, word := range words {
		bits, err := cronField(word, cronFields[i][0], cronFields[i][1])
		if err != nil {
			return 0, err
		}
		fields[i] = bits
	}
	fields[4] |= fields[4] >> 7 & 1
	anyDay, anyWeekday := strings.HasPrefix(words[2], "*"), strings.HasPrefix(words[4], "*")

	var last time.Time
	var longest time.Duration
	start := from.Truncate(time.Minute)
	for at := start; at.Before(start.AddDate(0, 2, 0)); at = at.Add(time.Minute) {
		has := func(field, n int) bool { return fields[field]&(1<<n) != 0 }
		day, weekday := has(2, at.Day()), has(4, int(at.Weekday()))
		if !has(0, at.Minute()) || !has(1, at.Hour()) || !has(3, int(at.Month())) ||
			!(day && weekday || !anyDay && !anyWeekday && (day || weekday)) { // crontab(5): either, when both are given
			continue
		}
		if !last.IsZero() {
			longest = max(longest, at.Sub(last))
		}
		last = at
	}
	return longest, nil
}

// cronField reads a list of numbers, ranges and steps: "*", "5", "1-5", "*/15", "0-30/10,45".
func cronField(word string, low, high int) (uint64, error) {
	var bits uint64
	for _, part := range strings.Split(word, ",") {
		span, stepText, stepped := strings.Cut(part, "/")
		step := 1
		if stepped {
			n, err := strconv.Atoi(stepText)
			if err != nil || n < 1 || n > 60 { // no field has more numbers; and no sum overflows
				return 0, fmt.Errorf("%s is no field of a crontab", shown(word))
			}
			step = n
		}
		first, last := low, high
		if span != "*" {
			begin, end, isRange := strings.Cut(span, "-")
			var err error
			if first, err = strconv.Atoi(begin); err != nil {
				return 0, fmt.Errorf("%s is no field of a crontab", shown(word))
			}
			switch {
			case isRange:
				if last, err = strconv.Atoi(end); err != nil {
					return 0, fmt.Errorf("%s is no field of a crontab", shown(word))
				}
			case !stepped:
				last = first
			}
		}
		if first < low || last > high || first > last {
			return 0, fmt.Errorf("%s is outside %d to %d", shown(word), low, high)
		}
		for n := first; n <= last; n += step {
			bits |= 1 << n
		}
	}
	return bits, nil
}
