package meaning

import "slices"

const (
	// usual is about how many of all vectors say what is usual.
	usual = 1024
	// bins is into how many steps cosines are counted.
	bins = 1 << 13
)

// nearest meets the documents that are the nearest by their signs, with what was said
// around them, and others that say what is usual. Which these are follows from their
// texts: two members choose the same.
func (s *search) nearest() {
	s.apart = slices.Grow(s.apart[:0], len(s.docs))[:len(s.docs)]
	s.space.set.Distances(s.asked, s.rows, s.apart)
	s.spread()
	limit := s.limit()
	for i, n := range s.docs {
		if int(s.apart[i]) > limit {
			continue
		}
		s.meet(n, s.rows[i])
		if s.v.Sessions > 0 {
			s.meetAround(n)
		}
	}
	s.near = len(s.met.docs)
	s.draw()
}

// spread notes how far every document is.
func (s *search) spread() {
	docs := len(s.v.Docs)
	s.away = slices.Grow(s.away[:0], docs+docs/8)[:docs]
	clear(s.away)
	away, apart := s.away, s.apart
	for i, n := range s.docs {
		away[n] = apart[i] + 1
	}
}

// limit returns the distance up to which about as many are as are compared in full.
func (s *search) limit() int {
	most := s.space.set.Width()
	s.counts = append(s.counts[:0], make([]int32, 2*most+2)...)
	even, odd := s.counts[:most+1], s.counts[most+1:] // in turn: one does not wait for the other
	pairs := s.apart
	for ; len(pairs) >= 2; pairs = pairs[2:] {
		even[pairs[0]]++
		odd[pairs[1]]++
	}
	for _, apart := range pairs {
		even[apart]++
	}
	first := s.arm.first
	if s.v.Sessions > 0 {
		first /= 4 // each brings four others along
	}
	limit, sum := 0, int(even[0]+odd[0])
	for sum < first && limit < most {
		limit++
		sum += int(even[limit] + odd[limit])
	}
	return limit
}

// draw meets those that say what is usual.
func (s *search) draw() {
	const spread = 0x9E3779B97F4A7C15
	drawn := ^uint64(0) / uint64(len(s.docs)/usual+1)
	for i, row := range s.rows {
		if s.space.set.Digest(row)*spread <= drawn {
			s.sample = append(s.sample, s.meet(s.docs[i], row))
		}
	}
}

// farthest returns, by what away says, the most that one of the sample has that is as far or
// farther and not among the nearest: others that are not have that at most. It spares
// comparing them where a question brings many by their words.
func (s *search) farthest() []float32 {
	s.byFar = append(s.byFar[:0], make([]float32, s.space.set.Width()+2)...)
	for _, at := range s.sample {
		if int(at) >= s.near {
			far := &s.byFar[s.away[s.met.docs[at]]]
			*far = max(*far, s.value(s.met.own[at], s.met.whole[at]))
		}
	}
	for d := len(s.byFar) - 2; d >= 0; d-- {
		s.byFar[d] = max(s.byFar[d], s.byFar[d+1])
	}
	return s.byFar
}

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

// measure finds out what is usual and what is the most, of documents themselves and of
// them with what was said around them.
func (s *search) measure() {
	s.own = s.scale(s.met.own)
	s.whole = s.own
	if s.v.Sessions > 0 {
		s.whole = s.scale(s.met.whole)
	}
}

// scale finds the middle of the usual and the top of the nearest.
func (s *search) scale(of []float32) scale {
	out := scale{middle: -1, top: -1}
	clear(s.values[:])
	for _, at := range s.sample {
		s.values[bin(of[at])]++
	}
	rest := len(s.sample) / 2
	for b, count := range s.values {
		if rest -= int(count); rest < 0 {
			out.middle = float32(b)/(bins/2) - 1
			break
		}
	}
	for _, c := range of[:s.near] {
		out.top = max(out.top, c)
	}
	return out
}

// best returns about the best of the nearest that pass all conditions and mean
// something like the question.
func (s *search) best() []uint32 {
	m := &s.met
	mean := func(at uint32) float32 {
		return (s.w.Own*m.own[at] + s.w.Pooled*m.whole[at]) / max(1e-6, s.w.Own+s.w.Pooled)
	}
	out := make([]uint32, 0, min(s.near, 2*most))
	clear(s.values[:])
	for at := range uint32(s.near) {
		if max(m.own[at], m.whole[at]) >= s.w.Floor && s.v.Pass(m.docs[at]) {
			s.values[bin(mean(at))]++
			out = append(out, at)
		}
	}
	limit, sum := bins, int32(0)
	for ; limit > 0 && sum < most; limit-- {
		sum += s.values[limit]
	}
	all, kept := len(out) <= most, out[:0]
	for _, at := range out {
		if all || bin(mean(at)) > limit {
			kept = append(kept, m.docs[at])
		}
	}
	return kept
}
