package meaning

import "math"

// length is that of the sum of vectors, each times its weight. It is kept by the row
// of the first: it changes only with the neighbours and their texts.
func (s *Space) length(a *surroundings) float32 {
	kept := &s.norms[a.row[0]]
	print := s.fingerprint(a)
	if have := kept.Load(); uint32(have>>32) == print && uint32(have) != 0 {
		return math.Float32frombits(uint32(have))
	}
	sum := float32(0)
	for i := range a.n {
		sum += a.weight[i] * a.weight[i] * s.set.Between(a.row[i], a.row[i])
		for j := range i {
			sum += 2 * a.weight[i] * a.weight[j] * s.set.Between(a.row[i], a.row[j])
		}
	}
	length := float32(math.Sqrt(float64(max(0, sum))))
	kept.Store(uint64(print)<<32 | uint64(math.Float32bits(length)))
	return length
}

// fingerprint tells surroundings apart.
func (s *Space) fingerprint(a *surroundings) uint32 {
	h := uint64(a.n)
	for i := range a.n {
		h = (h ^ s.set.Digest(a.row[i])) * 0x9E3779B97F4A7C15
		h = (h ^ uint64(math.Float32bits(a.weight[i]))) * 0x9E3779B97F4A7C15
	}
	return uint32(h >> 32)
}
