package memlog

import (
	"maps"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// Contents leave the log as they leave the real store's: at once where the memory is
// erased, and after a while where another entry has replaced them. What is left is
// hollow, keeps its number, and travels with what stands for it.

// held reports whether d was applied here, whatever the head.
func held(s *Store, d memory.Dot) bool {
	l := s.log(d.Origin)
	_, gap := l.gaps[d.Seq]
	return !gap && covers(l, d.Seq)
}

// covers reports whether an entry seq is here, or was, or was refused.
func covers(l *log, seq uint64) bool { return seq <= l.head || l.entries[seq] != nil }

// applied returns the entry seq, nil if it is not in the log or was refused.
func (l *log) applied(seq uint64) *written {
	if _, gap := l.gaps[seq]; gap {
		return nil
	}
	return l.entries[seq]
}

// early reports whether x must come again later: what replaced its content has not
// come yet.
func early(s *Store, x *written) bool {
	by := x.entry.Hollow
	return !by.IsZero() && !covers(s.log(x.entry.Dot.Origin), x.entry.Dot.Seq) && !covers(s.log(by.Origin), by.Seq) && !overwritten(s, x.entry)
}

// waits reports whether what replaced the content of e was refused here, and nothing else
// has.
func waits(s *Store, e *memory.Entry) bool {
	return !e.Hollow.IsZero() && !held(s, e.Hollow) && !overwritten(s, e)
}

// overwritten reports whether the content of e would hold nothing here.
func overwritten(s *Store, e *memory.Entry) (is bool) {
	for _, k := range e.Op.Subjects() {
		if k.Family != memory.FamContent {
			continue
		}
		w := s.state.Winner(k)
		if is = w != nil && w.Version().Beats(e.Version()); !is {
			return false
		}
	}
	return is
}

// erased returns the entry that erased a memory, nil if none did.
func erased(s *Store, id string) *memory.Entry {
	if w := s.state.Winner(memory.ContentKey(id)); w != nil && w.Version().Final {
		return w
	}
	return nil
}

// empty puts the hollow form of an entry in its place.
func empty(s *Store, l *log, seq uint64, by memory.Dot) {
	if h, ok := l.entries[seq].entry.Hollowed(by); ok {
		l.entries[seq] = s.lib.enter(h)
	}
}

// shed takes contents of erased memories out, after e was merged: its own, or those
// of the memory that it erases, also such as were refused. Proposals keep theirs until
// they are closed.
func shed(s *Store, e *memory.Entry) {
	own := s.log(e.Dot.Origin)
	if x := own.entries[e.Dot.Seq]; x != nil && x.content != "" && !x.proposed {
		if by := erased(s, x.content); by != nil {
			empty(s, own, e.Dot.Seq, by.Dot)
		}
	}
	if erase, is := e.Op.(*memory.Erase); is {
		shedAll(s, erase.ID)
	}
	id := e.Op.About().Proposal
	if id == "" {
		return
	}
	p := s.state.Winner(memory.Key{Family: memory.FamProposal, A: id})
	if p == nil || !closed(s, p) {
		return
	}
	if x := logged(s, p); x != nil && x.content != "" {
		if by := erased(s, x.content); by != nil {
			empty(s, s.log(p.Dot.Origin), p.Dot.Seq, by.Dot)
		}
	}
}

// shedAll takes the content of an erased memory out of all that there is.
func shedAll(s *Store, id string) {
	by := erased(s, id)
	if by == nil {
		return
	}
	for _, l := range s.logs {
		for seq, x := range l.entries {
			if x.content != id {
				continue
			}
			if _, gap := l.gaps[seq]; gap || !x.proposed || closed(s, x.entry) {
				empty(s, l, seq, by.Dot)
			}
		}
	}
}

// closed reports whether e is the proposal of its id, and there is a verdict on it.
func closed(s *Store, e *memory.Entry) bool {
	id := e.Op.About().Proposal
	p := s.state.Winner(memory.Key{Family: memory.FamProposal, A: id})
	return p != nil && p.Dot == e.Dot && p.Digest == e.Digest && s.state.Winner(memory.Key{Family: memory.FamVerdict, A: id}) != nil
}

// logged returns w as it is in the log and has its content, nil if it has not.
func logged(s *Store, w *memory.Entry) *written {
	if w == nil {
		return nil
	}
	x := s.log(w.Dot.Origin).applied(w.Dot.Seq)
	if x == nil || x.entry.Digest != w.Digest || !x.entry.Hollow.IsZero() {
		return nil
	}
	return x
}

// stand returns the entry that stands for what is taken out of a memory: that which
// holds its content or, where that is gone too, its lifecycle; nil if neither is left.
func stand(s *Store, id string) *written {
	if x := logged(s, s.state.Winner(memory.ContentKey(id))); x != nil {
		return x
	}
	return logged(s, s.state.Winner(memory.LifeKey(id)))
}

// pointed returns x as it travels: if it is hollow, it names what stands for its memory
// now, which is returned, too.
func pointed(s *Store, x *written) (*written, *written) {
	if x.entry.Hollow.IsZero() {
		return x, nil
	}
	by := stand(s, x.entry.Op.About().Main())
	if _, gap := s.log(x.entry.Dot.Origin).gaps[x.entry.Dot.Seq]; gap || by == nil || by.entry.Dot == x.entry.Dot {
		return x, nil
	}
	h, _ := x.entry.Hollowed(by.entry.Dot)
	return s.lib.enter(h), by
}

// travels returns a run of the log as it is sent, with what stands for hollow ones.
func travels(s *Store, run []*written) []memory.Shipment {
	ops := make([]memory.Shipment, 0, len(run))
	in := map[memory.Dot]bool{}
	for _, x := range run {
		in[x.entry.Dot] = true
	}
	var added []memory.Shipment
	for _, x := range run {
		sent, by := pointed(s, x)
		ops = append(ops, sent.Shipment)
		if by != nil && !in[by.entry.Dot] {
			in[by.entry.Dot] = true
			added = append(added, by.Shipment)
		}
	}
	return append(ops, added...)
}

// Thin takes the contents out of the histories of those memories that which names, as
// far as they are no longer kept: of a deleted one all, of others what a later entry
// has seen and replaced.
func Thin(s *Store, which func(id string) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	full, seen := histories(s)
	for _, id := range slices.Sorted(maps.Keys(full)) {
		if !which(id) {
			continue
		}
		life := logged(s, s.state.Winner(memory.LifeKey(id)))
		dead := life != nil && life.entry.Op.Kind() == memory.KindDelete
		by := life
		if !dead {
			by = stand(s, id)
		}
		winner := s.state.Winner(memory.ContentKey(id))
		if by == nil || winner == nil {
			continue
		}
		for _, e := range full[id] {
			if dead || seen[e.Dot] && winner.Dot != e.Dot && by.entry.Dot != e.Dot {
				empty(s, s.log(e.Dot.Origin), e.Dot.Seq, by.entry.Dot)
				s.lib.release(e)
			}
		}
	}
}

// histories lists the entries that have content of memories, by id, in no order, and
// what any names that it has replaced.
func histories(s *Store) (full map[string][]*memory.Entry, seen map[memory.Dot]bool) {
	full, seen = map[string][]*memory.Entry{}, map[memory.Dot]bool{}
	for _, l := range s.logs {
		for seq, x := range l.entries {
			if _, gap := l.gaps[seq]; gap || x.proposed {
				continue
			}
			for _, d := range x.entry.Prev {
				seen[d] = true
			}
			if x.content != "" {
				full[x.content] = append(full[x.content], x.entry)
			}
		}
	}
	return full, seen
}

// idle reports whether x is in the log for nothing but its number: it holds no register,
// and has no content. Consolidations stay.
func idle(s *Store, x *written) bool {
	k := x.entry.Op.Kind()
	if k == memory.KindConsolidate || k == memory.KindPut && x.entry.Hollow.IsZero() {
		return false
	}
	return !slices.ContainsFunc(x.entry.Op.Subjects(), func(k memory.Key) bool {
		w := s.state.Winner(k)
		return w == nil || w.Dot == x.entry.Dot && w.Digest == x.entry.Digest
	})
}
