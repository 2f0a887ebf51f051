package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Report is the result of a run.
type Report struct {
	Cores    int      `json:"cores"`
	Go       string   `json:"go"`
	System   string   `json:"system"`
	Rounds   int      `json:"rounds"`
	Seconds  float64  `json:"seconds_per_round"`
	FsyncP50 float64  `json:"fsync_p50_us"`
	FsyncP99 float64  `json:"fsync_p99_us"`
	Rows     []Row    `json:"rows"`
	Notes    []string `json:"notes,omitempty"`
}

// Row is one line of the table.
type Row struct {
	Measure string   `json:"measure"`
	Unit    string   `json:"unit"`
	Ours    Series   `json:"ours"`
	Control *Series  `json:"control,omitempty"`
	Ratio   float64  `json:"ratio,omitempty"` // ours / control, or as the measure says
	Target  string   `json:"target,omitempty"`
	Met     *bool    `json:"met,omitempty"`
	Rivals  []Beside `json:"rivals,omitempty"`
}

// Beside is what something else did in the same rounds.
type Beside struct {
	Name   string `json:"name"`
	Values Series `json:"values"`
}

// Series are the values of the rounds.
type Series []float64

// Median returns the middle value, or NaN if there is none.
func (s Series) Median() float64 {
	if len(s) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(s))
	mid := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[mid]
	}
	return (sorted[mid-1] + sorted[mid]) / 2
}

// against fills the control arm and the ratio of the medians, if there was one.
func (r Row) against(control Series) Row {
	if len(control) == 0 {
		return r
	}
	r.Control = &control
	r.Ratio = r.Ours.Median() / control.Median()
	return r
}

// atLeast sets a target for v.
func (r Row) atLeast(v, limit float64, target string) Row {
	met := v >= limit
	r.Target, r.Met = target, &met
	return r
}

// atMost sets a target for v.
func (r Row) atMost(v, limit float64, target string) Row {
	met := v <= limit
	r.Target, r.Met = target, &met
	return r
}

// ratioAtLeast sets a target for the ratio to the control arm, if there was one.
func (r Row) ratioAtLeast(limit float64, target string) Row {
	if r.Control == nil {
		return r
	}
	return r.atLeast(r.Ratio, limit, target)
}

// ratioAtMost sets a target for the ratio to the control arm, if there was one.
func (r Row) ratioAtMost(limit float64, target string) Row {
	if r.Control == nil {
		return r
	}
	return r.atMost(r.Ratio, limit, target)
}

func (r *Report) writeJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

func (r *Report) writeTable(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d cores, %s, %s; medians of %d rounds of %gs (lowest–highest)\n\n", r.Cores, r.System, r.Go, r.Rounds, r.Seconds)
	fmt.Fprintf(&b, "fsync of the disk: p50 %.0f µs, p99 %.0f µs\n\n", r.FsyncP50, r.FsyncP99)
	rivals := rivalNames(r.Rows)
	b.WriteString("| measure | ours | control | ratio | target |")
	for _, name := range rivals {
		b.WriteString(" " + name + ", ours / it |")
	}
	b.WriteString("\n|---|--:|--:|--:|---|" + strings.Repeat("--:|", len(rivals)) + "\n")
	for _, row := range r.Rows {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |%s\n", row.Measure, row.Ours.cell(row.Unit), row.control(), row.ratio(), row.verdict(), row.beside(rivals))
	}
	if len(r.Notes) > 0 {
		b.WriteString("\n")
	}
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "- %s\n", n)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Row) control() string {
	if r.Control == nil {
		return ""
	}
	return r.Control.cell(r.Unit)
}

func (r *Row) ratio() string {
	if r.Ratio == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f ×", r.Ratio)
}

func (r *Row) verdict() string {
	switch {
	case r.Met == nil:
		return r.Target
	case *r.Met:
		return r.Target + " ✓"
	}
	return r.Target + " ✗ missed"
}

func (s Series) cell(unit string) string {
	if len(s) == 0 {
		return "not measured"
	}
	text := strings.TrimSpace(number(s.Median()) + " " + unit)
	if len(s) > 1 {
		text += fmt.Sprintf(" (%s–%s)", number(slices.Min(s)), number(slices.Max(s)))
	}
	return text
}

// number renders three significant digits, and thousands apart.
func number(v float64) string {
	switch {
	case v != math.Trunc(v) && math.Abs(v) < 10:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case v != math.Trunc(v) && math.Abs(v) < 100:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	digits := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// rivalNames are those of the rivals that rows have.
func rivalNames(rows []Row) []string {
	for i := range rows {
		if len(rows[i].Rivals) > 0 {
			var out []string
			for _, v := range rows[i].Rivals {
				out = append(out, v.Name)
			}
			return out
		}
	}
	return nil
}

// beside renders the cells of the rivals with these names.
func (r *Row) beside(names []string) string {
	var b strings.Builder
	for _, name := range names {
		cell := ""
		for _, v := range r.Rivals {
			if v.Name == name && len(v.Values) > 0 {
				cell = fmt.Sprintf("%s, %.2f ×", v.Values.cell(r.Unit), r.Ours.Median()/v.Values.Median())
			}
		}
		b.WriteString(" " + cell + " |")
	}
	return b.String()
}
