package store

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// Settle compares entries of the range r that a member has with those that are
// logged here under the same dots. Of two that differ, the one that was made first
// is kept ([memory.Entry.Precedes]); one that has to make room is issued again
// under this node's origin, so that what it wrote is not lost. What this node no longer
// has is merged again: another entry may have been here under its dot, and who goes by
// the member's chain afterwards says that it holds all of it. What this node does not
// hold is left alone. Settle returns how many differed.
func (s *changes) Settle(ctx context.Context, r memory.Range, ops []memory.Arrival) (disputed int, err error) {
	in := slices.DeleteFunc(arrivals(ops), func(a arrival) bool {
		return a.Dot.Origin != r.Origin || a.Dot.Seq < r.From || a.Dot.Seq > r.To
	})
	// In the order in which they were numbered: requests of several ops stay together.
	slices.SortFunc(in, func(a, b arrival) int { return int(int64(a.Dot.Seq) - int64(b.Dot.Seq)) })
	if len(in) == 0 {
		return 0, nil
	}
	err = s.do(ctx, queueMember, len(in), func(ctx context.Context, t *tx) error {
		settling := settler{taking(t)}
		disputed = 0 // a batch that fails is run again, job by job
		o := t.origins[r.Origin]
		if o == nil {
			return nil
		}
		for _, a := range in {
			other, err := settling.one(ctx, o, a)
			if err != nil {
				return err
			}
			if other {
				disputed++
			}
		}
		return settling.rebuild(ctx)
	})
	return disputed, err
}

// logged is an entry that is in the log.
type logged struct {
	*memory.Entry

	lsn   int64
	state int
}

// one reports whether another entry than a was here under its dot.
func (t settler) one(ctx context.Context, o *originState, a arrival) (bool, error) {
	var held logged
	var x sealed
	found, err := t.queryRow(ctx, `SELECT l.lsn, `+sqlSealedL+` FROM log l WHERE l.origin = ? AND l.seq = ?`,
		[]any{o.id, int64(a.Dot.Seq)}, append([]any{&held.lsn}, x.dest()...)...)
	if err != nil || found && toDigest(x.digest) == a.Digest {
		return false, err
	}
	if !found {
		if !o.holds(a.Dot.Seq) {
			return false, nil
		}
		var out memory.Accepted
		return false, t.acceptMissing(ctx, o, a, true, &out)
	}
	held.state = x.state
	held.Entry, err = t.open(x)
	if errors.Is(err, memory.ErrDamaged) { // a disk is no dispute
		var out memory.Accepted
		_, err = t.restoreOne(ctx, o, a, &out)
		return false, err
	}
	if err != nil && held.state != stateParked || a.refused != nil {
		return true, nil //nolint:nilerr // one of them cannot be read: it is not for this program to decide
	}
	if !a.Precedes(held.Entry) {
		return true, nil
	}
	if err := t.makeRoom(ctx, o, held); err != nil {
		return true, err
	}
	var out memory.Accepted
	why, err := t.unready(ctx, a.Entry)
	if err != nil {
		return true, err
	}
	if why != nil {
		err = t.refuse(ctx, o, a, why, &out)
	} else {
		err = t.apply(ctx, o, a.incoming)
		t.out.news++
		t.mended = append(t.mended, a.Op.Subjects()[0]) // others may name its dot, and have meant the one before
	}
	if err != nil || a.Dot.Seq > o.head {
		return true, err
	}
	t.headMoved(o)
	o.chain, err = t.readChain(ctx, o)
	return true, err
}

// others settles those of in that a member has under dots that belong to other entries
// here. They come with a repair: the state of the member follows from them. What was
// made first keeps its dot, also if its content is gone: then once this node has what
// replaced that. Only the side whose entry has to make room issues it again, in its own
// comparison: two that did would be in conflict.
func (t settler) others(ctx context.Context, in []arrival) error {
	for _, a := range in {
		o := t.origins[a.Dot.Origin]
		if o == nil || a.refused != nil || a.Dot.Origin == t.taken {
			continue
		}
		if waits, err := t.waits(ctx, a.Entry); err != nil {
			return err
		} else if waits {
			continue
		}
		if _, err := t.one(ctx, o, a); err != nil {
			return err
		}
	}
	return t.rebuild(ctx)
}

// makeRoom takes held out of the log, and issues it again if it was applied; of a hollow
// entry that is what it still says.
func (t settler) makeRoom(ctx context.Context, o *originState, held logged) error {
	move := memory.Move{From: held.Dot}
	var err error
	switch held.state {
	case stateParked:
		if err := t.unparkSize(ctx, o, held.lsn); err != nil {
			return err
		}
		if err := t.exec(ctx, `DELETE FROM parked WHERE member = ? AND origin = ? AND seq = ?`,
			string(t.cfg.Node), string(held.Dot.Origin), int64(held.Dot.Seq)); err != nil {
			return err
		}
		o.dropGap(held.Dot.Seq)
	case stateHollow:
		move.To, err = t.reissueLeft(ctx, o, held)
	default:
		move.To, err = t.replace(ctx, o, held.Entry)
	}
	if err != nil {
		return err
	}
	t.moves = append(t.moves, move)
	if held.state != stateParked {
		t.mended = append(t.mended, held.Op.Subjects()[0])
	}
	t.erased = true // the tail may have it
	return t.exec(ctx, `DELETE FROM log WHERE lsn = ?`, held.lsn)
}

// reissueLeft logs again what a hollow entry still says. If that is all of it, it returns
// the last entry that does: who has that has them all.
func (t settler) reissueLeft(ctx context.Context, o *originState, held logged) (all memory.Dot, err error) {
	left := held.Remnants(func(k memory.Key) bool {
		var holds bool
		if err == nil {
			holds, err = t.holds(ctx, k, held.lsn)
		}
		return holds
	})
	if err == nil && len(left) == 0 {
		err = t.retire(ctx, o, held.Dot.Seq)
	}
	for _, e := range left {
		if err != nil {
			return memory.Dot{}, err
		}
		all, err = t.replace(ctx, o, e)
	}
	if len(left) < len(held.Op.Subjects()) { // the rest was overwritten, by entries that members may lack
		all = memory.Dot{}
	}
	return all, err
}

// holds reports whether the log row lsn holds register k.
func (t settler) holds(ctx context.Context, k memory.Key, lsn int64) (bool, error) {
	var one int
	switch k {
	case memory.ContentKey(k.A):
		return t.queryRow(ctx, `SELECT 1 FROM memories WHERE id = ? AND c_lsn = ?`, []any{k.A, lsn}, &one)
	case memory.LifeKey(k.A):
		return t.queryRow(ctx, `SELECT 1 FROM memories WHERE id = ? AND l_lsn = ?`, []any{k.A, lsn}, &one)
	}
	return t.queryRow(ctx, `SELECT 1 FROM registers WHERE family = ? AND a = ? AND b = ? AND c = ? AND lsn = ?`,
		[]any{k.Family, k.A, k.B, k.C, lsn}, &one)
}

// Concede ends a dispute that comparing cannot end: a member has another chain of an
// origin than this node, up to the same seq, and all entries that both still have are
// the same. So they differ in what one of them has dropped. What the member has no
// longer (gone) is taken out of the log here, too, and issued again under this node's
// origin, so that nothing is lost that only this node has; of its own earlier entries
// those stay that a member once held as they are here. Then this node goes by the
// member's chain; if there was nothing to take out, only if that is the lower one or this
// node is outvoted, and else it is for the member to go by this node's.
//
// Nothing happens if this node's head is no longer the one that was compared. Concede
// returns how many entries were taken out.
func (s *changes) Concede(ctx context.Context, c memory.Concession) (moved int, err error) {
	for _, r := range c.Gone {
		for r.From <= r.To {
			var n int
			var last uint64
			err := s.do(ctx, queueMember, concedeSlice, func(ctx context.Context, t *tx) error {
				n, last = 0, r.To // a batch that fails is run again, job by job
				settling := settler{taking(t)}
				o := settling.disputed(c)
				if o == nil {
					return nil
				}
				var err error
				n, last, err = settling.cut(ctx, o, r, concedeSlice)
				return err
			})
			if err != nil {
				return moved, err
			}
			moved += n
			r.From = last + 1
		}
	}
	return moved, s.do(ctx, queueMember, 0, func(ctx context.Context, t *tx) error {
		o := settler{taking(t)}.disputed(c)
		if o == nil || moved == 0 && !c.Outvoted && o.chain.String() < c.Theirs.Chain.String() {
			return nil
		}
		o.chain = c.Theirs.Chain
		t.conceded = append(t.conceded, memory.Dot{Origin: o.name, Seq: o.head})
		t.change()
		t.headMoved(o)
		return t.exec(ctx, `UPDATE node SET name = name`)
	})
}

// concedeSlice bounds how long a concession keeps the writer at a time, in entries.
const concedeSlice = 256

// disputed returns the origin of c if it is as it was when it was compared. What this
// node numbers under at present is not conceded to anybody.
func (t settler) disputed(c memory.Concession) *originState {
	o := t.origins[c.Origin]
	ours, theirs := c.Ours.Chain, c.Theirs.Chain
	if o == nil || o == t.own || o.head != c.Theirs.Seq || o.chain != ours || ours == theirs || ours.IsZero() || theirs.IsZero() {
		return nil
	}
	return o
}

// AdoptHeads moves the heads of this node to at least those given. It is for
// the end of a snapshot: what the heads cover and the snapshot did not bring had
// been superseded. An origin is left out if it has a gap of which the snapshot did
// not bring the entry either.
func (s *changes) AdoptHeads(ctx context.Context, heads memory.Heads) error {
	return s.do(ctx, queueMember, 0, func(ctx context.Context, t *tx) error {
		for name, h := range heads {
			if err := name.Valid(); err != nil {
				return err
			}
			if err := (settler{taking(t)}).adopt(ctx, name, h); err != nil {
				return err
			}
		}
		return t.aside(ctx, `UPDATE node SET name = name`)
	})
}

// adopt moves the head of an origin to h, if it may.
func (t settler) adopt(ctx context.Context, name memory.Origin, h memory.Head) error {
	last := memory.Dot{Origin: name, Seq: h.Seq}
	if err := t.yield(ctx, last); err != nil {
		return err
	}
	if t.forged(last) || h.Seq == 0 || t.crowded(name) {
		return nil
	}
	o, err := t.origin(ctx, name)
	if err != nil || !o.adopts(h) {
		return err
	}
	if name.Node() == t.cfg.Node {
		// Under numbers of an earlier life the member may have had other entries.
		if _, _, err := t.cut(ctx, o, memory.Range{From: 1, To: o.head}, math.MaxInt32); err != nil {
			return err
		}
	}
	o.adopt(h)
	t.change()
	t.headMoved(o)
	return t.floor(ctx, o)
}

// cut takes out of the log of o what is in r, at most limit entries, and issues it
// again; of an earlier incarnation of this node only what no member is known to have
// had as it is here. It is for entries that can no longer be compared. What is damaged
// stays. It returns how many were taken out, and up to where it has looked.
func (t settler) cut(ctx context.Context, o *originState, r memory.Range, limit int) (n int, last uint64, err error) {
	doubtful, last, err := t.doubtful(ctx, o, r, limit)
	if err != nil {
		return 0, last, err
	}
	for _, held := range doubtful {
		if err := t.makeRoom(ctx, o, held); err != nil {
			return n, last, err
		}
		n++
	}
	if err := t.floor(ctx, o); err != nil {
		return n, last, err
	}
	return n, last, t.rebuild(ctx)
}

// doubtful lists what [settler.cut] takes out, and up to where it has looked.
func (t settler) doubtful(ctx context.Context, o *originState, r memory.Range, limit int) (list []logged, last uint64, err error) {
	var floor int64
	if o.name.Node() == t.cfg.Node {
		if _, err := t.queryRow(ctx, `SELECT coalesce(max(seq), 0) FROM cursors WHERE origin = ?`, []any{string(o.name)}, &floor); err != nil {
			return nil, 0, err
		}
	}
	rows := 0
	err = t.each(ctx, `SELECT l.lsn, `+sqlSealedL+` FROM log l WHERE l.origin = ? AND l.seq >= ? AND l.seq <= ? ORDER BY l.seq LIMIT ?`,
		[]any{o.id, max(int64(r.From), floor+1), int64(min(r.To, o.head)), limit}, func(row rowScanner) error {
			var held logged
			var x sealed
			if err := row.Scan(append([]any{&held.lsn}, x.dest()...)...); err != nil {
				return err
			}
			rows, last, held.state = rows+1, uint64(x.seq), x.state
			var err error
			if held.Entry, err = t.open(x); !errors.Is(err, memory.ErrDamaged) {
				list = append(list, held)
			}
			return nil
		})
	if rows < limit {
		last = r.To
	}
	return list, last, err
}
