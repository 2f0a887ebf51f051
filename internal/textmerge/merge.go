// Package textmerge joins two edits of a text. It is pure, and loses no line that
// somebody has written: where both have edited the same place, both edits stand
// there, the other one first.
package textmerge

import (
	"slices"
	"strings"
)

// mostCells bounds the table in which two texts are compared; beyond that all of
// them is one place.
const mostCells = 16 << 20

// Merge joins ours and theirs, which were made of base. clash says that both have
// edited the same place in different ways.
func Merge(base, ours, theirs string) (text string, clash bool) {
	b, o, t := lines(base), lines(ours), lines(theirs)
	inOurs, inTheirs := matches(b, o), matches(b, t)
	var out []string
	i, j, k := 0, 0, 0 // how far each of them is done
	for n := 0; n <= len(b); n++ {
		if n < len(b) && (inOurs[n] < 0 || inTheirs[n] < 0) {
			continue
		}
		endO, endT := len(o), len(t)
		if n < len(b) {
			endO, endT = inOurs[n], inTheirs[n]
		}
		part, both := joined(b[i:n], o[j:endO], t[k:endT])
		out, clash = append(out, part...), clash || both
		if n < len(b) {
			out = append(out, b[n])
			i, j, k = n+1, endO+1, endT+1
		}
	}
	return strings.Join(out, ""), clash
}

// joined decides about one place.
func joined(base, ours, theirs []string) (out []string, clash bool) {
	switch {
	case slices.Equal(ours, base), slices.Equal(ours, theirs):
		return theirs, false
	case slices.Equal(theirs, base):
		return ours, false
	}
	out = slices.Clone(theirs)
	for _, l := range ours {
		if !slices.Contains(theirs, l) {
			if n := len(out); n > 0 && !strings.HasSuffix(out[n-1], "\n") {
				out[n-1] += "\n"
			}
			out = append(out, l)
		}
	}
	return out, true
}

func lines(s string) []string { return slices.Collect(strings.Lines(s)) }

// matches says of each line of a which line of b it is, -1 if it is none: the
// longest common sequence.
func matches(a, b []string) []int {
	out := make([]int, len(a))
	for i := range out {
		out[i] = -1
	}
	if len(a)*len(b) > mostCells {
		return out
	}
	width := len(b) + 1
	common := make([]int32, (len(a)+1)*width)
	for i, x := range slices.Backward(a) {
		for j, y := range slices.Backward(b) {
			at := i*width + j
			if common[at] = max(common[at+width], common[at+1]); x == y {
				common[at] = common[at+width+1] + 1
			}
		}
	}
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			out[i] = j
			i, j = i+1, j+1
		case common[(i+1)*width+j] >= common[i*width+j+1]:
			i++
		default:
			j++
		}
	}
	return out
}
