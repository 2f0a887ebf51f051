package memory

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
)

// State is the replicated state in memory: for each register, the entry that
// won it. It is the reference that every store is tested against, and what the
// simulator runs on. The zero value is not usable; make one with NewState.
type State struct {
	registers map[Key]*Entry
	sum       Sum
}

// NewState returns an empty state.
func NewState() *State { return &State{registers: map[Key]*Entry{}} }

// Apply merges e and returns the registers that it won. Applying is commutative,
// associative and idempotent.
func (s *State) Apply(e *Entry) []Key {
	var won []Key
	for _, k := range e.Op.Subjects() {
		cur := s.registers[k]
		if cur != nil && !e.Version().Beats(cur.Version()) {
			continue
		}
		if cur != nil {
			s.sum.Sub(ItemSum(k, cur.Version(), cur.Digest))
		}
		s.sum.Add(ItemSum(k, e.Version(), e.Digest))
		s.registers[k] = e
		won = append(won, k)
	}
	return won
}

// Winner returns the entry that holds register k, or nil. The caller must not change it.
func (s *State) Winner(k Key) *Entry { return s.registers[k] }

// Len returns the number of registers.
func (s *State) Len() int { return len(s.registers) }

// Root is the digest of the whole state: equal on two nodes exactly when their
// states are equal.
func (s *State) Root() Sum { return s.sum }

// Keys calls yield for each register and its entry, in no order.
func (s *State) Keys(yield func(Key, *Entry) bool) {
	for k, e := range s.registers {
		if !yield(k, e) {
			return
		}
	}
}

// Sum is a set hash: the sum of SHA-256 values modulo 2^256 (Bellare and
// Micciancio's AdHash), little-endian. Adding and subtracting commute, so a sum
// does not depend on the order in which a state came about. It finds faults and
// divergence; it is no defence against somebody who crafts collisions.
type Sum [4]uint64

// Add adds d.
func (s *Sum) Add(d Sum) {
	var c uint64
	for i := range s {
		s[i], c = bits.Add64(s[i], d[i], c)
	}
}

// Sub takes d away.
func (s *Sum) Sub(d Sum) {
	var b uint64
	for i := range s {
		s[i], b = bits.Sub64(s[i], d[i], b)
	}
}

// IsZero reports whether s is the sum of nothing.
func (s Sum) IsZero() bool { return s == Sum{} }

// Digest returns s as 32 bytes.
func (s Sum) Digest() Digest {
	var d Digest
	for i, w := range s {
		binary.LittleEndian.PutUint64(d[8*i:], w)
	}
	return d
}

// SumOf is the inverse of [Sum.Digest].
func SumOf(d Digest) Sum {
	var s Sum
	for i := range s {
		s[i] = binary.LittleEndian.Uint64(d[8*i:])
	}
	return s
}

// ItemSum is what one register adds to the digest of the state.
func ItemSum(k Key, v Version, entry Digest) Sum {
	var buf [256]byte
	b := append(buf[:0], k.String()...)
	b = append(b, 0)
	b = append(b, v.Dot.Origin...)
	b = append(b, 0)
	b = binary.BigEndian.AppendUint64(b, v.Dot.Seq)
	b = binary.BigEndian.AppendUint64(b, uint64(v.Stamp))
	b = append(b, entry[:]...)
	return SumOf(sha256.Sum256(b))
}

// Buckets is the number of parts that the digest of a state is kept in.
const Buckets = 4096

// Bucket says which part of the digest register k is summed into. The content
// and the lifecycle of a memory share one.
func Bucket(k Key) int {
	h := sha256.Sum256([]byte(k.A))
	return int(binary.BigEndian.Uint16(h[:]) % Buckets)
}
