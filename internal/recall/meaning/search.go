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
	near       int         // so many of what was met are the nearest: the first ones
	own, whole scale
	far        []float32 // by what away says: what a document has at most that was not among the nearest; nil if all were compared
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
	s.inSight()
	if err := ctx.Err(); err != nil {
		return rank.Found{}, err
	}
	some := len(s.docs) > s.arm.all
	if some {
		s.nearest()
	} else {
		s.everything()
	}
	if err := s.compare(ctx); err != nil {
		s.end() // what is asked about is compared then
		return rank.Found{}, err
	}
	s.measure()
	if some {
		s.far = s.farthest()
	}
	return rank.Found{Docs: s.best(), Meant: s.meant()}, ctx.Err()
}

// inSight finds the documents in sight that have a vector.
func (s *search) inSight() {
	docs, rows := s.v.Sight(s.docs[:0], s.rows[:0])
	rowOf, have := s.space.rowOf, 0
	for i, key := range rows {
		if int(key) >= len(rowOf) {
			continue
		}
		docs[have], rows[have] = docs[i], rowOf[key]
		if rows[have] != vectors.None {
			have++
		}
	}
	s.docs, s.rows = docs[:have], rows[:have]
}

// everything meets all that is in sight: all of it says what is usual.
func (s *search) everything() {
	for i, n := range s.docs {
		s.meet(n, s.rows[i])
		s.sample = append(s.sample, uint32(i))
	}
	s.near = len(s.met.docs)
}

// compare finds out how near all that was met is, itself and with what was said around
// it.
func (s *search) compare(ctx context.Context) error {
	of := len(s.met.docs)
	if s.v.Sessions > 0 {
		s.beside = slices.Grow(s.beside[:0], of)[:of]
		for at := range of {
			if at%step == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			s.around(at, &s.beside[at])
		}
	}
	for len(s.met.own) < len(s.met.docs) {
		if err := ctx.Err(); err != nil {
			return err
		}
		s.compareOwn(min(len(s.met.docs), len(s.met.own)+step))
	}
	if s.v.Sessions == 0 {
		copy(s.met.whole, s.met.own)
		return nil
	}
	for at := range of {
		s.met.whole[at] = s.pooled(&s.beside[at])
	}
	return nil
}

// compareOwn finds out how near the next ones are themselves, up to one.
func (s *search) compareOwn(end int) {
	m, from := &s.met, len(s.met.own)
	m.own, m.whole = slices.Grow(m.own, end-from)[:end], slices.Grow(m.whole, end-from)[:end]
	s.space.set.Cosines(s.asked, m.rows[from:end], m.own[from:])
	for at := from; at < end; at++ {
		m.whole[at] = unknown
	}
}

// pooled is how near what was met is with what was said around it.
func (s *search) pooled(a *surroundings) float32 {
	if a.n <= 1 {
		return s.met.own[a.at[0]]
	}
	sum := float32(0)
	for i, at := range a.at[:a.n] {
		sum += a.weight[i] * s.met.own[at]
	}
	if length := s.length(a); length > 0 {
		sum /= length
	}
	return sum
}

// know returns where document n, which has a vector in row, is in what was met; it is
// compared now if it was not before.
func (s *search) know(n, row uint32) (at uint32) {
	at = s.meet(n, row)
	if int(at) < len(s.met.own) && s.met.whole[at] != unknown {
		return at
	}
	a := surroundings{n: 1}
	a.at[0] = at
	if s.v.Sessions > 0 {
		s.around(int(at), &a)
	}
	s.compareOwn(len(s.met.docs))
	s.met.whole[at] = s.pooled(&a)
	return at
}

// points is what meaning adds to the score of document n.
func (s *search) points(n uint32) float32 {
	row := s.space.row(s.v, n)
	if row == vectors.None {
		return 0
	}
	return s.pointsOf(s.know(n, row))
}

// pointsOf is points of what was met and is known.
func (s *search) pointsOf(at uint32) float32 {
	n, own, whole := s.met.docs[at], s.met.own[at], s.met.whole[at]
	p := s.value(own, whole)
	if s.far != nil && int(at) >= s.near {
		p = min(p, s.far[s.away[n]])
	}
	if s.q.Speaker != index.None && s.v.Docs[n].Speaker == s.q.Speaker {
		p *= 1 + s.arm.weights.Speaker
	}
	if p < least && max(own, whole) >= s.w.Floor {
		p = least
	}
	return p
}

// value is what it adds to the score to be so near.
func (s *search) value(own, whole float32) float32 {
	return s.w.Own*s.own.of(own) + s.w.Pooled*s.whole.of(whole)
}

// Most implements [rank.Search].
func (s *search) Most() float32 { return s.bound(s.w.Own + s.w.Pooled) }

// Bound implements [rank.Search].
func (s *search) Bound(n uint32) float32 {
	if at := s.place[n]; at != 0 && s.met.whole[at-1] != unknown {
		return s.pointsOf(at-1) + s.dates()
	}
	if s.far != nil {
		if s.away[n] == nowhere {
			return s.dates()
		}
		return s.bound(s.far[s.away[n]])
	}
	if s.space.row(s.v, n) == vectors.None {
		return s.dates()
	}
	return s.Most()
}

// Bounds implements [rank.Bounder].
func (s *search) Bounds(docs []uint32, sums []float32, less float32) {
	for i, n := range docs {
		sums[i] += s.Bound(n) - less
	}
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
		s.end()
		s.arm.spare.Put(s.scratch)
		s.scratch = nil
	}
}
