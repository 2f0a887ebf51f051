package memlog

import (
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// HasEntry reports whether e itself is in the log of s and was applied, perhaps hollow.
func HasEntry(s *Store, e *memory.Entry) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.log(e.Dot.Origin).applied(e.Dot.Seq)
	return x != nil && x.entry.Digest == e.Digest
}

// Lacks lists the registers for which nothing in the log of s stands for e, should it
// not have e itself: no later entry that writes them. For a content only an erase does,
// because what an edit replaces stays in the history, or any later one, if somebody no
// longer keeps that content (see [Thin]).
func Lacks(s *Store, e *memory.Entry) []memory.Key {
	s.mu.Lock()
	defer s.mu.Unlock()
	edits := s.lib.Released(e)
	return slices.DeleteFunc(slices.Clone(e.Op.Subjects()), func(k memory.Key) bool {
		return beats(s, k, e.Version(), edits || k.Family != memory.FamContent)
	})
}

// beats reports whether the log of s has an entry, an erase or with edits any, that
// register k keeps over version v.
func beats(s *Store, k memory.Key, v memory.Version, edits bool) bool {
	// Almost always it is what holds the register.
	if w := s.state.Winner(k); w != nil && w.Version().Beats(v) && (edits || w.Version().Final) {
		if x := s.log(w.Dot.Origin).entries[w.Dot.Seq]; x != nil && x.entry.Digest == w.Digest {
			return true
		}
	}
	for _, l := range s.logs {
		for seq, x := range l.entries {
			w := x.entry.Version()
			if _, gap := l.gaps[seq]; gap || !w.Beats(v) || !edits && !w.Final {
				continue
			}
			if slices.Contains(x.entry.Op.Subjects(), k) {
				return true
			}
		}
	}
	return false
}
