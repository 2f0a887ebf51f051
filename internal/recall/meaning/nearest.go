package meaning

import (
	"slices"

	"github.com/tallystick/tallystick/internal/model/vectors"
	"github.com/tallystick/tallystick/internal/recall/index"
)

const (
	// usual is about how many of all vectors say what is usual.
	usual = 1024
	// bins is into how many steps cosines are counted.
	bins = 1 << 13
)

// nearest returns the documents that are the nearest by their signs, with what was
// said around them, and others that say what is usual. Which these are follows from
// their texts: two members choose the same.
func (s *search) nearest(seen []uint32) (near, sample []uint32) {
	set := s.space.set
	var count [1 << 12]int
	s.apart = slices.Grow(s.apart[:0], len(seen))[:len(seen)]
	set.Distances(s.asked, s.rows, s.apart)
	const spread = 0x9E3779B97F4A7C15
	drawn := ^uint64(0) / uint64(len(seen)/usual+1)
	for i, row := range s.rows {
		c := &s.cells[seen[i]]
		c.seen, c.apart = s.epoch, s.apart[i]
		count[min(int(s.apart[i]), len(count)-1)]++
		if set.Digest(row)*spread <= drawn {
			s.sample = append(s.sample, seen[i])
		}
	}
	first := s.arm.first
	if s.v.Sessions > 0 {
		first /= 4 // each brings four others along
	}
	limit, sum := 0, count[0]
	for sum < first && limit+1 < len(count) {
		limit++
		sum += count[limit]
	}
	near = make([]uint32, 0, sum+sum/4)
	take := func(n uint32) {
		if n == index.None || s.cells[n].taken == s.epoch || !s.v.See(n) || s.space.row(s.v, n) == vectors.None {
			return
		}
		s.cells[n].taken = s.epoch
		near = append(near, n)
	}
	for i, n := range seen {
		if int(s.apart[i]) > limit {
			continue
		}
		take(n)
		if s.v.Sessions == 0 {
			continue
		}
		d := &s.v.Turns[n]
		if d.Prev != index.None {
			take(d.Prev)
			take(s.v.Turns[d.Prev].Prev)
		}
		if d.Next != index.None {
			take(d.Next)
			take(s.v.Turns[d.Next].Next)
		}
	}
	return near, s.sample
}

// farthest returns, by distance, the most that one of the sample has that is as far or
// farther and not among the nearest: others that are not have that at most. It spares
// comparing them where a question brings many by their words.
func (s *search) farthest(sample []uint32) []float32 {
	s.byFar = append(s.byFar[:0], make([]float32, s.space.set.Width()+1)...)
	for _, n := range sample {
		if c := &s.cells[n]; c.taken != s.epoch {
			at := &s.byFar[c.apart]
			*at = max(*at, s.w.Own*s.own.of(c.own)+s.w.Pooled*s.whole.of(c.whole))
		}
	}
	for d := len(s.byFar) - 2; d >= 0; d-- {
		s.byFar[d] = max(s.byFar[d], s.byFar[d+1])
	}
	return s.byFar
}

// farthestOf is the most that document n has, which has a vector and is not among the
// nearest.
func (s *search) farthestOf(n uint32) float32 { return s.far[s.cells[n].apart] }

// meant is how many points a document has that is as near as answers are, by any
// measure: the nearest of all may have nothing to do with the question.
func (s *search) meant() float32 {
	if s.own.top < s.w.Near {
		return 2 * (s.w.Own + s.w.Pooled)
	}
	return max(least, s.w.Own*s.own.of(s.w.Near)+s.w.Pooled*s.whole.of(s.w.Near))
}

// histogram counts numbers from -1 to 1.
type histogram [bins + 1]int32

func bin(c float32) int { return int((min(1, max(-1, c)) + 1) * (bins / 2)) }

// measure finds the middle of the usual and the top of what was seen.
func (s *search) measure(seen, usual []uint32, of func(n uint32) float32) scale {
	out := scale{middle: -1, top: -1}
	clear(s.values[:])
	for _, n := range usual {
		s.values[bin(of(n))]++
	}
	rest := len(usual) / 2
	for b, count := range s.values {
		if rest -= int(count); rest < 0 {
			out.middle = float32(b)/(bins/2) - 1
			break
		}
	}
	for _, n := range seen {
		out.top = max(out.top, of(n))
	}
	return out
}

// best returns about the best of what was seen that passes all conditions and means
// something like the question.
func (s *search) best(seen []uint32) []uint32 {
	value := func(n uint32) float32 {
		c := &s.cells[n]
		return (s.w.Own*c.own + s.w.Pooled*c.whole) / max(1e-6, s.w.Own+s.w.Pooled)
	}
	out := make([]uint32, 0, min(len(seen), 2*most))
	clear(s.values[:])
	for _, n := range seen {
		if c := &s.cells[n]; max(c.own, c.whole) >= s.w.Floor && s.v.Pass(n) {
			s.values[bin(value(n))]++
			out = append(out, n)
		}
	}
	limit, sum := bins, int32(0)
	for ; limit > 0 && sum < most; limit-- {
		sum += s.values[limit]
	}
	if len(out) <= most {
		return out
	}
	kept := out[:0]
	for _, n := range out {
		if bin(value(n)) > limit {
			kept = append(kept, n)
		}
	}
	return kept
}
