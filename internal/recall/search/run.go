package search

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"github.com/tallystick/tallystick/internal/recall/index"
)

// Hit is a memory that a query selects, with how much of it is about the words.
type Hit struct {
	ID    string
	Score float32
}

// Run returns what q selects of x, the most relevant first and those of one
// relevance by id, at most limit; found is how many there are. A shorter list is
// the beginning of a longer one.
func Run(x *index.Index, q *Query, f index.Filter, limit int) (hits []Hit, found int) {
	if q.Empty() || limit <= 0 || !q.narrow(&f) {
		return nil, 0
	}
	v := x.View(&f)
	defer v.Close()
	r := run{View: v}
	set := r.selected(q)
	scores := r.scores(q, set)
	type scored struct {
		doc   uint32
		score float32
	}
	var all []scored
	each(set, func(n uint32) {
		all = append(all, scored{n, scores[n] + priorityWeight*float32(v.Priority(n)-5)})
	})
	slices.SortFunc(all, func(a, b scored) int {
		if a.score != b.score {
			return cmp.Compare(b.score, a.score)
		}
		if v.Before(a.doc, b.doc) {
			return -1
		}
		return 1
	})
	for _, s := range all[:min(len(all), limit)] {
		hits = append(hits, Hit{ID: v.ID(s.doc), Score: s.score})
	}
	return hits, len(all)
}

// priorityWeight is what a step of priority is worth beside a relevance between 0 and 1.
const priorityWeight = 0.01

type run struct {
	*index.View
}

// selected returns the documents that q selects.
func (r *run) selected(q *Query) index.Set {
	out := index.NewSet(len(r.Docs))
	if len(q.must) == 0 {
		for n := range r.InNamespace {
			out.Add(n)
		}
	}
	for i, c := range q.must {
		if s := r.clause(c); i == 0 {
			out = s
		} else {
			and(out, s)
		}
	}
	for _, c := range q.not {
		andNot(out, r.clause(c))
	}
	for _, t := range q.notTags {
		andNot(out, r.Tagged(t))
	}
	each(out, func(n uint32) {
		if !r.See(n) || !r.Pass(n) {
			out[n>>6] &^= 1 << (n & 63)
		}
	})
	return out
}

// clause returns the documents in which a clause is true.
func (r *run) clause(c clause) index.Set {
	var out index.Set
	terms := make([][]uint32, len(c.words))
	for i, w := range c.words {
		terms[i] = r.Exact(w)
		s := r.having(terms[i])
		if i == 0 {
			out = s
		} else {
			and(out, s)
		}
	}
	if len(c.words) > 1 {
		each(out, func(n uint32) {
			if !r.stands(n, terms) {
				out[n>>6] &^= 1 << (n & 63)
			}
		})
	}
	for _, w := range c.wholes {
		or(out, r.having(r.Exact(w)))
	}
	return out
}

// having returns the documents that have one of some terms.
func (r *run) having(terms []uint32) index.Set {
	out := index.NewSet(len(r.Docs))
	var hits []index.Hit
	for _, id := range terms {
		hits = r.Postings(hits[:0], id)
		for _, h := range hits {
			out.Add(h.Doc)
		}
	}
	return out
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

// scores weighs the words of the query in the documents of a set: BM25 over its
// maximum.
func (r *run) scores(q *Query, set index.Set) map[uint32]float32 {
	const k1, pivot = 0.9, 40
	out := map[uint32]float32{}
	most := float32(0)
	var hits []index.Hit
	for _, c := range q.must {
		for _, w := range c.words {
			counts := map[uint32]uint32{}
			for _, id := range r.Exact(w) {
				hits = r.Postings(hits[:0], id)
				for _, h := range hits {
					if set.Has(h.Doc) {
						counts[h.Doc] += max(h.Count, 1)
					}
				}
			}
			n, df := float64(r.N), float64(len(counts))
			idf := float32(math.Log(1 + (max(n, df)-df+0.5)/(df+0.5)))
			most += idf * (k1 + 1)
			for doc, count := range counts {
				tf := float32(count)
				out[doc] += idf * tf * (k1 + 1) / (tf + k1*max(1, float32(r.Length(doc))/pivot))
			}
		}
	}
	for doc := range out {
		out[doc] /= max(most, 1e-9)
	}
	return out
}

func each(s index.Set, yield func(n uint32)) {
	for i, w := range s {
		for ; w != 0; w &= w - 1 {
			yield(uint32(i*64 + bits.TrailingZeros64(w)))
		}
	}
}

func and(a, b index.Set) {
	for i := range a {
		a[i] &= b[i]
	}
}

func andNot(a, b index.Set) {
	for i := range a {
		a[i] &^= b[i]
	}
}

func or(a, b index.Set) {
	for i := range a {
		a[i] |= b[i]
	}
}
