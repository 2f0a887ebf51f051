package rank

import (
	"context"
	"slices"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// The constants of BM25 over sessions.
const (
	sessionK1 = 1.2
	sessionB  = 0.75
)

func (r *run) inSession(s uint32, count float32) {
	c := &r.sess[s]
	if c.mark != r.epoch {
		c.mark = r.epoch
		c.pool = 0
		r.sessNow = append(r.sessNow, s)
	}
	c.pool += count
}

// dateWord counts a word of a date in the sessions of that date.
func (r *run) dateWord(g *group) {
	day, month, year := when.Piece(string(g.word))
	if day == 0 && month == 0 && year == 0 {
		return
	}
	for s := range uint32(r.AllSessions()) {
		said, n, _ := r.Session(s)
		if said == when.None || n == 0 || !r.InSight(s) {
			continue
		}
		if y, m, d := said.Civil(); d == day || m == month || y == year {
			r.inSession(s, 1)
		}
	}
}

// settleSessions turns the counts of a word into scores of sessions.
func (r *run) settleSessions() {
	if len(r.sessNow) == 0 {
		return
	}
	weight := idf(r.Sessions, len(r.sessNow))
	mean := float32(r.Words) / float32(max(1, r.Sessions))
	for _, s := range r.sessNow {
		c := &r.sess[s]
		if c.seen != r.query {
			c.seen = r.query
			c.score = 0
			r.sessions = append(r.sessions, s)
		}
		_, _, words := r.Session(s)
		norm := float32(sessionK1 * (1 - sessionB + sessionB*float32(words)/mean))
		c.score += weight * c.pool * (sessionK1 + 1) / (c.pool + norm)
	}
}

// session is the part of document d's score that its session has.
func (r *run) session(d *index.Doc) float32 {
	if d.Session == index.None || r.best1 == 0 {
		return 0
	}
	c := &r.sess[d.Session]
	if c.seen != r.query {
		return 0
	}
	_, n, words := r.Session(d.Session)
	gate := min(1, 60*float32(n)/float32(words))
	return r.w.Session * c.score / r.best1 * d.Gate() * gate * gate
}

// dated makes candidates of what happened, or was said, when the question asks.
func (r *run) dated() {
	if len(r.asked.dates) == 0 || r.w.Date == 0 {
		return
	}
	r.InNamespace(func(n uint32) {
		d := &r.Docs[n]
		if (d.Said != when.None || d.Spans != index.None) && r.See(n) && r.date(n, d) > 0 {
			r.candidate(n)
		}
	})
}

// date says how well document n fits the dates of the question.
func (r *run) date(n uint32, d *index.Doc) float32 {
	best := 0.0
	for _, spec := range r.asked.dates {
		if d.Said != when.None {
			best = max(best, spec.Match(when.Span{First: d.Said, Last: d.Said}))
		}
		r.DocSpans(n, func(s when.Span) { best = max(best, spec.Match(s)) })
	}
	return float32(best)
}

// pieceBudget is how many postings a query walks at least for pieces of words, or
// as many as there are documents.
const pieceBudget = 100_000

// pieces compares pieces of words, if the question has words that nobody has used,
// or if it is about code.
func (r *run) pieces(ctx context.Context) error {
	if r.unknown == 0 && !r.codeOn {
		return nil
	}
	budget := max(pieceBudget, r.N)
	for _, p := range r.wanted() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if p.count <= budget {
			budget -= p.count
			r.piece(p.terms)
		}
	}
	for _, n := range r.touched {
		r.topGram = max(r.topGram, r.cells[n].gram)
	}
	return nil
}

// piece is a piece of a word with the terms that have it.
type piece struct {
	terms []uint32
	count int // postings of the terms
}

// wanted returns the pieces of the question's unknown words, or of all of them,
// the rarest first: what many words have in common tells little.
func (r *run) wanted() []piece {
	var out []piece
	seen := map[uint32]bool{}
	for i := range r.asked.groups {
		if r.asked.groups[i].known && !r.codeOn {
			continue
		}
		for _, g := range index.Grams(r.asked.groups[i].word) {
			if seen[g] {
				continue
			}
			seen[g] = true
			p := piece{terms: r.WithGram(g)}
			for _, id := range p.terms {
				p.count += r.Count(id)
			}
			out = append(out, p)
		}
	}
	slices.SortStableFunc(out, func(a, b piece) int { return a.count - b.count })
	return out
}

// piece adds up the documents that have a piece of a word.
func (r *run) piece(terms []uint32) {
	r.epoch++
	r.now = r.now[:0]
	for _, id := range terms {
		r.hits = r.Postings(r.hits[:0], id)
		for _, h := range r.hits {
			if h.Count > 0 && r.See(h.Doc) {
				r.pool(h.Doc, float32(h.Count), false)
			}
		}
	}
	weight := idf(r.N, len(r.now))
	for _, n := range r.now {
		c := r.candidate(n)
		// A word of everyday text has two pieces on average.
		norm := k1 * max(1, 2.2*float32(r.Docs[n].Words)/120)
		c.gram += weight * c.pool * (k1 + 1) / (c.pool + norm)
	}
}
