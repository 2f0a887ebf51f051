package rank

import "cmp"

// Band says how far a hit may be relied upon. It means the same in every index:
// what it is told from are shares of the question, and not counts.
type Band string

// The bands. How often a strong hit was a wrong one on labelled sets is in
// docs/recall.md.
const (
	Strong Band = "strong" // much of what was asked is there, and nothing else comes near
	Likely Band = "likely"
	Weak   Band = "weak" // hardly anything of what was asked is there
)

// What bands are told by: chosen on development sets, and on questions that have no
// answer there.
const (
	strongWords  = 0.35 // of the question, all its words counted, that a strong hit has
	strongMargin = 0.15 // by which its score is above the next one's
	weakBelow    = 0.1  // any text has that much of a question
	nearMeaning  = 0.4  // of a score: as near in meaning as those that were the nearest
)

// bands says how far each of the hits may be relied upon; the one behind the first
// must be among them, if there is one.
func bands(r *Result) {
	hits, near := r.Hits, cmp.Or(r.Meant, nearMeaning)
	for i := range hits {
		p := &hits[i].Parts
		// Rounded, so that two members that added up in other orders say the same.
		words := rounded(float64(p[Words] * (1 - r.Unknown)))
		found := rounded(float64(words + p[Pieces]*r.Near + p[Date]))
		switch {
		case found < weakBelow && p[Meaning] < near:
			hits[i].Band = Weak
		case i == 0 && words >= strongWords && (len(hits) == 1 || rounded(float64(hits[0].Score-hits[1].Score)) >= strongMargin):
			hits[i].Band = Strong
		default:
			hits[i].Band = Likely
		}
	}
}

// abstains reports whether none of the hits is worth telling.
func abstains(hits []Hit) bool {
	for i := range hits {
		if hits[i].Band != Weak {
			return false
		}
	}
	return true
}
