package search

import (
	"cmp"
	"slices"
	"sync"

	"github.com/tallystick/tallystick/internal/recall/index"
)

// Hit is a memory that a query selects, with how much of it is about the words.
type Hit struct {
	ID    string
	Score float32
}

// Searcher answers queries. Its zero value is ready; it may be shared.
type Searcher struct{ spare sync.Pool }

// Run returns what q selects of x, the most relevant first and those of one
// relevance by id, at most limit; found is how many there are. A shorter list is
// the beginning of a longer one.
func (s *Searcher) Run(x *index.Index, q *Query, f index.Filter, limit int) (hits []Hit, found int) {
	if q.Empty() || limit <= 0 || !q.narrow(&f) {
		return nil, 0
	}
	memory, _ := s.spare.Get().(*scratch)
	if memory == nil {
		memory = &scratch{}
	}
	defer s.spare.Put(memory)
	v := x.View(&f)
	defer v.Close()
	memory.words = memory.words[:0]
	r := run{View: v, scratch: memory}
	set := r.selected(q)
	for _, s := range r.best(set, r.scores(set), limit) {
		hits = append(hits, Hit{ID: v.ID(s.doc), Score: s.score})
	}
	return hits, len(set)
}

// scratch is the memory of one query, used again by the next.
type scratch struct {
	gather index.Gatherer
	sets   [][]uint32    // that are free
	words  [][]index.Hit // of the words that must occur, in order
	scores []float32
	counts []uint32
	top    []scored
}

// run is a query at work. Sets of documents are lists in order.
type run struct {
	*index.View
	*scratch
}

// set returns an empty set, whose memory is used again if it is given back.
func (r *run) set() []uint32 {
	if n := len(r.sets); n > 0 {
		s := r.sets[n-1]
		r.sets = r.sets[:n-1]
		return s[:0]
	}
	return nil
}

func (r *run) free(s []uint32) { r.sets = append(r.sets, s) }

// selected returns the documents that q selects.
func (r *run) selected(q *Query) []uint32 {
	var out []uint32
	if len(q.must) == 0 {
		out = r.Sight(r.set())
		slices.Sort(out)
	}
	for i, c := range q.must {
		s := r.clause(c, true)
		if i > 0 {
			s = r.both(out, s)
		}
		out = s
	}
	for _, c := range q.not {
		s := r.clause(c, false)
		out = without(out, s)
		r.free(s)
	}
	for _, t := range q.notTags {
		set := r.Tagged(t)
		out = slices.DeleteFunc(out, set.Has)
	}
	if r.Conditional() {
		out = slices.DeleteFunc(out, func(n uint32) bool { return !r.Pass(n) })
	}
	return out
}

// both returns what is in both sets, and takes them.
func (r *run) both(a, b []uint32) []uint32 {
	if len(b) < len(a) {
		a, b = b, a
	}
	r.free(b)
	return and(a, b)
}

// clause returns the documents in sight in which a clause is true. What its words have
// found is kept if they are to be weighed.
func (r *run) clause(c clause, weighed bool) []uint32 {
	var out []uint32
	terms := make([][]uint32, len(c.words))
	for i, w := range c.words {
		terms[i] = r.Exact(w)
		s := r.having(terms[i])
		if weighed {
			r.keep()
		}
		if i > 0 {
			s = r.both(out, s)
		}
		out = s
	}
	if len(c.words) > 1 {
		out = slices.DeleteFunc(out, func(n uint32) bool { return !r.stands(n, terms) })
	}
	for _, w := range c.wholes {
		s := r.having(r.Exact(w))
		all := or(r.set(), out, s)
		r.free(out)
		r.free(s)
		out = all
	}
	return out
}

// having returns the documents in sight that have one of some terms.
func (r *run) having(terms []uint32) []uint32 {
	hits := r.gather.Having(r.View, terms)
	out := slices.Grow(r.set(), len(hits))[:len(hits)]
	for i, h := range hits {
		out[i] = h.Doc
	}
	return out
}

// keep notes what having has found last, in memory of its own.
func (r *run) keep() {
	var spare []index.Hit
	if n := len(r.words); n < cap(r.words) {
		spare = r.words[:n+1][n]
	}
	r.words = append(r.words, r.gather.Keep(spare))
}

// stands reports whether the terms stand one behind the other in document n.
func (r *run) stands(n uint32, terms [][]uint32) bool {
	// reached[i] is the position at which terms[:i+1] last ended.
	reached := make([]int, len(terms))
	for i := range reached {
		reached[i] = -1
	}
	found := false
	r.Stream(n, func(term uint32, pos int, part bool) bool {
		if part {
			return true
		}
		for i := len(terms) - 1; i >= 0; i-- {
			if slices.Contains(terms[i], term) && (i == 0 || reached[i-1] == pos-1) {
				reached[i] = pos
			}
		}
		found = reached[len(terms)-1] >= 0
		return !found
	})
	return found
}

// and keeps of a what is also in b.
func and(a, b []uint32) []uint32 {
	out := a[:0]
	for _, n := range a {
		for len(b) > 0 && b[0] < n {
			b = b[1:]
		}
		if len(b) > 0 && b[0] == n {
			out = append(out, n)
		}
	}
	return out
}

// without keeps of a what is not in b.
func without(a, b []uint32) []uint32 {
	out := a[:0]
	for _, n := range a {
		for len(b) > 0 && b[0] < n {
			b = b[1:]
		}
		if len(b) == 0 || b[0] != n {
			out = append(out, n)
		}
	}
	return out
}

// or appends to out what is in a or in b.
func or(out, a, b []uint32) []uint32 {
	for len(a) > 0 && len(b) > 0 {
		switch c := cmp.Compare(a[0], b[0]); {
		case c < 0:
			out, a = append(out, a[0]), a[1:]
		case c > 0:
			out, b = append(out, b[0]), b[1:]
		default:
			out, a, b = append(out, a[0]), a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}
