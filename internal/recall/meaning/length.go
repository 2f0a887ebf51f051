package meaning

import "math"

// length is that of the sum of vectors, each times its weight. It is kept by the row
// of the first: it changes only with the neighbours and their texts.
func (s *search) length(a *surroundings) float32 {
	set, rows, n := s.space.set, [len(a.at)]uint32{}, int(a.n)
	for i, at := range a.at[:n] {
		rows[i] = s.met.rows[at]
	}
	kept := &s.space.norms[rows[0]]
	print := s.space.fingerprint(rows[:n], a.weight[:n])
	if have := kept.Load(); uint32(have>>32) == print && uint32(have) != 0 {
		return math.Float32frombits(uint32(have))
	}
	sum := float32(0)
	for i := range n {
		sum += a.weight[i] * a.weight[i] * set.Between(rows[i], rows[i])
		for j := range i {
			sum += 2 * a.weight[i] * a.weight[j] * set.Between(rows[i], rows[j])
		}
	}
	length := float32(math.Sqrt(float64(max(0, sum))))
	kept.Store(uint64(print)<<32 | uint64(math.Float32bits(length)))
	return length
}

// fingerprint tells surroundings apart.
func (s *Space) fingerprint(rows []uint32, weights []float32) uint32 {
	h := uint64(len(rows))
	for i, row := range rows {
		h = (h ^ s.set.Digest(row)) * 0x9E3779B97F4A7C15
		h = (h ^ uint64(math.Float32bits(weights[i]))) * 0x9E3779B97F4A7C15
	}
	return uint32(h >> 32)
}
