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

// word is one of those that must occur, at work on a set.
type word struct {
	counts []uint32 // how often it is in each of the set
	idf    float32
	// most is what it adds at most to the score of a document that has it so often; the
	// last is for all that have it more often.
	most [countsTold]float32
}

// countsTold is how many counts of a word are told apart before a document is looked at.
const countsTold = 16

// weighed are the words that must occur, and what they add up to at most.
func (r *run) weighed(set []uint32) (words []word, all float32) {
	if len(r.words) == 0 {
		return nil, 0
	}
	r.ranked = false
	r.counts = slices.Grow(r.counts[:0], len(r.words))[:len(r.words)]
	words = make([]word, len(r.words))
	alike := true
	for i, hits := range r.words {
		w := &words[i]
		df := r.count(&r.counts[i], hits, set)
		w.counts = r.counts[i][1:]
		n := float64(max(r.N, df))
		w.idf = float32(math.Log(1 + (n-float64(df)+0.5)/(float64(df)+0.5)))
		all += w.idf * (k1 + 1)
		alike = alike && df == len(set)
	}
	if alike {
		all = evenly(words)
	}
	all = max(all, 1e-9)
	for i := range words {
		words[i].limits(all, 0)
	}
	return words, all
}

// evenly lets all words count the same, as they do where all of a set have each of them.
// How many these are makes no difference to their order then, nor to their scores.
func evenly(words []word) (all float32) {
	for i := range words {
		words[i].idf = 1
		all += k1 + 1
	}
	return all
}

// limits finds what the word adds at most to a document that is at least so long, of what
// all words add up to.
func (w *word) limits(all float32, length uint16) {
	for count := 1; count < countsTold-1; count++ {
		w.most[count] = bm25(w.idf, uint32(count), length) / all
	}
	w.most[countsTold-1] = w.idf * (k1 + 1) / all
}

// bm25 is what a word adds to the score of a document of a length that has it so often.
func bm25(idf float32, count uint32, length uint16) float32 {
	tf := float32(count)
	return idf * tf * (k1 + 1) / (tf + k1*max(1, float32(length)/pivot))
}

// count notes how often a word that has hits is in each of a set, from 1 on, and says in
// how many it is.
func (r *run) count(counts *[]uint32, hits []index.Hit, set []uint32) (df int) {
	*counts = slices.Grow((*counts)[:0], len(set)+1)[:len(set)+1]
	all := *counts
	clear(all)
	if same(all[1:], hits, set) {
		return len(set)
	}
	if !r.ranked {
		r.ranks.Of(set, len(r.Docs))
		r.ranked = true
	}
	for _, h := range hits {
		all[r.ranks.At(h.Doc)] = h.Count
	}
	all[0] = 0
	for _, n := range all {
		df += int((uint64(n) + 1<<32 - 1) >> 32) // 1 if there are any
	}
	return df
}

// same is count of a word whose hits are the set. It is false if they are not.
func same(counts []uint32, hits []index.Hit, set []uint32) bool {
	if len(hits) != len(set) {
		return false
	}
	for i, h := range hits {
		if h.Doc != set[i] {
			clear(counts)
			return false
		}
		counts[i] = h.Count
	}
	return true
}

// score is BM25 of the words in document n, which is number i of the set, over its
// maximum, and what its priority adds.
func (r *run) score(words []word, all float32, i int, n uint32) float32 {
	sum := float32(0)
	for k := range words {
		if count := words[k].counts[i]; count > 0 {
			sum += bm25(words[k].idf, count, r.Length(n))
		}
	}
	return r.scored(words, sum, all, n)
}

// scored is the score of document n whose words add up to a sum.
func (r *run) scored(words []word, sum, all float32, n uint32) float32 {
	if len(words) > 0 {
		sum /= all
	}
	return sum + priorityWeight*float32(r.Priority(n)-middle)
}

// middle is the priority that adds nothing.
const middle = 5

// reach is at least the score of number i of a set but for what rounding adds, without a
// look at the document.
func reach(words []word, i int) float32 {
	sum := float32(0)
	for k := range words {
		sum += words[k].most[min(words[k].counts[i], countsTold-1)]
	}
	return sum
}

// scored is a document with its score.
type scored struct {
	doc   uint32
	score float32
}

// slack is more than what rounding can add to a score.
const slack = 1e-4

// best returns the best of a set, in order.
func (r *run) best(set []uint32, limit int) []scored {
	words, all := r.weighed(set)
	top := r.begin(limit)
	for i, n := range set {
		if reach(words, i) >= top.least {
			top.add(scored{n, r.score(words, all, i, n)})
		}
	}
	return top.end()
}

// top gathers the best of what it is given.
type top struct {
	*run
	limit int
	best  []scored
	full  bool
	// least is what the words of a document must come up to, to be among the best so far.
	least, boost float32
}

// begin begins to look for the best.
func (r *run) begin(limit int) top {
	return top{
		run: r, limit: limit, best: r.top[:0], least: -math.MaxFloat32,
		boost: priorityWeight * float32(max(r.MaxPriority(), 0)-middle),
	}
}

// order is that of hits: the best first, those of one score by their ids.
func (r *run) order(a, b scored) int {
	if a.score != b.score {
		return cmp.Compare(b.score, a.score)
	}
	if r.Before(a.doc, b.doc) {
		return -1
	}
	return 1
}

func (t *top) add(s scored) {
	if t.full && t.order(t.best[t.limit-1], s) < 0 {
		return
	}
	if t.best = append(t.best, s); len(t.best) == 2*t.limit {
		slices.SortFunc(t.best, t.order)
		t.best, t.full = t.best[:t.limit], true
		t.least = t.best[t.limit-1].score - t.boost - slack
	}
}

// end returns the best, in order. They are valid until the next look.
func (t *top) end() []scored {
	slices.SortFunc(t.best, t.order)
	t.top = t.best
	return t.best[:min(len(t.best), t.limit)]
}
