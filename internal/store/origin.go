package store

import (
	"maps"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// originState is what the writer knows of one origin.
type originState struct {
	id   int64
	name memory.Origin
	head uint64
	// chain is that of the entries up to head; zero if it is not known.
	chain memory.Chain
	// islands are the entries in the log beyond head, and their digests.
	islands map[uint64]memory.Digest
	// gaps are the entries in the log, islands too, that were refused; ascending.
	// It is replaced, never changed: views share it.
	gaps []uint64
	// floor is the head when something was dropped last, floored whether there is one: see
	// floor.go.
	floor   uint64
	floored bool
}

// refused returns the gaps up to the head.
func (o *originState) refused() []uint64 {
	i, found := slices.BinarySearch(o.gaps, o.head)
	if found {
		i++
	}
	if i == 0 {
		return nil
	}
	return o.gaps[:i:i]
}

func (o *originState) isGap(seq uint64) bool {
	_, found := slices.BinarySearch(o.gaps, seq)
	return found
}

func (o *originState) addGap(seq uint64) {
	if i, found := slices.BinarySearch(o.gaps, seq); !found {
		o.gaps = slices.Insert(slices.Clone(o.gaps), i, seq)
	}
}

func (o *originState) dropGap(seq uint64) {
	if i, found := slices.BinarySearch(o.gaps, seq); found {
		o.gaps = slices.Delete(slices.Clone(o.gaps), i, i+1)
	}
}

// holds reports whether the log has, or had, the entry seq.
func (o *originState) holds(seq uint64) bool {
	if seq <= o.head {
		return seq > 0
	}
	_, ok := o.islands[seq]
	return ok
}

// advance moves the head over what is contiguous.
func (o *originState) advance() {
	for {
		d, ok := o.islands[o.head+1]
		if !ok {
			return
		}
		if o.head == 0 || !o.chain.IsZero() {
			o.chain = o.chain.Next(d)
		}
		o.head++
		delete(o.islands, o.head)
	}
}

// reading is what members are told of o.
func (o *originState) reading() memory.Head {
	return memory.Head{Seq: o.head, Gaps: o.refused(), Chain: o.chain}
}

// adopts reports whether h, of a member whose state was taken over, is news, and has
// no gap of which the entry did not come.
func (o *originState) adopts(h memory.Head) bool {
	missing := func(gap uint64) bool { return !o.holds(gap) }
	return h.Seq > o.head && !slices.ContainsFunc(h.Gaps, missing)
}

// adopt moves the head to h.
func (o *originState) adopt(h memory.Head) {
	maps.DeleteFunc(o.islands, func(seq uint64, _ memory.Digest) bool { return seq <= h.Seq })
	o.head, o.chain = h.Seq, h.Chain
	o.advance()
}
