package meaning

import (
	"context"
	"slices"

	"github.com/tallystick/tallystick/internal/model/vectors"
	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/rank"
)

const (
	// most is about how many candidates the arm brings.
	most = 512
	// least is what a candidate gets that others in sight outdo.
	least = 1e-4
	// step is how many documents are looked at between two looks at the clock.
	step = 4096
)

// search is the arm at work on one question.
type search struct {
	*scratch

	arm   *Arm
	q     *rank.Question
	space *Space
	asked *vectors.Asked
	w     Weights

	v          *index.View // nil until Find, which locks the space
	own, whole scale
	far        []float32 // what a document has at most that was not among the nearest, by its distance; nil if all were compared
}

// scratch is the memory of a search, used again by the next. What is in it is told
// from leftovers by the epoch.
type scratch struct {
	epoch  uint32
	cells  []cell // by document
	docs   []uint32
	rows   []uint32 // of docs
	apart  []uint16 // of docs: signs that are not those of the question
	sample []uint32
	byFar  []float32
	values histogram
}

// cell is what a search knows of a document: how near it is itself, and with what
// was said around it.
type cell struct {
	own, whole float32
	knowsOwn   uint32 // epochs
	knowsWhole uint32
	taken      uint32
	seen       uint32 // epoch of apart; behind it: it has no vector
	apart      uint16 // signs that are not those of the question, where not all were compared
}

// scale tells how near is near: the middle is nothing, the top all.
type scale struct{ middle, top float32 }

func (s scale) of(c float32) float32 {
	if s.top-s.middle < 1e-6 || c <= s.middle {
		return 0
	}
	return min(1, (c-s.middle)/(s.top-s.middle))
}

// Find implements [rank.Search].
func (s *search) Find(ctx context.Context, v *index.View) (rank.Found, error) {
	s.space.locate(v)
	s.space.mu.RLock()
	s.v, s.w = v, s.space.cfg.Weights
	if v.Sessions == 0 {
		s.w.Own, s.w.Pooled = s.w.Alone, 0
	}
	s.scratch, _ = s.arm.spare.Get().(*scratch)
	s.begin(len(v.Docs))
	seen := s.inSight()
	sample := seen
	if len(seen) > s.arm.all && ctx.Err() == nil {
		seen, sample = s.nearest(seen)
	}
	for _, docs := range [][]uint32{seen, sample} {
		for i, n := range docs {
			if i%step == 0 && ctx.Err() != nil {
				return rank.Found{}, ctx.Err()
			}
			s.wholeOf(n)
		}
	}
	s.own = s.measure(seen, sample, s.ownOf)
	s.whole = s.measure(seen, sample, s.wholeOf)
	if len(sample) < len(s.docs) {
		s.far = s.farthest(sample)
	}
	return rank.Found{Docs: s.best(seen), Meant: s.meant()}, ctx.Err()
}

func (s *scratch) begin(docs int) {
	const maxEpoch = 1 << 31
	if s.epoch > maxEpoch {
		clear(s.cells)
		s.epoch = 0
	}
	if len(s.cells) < docs {
		s.cells = append(s.cells, make([]cell, docs+docs/8-len(s.cells))...)
	}
	s.epoch++
	s.docs, s.rows, s.sample = s.docs[:0], s.rows[:0], s.sample[:0]
}

// inSight returns the documents in sight that have a vector.
func (s *search) inSight() []uint32 {
	all := s.v.Sight(s.docs)
	rows := slices.Grow(s.rows, len(all))[:len(all)]
	have := 0
	for _, n := range all {
		row := s.space.row(s.v, n)
		all[have], rows[have] = n, row
		if row != vectors.None {
			have++
		}
	}
	s.docs, s.rows = all[:have], rows[:have]
	return s.docs
}

// ownOf is how near document n is itself.
func (s *search) ownOf(n uint32) float32 {
	c := &s.cells[n]
	if c.knowsOwn != s.epoch {
		c.knowsOwn, c.own = s.epoch, 0
		if row := s.space.row(s.v, n); row != vectors.None {
			c.own = s.space.set.Cosine(s.asked, row)
		}
	}
	return c.own
}

// wholeOf is how near document n is with what was said around it.
func (s *search) wholeOf(n uint32) float32 {
	if c := &s.cells[n]; c.knowsWhole == s.epoch {
		return c.whole
	}
	own := s.ownOf(n)
	if around := s.around(n); around.n > 1 {
		own = 0
		for i, m := range around.docs[:around.n] {
			own += around.weight[i] * s.ownOf(m)
		}
		if length := s.space.length(s.v, &around); length > 0 {
			own /= length
		}
	}
	c := &s.cells[n]
	c.knowsWhole, c.whole = s.epoch, own
	return own
}

// surroundings are a document and what was said around it, with how much of each
// counts.
type surroundings struct {
	docs   [5]uint32
	rows   [5]uint32
	weight [5]float32
	n      int
}

func (s *search) around(n uint32) surroundings {
	var out surroundings
	if s.v.Sessions == 0 {
		return out // without a look at each
	}
	d := &s.v.Turns[n]
	if out.rows[0] = s.space.row(s.v, n); out.rows[0] == vectors.None {
		return out
	}
	out.docs[0], out.weight[0], out.n = n, 1, 1
	if d.Session == index.None {
		return out
	}
	gate := s.v.Gate(n)
	add := func(m uint32, weight float32) {
		if m == index.None || !s.v.See(m) {
			return
		}
		if row := s.space.row(s.v, m); row != vectors.None {
			out.docs[out.n], out.rows[out.n], out.weight[out.n] = m, row, weight
			out.n++
		}
	}
	w := &s.arm.weights
	if d.Prev != index.None {
		of, weight := s.v.Gate(d.Prev), w.Before[0]
		if s.v.Flags(d.Prev)&index.Asks != 0 {
			weight = w.Answer*of + weight*(1-of)
		}
		add(d.Prev, weight*gate*of)
		if before := s.v.Turns[d.Prev].Prev; before != index.None {
			add(before, w.Before[1]*gate*s.v.Gate(before))
		}
	}
	if d.Next != index.None {
		add(d.Next, w.After[0]*gate*s.v.Gate(d.Next))
		if after := s.v.Turns[d.Next].Next; after != index.None {
			add(after, w.After[1]*gate*s.v.Gate(after))
		}
	}
	return out
}

// points is what meaning adds to the score of document n.
func (s *search) points(n uint32) float32 {
	if s.space.row(s.v, n) == vectors.None {
		return 0
	}
	own, whole := s.ownOf(n), s.wholeOf(n)
	p := s.w.Own*s.own.of(own) + s.w.Pooled*s.whole.of(whole)
	if s.far != nil && s.cells[n].taken != s.epoch {
		p = min(p, s.farthestOf(n))
	}
	if s.q.Speaker != index.None && s.v.Docs[n].Speaker == s.q.Speaker {
		p *= 1 + s.arm.weights.Speaker
	}
	if p < least && max(own, whole) >= s.w.Floor {
		p = least
	}
	return p
}

// Most implements [rank.Search].
func (s *search) Most() float32 { return s.bound(s.w.Own + s.w.Pooled) }

// Bound implements [rank.Search].
func (s *search) Bound(n uint32) float32 {
	if s.cells[n].knowsWhole == s.epoch {
		return s.points(n) + s.dates()
	}
	if s.far != nil {
		if s.cells[n].seen != s.epoch {
			return s.dates()
		}
		return s.bound(s.farthestOf(n))
	}
	if s.space.row(s.v, n) == vectors.None {
		return s.dates()
	}
	return s.Most()
}

// bound is at least what a document gets that is so near.
func (s *search) bound(near float32) float32 {
	if s.q.Speaker != index.None {
		near *= 1 + s.arm.weights.Speaker
	}
	return max(least, near) + s.dates()
}

// dates are what the days that the question names can add.
func (s *search) dates() float32 {
	if len(s.q.Dates) == 0 {
		return 0
	}
	return s.w.Date
}

// Add implements [rank.Search].
func (s *search) Add(n uint32, p *rank.Parts) {
	p[rank.Meaning] += s.points(n)
	if len(s.q.Dates) > 0 && s.w.Date > 0 {
		p[rank.Date] += s.w.Date * s.q.Date(s.v, n)
	}
}

// Close implements [rank.Search].
func (s *search) Close() {
	if s.v != nil {
		s.v = nil
		s.space.mu.RUnlock()
	}
	if s.scratch != nil {
		s.arm.spare.Put(s.scratch)
		s.scratch = nil
	}
}
