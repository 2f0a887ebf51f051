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
// relevance by id, at most limit. A shorter list is the beginning of a longer one.
func (s *Searcher) Run(x *index.Index, q *Query, f index.Filter, limit int) []Hit {
	if q.Empty() || limit <= 0 || !q.narrow(&f) {
		return nil
	}
	memory, _ := s.spare.Get().(*scratch)
	if memory == nil {
		memory = &scratch{}
	}
	defer s.spare.Put(memory)
	v := x.View(&f)
	defer v.Close()
	r := run{View: v, scratch: memory}
	found, ok := r.common(q, limit)
	if !ok {
		set := r.selected(q)
		found = r.best(set, limit)
		r.free(set)
	}
	hits := make([]Hit, len(found))
	for i, s := range found {
		hits[i] = Hit{ID: v.ID(s.doc), Score: s.score}
	}
	return hits
}

// scratch is the memory of one query, used again by the next.
type scratch struct {
	gather index.Gatherer
	sets   [][]uint32    // that are free
	words  [][]index.Hit // of the words that must occur, as they stand in the query
	ranks  index.Ranks
	ranked bool       // ranks are those of the set
	counts [][]uint32 // by word
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

func (r *run) free(s []uint32) {
	if cap(s) > 0 {
		r.sets = append(r.sets, s)
	}
}

// selected returns the documents that q selects. What fewest have is looked for first:
// of the rest only what these have counts, in which nothing else differs.
func (r *run) selected(q *Query) []uint32 {
	var out []uint32
	if len(q.must) == 0 {
		out = r.set()
		for n := range r.InNamespace {
			if r.See(n) {
				out = append(out, n)
			}
		}
		slices.Sort(out)
	}
	r.keep(len(q.must), func(i int) int { return len(q.must[i].words) })
	for i, at := range r.rarestFirst(q.must) {
		out = r.clause(&q.must[at.clause], out, i == 0, at.word)
	}
	for i := range q.not {
		s := r.clause(&q.not[i], append(r.set(), out...), false, unweighed)
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

// placed is a clause that must be true, and which of all words its first one is.
type placed struct{ clause, word, count int }

func (r *run) rarestFirst(must []clause) []placed {
	out := make([]placed, len(must))
	word := 0
	for i := range must {
		out[i] = placed{i, word, r.most(&must[i])}
		word += len(must[i].words)
	}
	slices.SortStableFunc(out, func(a, b placed) int { return cmp.Compare(a.count, b.count) })
	return out
}

// most is how many documents a clause is true in at most, in sight or not.
func (r *run) most(c *clause) int {
	least := 0
	for i, w := range c.words {
		if n := r.postings(r.Exact(w)); i == 0 || n < least {
			least = n
		}
	}
	for _, w := range c.wholes {
		least += r.postings(r.Exact(w))
	}
	return least
}

func (r *run) postings(terms []uint32) int {
	n := 0
	for _, id := range terms {
		n += r.Count(id)
	}
	return n
}

// unweighed stands for the place of a word that is not weighed.
const unweighed = -1

// clause returns the documents in sight in which a clause is true: among some, which it
// takes, or among all. What its words have found is kept, from a place on, if they are
// to be weighed.
func (r *run) clause(c *clause, among []uint32, all bool, place int) []uint32 {
	terms := make([][]uint32, len(c.words))
	for i, w := range c.words {
		terms[i] = r.Exact(w)
	}
	// Where others do for the words, each of these counts by itself.
	alone := len(c.wholes) > 0
	from, every := among, all
	var out []uint32
	for i := range terms {
		s := r.having(terms[i], from, every)
		if place != unweighed {
			r.words[place+i] = r.gather.Keep(r.words[place+i])
		}
		switch {
		case !alone:
			r.free(from)
			from, every, out = s, false, s
		case i == 0:
			out = s
		default:
			out = r.both(out, s)
		}
	}
	if len(c.words) > 1 {
		out = slices.DeleteFunc(out, func(n uint32) bool { return !r.stands(n, terms) })
	}
	for _, w := range c.wholes {
		s := r.having(r.Exact(w), among, all)
		either := or(r.set(), out, s)
		r.free(out)
		r.free(s)
		out = either
	}
	if alone {
		r.free(among)
	}
	return out
}

// having returns the documents in sight that have one of some terms: among some, or
// among all.
func (r *run) having(terms, among []uint32, all bool) []uint32 {
	var hits []index.Hit
	if all {
		hits = r.gather.Having(r.View, terms)
	} else {
		hits = r.gather.Among(r.View, terms, among)
	}
	out := slices.Grow(r.set(), len(hits))[:len(hits)]
	for i, h := range hits {
		out[i] = h.Doc
	}
	return out
}

// keep makes places for what the words of clauses find.
func (r *run) keep(clauses int, words func(i int) int) {
	n := 0
	for i := range clauses {
		n += words(i)
	}
	r.words = slices.Grow(r.words[:0], n)[:n]
}

// both returns what is in both sets, and takes them.
func (r *run) both(a, b []uint32) []uint32 {
	if len(b) < len(a) {
		a, b = b, a
	}
	r.free(b)
	return and(a, b)
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
