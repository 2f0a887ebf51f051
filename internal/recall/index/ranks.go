package index

import (
	"math/bits"
	"slices"
)

// Ranks says of a list of documents, in order, which documents are in it, and where: in
// little more memory than a bit for each document of the index, so that it stays near
// the processor, and without a branch that cannot be foretold. Its memory is used again
// each time; its zero value is ready.
type Ranks struct {
	bits   []uint64
	before []uint32 // by word of bits: how many are in those in front of it
}

// Of makes it those of a list of documents, of so many that there are.
func (r *Ranks) Of(docs []uint32, all int) {
	words := (all + 63) / 64
	r.bits, r.before = slices.Grow(r.bits[:0], words)[:words], slices.Grow(r.before[:0], words)[:words]
	clear(r.bits)
	at, in := uint32(0), uint64(0) // not read again for each, behind what was just written
	for _, n := range docs {
		if n>>6 != at {
			r.bits[at] = in
			at, in = n>>6, 0
		}
		in |= 1 << (n & 63)
	}
	if len(docs) > 0 {
		r.bits[at] = in
	}
	sum := uint32(0)
	for i, w := range r.bits {
		r.before[i] = sum
		sum += uint32(bits.OnesCount64(w))
	}
}

// At returns where in the list document n is, from 1; 0: it is not in it.
func (r *Ranks) At(n uint32) uint32 {
	w := r.bits[n>>6]
	in := w >> (n & 63)
	at := r.before[n>>6] + uint32(bits.OnesCount64(w&(1<<(n&63)-1)))
	return (at + 1) & -uint32(in&1)
}
