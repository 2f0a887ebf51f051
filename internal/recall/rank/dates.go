package rank

import (
	"context"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// Dates returns the arm that finds memories by the days that the question names.
func Dates(w Weights) Arm { return dateArm{w.Date} }

// dateArm finds what happened, or was said, when the question asks.
type dateArm struct{ weight float32 }

func (dateArm) Name() string { return "dates" }

func (a dateArm) Search(q *Question) (Search, string) {
	if len(q.Dates) == 0 || a.weight == 0 {
		return nil, "the question names no date"
	}
	return &dateSearch{q: q, weight: a.weight}, ""
}

type dateSearch struct {
	q      *Question
	weight float32
	v      *index.View
}

// dateStep is how many documents are looked at between two looks at the clock.
const dateStep = 4096

// Find implements [Search].
func (s *dateSearch) Find(ctx context.Context, v *index.View) (Found, error) {
	s.v = v
	var out Found
	looked := 0
	for n := range v.InNamespace {
		if looked++; looked%dateStep == 0 && ctx.Err() != nil {
			break
		}
		d := &v.Docs[n]
		if (d.Said != when.None || d.Spans != index.None) && v.See(n) && s.q.Date(v, n) > 0 {
			out.Docs = append(out.Docs, n)
		}
	}
	return out, ctx.Err()
}

// Most implements [Search].
func (s *dateSearch) Most() float32 { return s.weight }

// Bound implements [Search].
func (s *dateSearch) Bound(uint32) float32 { return s.weight }

// Add implements [Search].
func (s *dateSearch) Add(n uint32, p *Parts) { p[Date] += s.weight * s.q.Date(s.v, n) }

// Close implements [Search].
func (s *dateSearch) Close() { s.v = nil }
