package rank

import (
	"context"
	"math"
	"slices"
	"sync"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/text"
)

// textArm finds documents by the words of the question, as far as these are known,
// and by pieces of words.
type textArm struct {
	weights Weights
	pool    sync.Pool
	all     bool // it looks at all that has anything, also where only the best are wanted
	enough  int  // from so many candidates on, more than a fifth of what is in sight, further words bring no others
}

// Text returns the arm that finds memories by the words of the question, by those of
// the turns around, and by pieces of words.
func Text(w Weights) Arm {
	return &textArm{weights: w, enough: 20_000, pool: sync.Pool{New: func() any { return &scratch{stemmer: text.NewStemmer()} }}}
}

func (*textArm) Name() string { return "text" }

func (a *textArm) Search(q *Question) (Search, string) {
	if len(q.Words) == 0 {
		return nil, "the question has no words"
	}
	return &textSearch{arm: a, q: q, w: &a.weights}, ""
}

// textSearch is a question at work.
type textSearch struct {
	*scratch
	*index.View
	arm     *textArm
	q       *Question
	w       *Weights
	groups  []group
	scale   float32 // what words can add up to
	top     float32 // what those of a document have added up to at most
	unknown float32
	best1   float32 // the best session
	topGram float32
	// gramScale is what pieces can add up to.
	gramScale float32
	pieces    float32 // weight of pieces of words
	low       float64 // what the last of the best has at least, if the best are wanted
	codeOn    bool
	capped    bool
}

// group is what one word of the question looks for.
type group struct {
	word  []byte
	terms []uint32 // of the index; none: the word is unknown
	count int      // postings of the terms
	part  bool
	known bool // somebody in sight has used it
}

// The constants of BM25.
const (
	k1    = 0.9
	pivot = 40 // words up to which length does not count
)

// fewMemories is how many memories tell how common a word is. Where there are fewer, their
// words count as those of so many would, in what share of a question is known: among one or
// two memories every known word is one that all have, and would count for nothing beside
// one that nobody has used.
const fewMemories = 64

// idf is how much a word tells that df of n have.
func idf(n, df int) float32 {
	return float32(math.Log(1 + (float64(n)-float64(df)+0.5)/(float64(df)+0.5)))
}

// Find implements [Search].
func (r *textSearch) Find(ctx context.Context, v *index.View) (Found, error) {
	r.View = v
	r.scratch, _ = r.arm.pool.Get().(*scratch)
	r.reset(len(v.Docs), v.AllSessions())
	r.resolve()
	if r.alone() {
		if found, ok, err := r.foremost(ctx); ok {
			return found, err
		}
	}
	err := r.words(ctx)
	if err == nil {
		r.codeOn = r.q.Code || v.Code()
		err = r.findPieces(ctx)
	}
	r.pieces = r.w.Unknown * r.unknown
	if r.topGram > 0 && r.codeOn {
		r.pieces += r.w.Code
	}
	near := float32(0)
	if r.gramScale > 0 {
		near = r.topGram / r.gramScale
	}
	return Found{Docs: r.touched, Unknown: r.unknown, Near: near, Capped: r.capped}, err
}

// resolve finds the terms of the words.
func (r *textSearch) resolve() {
	for i := range r.q.Words {
		w := &r.q.Words[i]
		g := group{word: w.Forms[0], part: w.Part}
		for _, form := range w.Forms {
			g.terms = union(g.terms, r.Family(form, r.stemmer))
		}
		for _, id := range g.terms {
			g.count += r.Count(id)
		}
		r.groups = append(r.groups, g)
	}
}

// union adds to a what it does not have of b.
func union(a, b []uint32) []uint32 {
	for _, id := range b {
		if !slices.Contains(a, id) {
			a = append(a, id)
		}
	}
	return a
}

// words adds up what each word of the question finds, rare words first.
func (r *textSearch) words(ctx context.Context) error {
	limit := r.inOrder()
	all, unknown := float32(0), float32(0)
	var err error
	for i := range r.groups {
		if err = ctx.Err(); err != nil {
			break
		}
		g := &r.groups[i]
		frozen := len(r.touched) > limit
		r.capped = r.capped || frozen
		df := r.gather(g, frozen)
		weight, telling := idf(r.N, df), idf(max(r.N, fewMemories), df)
		if df == 0 {
			// The year of a conversation is known, though nobody says it. Parts need not be.
			g.known = g.part || len(r.sessNow) > 0
			if !g.known {
				unknown += telling
				all += telling
			}
			r.settleSessions()
			continue
		}
		g.known = true
		all += telling
		r.scale += weight * (k1 + 1)
		r.settle(weight, frozen)
	}
	if all > 0 {
		r.unknown = unknown / all
	}
	r.closeSessions()
	r.top = r.first()
	return err
}

// inOrder puts the words in the order in which they are added up, and returns how many
// candidates are so many that further words bring no others.
func (r *textSearch) inOrder() (limit int) {
	limit = max(r.arm.enough, r.N/5)
	if postings := total(r.groups); postings > limit {
		// Where all fit, the order of the question adds up to the last bit the same,
		// whatever is still in the postings that is gone.
		slices.SortStableFunc(r.groups, func(a, b group) int { return a.count - b.count })
	}
	return limit
}

func total(groups []group) int {
	n := 0
	for i := range groups {
		n += groups[i].count
	}
	return n
}

// gather finds what in sight has one word, itself and in its sessions, and returns how
// many that are.
func (r *textSearch) gather(g *group, frozen bool) int {
	r.epoch++
	r.sessNow = r.sessNow[:0]
	r.hits = r.gatherer.Ranked(r.View, g.terms)
	if r.Sessions > 0 {
		r.spread(frozen)
		r.dateWord(g)
	}
	return len(r.hits)
}

// spread pools the counts of a word over each document that has it and those around it.
func (r *textSearch) spread(frozen bool) {
	r.now = r.now[:0]
	for _, h := range r.hits {
		count := float32(h.Count)
		r.pool(h.Doc, count, frozen)
		t := &r.Turns[h.Doc]
		if t.Session == index.None {
			continue
		}
		r.inSession(t.Session, count)
		gate := count * r.Gate(h.Doc)
		if t.Next != index.None {
			w := r.w.Before[0]
			if r.Flags(h.Doc)&index.Asks != 0 {
				own := r.Gate(h.Doc)
				w = r.w.Answer*own + w*(1-own)
			}
			r.neighbour(t.Next, gate*w, frozen)
			if after := r.Turns[t.Next].Next; after != index.None {
				r.neighbour(after, gate*r.w.Before[1], frozen)
			}
		}
		if t.Prev != index.None {
			r.neighbour(t.Prev, gate*r.w.After[0], frozen)
			if before := r.Turns[t.Prev].Prev; before != index.None {
				r.neighbour(before, gate*r.w.After[1], frozen)
			}
		}
	}
}

// neighbour adds a count, weakened, to a document beside one that has the word.
func (r *textSearch) neighbour(n uint32, count float32, frozen bool) {
	if count > 0 && r.See(n) {
		r.pool(n, count*r.Gate(n), frozen)
	}
}

// pool adds a count, which is more than 0, to a document.
func (r *textSearch) pool(n uint32, count float32, frozen bool) {
	c := &r.cells[n]
	if c.pool == 0 {
		if frozen && c.words == 0 {
			return
		}
		r.now = append(r.now, n)
	}
	c.pool += count
}

// settle turns the counts of a word into scores.
func (r *textSearch) settle(weight float32, frozen bool) {
	full := weight * (k1 + 1)
	if r.Sessions == 0 {
		for _, h := range r.hits {
			c := &r.cells[h.Doc]
			if c.words == 0 {
				if frozen {
					continue
				}
				r.touched = append(r.touched, h.Doc)
			}
			count := float32(h.Count)
			c.words += full * count / (count + r.norm(h.Doc))
		}
		return
	}
	for _, n := range r.now {
		c := &r.cells[n]
		if c.words == 0 {
			r.touched = append(r.touched, n)
		}
		c.words += full * c.pool / (c.pool + r.norm(n))
		c.pool = 0
	}
	r.settleSessions()
}

// norm is what the length of document n sets against its counts.
func (r *textSearch) norm(n uint32) float32 {
	if words := r.Length(n); words > pivot {
		return k1 / pivot * float32(words)
	}
	return k1
}

// Most implements [Search].
func (r *textSearch) Most() float32 { return r.bound(r.top, r.bestSession()) }

// Bound implements [Search].
func (r *textSearch) Bound(n uint32) float32 {
	session := float32(0)
	if r.best1 > 0 {
		session = r.sessionMost(n)
	}
	return r.bound(r.cells[n].words, session)
}

// Bounds implements [Bounder]: it takes every document to be of the best session.
func (r *textSearch) Bounds(docs []uint32, sums []float32, less float32) {
	session := r.bestSession()
	for i, n := range docs {
		sums[i] += r.bound(r.cells[n].words, session) - less
	}
}

// bestSession is at least what any session adds.
func (r *textSearch) bestSession() float32 {
	if r.best1 > 0 {
		return r.w.Session
	}
	return 0
}

// bound is at least what a document gets whose words have added up to so much, and whose
// session adds so much at most.
func (r *textSearch) bound(words, session float32) float32 {
	most := session
	if r.scale > 0 {
		most += words / r.scale * r.speaks()
	}
	if r.topGram > 0 {
		most += r.pieces
	}
	return most
}

// speaks is by how much the words of a document count more if it is of the one who is
// named in the question.
func (r *textSearch) speaks() float32 {
	if r.q.Speaker != index.None {
		return 1 + r.w.Speaker
	}
	return 1
}

// Sift implements [Sifter]: it takes every document to be of the best session.
func (r *textSearch) Sift(kept, docs []uint32, least float32) []uint32 {
	enough := r.enough(least)
	for _, n := range docs {
		if r.cells[n].words >= enough {
			kept = append(kept, n)
		}
	}
	return kept
}

// enough is what the words of a document have added up to at least for which bound says
// so much; slightly less, where that cannot be told exactly.
func (r *textSearch) enough(least float32) float32 {
	rest := least - r.bound(0, r.bestSession())
	if rest <= 0 || r.scale == 0 {
		return min(0, rest)
	}
	return rest / r.speaks() * r.scale * (1 - 1e-5)
}

// Add implements [Search].
func (r *textSearch) Add(n uint32, p *Parts) {
	p[Session] = r.session(n)
	if r.scale > 0 {
		p[Words] = r.cells[n].words / r.scale
	}
	if r.q.Speaker != index.None && r.Docs[n].Speaker == r.q.Speaker {
		p[Words] *= 1 + r.w.Speaker
	}
	if r.topGram > 0 {
		p[Pieces] = r.pieces * r.grams[n] / r.topGram
	}
}

// Close implements [Search].
func (r *textSearch) Close() {
	if r.scratch != nil {
		r.clear()
		r.rest()
		r.arm.pool.Put(r.scratch)
	}
	r.scratch, r.View = nil, nil
}
