package rank

import (
	"cmp"
	"context"
	"math"
	"slices"
)

// scored is a candidate.
type scored struct {
	doc   uint32
	score float32
}

const (
	// bestStep is how many candidates are compared between two looks at the clock.
	bestStep = 4096
	// slack is more than what rounding can add to a score.
	slack = 1e-4
)

// best returns the best of the candidates that pass all conditions.
func (f *fusion) best(ctx context.Context, limit int) Result {
	wanted := limit
	limit = leading(limit)
	out := f.result
	f.mark()
	f.arms = 0
	for i := range f.running {
		f.arms += f.running[i].most
	}
	f.most = f.boostMost() + f.arms
	l := leaders{limit: limit}
	for _, s := range f.fewestFirst() {
		if !f.weigh(ctx, &s, &l) {
			out.Late = true
			break
		}
	}
	for i := range f.running {
		l.found += f.running[i].found.More
	}
	out.Found, out.Hits = l.found, make([]Hit, len(l.top))
	for i, c := range l.top {
		out.Hits[i] = Hit{ID: f.v.ID(c.doc), Score: c.score, Parts: f.parts(c.doc).rounded()}
	}
	bands(&out)
	out.Hits = out.Hits[:min(wanted, len(out.Hits))]
	out.Abstain = abstains(out.Hits)
	return out
}

// leading is how many are looked for of whom so many are wanted: whether the first is a
// strong one, the second says.
func leading(wanted int) int { return max(wanted, 2) }

// weigh compares the candidates of an arm. It returns false if there was no time for
// all of them.
func (f *fusion) weigh(ctx context.Context, s *running, l *leaders) bool {
	sifter, sifts := s.Search.(Sifter)
	docs := s.found.Docs
	all := len(f.running) < 2 && !f.v.Conditional() // each is met once, and passes
	for size := ahead; len(docs) > 0; size = bestStep {
		part := docs[:min(size, len(docs))]
		docs = docs[len(part):]
		if !all {
			f.fresh = f.open(f.fresh[:0], part)
			part = f.fresh
		}
		if sifts {
			f.kept = sifter.Sift(f.kept[:0], part, l.least()-(f.most-s.most)-slack)
			l.found += len(part) - len(f.kept) // as compare would say
			part = f.kept
		}
		for _, n := range f.reaching(part, l) {
			if f.v.See(n) {
				f.compare(n, l)
			}
		}
		if size == bestStep && ctx.Err() != nil {
			return false
		}
	}
	return true
}

// open appends to out those of some candidates that were not met yet and pass all
// conditions.
func (f *fusion) open(out, docs []uint32) []uint32 {
	for _, n := range docs {
		if !f.again(n) && f.v.Pass(n) {
			out = append(out, n)
		}
	}
	return out
}

// reaching returns those of some candidates whose score may be good enough, for all that
// their arms say. It asks for many at a time, which takes a third of the time.
func (f *fusion) reaching(docs []uint32, l *leaders) []uint32 {
	f.sums = slices.Grow(f.sums[:0], len(docs))[:len(docs)]
	for i := range f.sums {
		f.sums[i] = f.most + slack
	}
	for i := range f.running {
		s := &f.running[i]
		if b, ok := s.Search.(Bounder); ok {
			b.Bounds(docs, f.sums, s.most)
			continue
		}
		for k, n := range docs {
			f.sums[k] += s.Bound(n) - s.most
		}
	}
	f.may = f.may[:0]
	least := l.least()
	for k, n := range docs {
		if f.sums[k] >= least {
			f.may = append(f.may, n)
		}
	}
	l.found += len(docs) - len(f.may) // as compare would say
	return f.may
}

// leaders are the best so far.
type leaders struct {
	top   []scored
	limit int
	found int // those that have something of what was asked
}

// least is the score that one has to have to be among them.
func (l *leaders) least() float32 {
	if len(l.top) < l.limit {
		return float32(math.Inf(-1))
	}
	return l.top[l.limit-1].score
}

// compare puts document n among the leaders if it is one of them.
func (f *fusion) compare(n uint32, l *leaders) {
	least := l.least()
	if !f.mayReach(n, least) {
		l.found++ // with everything at its best it would not be good enough
		return
	}
	ok := f.upTo(n, least)
	if ok && !f.now.bears() {
		return
	}
	l.found++
	if ok {
		l.top = f.insert(l.top, scored{n, f.now.sum()}, l.limit)
	}
}

// fewestFirst are the arms in the order in which their candidates are compared: those
// of an arm that brings few are more often among the best, and what cannot come up to
// these costs less.
func (f *fusion) fewestFirst() []running {
	out := slices.Clone(f.running)
	slices.SortStableFunc(out, func(a, b running) int { return cmp.Compare(len(a.found.Docs), len(b.found.Docs)) })
	return out
}

// mark begins a round in which every document is met once.
func (f *fusion) mark() {
	if len(f.running) < 2 {
		return
	}
	const maxEpoch = 1 << 31
	if f.epoch > maxEpoch {
		clear(f.met)
		f.epoch = 0
	}
	if docs := len(f.v.Docs); len(f.met) < docs {
		f.met = append(f.met, make([]uint32, docs+docs/8-len(f.met))...)
	}
	f.epoch++
}

// again reports whether document n was met in this round.
func (f *fusion) again(n uint32) bool {
	if len(f.running) < 2 {
		return false // an arm brings each once
	}
	was := f.met[n] == f.epoch
	f.met[n] = f.epoch
	return was
}

// mayReach reports whether the score of document n may be so high. Arms are asked one
// by one, for most documents the first one settles it.
func (f *fusion) mayReach(n uint32, least float32) bool {
	b := f.arms + f.boosts(n) + slack
	for i := range f.running {
		if b < least {
			return false
		}
		s := &f.running[i]
		b += s.Bound(n) - s.most
	}
	return b >= least
}

// insert keeps the best of what it has seen, in order. Of two with one score the
// one with the lower id is better, so that the order is the same at all members.
func (f *fusion) insert(top []scored, c scored, limit int) []scored {
	if len(top) == limit && !f.better(c, top[limit-1]) {
		return top
	}
	at, _ := slices.BinarySearchFunc(top, c, func(have, c scored) int {
		if f.better(have, c) {
			return -1
		}
		return 1
	})
	top = slices.Insert(top, at, c)
	return top[:min(len(top), limit)]
}

func (f *fusion) better(a, b scored) bool {
	if a.score != b.score {
		return a.score > b.score
	}
	return f.v.Before(a.doc, b.doc)
}

// Priorities go from 1 to 10.
const (
	middlePriority = 5
	maxPriority    = 10
)

// boostMost is what boosts can add.
func (f *fusion) boostMost() float32 {
	w := &f.ranker.weights
	most := w.Tells + w.Boost*float32(max(0, min(f.v.MaxPriority(), maxPriority)-middlePriority))
	if f.q.Cue != 0 {
		most += w.Type
	}
	return most
}

// parts adds up the score of document n: what the arms say, then the boosts.
func (f *fusion) parts(n uint32) Parts {
	f.upTo(n, float32(math.Inf(-1)))
	return f.now
}

// upTo adds up the score of document n in now, unless what all arms but the last say
// shows that it is below least: the last one need not be asked then, which is the one
// that takes longest.
func (f *fusion) upTo(n uint32, least float32) (ok bool) {
	p := &f.now
	clear(p[:])
	f.boost(n, p)
	last := len(f.running) - 1
	for i := range f.running {
		if i == last && i > 0 && p.sum()+f.running[i].Bound(n)+slack < least {
			return false
		}
		f.running[i].Add(n, p)
	}
	return true
}

// boost adds what the document itself says.
func (f *fusion) boost(n uint32, p *Parts) {
	w := &f.ranker.weights
	p[Tells] += w.Tells * float32(f.v.Prior(n)) / 255
	if f.q.Cue != 0 && f.v.Flags(n)&f.q.Cue != 0 {
		p[Type] += w.Type
	}
	p[Boost] += w.Boost * float32(min(f.v.Priority(n), maxPriority)-middlePriority)
}

// boosts is the sum of what boost adds.
func (f *fusion) boosts(n uint32) float32 {
	w := &f.ranker.weights
	sum := w.Tells*float32(f.v.Prior(n))/255 + w.Boost*float32(min(f.v.Priority(n), maxPriority)-middlePriority)
	if f.q.Cue != 0 && f.v.Flags(n)&f.q.Cue != 0 {
		sum += w.Type
	}
	return sum
}

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
