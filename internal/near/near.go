// Package near finds the names that somebody may have meant who gave one that is not known.
package near

import (
	"slices"
	"strings"
)

// To returns those of the known names that are nearest to one that was given, if they
// are near enough that it may be a slip: a letter too many, too few, another one, two
// that changed places, or other letters for small ones. For names of more than five
// letters there may be two slips. A name that begins as only one known name does stands
// for that.
func To(given string, known []string) []string {
	given = strings.ToLower(given)
	allowed := 1
	if len(given) > 5 {
		allowed = 2
	}
	var found []string
	for _, name := range known {
		switch d := distance(given, strings.ToLower(name), allowed); {
		case d > allowed:
		case d < allowed:
			found, allowed = []string{name}, d
		default:
			found = append(found, name)
		}
	}
	if len(found) == 0 && len(given) > 2 {
		for _, name := range known {
			if strings.HasPrefix(strings.ToLower(name), given) {
				found = append(found, name)
			}
		}
		if len(found) > 1 {
			return nil
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// Question asks whether one of the names was meant, "" for none.
func Question(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "did you mean " + strings.Join(names, " or ") + "?"
}

// distance is how many slips lead from a to b, or more than most.
func distance(a, b string, most int) int {
	if len(a)-len(b) > most || len(b)-len(a) > most || len(a) > maxName {
		return most + 1
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			other := 1
			if a[i-1] == b[j-1] {
				other = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+other)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

// maxName bounds the names that are looked at: what is longer was not meant as one.
const maxName = 128
