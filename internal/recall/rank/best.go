package rank

import (
	"context"
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
	limit = max(limit, 2) // whether the first is a strong one, the second says
	out := f.result
	f.mark()
	f.most = f.boostMost()
	var top []scored
	looked := 0
	for _, s := range f.running {
		for _, n := range s.found.Docs {
			if looked++; looked%bestStep == 0 && ctx.Err() != nil {
				out.Late = true
				break
			}
			if f.again(n) || !f.v.See(n) || !f.v.Pass(n) {
				continue
			}
			if len(top) == limit && f.bound(n)+slack < top[limit-1].score {
				out.Found++ // with everything at its best it would not be good enough
				continue
			}
			p := f.parts(n)
			if !p.bears() {
				continue
			}
			out.Found++
			top = f.insert(top, scored{n, p.sum()}, limit)
		}
	}
	out.Hits = make([]Hit, len(top))
	for i, c := range top {
		out.Hits[i] = Hit{ID: f.v.ID(c.doc), Score: c.score, Parts: f.parts(c.doc).rounded()}
	}
	bands(&out)
	out.Hits = out.Hits[:min(wanted, len(out.Hits))]
	out.Abstain = abstains(out.Hits)
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

// bound is at least the score of document n.
func (f *fusion) bound(n uint32) float32 {
	b := f.most
	for i := range f.running {
		b += f.running[i].Bound(n)
	}
	return b
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
	most := w.Tells + w.Boost*(maxPriority-middlePriority)
	if f.q.Cue != 0 {
		most += w.Type
	}
	return most
}

// parts adds up the score of document n: what the arms say, then the boosts.
func (f *fusion) parts(n uint32) Parts {
	var p Parts
	for i := range f.running {
		f.running[i].Add(n, &p)
	}
	w, d := &f.ranker.weights, &f.v.Docs[n]
	p[Tells] += w.Tells * float32(d.Prior) / 255
	if f.q.Cue != 0 && d.Flags&f.q.Cue != 0 {
		p[Type] += w.Type
	}
	p[Boost] += w.Boost * float32(min(d.Priority(), maxPriority)-middlePriority)
	return p
}
