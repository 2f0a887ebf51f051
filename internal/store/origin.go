package store

import (
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// originState is what the writer knows of one origin.
type originState struct {
	id   int64
	name memory.Origin
	head uint64
	// islands are the entries in the log beyond head.
	islands map[uint64]struct{}
	// gaps are the entries in the log, islands too, that were refused; ascending.
	// It is replaced, never changed: views share it.
	gaps []uint64
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
		return true
	}
	_, ok := o.islands[seq]
	return ok
}
