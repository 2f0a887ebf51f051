package rank

import (
	"context"
	"slices"

	"github.com/tallystick/tallystick/internal/recall/index"
)

// pieceBudget is how many postings a query walks at least for pieces of words, or
// as many as there are documents.
const pieceBudget = 100_000

// findPieces compares pieces of words, if the question has words that nobody has used,
// or if it is about code.
func (r *textSearch) findPieces(ctx context.Context) error {
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
	if !r.pieced {
		return nil // nobody has one of them
	}
	for _, n := range r.touched {
		r.topGram = max(r.topGram, r.grams[n])
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
func (r *textSearch) wanted() []piece {
	var out []piece
	seen := map[uint32]bool{}
	for i := range r.groups {
		if r.groups[i].known && !r.codeOn {
			continue
		}
		for _, g := range index.Grams(r.groups[i].word) {
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
func (r *textSearch) piece(terms []uint32) {
	r.hits = r.gatherer.Ranked(r.View, terms)
	if docs := len(r.cells); len(r.grams) < docs {
		r.grams = append(r.grams, make([]float32, docs-len(r.grams))...)
	}
	r.pieced = true
	weight := idf(r.N, len(r.hits))
	r.gramScale += weight * (k1 + 1)
	for _, h := range r.hits {
		if r.grams[h.Doc] == 0 && r.cells[h.Doc].words == 0 {
			r.touched = append(r.touched, h.Doc)
		}
		// A word of everyday text has two pieces on average.
		norm, count := k1*max(1, 2.2*float32(r.Length(h.Doc))/120), float32(h.Count)
		r.grams[h.Doc] += weight * count * (k1 + 1) / (count + norm)
	}
}
