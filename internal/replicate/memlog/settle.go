package memlog

import (
	"context"

	"github.com/tallystick/tallystick/internal/memory"
)

// Settle implements replicate.Log.
func (s *Store) Settle(_ context.Context, _ memory.Source, r memory.Range, ops []memory.Shipment) (disputed int, last uint64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out memory.Accepted
	var c memory.Committed
	for _, ship := range ops {
		x, err := s.lib.open(ship)
		if err != nil {
			return disputed, last, err
		}
		e := x.entry
		if e.Dot.Origin != r.Origin || e.Dot.Seq < r.From || e.Dot.Seq > r.To {
			continue
		}
		last = max(last, e.Dot.Seq)
		l := s.log(e.Dot.Origin)
		held := l.entries[e.Dot.Seq]
		if held == nil || held.entry.Digest == e.Digest {
			continue
		}
		disputed++
		if e.Precedes(held.entry) {
			makeRoom(s, l, held.entry, &c)
			take(s, l, x, &out)
			l.rechain()
		}
	}
	c.Other = out.Applied
	s.publish(c)
	return disputed, last, nil
}

// makeRoom takes held out of the log, and issues it again if it was applied.
func makeRoom(s *Store, l *log, held *memory.Entry, c *memory.Committed) {
	move := memory.Move{From: held.Dot}
	if _, gap := l.gaps[held.Dot.Seq]; !gap {
		s.incarnate()
		own := s.log(s.origin)
		again := held.Reissued(memory.Dot{Origin: s.origin, Seq: own.head + 1})
		again.Digest = digestOf(again)
		s.apply(own, s.lib.enter(again))
		s.lib.reissue(held, again)
		c.Own = append(c.Own, memory.OwnEntry{Dot: again.Dot, Kind: again.Op.Kind(), Chain: own.chain})
		move.To = again.Dot
	}
	c.Moved = append(c.Moved, move)
	delete(l.gaps, held.Dot.Seq)
	delete(l.entries, held.Dot.Seq)
}

// cut takes out of the log of an earlier incarnation what no member is known to
// have had as it is here, and issues it again.
func cut(s *Store, o memory.Origin, l *log, c *memory.Committed) {
	for seq := s.furthest(o) + 1; seq <= l.head; seq++ {
		if x := l.entries[seq]; x != nil {
			makeRoom(s, l, x.entry, c)
		}
	}
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
			out = append(out, x.Shipment)
		}
	}
	return out
}
