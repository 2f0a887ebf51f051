package setup

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Diff is the difference between two texts as `diff -u` shows it, "" if they are equal.
func Diff(path string, before, after []byte) string {
	a, b := slices.Collect(strings.Lines(string(before))), slices.Collect(strings.Lines(string(after)))
	script := compared(a, b)
	var out strings.Builder
	from := path
	if len(before) == 0 {
		from = "/dev/null"
	}
	to := path
	if len(after) == 0 {
		to = "/dev/null"
	}
	fmt.Fprintf(&out, "--- %s\n+++ %s\n", from, to)
	any := false
	for i := 0; i < len(script); i++ {
		if script[i].sign == ' ' {
			continue
		}
		first, end := max(0, i-context), i+1
		for j := i; j < len(script) && j <= end+2*context; j++ {
			if script[j].sign != ' ' {
				end = j + 1
			}
		}
		last := min(len(script), end+context)
		hunk(&out, script, first, last)
		any, i = true, last-1
	}
	if !any {
		return ""
	}
	return out.String()
}

const context = 3 // lines around a change

// step is a line of a comparison: of both texts, or of one.
type step struct {
	sign byte // ' ', '-' or '+'
	line string
}

// compared makes b of a with few steps: what both begin and end with is equal, and
// of the rest the longest common sequence.
func compared(a, b []string) []step {
	var head, tail []step
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		head = append(head, step{' ', a[0]})
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		tail = append(tail, step{' ', a[len(a)-1]})
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	slices.Reverse(tail)
	return slices.Concat(head, between(a, b), tail)
}

func between(a, b []string) []step {
	const most = 4 << 20 // cells of the table; beyond that all is taken for changed
	var out []step
	i, j := 0, 0
	if len(a)*len(b) <= most {
		common := make([][]int, len(a)+1)
		for i := range common {
			common[i] = make([]int, len(b)+1)
		}
		for i, x := range slices.Backward(a) {
			for j, y := range slices.Backward(b) {
				if common[i][j] = max(common[i+1][j], common[i][j+1]); x == y {
					common[i][j] = common[i+1][j+1] + 1
				}
			}
		}
		for i < len(a) && j < len(b) {
			switch {
			case a[i] == b[j]:
				out = append(out, step{' ', a[i]})
				i, j = i+1, j+1
			case common[i+1][j] >= common[i][j+1]:
				out = append(out, step{'-', a[i]})
				i++
			default:
				out = append(out, step{'+', b[j]})
				j++
			}
		}
	}
	for ; i < len(a); i++ {
		out = append(out, step{'-', a[i]})
	}
	for ; j < len(b); j++ {
		out = append(out, step{'+', b[j]})
	}
	return out
}

// hunk writes a part of a comparison with its place in both texts.
func hunk(out *strings.Builder, script []step, first, last int) {
	place := func(but byte) string {
		start, n := 0, 0
		for i, s := range script[:last] {
			if s.sign == but {
				continue
			}
			if i < first {
				start++
			} else {
				n++
			}
		}
		if n > 0 {
			start++
		}
		if n == 1 {
			return strconv.Itoa(start)
		}
		return fmt.Sprintf("%d,%d", start, n)
	}
	fmt.Fprintf(out, "@@ -%s +%s @@\n", place('+'), place('-'))
	for _, s := range script[first:last] {
		line := strings.TrimRight(s.line, "\r\n")
		fmt.Fprintf(out, "%c%s\n", s.sign, line)
		if !strings.HasSuffix(s.line, "\n") {
			out.WriteString("\\ No newline at end of file\n")
		}
	}
}
