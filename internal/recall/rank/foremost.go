package rank

import (
	"context"
	"math"
	"math/bits"
	"slices"

	"github.com/tallystick/tallystick/internal/recall/index"
)

// foremost is what is wanted of an arm that is alone: the documents that may be among the
// best, and how many others have something of the question. What boosts add is asked of
// the ranker.
type foremost struct {
	best   int // how many are wanted; 0: all that have something
	boosts func(n uint32) float32
	most   float32 // that boosts add
}

const (
	// mostForemost is up to how many are looked for like this.
	mostForemost = 64
	// mostPostings bounds what a question keeps of its words in memory, in hits.
	mostPostings = 2 << 20
)

// alone reports whether the words of a question say all of a score but for its boosts, and
// so which documents need not be looked at.
func (r *textSearch) alone() bool {
	f := &r.q.foremost
	if r.arm.all || f.best == 0 || f.best > mostForemost || r.Sessions > 0 || r.q.Speaker != index.None || r.q.Code || r.Code() {
		return false
	}
	// Of a word that nobody has used, pieces are compared.
	return !slices.ContainsFunc(r.groups, func(g group) bool { return g.count == 0 }) && total(r.groups) <= mostPostings
}

// foremost is words for a question of which the best are wanted. What words add at most is
// summed up by how often they occur, which is read in order, a window of documents at a
// time. The few that may be good enough then are looked at, and scored as words does, to
// the last bit. It is false if the question cannot be answered like this: nothing has been
// done then.
func (r *textSearch) foremost(ctx context.Context) (f Found, ok bool, err error) {
	f, ok, err = r.lists(ctx)
	if !ok {
		r.scale = 0
		return Found{}, false, nil
	}
	r.low, r.left = math.Inf(-1), r.left[:0]
	r.guess()
	r.bests = r.bests[:0]
	for from := 0; from < len(r.Docs); from += window {
		f.More += r.window(uint32(from))
	}
	need := r.need()
	f.Docs = slices.DeleteFunc(r.left, func(n uint32) bool { return float64(r.cells[n].words) < need })
	for _, n := range f.Docs {
		r.top = max(r.top, r.cells[n].words)
	}
	f.More -= len(f.Docs)
	return f, true, err
}

// wordHits are what one word of the question has found.
type wordHits struct {
	hits   []index.Hit
	left   []index.Hit // of which no window was yet
	now    []index.Hit // of the window at hand
	full   float32     // what it adds at most to any document
	most   [countsTold]float32
	frozen bool // it brings no candidates
}

// countsTold is how many counts of a word are told apart before a document is looked at;
// the last stands for all above it.
const countsTold = 16

// weigh finds what the word adds at most to a document that has it so often.
func (w *wordHits) weigh(weight float32) {
	w.full = weight * (k1 + 1)
	for n := range w.most {
		w.most[n] = w.full * float32(n) / (float32(n) + k1)
	}
	w.most[countsTold-1] = w.full
}

// lists gathers what each word finds. It is false if pieces of words would have to be
// compared.
func (r *textSearch) lists(ctx context.Context) (f Found, ok bool, err error) {
	limit := r.inOrder()
	if more := len(r.groups) - len(r.found); more > 0 {
		r.found = append(r.found, make([]wordHits, more)...)
	}
	sum := 0
	for i := range r.groups {
		if err = ctx.Err(); err != nil {
			r.groups = r.groups[:i]
			break
		}
		g, w := &r.groups[i], &r.found[i]
		w.frozen = sum > limit && r.any(r.found[:i]) > limit
		hits := r.gatherer.Ranked(r.View, g.terms)
		w.hits = r.gatherer.Keep(w.hits)
		if len(hits) == 0 {
			return f, false, nil
		}
		w.hits, w.left = hits, hits
		w.weigh(idf(r.N, len(hits)))
		r.scale += w.full
		sum += len(hits)
		f.Capped = f.Capped || w.frozen
		g.known = true
	}
	return f, true, err
}

// any counts the candidates that some words bring.
func (r *textSearch) any(words []wordHits) int {
	r.union = slices.Grow(r.union[:0], (len(r.Docs)+63)/64)[:(len(r.Docs)+63)/64]
	clear(r.union)
	for i := range words {
		if words[i].frozen {
			continue
		}
		for _, h := range words[i].hits {
			r.union.Add(h.Doc)
		}
	}
	n := 0
	for _, w := range r.union {
		n += bits.OnesCount64(w)
	}
	return n
}

// need is what the words of a document add up to at least that may be one of the best. It
// is slightly less, for what rounding takes, and as others are added up in another order.
func (r *textSearch) need() float64 {
	return (r.low - float64(r.q.foremost.most) - 2*slack) * float64(r.scale)
}

// guesses is how many documents are looked at first.
const guesses = 64

// guess looks at some that have the rarest word, so that it is known from the beginning
// what others must come up to.
func (r *textSearch) guess() {
	r.bests = r.bests[:0]
	rarest := -1
	for i := range r.groups {
		w := &r.found[i]
		w.now = w.hits
		if !w.frozen && (rarest < 0 || len(w.hits) < len(r.found[rarest].hits)) {
			rarest = i
		}
	}
	if rarest < 0 {
		return
	}
	hits := r.found[rarest].hits
	step := max(1, len(hits)/guesses)
	for i := 0; i < len(hits); i += step {
		r.lead(hits[i].Doc, r.exactly(hits[i].Doc))
	}
}

// window is how many documents are looked at together: what is known of them stays near
// the processor.
const window = 4096

// window looks at the documents from one on, and returns how many candidates there are.
func (r *textSearch) window(from uint32) (found int) {
	words := r.found[:len(r.groups)]
	for i := range words {
		w := &words[i]
		w.now = w.left[:within(w.left, from+window)]
		if w.left = w.left[len(w.now):]; w.frozen {
			continue
		}
		for _, h := range w.now {
			r.bounds[h.Doc%window] += w.most[min(h.Count, countsTold-1)]
		}
	}
	for i := range words {
		if words[i].frozen {
			words[i].further(&r.bounds)
		}
	}
	for i := range words {
		if !words[i].frozen {
			found += r.sift(words[i].now)
		}
	}
	return found
}

// further adds what the word adds at most to what other words have brought.
func (w *wordHits) further(bounds *[window]float32) {
	for _, h := range w.now {
		if sum := &bounds[h.Doc%window]; *sum > 0 {
			*sum += w.most[min(h.Count, countsTold-1)]
		}
	}
}

// sift looks at those of some documents of the window at hand that may be good enough, and
// returns how many of them no other word has brought before.
func (r *textSearch) sift(hits []index.Hit) (found int) {
	need := r.need()
	for _, h := range hits {
		at := h.Doc % window
		sum := r.bounds[at]
		if sum == 0 {
			continue
		}
		r.bounds[at] = 0
		found++
		if float64(sum) >= need {
			r.take(h.Doc)
			need = r.need()
		}
	}
	return found
}

// within returns how many of the hits come before a document.
func within(hits []index.Hit, to uint32) int {
	return len(hits) - len(from(hits, to))
}

// take looks at a document that may be one of the best.
func (r *textSearch) take(n uint32) {
	words := r.exactly(n)
	r.lead(n, words)
	if float64(words) >= r.need() {
		r.cells[n].words = words
		r.touched = append(r.touched, n)
		r.left = append(r.left, n)
	}
}

// lead notes what a document comes up to whose words add up to so much, if that is one of
// the best so far.
func (r *textSearch) lead(n uint32, words float32) {
	f := &r.q.foremost
	score := float64(words) / float64(r.scale)
	if score+float64(f.most) <= r.low {
		return
	}
	score += float64(f.boosts(n))
	at, _ := slices.BinarySearchFunc(r.bests, score, func(a, b float64) int {
		if a > b {
			return -1
		}
		return 1
	})
	if r.bests = slices.Insert(r.bests, at, score); len(r.bests) >= f.best {
		r.bests = r.bests[:f.best]
		r.low = max(r.low, r.bests[f.best-1])
	}
}

// from returns the hits from a document on.
func from(hits []index.Hit, n uint32) []index.Hit {
	step := 1
	for step < len(hits) && hits[step].Doc < n {
		step *= 2
	}
	low, high := step/2, min(step+1, len(hits))
	for low < high {
		if middle := (low + high) / 2; hits[middle].Doc < n {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return hits[low:]
}

// exactly adds up the words of document n in the order of the question.
func (r *textSearch) exactly(n uint32) float32 {
	sum := float32(0)
	norm := r.norm(n)
	for i := range r.groups {
		w := &r.found[i]
		if hits := from(w.now, n); len(hits) > 0 && hits[0].Doc == n {
			count := float32(hits[0].Count)
			sum += w.full * count / (count + norm)
		}
	}
	return sum
}
