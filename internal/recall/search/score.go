package search

import (
	"cmp"
	"math"
	"slices"

	"github.com/tallystick/tallystick/internal/recall/index"
)

// priorityWeight is what a step of priority is worth beside a relevance between 0 and 1.
const priorityWeight = 0.01

// The constants of BM25.
const (
	k1    = 0.9
	pivot = 40
)

// scores weighs the words that must occur in the documents of a set, in its order: BM25
// over its maximum.
func (r *run) scores(set []uint32) []float32 {
	out := zeros(&r.scratch.scores, len(set))
	most := float32(0)
	for _, hits := range r.words {
		counts, df := r.count(hits, set)
		n := float64(max(r.N, df))
		idf := float32(math.Log(1 + (n-float64(df)+0.5)/(float64(df)+0.5)))
		most += idf * (k1 + 1)
		for i, count := range counts {
			if count > 0 {
				tf := float32(count)
				out[i] += idf * tf * (k1 + 1) / (tf + k1*max(1, float32(r.Length(set[i]))/pivot))
			}
		}
	}
	for i := range out {
		out[i] /= max(most, 1e-9)
	}
	return out
}

// count returns how often a word that has hits is in each document of a set, and in how
// many.
func (r *run) count(hits []index.Hit, set []uint32) (counts []uint32, df int) {
	counts = zeros(&r.counts, len(set))
	for i, n := range set {
		for len(hits) > 0 && hits[0].Doc < n {
			hits = hits[1:]
		}
		if len(hits) > 0 && hits[0].Doc == n {
			counts[i] = hits[0].Count
			df++
		}
	}
	return counts, df
}

// zeros returns so many, in the memory of those before.
func zeros[T uint32 | float32](s *[]T, n int) []T {
	*s = slices.Grow((*s)[:0], n)[:n]
	clear(*s)
	return *s
}

// scored is a document with its score.
type scored struct {
	doc   uint32
	score float32
}

// best returns the best of a set, in order.
func (r *run) best(set []uint32, scores []float32, limit int) []scored {
	order := func(a, b scored) int {
		if a.score != b.score {
			return cmp.Compare(b.score, a.score)
		}
		if r.Before(a.doc, b.doc) {
			return -1
		}
		return 1
	}
	top, full := r.top[:0], false
	for i, n := range set {
		s := scored{n, scores[i] + priorityWeight*float32(r.Priority(n)-5)}
		if full && order(top[limit-1], s) < 0 {
			continue
		}
		if top = append(top, s); len(top) == 2*limit {
			slices.SortFunc(top, order)
			top, full = top[:limit], true
		}
	}
	slices.SortFunc(top, order)
	r.top = top
	return top[:min(len(top), limit)]
}
