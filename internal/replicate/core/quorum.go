package core

import (
	"fmt"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// Majority is the smallest number of n members such that any two groups of that
// size have a member in common: losing any smaller group loses nothing that one
// of them held.
func Majority(n int) int { return n/2 + 1 }

// CheckQuorum says why w cannot be asked of n members, or nil.
func CheckQuorum(w, n int) error {
	if w < 1 || w > n {
		return fmt.Errorf("quorum of %d out of %d members: want 1 to %d: %w", w, n, n, memory.ErrInvalid)
	}
	return nil
}

// Tally is who holds an op, as far as is known.
type Tally struct {
	Dot    memory.Dot
	Epoch  uint64        // of the members that W and N are of; 0: they are configured
	W      int           // members asked for
	N      int           // members there are that count
	HeldBy []memory.Node // those of them that hold it, sorted, each once
	Former Share         // what the members before hold of it, while a change is under way
}

// Share is how many of a group hold an op, and how many are asked for.
type Share struct{ Held, W int }

// Met reports whether as many hold the op as were asked for, of the present members
// and, while a change is under way, of those before.
func (t Tally) Met() bool { return len(t.HeldBy) >= t.W && t.Former.Held >= t.Former.W }

// union merges two readings of what one node holds of one origin. A node that
// holds an op keeps it, so the union is right in whatever order readings come. Of
// two readings that reach equally far the newer one says which entries they are.
func union(a, b memory.Head, newer bool) memory.Head {
	if a.Seq < b.Seq || a.Seq == b.Seq && newer {
		a, b = b, a
	}
	if len(a.Gaps) == 0 {
		return a
	}
	gaps := make([]uint64, 0, len(a.Gaps))
	for _, g := range a.Gaps {
		if g > b.Seq || slices.Contains(b.Gaps, g) {
			gaps = append(gaps, g)
		}
	}
	if len(gaps) == 0 {
		gaps = nil
	}
	return memory.Head{Seq: a.Seq, Gaps: gaps, Chain: a.Chain}
}

// sameHeads reports whether a and b are the same set of ops, without gaps: only
// then must the states be equal.
func sameHeads(a, b memory.Heads) bool {
	return covers(a, b) && covers(b, a)
}

func covers(a, b memory.Heads) bool {
	for o, h := range b {
		if len(h.Gaps) > 0 || a[o].Seq < h.Seq || differ(a[o], h) {
			return false
		}
	}
	return true
}

// differ reports whether a and b reach equally far by other entries.
func differ(a, b memory.Head) bool {
	return a.Seq == b.Seq && a.Chain != b.Chain && !a.Chain.IsZero() && !b.Chain.IsZero()
}
