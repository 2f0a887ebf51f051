package index

import (
	"encoding/binary"
	"math/bits"
)

// slabs keep many lists of bytes that grow, most of them short. Each lies in a slot of
// a block, which is as much longer than the list as its class says; lists that are long
// have memory of their own. The runtime would round each up, and look at each when it
// collects garbage.
type slabs struct {
	blocks [][]byte
	used   int                 // of the last block
	free   [slabClasses]uint32 // by class: a free slot, and 1; the next one is in it
	long   [][]byte
}

// bytesAt is a list in slabs. The zero value is empty.
type bytesAt struct {
	at uint32 // of a slot, or the number of a long list
	n  uint32 // bytes
}

const (
	slabBits    = 16 // of a place in a block
	longestSlab = 2048
	evenClasses = 15 // 4, 6, … 32 bytes; then eight for each doubling
	slabClasses = evenClasses + 6*8
)

// classOf is the class of a list of n bytes, 1 at least: it follows from that alone.
func classOf(n int) int {
	if n <= 32 {
		return max(0, n-3) / 2
	}
	octave := bits.Len(uint(n-1)) - 6
	step := 4 << octave
	return evenClasses - 1 + 8*octave + (n-32<<octave+step-1)/step
}

// slotOf is how long a slot of a class is.
func slotOf(class int) int {
	if class < evenClasses {
		return 4 + 2*class
	}
	class -= evenClasses
	return 32<<(class/8) + (class%8+1)*(4<<(class/8))
}

// get returns a list. It must not be changed.
func (s *slabs) get(l bytesAt) []byte {
	switch {
	case l.n == 0:
		return nil
	case l.n > longestSlab:
		return s.long[l.at]
	}
	return s.slot(l.at, int(l.n))
}

func (s *slabs) slot(at uint32, n int) []byte {
	from := int(at & (1<<slabBits - 1))
	return s.blocks[at>>slabBits][from : from+n : from+n]
}

// extend appends to a list, which may move.
func (s *slabs) extend(l *bytesAt, more []byte) {
	was, n := int(l.n), int(l.n)+len(more)
	l.n = uint32(n)
	switch {
	case was > longestSlab:
		s.long[l.at] = append(roomFor(s.long[l.at], len(more)), more...)
	case was > 0 && n <= slotOf(classOf(was)):
		copy(s.slot(l.at, n)[was:], more)
	default:
		s.move(l, was, more)
	}
}

// move takes a list of so many bytes to where more fit in behind them.
func (s *slabs) move(l *bytesAt, was int, more []byte) {
	old := s.get(bytesAt{l.at, uint32(was)})
	from := l.at
	if n := was + len(more); n > longestSlab {
		l.at = uint32(len(s.long))
		s.long = append(s.long, append(roomFor(old, len(more)), more...))
	} else {
		l.at = s.take(classOf(n))
		slot := s.slot(l.at, n)
		copy(slot, old)
		copy(slot[was:], more)
	}
	if was > 0 {
		class := classOf(was)
		binary.LittleEndian.PutUint32(s.slot(from, slotOf(class)), s.free[class])
		s.free[class] = from + 1
	}
}

// take returns a slot of a class.
func (s *slabs) take(class int) uint32 {
	size := slotOf(class)
	if first := s.free[class]; first != 0 {
		s.free[class] = binary.LittleEndian.Uint32(s.slot(first-1, size))
		return first - 1
	}
	if len(s.blocks) == 0 || s.used+size > 1<<slabBits {
		s.blocks, s.used = append(s.blocks, make([]byte, 1<<slabBits)), 0
	}
	at := uint32(len(s.blocks)-1)<<slabBits | uint32(s.used)
	s.used += size
	return at
}

func (s *slabs) bytes() int64 {
	n := int64(len(s.blocks)) << slabBits
	for _, l := range s.long {
		n += int64(cap(l))
	}
	return n + int64(cap(s.long))*24
}

// roomFor returns b with room for so many more. It grows by a sixteenth: there are few
// of these, and the longest are most of the postings.
func roomFor(b []byte, more int) []byte {
	n := len(b) + more
	if n <= cap(b) {
		return b
	}
	return append(make([]byte, 0, n+n/16), b...)
}
