package rank

import (
	"cmp"
	"slices"
)

// ahead is how many of the candidates are brought first.
const ahead = 64

// first finds the most that the words of a document have added up to, and puts the
// documents with the most in front of the others: once these are compared, nearly all
// of the others are left out at a glance.
func (r *textSearch) first() {
	r.ahead = r.ahead[:0]
	least := float32(0)
	for at, n := range r.touched {
		words := r.cells[n].words
		if words <= least {
			continue
		}
		r.top = max(r.top, words)
		r.ahead = append(r.ahead, place{words, at})
		if len(r.ahead) == 2*ahead {
			slices.SortFunc(r.ahead, func(a, b place) int { return cmp.Compare(b.words, a.words) })
			r.ahead = r.ahead[:ahead]
			least = r.ahead[ahead-1].words
		}
	}
	slices.SortFunc(r.ahead, func(a, b place) int { return cmp.Compare(a.at, b.at) })
	for i, p := range r.ahead {
		r.touched[i], r.touched[p.at] = r.touched[p.at], r.touched[i]
	}
}

// place is where a candidate is.
type place struct {
	words float32
	at    int
}
