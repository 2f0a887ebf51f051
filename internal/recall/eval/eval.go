// Package eval measures recall: a labelled set is memories and questions, each
// with the memories that answer it.
package eval

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/tallystick/tallystick/internal/recall/index"
)

// Set is a labelled set.
type Set struct {
	Name      string
	Hash      string // SHA-256 of the file, or of the files of the directory
	Least     Least  // what is demanded of recall, if the content is known
	Memories  []index.Document
	Questions []Question
}

// Question is one with its answers.
type Question struct {
	Text      string
	Namespace string
	Answers   []string // ids of memories
	Group     string   // a language, a category
}

// Depth is how many results a ranker is asked for.
const Depth = 20

// Row is what a ranker reached on some questions, in percent but for N.
type Row struct {
	Group  string  `json:"group"`
	N      int     `json:"n"`
	Any1   float64 `json:"any_1"` // an answer among the first
	Any5   float64 `json:"any_5"`
	Any10  float64 `json:"any_10"`
	Any20  float64 `json:"any_20"`
	Frac10 float64 `json:"frac_10"` // share of the answers among the first ten
	MRR    float64 `json:"mrr"`     // mean of 1 / rank of the first answer
}

// Objective is what weights are tuned for: one figure alone is noise.
func (r Row) Objective() float64 { return (r.Any5 + r.Any10 + r.Any20 + r.Frac10) / 4 }

// Report is the result of a run: all questions together, and by group in order.
type Report struct {
	Way    string `json:"way"` // how the answers were found
	All    Row    `json:"all"`
	Groups []Row  `json:"groups"`
}

// Run asks every question that has answers, and counts. Ask returns ids, best
// first, at most [Depth].
func Run(s *Set, ask func(q *Question) ([]string, error)) (Report, error) {
	out := Report{All: Row{Group: "all"}}
	at := map[string]int{}
	for i := range s.Questions {
		q := &s.Questions[i]
		if len(q.Answers) == 0 {
			continue
		}
		got, err := ask(q)
		if err != nil {
			return out, fmt.Errorf("question %q: %w", q.Text, err)
		}
		n, ok := at[q.Group]
		if !ok {
			n = len(out.Groups)
			at[q.Group] = n
			out.Groups = append(out.Groups, Row{Group: q.Group})
		}
		out.All.count(q, got)
		out.Groups[n].count(q, got)
	}
	out.All.finish()
	for i := range out.Groups {
		out.Groups[i].finish()
	}
	slices.SortFunc(out.Groups, func(a, b Row) int { return strings.Compare(a.Group, b.Group) })
	return out, nil
}

func (r *Row) count(q *Question, got []string) {
	r.N++
	first, among10 := -1, 0
	for rank, id := range got[:min(len(got), Depth)] {
		if !slices.Contains(q.Answers, id) {
			continue
		}
		if first < 0 {
			first = rank
		}
		if rank < 10 {
			among10++
		}
	}
	r.Frac10 += float64(among10) / float64(len(q.Answers))
	if first < 0 {
		return
	}
	r.MRR += 1 / float64(first+1)
	for _, c := range []struct {
		k  int
		at *float64
	}{{1, &r.Any1}, {5, &r.Any5}, {10, &r.Any10}, {20, &r.Any20}} {
		if first < c.k {
			*c.at++
		}
	}
}

func (r *Row) finish() {
	for _, v := range []*float64{&r.Any1, &r.Any5, &r.Any10, &r.Any20, &r.Frac10, &r.MRR} {
		*v *= 100 / float64(max(1, r.N))
	}
}

// Print writes reports of one set as a table: each way as a whole, then the last by
// group.
func Print(w io.Writer, reports ...Report) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(t, "\tn\tany@1\tany@5\tany@10\tany@20\tfrac@10\tMRR\t") // the error comes with Flush
	line := func(name string, row Row) {
		_, _ = fmt.Fprintf(t, "%s\t%d\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t\n", name, row.N, row.Any1, row.Any5, row.Any10, row.Any20, row.Frac10, row.MRR)
	}
	for _, r := range reports {
		line(r.Way, r.All)
	}
	if len(reports) > 0 {
		for _, row := range reports[len(reports)-1].Groups {
			line(row.Group, row)
		}
	}
	return t.Flush()
}
