package memlog

import (
	"context"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// Settle implements replicate.Log.
func (s *Store) Settle(_ context.Context, _ memory.Source, r memory.Range, ops []memory.Shipment) (disputed int, there []uint64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out memory.Accepted
	var c memory.Committed
	for _, ship := range ops {
		x, err := s.lib.open(ship)
		if err != nil {
			return disputed, there, err
		}
		e := x.entry
		if e.Dot.Origin != r.Origin || e.Dot.Seq < r.From || e.Dot.Seq > r.To {
			continue
		}
		there = append(there, e.Dot.Seq)
		l := s.log(e.Dot.Origin)
		held := l.entries[e.Dot.Seq]
		switch {
		case held == nil && e.Dot.Seq <= l.head: // it was dropped here, or another one was
			s.apply(l, x)
			out.Applied++
			continue
		case held == nil || held.entry.Digest == e.Digest:
			continue
		}
		disputed++
		dispute(s, l, held, x, &out, &c)
	}
	c.Other = out.Applied
	s.publish(c)
	slices.Sort(there)
	return disputed, there, nil
}

// dispute gives x the number of held, if it was made first.
func dispute(s *Store, l *log, held, x *written, out *memory.Accepted, c *memory.Committed) {
	if x.entry.Precedes(held.entry) {
		makeRoom(s, l, held.entry, c)
		take(s, l, x, out)
		l.rechain()
	}
}

// makeRoom takes held out of the log, and issues it again if it was applied; of a hollow
// entry that is what it still says.
func makeRoom(s *Store, l *log, held *memory.Entry, c *memory.Committed) {
	move := memory.Move{From: held.Dot}
	if _, gap := l.gaps[held.Dot.Seq]; !gap {
		left := []*memory.Entry{held}
		if !held.Hollow.IsZero() {
			left = held.Remnants(func(k memory.Key) bool {
				w := s.state.Winner(k)
				return w != nil && w.Dot == held.Dot && w.Digest == held.Digest
			})
		}
		for _, e := range left {
			move.To = reissue(s, held, e, c) // who has the last one has them all
		}
		if !held.Hollow.IsZero() && len(left) < len(held.Op.Subjects()) {
			move.To = memory.Dot{} // the rest was overwritten, by entries that members may lack
		}
	}
	c.Moved = append(c.Moved, move)
	delete(l.gaps, held.Dot.Seq)
	delete(l.entries, held.Dot.Seq)
}

// reissue logs again what is left of an entry, as the next one of this node.
func reissue(s *Store, of, left *memory.Entry, c *memory.Committed) memory.Dot {
	s.incarnate()
	own := s.log(s.origin)
	again := left.Reissued(memory.Dot{Origin: s.origin, Seq: own.head + 1})
	again.Digest = digestOf(again)
	s.lib.reissue(of, again)
	s.apply(own, s.lib.enter(again))
	c.Own = append(c.Own, memory.OwnEntry{Dot: again.Dot, Kind: again.Op.Kind(), Chain: own.chain})
	return again.Dot
}

// Concede implements replicate.Door.
func (s *Store) Concede(_ context.Context, _ memory.Source, c memory.Concession) (moved int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.log(c.Origin)
	ours, theirs := c.Ours.Chain, c.Theirs.Chain
	if c.Origin == s.origin || l.head != c.Theirs.Seq || l.chain != ours || ours == theirs || ours.IsZero() || theirs.IsZero() {
		return 0, nil
	}
	var done memory.Committed
	for _, r := range c.Gone {
		moved += cut(s, c.Origin, l, r, &done)
	}
	if moved > 0 || c.Outvoted || theirs.String() < ours.String() {
		l.chain = theirs
		s.lsn++
		done.Conceded = append(done.Conceded, memory.Dot{Origin: c.Origin, Seq: l.head})
	}
	s.publish(done)
	return moved, nil
}

// cut takes out of the log what is in r, and issues it again; of an earlier incarnation
// of this node only what no member is known to have had as it is here.
func cut(s *Store, o memory.Origin, l *log, r memory.Range, c *memory.Committed) (moved int) {
	if o.Node() == s.node {
		r.From = max(r.From, s.furthest(o)+1)
	}
	for seq := r.From; seq <= min(r.To, l.head); seq++ {
		if x := l.entries[seq]; x != nil {
			makeRoom(s, l, x.entry, c)
			l.dropped = max(l.dropped, seq)
			moved++
		}
	}
	return moved
}

// rechain adds up the chain of l anew, if all of it is still there.
func (l *log) rechain() {
	var chain memory.Chain
	for seq := uint64(1); seq <= l.head; seq++ {
		x := l.entries[seq]
		if x == nil {
			l.chain = memory.Chain{}
			return
		}
		chain = chain.Next(x.entry.Digest)
	}
	l.chain = chain
}

// Entries lists what is there of an origin up to seq.
func (s *Store) Entries(o memory.Origin, seq uint64) []memory.Shipment {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []memory.Shipment
	for l, n := s.log(o), uint64(1); n <= min(seq, l.head); n++ {
		if x := l.entries[n]; x != nil {
			sent, _ := pointed(s, x)
			out = append(out, sent.Shipment)
		}
	}
	return out
}
