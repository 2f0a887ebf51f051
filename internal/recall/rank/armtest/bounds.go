package armtest

import (
	"context"
	"fmt"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/rank"
)

// bounded compares what the arm adds to each document with what it said at most.
func bounded(ctx context.Context, s *Subject) error {
	var wrong error
	watching := *s
	watching.Arms = func() ([]rank.Arm, func([]index.Change)) {
		arms, learn := s.Arms()
		for i, a := range arms {
			arms[i] = &watchedArm{a, &wrong}
		}
		return arms, learn
	}
	b := open(&watching)
	b.take(s.texts(many)...)
	_, one := s.Telling(3)
	for _, question := range []string{s.Question, one} {
		if _, err := b.ask(ctx, rank.Query{Text: question, Limit: many}); err != nil {
			return err
		}
	}
	return wrong
}

// watchedArm keeps the first thing that was not as it was said.
type watchedArm struct {
	rank.Arm

	wrong *error
}

func (a *watchedArm) Search(q *rank.Question) (rank.Search, string) {
	s, why := a.Arm.Search(q)
	if s == nil {
		return nil, why
	}
	w := &watched{Search: s, wrong: a.wrong}
	if p, ok := s.(rank.Preparer); ok {
		return &watchedPreparer{w, p}, ""
	}
	return w, ""
}

type watchedPreparer struct {
	*watched
	rank.Preparer
}

type watched struct {
	rank.Search

	wrong *error
	most  float32
}

func (w *watched) Most() float32 {
	w.most = w.Search.Most()
	return w.most
}

func (w *watched) Add(n uint32, p *rank.Parts) {
	const rounding = 1e-4
	before := *p
	bound := w.Bound(n)
	w.many(n, bound)
	w.Search.Add(n, p)
	added := float32(0)
	for i := range p {
		added += p[i] - before[i]
	}
	if *w.wrong == nil && (bound > w.most+rounding || added > bound+rounding) {
		*w.wrong = fmt.Errorf("document %d gets %v, at most %v by itself and %v of all", n, added, bound, w.most)
	}
}

// many asks for the bound as it is asked for that of many documents.
func (w *watched) many(n uint32, bound float32) {
	const rounding, less = 1e-4, 0.5
	if b, ok := w.Search.(rank.Bounder); ok {
		sums := []float32{1}
		if b.Bounds([]uint32{n}, sums, less); *w.wrong == nil && sums[0] < 1+bound-less-rounding {
			*w.wrong = fmt.Errorf("document %d gets %v at most by itself, and %v among others", n, bound, sums[0]-1+less)
		}
	}
	if s, ok := w.Search.(rank.Sifter); ok && *w.wrong == nil && len(s.Sift(nil, []uint32{n}, bound-rounding)) == 0 {
		*w.wrong = fmt.Errorf("document %d gets %v at most, and is left out", n, bound)
	}
}
