package rank

import (
	"context"
	"math"
	"slices"
	"sync"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/text"
)

// Weights of what is added up. The zero value leaves an arm out.
type Weights struct {
	Before  [2]float32 // the words of the one and the two before
	After   [2]float32
	Answer  float32 // of the one before, if it ends with a question mark
	Speaker float32 // × the words, if the one named in the question says it
	Session float32
	Date    float32
	Tells   float32
	Type    float32
	Unknown float32 // × the share of unknown words
	Code    float32 // of pieces of words, in a namespace of code
	Boost   float32 // for each step of priority above or below 5
}

// Default returns the weights that were measured.
func Default() Weights {
	return Weights{
		Before: [2]float32{0.5, 0.25}, After: [2]float32{0.3, 0.15}, Answer: 0.9, Speaker: 0.25,
		Session: 0.2, Date: 0.2, Tells: 0.15, Type: 0.1, Unknown: 0.3, Code: 0.2, Boost: 0.01,
	}
}

// Query is a question.
type Query struct {
	Text   string
	Filter index.Filter
	Limit  int
	Code   bool // compare pieces of words, whatever the namespace holds
}

// Parts are what a score is the sum of.
type Parts struct {
	Words   float32 // its own words and those around it, the speaker's factor with it; 0 to 1.25
	Session float32
	Date    float32
	Tells   float32
	Type    float32
	Pieces  float32
	Boost   float32
}

// sum is rounded: what differs by less is one score, and the order does not hang
// on the order in which two members have added up.
func (p *Parts) sum() float32 {
	const step = 1e5
	s := float64(p.Words) + float64(p.Session) + float64(p.Date) + float64(p.Tells) + float64(p.Type) + float64(p.Pieces) + float64(p.Boost)
	return float32(math.Round(s*step) / step)
}

// Hit is a memory that was found.
type Hit struct {
	ID    string
	Score float32
	Parts Parts
}

// Result is what a query found, best first.
type Result struct {
	Hits    []Hit
	Found   int     // documents that have something of what was asked
	Unknown float32 // share of the question's weight that is in words nobody has used
	Capped  bool    // common words counted only for what rarer words had found
}

// Ranker ranks. It may be shared.
type Ranker struct {
	weights Weights
	pool    sync.Pool
}

// New returns a ranker with weights.
func New(w Weights) *Ranker {
	return &Ranker{weights: w, pool: sync.Pool{New: func() any { return &scratch{stemmer: text.NewStemmer()} }}}
}

// The constants of BM25.
const (
	k1    = 0.9
	pivot = 40 // words up to which length does not count
)

// Rank answers q from x. The only error is that ctx is done.
func (r *Ranker) Rank(ctx context.Context, x *index.Index, q Query) (Result, error) {
	s, _ := r.pool.Get().(*scratch)
	defer r.pool.Put(s)
	v := x.View(&q.Filter)
	defer v.Close()
	if q.Limit <= 0 || v.N == 0 {
		return Result{}, ctx.Err()
	}
	s.reset(len(v.Docs), v.AllSessions())
	a := s.understand(v, q.Text)
	run := run{scratch: s, View: v, asked: &a, w: &r.weights}
	if err := run.words(ctx); err != nil {
		return Result{}, err
	}
	run.dated()
	run.codeOn = q.Code || a.code || v.Code()
	if err := run.pieces(ctx); err != nil {
		return Result{}, err
	}
	return run.best(q.Limit), nil
}

// run is one query at work.
type run struct {
	*scratch
	*index.View
	asked   *asked
	w       *Weights
	scale   float32 // what words can add up to
	unknown float32
	best1   float32 // the best session
	topGram float32
	codeOn  bool
	capped  bool
}

// idf is how much a word tells that df of n have.
func idf(n, df int) float32 {
	return float32(math.Log(1 + (float64(n)-float64(df)+0.5)/(float64(df)+0.5)))
}

// words adds up what each word of the question finds, rare words first.
func (r *run) words(ctx context.Context) error {
	groups := r.asked.groups
	limit := max(20_000, r.N/5)
	if postings := total(groups); postings > limit {
		// Where all fit, the order of the question adds up to the last bit the same,
		// whatever is still in the postings that is gone.
		slices.SortStableFunc(groups, func(a, b group) int { return a.count - b.count })
	}
	all, unknown := float32(0), float32(0)
	for i := range groups {
		if err := ctx.Err(); err != nil {
			return err
		}
		frozen := len(r.touched) > limit
		r.capped = r.capped || frozen
		df := r.gather(&groups[i], frozen)
		weight := idf(r.N, df)
		if df == 0 {
			// The year of a conversation is known, though nobody says it. Parts need not be.
			groups[i].known = groups[i].part || len(r.sessNow) > 0
			if !groups[i].known {
				unknown += weight
				all += weight
			}
			r.settleSessions()
			continue
		}
		groups[i].known = true
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
	return nil
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
func (r *run) gather(g *group, frozen bool) int {
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
			d := &r.Docs[h.Doc]
			if d.Session != index.None {
				r.around(d, count, frozen)
				r.inSession(d.Session, count)
			}
		}
	}
	r.dateWord(g)
	return df
}

// pool adds a count to a document.
func (r *run) pool(n uint32, count float32, frozen bool) {
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
func (r *run) around(d *index.Doc, count float32, frozen bool) {
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

func (r *run) neighbour(n uint32, count float32, frozen bool) {
	if r.See(n) {
		r.pool(n, count*r.Docs[n].Gate(), frozen)
	}
}

// settle turns the pooled counts of a word into scores.
func (r *run) settle(weight float32) {
	for _, n := range r.now {
		c := &r.cells[n]
		if c.seen != r.query {
			c.seen = r.query
			c.words, c.gram = 0, 0
			r.touched = append(r.touched, n)
		}
		norm := k1 * max(1, float32(r.Docs[n].Words)/pivot)
		c.words += weight * c.pool * (k1 + 1) / (c.pool + norm)
	}
	r.settleSessions()
}

// candidate makes document n one, if it is in sight and was none.
func (r *run) candidate(n uint32) *cell {
	c := &r.cells[n]
	if c.seen != r.query {
		c.seen = r.query
		c.words, c.gram = 0, 0
		r.touched = append(r.touched, n)
	}
	return c
}
