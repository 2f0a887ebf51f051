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
	enough  int // from so many candidates on, more than a fifth of what is in sight, further words bring no others
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
	limit := max(r.arm.enough, r.N/5)
	if postings := total(r.groups); postings > limit {
		// Where all fit, the order of the question adds up to the last bit the same,
		// whatever is still in the postings that is gone.
		slices.SortStableFunc(r.groups, func(a, b group) int { return a.count - b.count })
	}
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
		weight := idf(r.N, df)
		if df == 0 {
			// The year of a conversation is known, though nobody says it. Parts need not be.
			g.known = g.part || len(r.sessNow) > 0
			if !g.known {
				unknown += weight
				all += weight
			}
			r.settleSessions()
			continue
		}
		g.known = true
		all += weight
		r.scale += weight * (k1 + 1)
		r.settle(weight)
	}
	if all > 0 {
		r.unknown = unknown / all
	}
	for _, s := range r.sessions {
		r.best1 = max(r.best1, r.sess[s].score)
	}
	return err
}

func total(groups []group) int {
	n := 0
	for i := range groups {
		n += groups[i].count
	}
	return n
}

// gather pools the counts of one word over each document that has it and those
// around it, and returns how many in sight have it.
func (r *textSearch) gather(g *group, frozen bool) int {
	r.epoch++
	r.now, r.sessNow = r.now[:0], r.sessNow[:0]
	df := 0
	for _, id := range g.terms {
		r.hits = r.Postings(r.hits[:0], id)
		for _, h := range r.hits {
			if !r.See(h.Doc) || h.Count == 0 {
				continue
			}
			c := &r.cells[h.Doc]
			if c.own != r.epoch {
				c.own = r.epoch
				df++
			}
			count := float32(h.Count)
			r.pool(h.Doc, count, frozen)
			if r.Sessions == 0 {
				continue
			}
			if d := &r.Docs[h.Doc]; d.Session != index.None {
				r.around(d, count, frozen)
				r.inSession(d.Session, count)
			}
		}
	}
	r.dateWord(g)
	return df
}

// pool adds a count to a document.
func (r *textSearch) pool(n uint32, count float32, frozen bool) {
	c := &r.cells[n]
	if frozen && c.seen != r.query {
		return
	}
	if c.mark != r.epoch {
		c.mark = r.epoch
		c.pool = 0
		r.now = append(r.now, n)
	}
	c.pool += count
}

// around adds a count, weakened, to the documents beside d in its session.
func (r *textSearch) around(d *index.Doc, count float32, frozen bool) {
	gate := d.Gate()
	if d.Next != index.None {
		w := r.w.Before[0]
		if d.Flags&index.Asks != 0 {
			w = r.w.Answer*gate + w*(1-gate)
		}
		r.neighbour(d.Next, count*w*gate, frozen)
		if after := r.Docs[d.Next].Next; after != index.None {
			r.neighbour(after, count*r.w.Before[1]*gate, frozen)
		}
	}
	if d.Prev != index.None {
		r.neighbour(d.Prev, count*r.w.After[0]*gate, frozen)
		if before := r.Docs[d.Prev].Prev; before != index.None {
			r.neighbour(before, count*r.w.After[1]*gate, frozen)
		}
	}
}

func (r *textSearch) neighbour(n uint32, count float32, frozen bool) {
	if r.See(n) {
		r.pool(n, count*r.Docs[n].Gate(), frozen)
	}
}

// settle turns the pooled counts of a word into scores.
func (r *textSearch) settle(weight float32) {
	for _, n := range r.now {
		c := r.candidate(n)
		norm := k1 * max(1, float32(r.Length(n))/pivot)
		c.words += weight * c.pool * (k1 + 1) / (c.pool + norm)
		r.top = max(r.top, c.words)
	}
	r.settleSessions()
}

// candidate makes document n, which is in sight, one if it was none.
func (r *textSearch) candidate(n uint32) *cell {
	c := &r.cells[n]
	if c.seen != r.query {
		c.seen = r.query
		c.words, c.gram = 0, 0
		r.touched = append(r.touched, n)
	}
	return c
}

// Most implements [Search].
func (r *textSearch) Most() float32 { return r.bound(r.top) }

// Bound implements [Search].
func (r *textSearch) Bound(n uint32) float32 {
	if c := &r.cells[n]; c.seen == r.query {
		return r.bound(c.words)
	}
	return r.bound(0)
}

// bound is at least what a document gets whose words have added up to so much.
func (r *textSearch) bound(words float32) float32 {
	most := float32(0)
	if r.scale > 0 {
		most = words / r.scale
		if r.q.Speaker != index.None {
			most *= 1 + r.w.Speaker
		}
	}
	if r.best1 > 0 {
		most += r.w.Session
	}
	if r.topGram > 0 {
		most += r.pieces
	}
	return most
}

// Add implements [Search].
func (r *textSearch) Add(n uint32, p *Parts) {
	d := &r.Docs[n]
	p[Session] = r.session(d)
	c := &r.cells[n]
	if c.seen != r.query {
		return
	}
	if r.scale > 0 {
		p[Words] = c.words / r.scale
	}
	if r.q.Speaker != index.None && d.Speaker == r.q.Speaker {
		p[Words] *= 1 + r.w.Speaker
	}
	if r.topGram > 0 {
		p[Pieces] = r.pieces * c.gram / r.topGram
	}
}

// Close implements [Search].
func (r *textSearch) Close() {
	if r.scratch != nil {
		r.arm.pool.Put(r.scratch)
	}
	r.scratch, r.View = nil, nil
}
