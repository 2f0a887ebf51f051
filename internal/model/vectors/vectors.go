// Package vectors keeps vectors of texts in memory: each number in a byte, and the
// signs apart, by which a first look at many is cheap. It also saves them.
//
// A [Set] knows ids and numbers; who may see what, and what stands beside what, is
// known above. It is not safe for concurrent use: its owner locks.
package vectors

import (
	"math/bits"

	"github.com/tallystick/tallystick/internal/model/kernel"
)

// None is no row.
const None = ^uint32(0)

// Set is a set of vectors by id, in numbered rows. Create it with [New].
type Set struct {
	width, words int
	of           map[string]uint32
	ids          []string // "": the row is free
	digest       []uint64
	scale        []float32
	numbers      []int8
	signs        []uint64
	free         []uint32
}

// New returns an empty set of vectors of so many numbers.
func New(width int) *Set {
	return &Set{width: width, words: (width + 63) / 64, of: map[string]uint32{}}
}

// Width is how many numbers a vector has.
func (s *Set) Width() int { return s.width }

// Len is how many vectors there are.
func (s *Set) Len() int { return len(s.of) }

// Blank is how many of them are of zeros.
func (s *Set) Blank() int {
	n := 0
	for row := range s.Rows {
		if s.scale[row] == 0 {
			n++
		}
	}
	return n
}

// Bytes is about how much memory the set takes.
func (s *Set) Bytes() int64 {
	const each = 36 + 12 + 16 + 8 + 4 + 40 // id, its header, digest, scale, its place in the map
	return int64(len(s.ids)) * int64(each+s.width+8*s.words)
}

// Row returns the row of an id, and the digest that was put with it.
func (s *Set) Row(id string) (row uint32, digest uint64, ok bool) {
	row, ok = s.of[id]
	if !ok {
		return None, 0, false
	}
	return row, s.digest[row], true
}

// Digest is what was put with a row.
func (s *Set) Digest(row uint32) uint64 { return s.digest[row] }

// Put sets the vector of an id and returns its row. The vector is of length 1, or
// of zeros; digest says of which text it is.
func (s *Set) Put(id string, digest uint64, v []float32) uint32 {
	row := s.room(id, digest)
	at := int(row) * s.width
	s.scale[row] = kernel.Quantise(s.numbers[at:at+s.width], v[:s.width])
	s.sign(row)
	return row
}

// room returns the row of an id, which is new if it has none.
func (s *Set) room(id string, digest uint64) uint32 {
	row, ok := s.of[id]
	switch n := len(s.free); {
	case ok:
	case n > 0:
		row = s.free[n-1]
		s.free = s.free[:n-1]
	default:
		row = uint32(len(s.ids))
		s.ids = append(s.ids, "")
		s.digest = append(s.digest, 0)
		s.scale = append(s.scale, 0)
		s.numbers = append(s.numbers, make([]int8, s.width)...)
		s.signs = append(s.signs, make([]uint64, s.words)...)
	}
	s.ids[row], s.digest[row], s.of[id] = id, digest, row
	return row
}

func (s *Set) sign(row uint32) {
	signs := s.signs[int(row)*s.words : (int(row)+1)*s.words]
	clear(signs)
	for i, v := range s.numbers[int(row)*s.width : (int(row)+1)*s.width] {
		if v < 0 {
			signs[i>>6] |= 1 << (i & 63)
		}
	}
}

// Drop takes the vector of an id away, and reports whether there was one.
func (s *Set) Drop(id string) bool {
	row, ok := s.of[id]
	if !ok {
		return false
	}
	delete(s.of, id)
	s.ids[row], s.digest[row], s.scale[row] = "", 0, 0
	clear(s.numbers[int(row)*s.width : (int(row)+1)*s.width])
	s.free = append(s.free, row)
	return true
}

// Rows calls yield with every row that has a vector.
func (s *Set) Rows(yield func(row uint32, id string) bool) {
	for row, id := range s.ids {
		if id != "" && !yield(uint32(row), id) {
			return
		}
	}
}

// ID is the id of a row; "" if it is free.
func (s *Set) ID(row uint32) string { return s.ids[row] }

// Asked is a vector to compare with.
type Asked struct {
	numbers []int8
	scale   float32
	signs   []uint64
}

// Ask makes a vector ready for comparing.
func Ask(v []float32) *Asked {
	one := New(len(v))
	one.Put("q", 0, v)
	return &Asked{numbers: one.numbers, scale: one.scale[0], signs: one.signs}
}

// Cosine is how near a row is to a: 1 is the same, 0 has nothing to do with it.
func (s *Set) Cosine(a *Asked, row uint32) float32 {
	at := int(row) * s.width
	return a.scale * s.scale[row] * float32(kernel.Dot(a.numbers, s.numbers[at:at+s.width]))
}

// Between is how near two rows are.
func (s *Set) Between(a, b uint32) float32 {
	x, y := int(a)*s.width, int(b)*s.width
	return s.scale[a] * s.scale[b] * float32(kernel.Dot(s.numbers[x:x+s.width], s.numbers[y:y+s.width]))
}

// Distance is how many signs of a row are not those of a: the fewer, the nearer,
// most of the time.
func (s *Set) Distance(a *Asked, row uint32) int {
	signs, n := s.signs[int(row)*s.words:(int(row)+1)*s.words], 0
	for i, w := range a.signs[:len(signs)] {
		n += bits.OnesCount64(w ^ signs[i])
	}
	return n
}

// Distances writes into out how far each of the rows is from a: see [Set.Distance].
func (s *Set) Distances(a *Asked, rows []uint32, out []uint16) {
	kernel.Differ(out, a.signs, s.signs, rows)
}

// Cosines writes into out how near each of the rows is to a: see [Set.Cosine].
func (s *Set) Cosines(a *Asked, rows []uint32, out []float32) {
	var sums [256]int32
	for len(rows) > 0 {
		part := rows[:min(len(sums), len(rows))]
		kernel.Dots(sums[:], a.numbers, s.numbers, part)
		for i, row := range part {
			out[i] = a.scale * s.scale[row] * float32(sums[i])
		}
		rows, out = rows[len(part):], out[len(part):]
	}
}
