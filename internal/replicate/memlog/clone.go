package memlog

import (
	"cmp"
	"maps"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// Clone returns an independent copy, as a backup is, without hooks. It does not
// know whether its numbers are free.
func (s *Store) Clone() *Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := New(s.lib, s.node, 0, s.clock)
	c.origin, c.taken, c.numbered, c.outrun, c.lsn = s.origin, "", false, s.outrun, s.lsn
	for o, l := range s.logs {
		c.logs[o] = &log{head: l.head, chain: l.chain, entries: maps.Clone(l.entries), gaps: maps.Clone(l.gaps), gone: maps.Clone(l.gone), dropped: l.dropped}
	}
	for key, e := range s.state.Keys {
		c.state.Apply(&memory.Entry{Dot: e.Dot, Stamp: e.Stamp, Op: only{e.Op, key}, Digest: e.Digest})
	}
	c.copyCursors(&s.owed)
	c.publish(memory.Committed{})
	return c
}

// Part is [Store.Clone] without the end of each log: share says, for each, how much of
// it is there, from 0 to 1. What was dropped is there again, and so are contents that were
// taken out because of what came later: they were, when the log was so short. A log of
// which not all is known is there as a whole.
func Part(s *Store, share func() float64) *Store {
	c := s.Clone()
	c.mu.Lock()
	defer c.mu.Unlock()
	covered := false
	for _, o := range slices.Sorted(maps.Keys(c.logs)) {
		covered = !c.logs[o].cut(share()) || covered
	}
	if covered {
		return s.Clone() // nobody can say what the state was
	}
	for _, o := range slices.Sorted(maps.Keys(c.logs)) {
		l := c.logs[o]
		for seq, x := range l.entries {
			if by := x.entry.Hollow; !by.IsZero() && !held(c, by) {
				l.entries[seq] = cmp.Or(c.lib.whole(x.entry), x) // one that was issued again may never have been whole
			}
		}
	}
	c.state = memory.NewState()
	for _, l := range c.logs {
		for seq, x := range l.entries {
			if _, gap := l.gaps[seq]; !gap {
				c.state.Apply(x.entry)
			}
		}
	}
	c.publish(memory.Committed{})
	return c
}

// cut drops the end of l, and reports false if l has parts that came with a snapshot.
func (l *log) cut(share float64) bool {
	head := uint64(float64(l.head) * share)
	var chain memory.Chain
	for seq := uint64(1); seq <= l.head; seq++ {
		x := cmp.Or(l.entries[seq], l.gone[seq])
		if x == nil {
			return false
		}
		if seq <= head {
			chain = chain.Next(x.entry.Digest)
		}
	}
	beyond := func(seq uint64) bool { return seq > head }
	maps.DeleteFunc(l.entries, func(seq uint64, _ *written) bool { return beyond(seq) })
	maps.DeleteFunc(l.gone, func(seq uint64, _ *written) bool { return beyond(seq) })
	maps.DeleteFunc(l.gaps, func(seq uint64, _ string) bool { return beyond(seq) })
	maps.Copy(l.entries, l.gone)
	l.head, l.chain, l.dropped, l.gone = head, chain, 0, map[uint64]*written{}
	return true
}
