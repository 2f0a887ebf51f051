package rank

import (
	"slices"

	"github.com/tallystick/tallystick/internal/recall/index"
)

// scored is a candidate.
type scored struct {
	doc   uint32
	score float32
}

// best returns the best of the candidates that pass all conditions.
func (r *run) best(limit int) Result {
	out := Result{Unknown: r.unknown, Capped: r.capped}
	pieces := r.w.Unknown * r.unknown
	if r.topGram > 0 && r.codeOn {
		pieces += r.w.Code
	}
	top := make([]scored, 0, min(limit, len(r.touched))+1)
	rest := r.rest(pieces)
	for _, n := range r.touched {
		if !r.Pass(n) {
			continue
		}
		if c := &r.cells[n]; len(top) == limit && c.words > 0 && c.words/r.scale*(1+r.w.Speaker)+rest < top[limit-1].score {
			out.Found++ // with everything else at its best it would not be good enough
			continue
		}
		p := r.parts(n, pieces)
		if p.Words == 0 && p.Date == 0 && p.Pieces == 0 {
			continue
		}
		out.Found++
		top = r.insert(top, scored{n, p.sum()}, limit)
	}
	out.Hits = make([]Hit, len(top))
	for i, c := range top {
		out.Hits[i] = Hit{ID: r.ID(c.doc), Score: c.score, Parts: r.parts(c.doc, pieces)}
	}
	return out
}

// rest is what everything but words can add up to.
func (r *run) rest(pieces float32) float32 {
	p := Parts{Tells: r.w.Tells, Boost: r.w.Boost * (maxPriority - middlePriority)}
	if r.best1 > 0 {
		p.Session = r.w.Session
	}
	if len(r.asked.dates) > 0 {
		p.Date = r.w.Date
	}
	if r.asked.cue != 0 {
		p.Type = r.w.Type
	}
	if r.topGram > 0 {
		p.Pieces = pieces
	}
	return p.sum()
}

// Priorities go from 1 to 10.
const (
	middlePriority = 5
	maxPriority    = 10
)

// insert keeps the best of what it has seen, in order. Of two with one score the
// one with the lower id is better, so that the order is the same at all members.
func (r *run) insert(top []scored, c scored, limit int) []scored {
	if len(top) == limit && !r.better(c, top[limit-1]) {
		return top
	}
	at, _ := slices.BinarySearchFunc(top, c, func(have, c scored) int {
		if r.better(have, c) {
			return -1
		}
		return 1
	})
	top = slices.Insert(top, at, c)
	return top[:min(len(top), limit)]
}

func (r *run) better(a, b scored) bool {
	if a.score != b.score {
		return a.score > b.score
	}
	return r.Before(a.doc, b.doc)
}

// parts adds up the score of document n; pieces is the weight of pieces of words.
func (r *run) parts(n uint32, pieces float32) Parts {
	c, d := &r.cells[n], &r.Docs[n]
	p := Parts{
		Session: r.session(d),
		Tells:   r.w.Tells * float32(d.Prior) / 255,
		Boost:   r.w.Boost * float32(min(d.Priority(), maxPriority)-middlePriority),
	}
	if r.scale > 0 {
		p.Words = c.words / r.scale
	}
	if r.asked.speaker != index.None && d.Speaker == r.asked.speaker {
		p.Words *= 1 + r.w.Speaker
	}
	if len(r.asked.dates) > 0 {
		p.Date = r.w.Date * r.date(n, d)
	}
	if r.asked.cue != 0 && d.Flags&r.asked.cue != 0 {
		p.Type = r.w.Type
	}
	if r.topGram > 0 {
		p.Pieces = pieces * c.gram / r.topGram
	}
	return p
}
