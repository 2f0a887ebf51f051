package store

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// A pass goes over all that there is, in steps, and each step in slices, between which the
// writer takes what is queued: nobody who writes waits for longer than a slice takes,
// however much there is.

// passer is what a pass does beside the log.
type passer struct{ scrubber }

// step looks at the rows of a table that lie behind one. It returns the last one that it
// looked at, and how many there were: none at the end of the table.
type step func(t passer, ctx context.Context, after int64) (last int64, n int, err error)

// pass are the steps before the log, and behind it. What cannot be read comes first: what
// it held is found on the way through the log.
type pass struct{ before, behind []step }

func (d *dialect) pass() pass {
	p := pass{
		before: []step{passer.unreadable, func(t passer, ctx context.Context, after int64) (int64, int, error) {
			last, n, err := t.span(ctx, sqlSpanRegisters, after, scrubRows)
			if err == nil && n > 0 {
				err = t.recast(ctx, after, scrubRows)
			}
			return last, n, err
		}},
		behind: []step{passer.registers, passer.lostMemories, passer.lostRegisters, passer.holes},
	}
	for i := range d.loose.wide {
		p.behind = append(p.behind, func(t passer, ctx context.Context, after int64) (int64, int, error) { return t.loose(ctx, i, after) })
	}
	return p
}

// all are the steps in order.
func (p pass) all() []step { return append(append(p.before, passer.slice), p.behind...) }

// scrubHeads is how many rows are looked at in one go of which little more than the head is
// read.
const scrubHeads = 10 * scrubRows

const (
	sqlSpanMemories  = `SELECT coalesce(max(rid), 0) FROM (SELECT rid FROM memories WHERE rid > ? ORDER BY rid LIMIT ?)`
	sqlSpanRegisters = `SELECT coalesce(max(rid), 0) FROM (SELECT rid FROM registers WHERE rid > ? ORDER BY rid LIMIT ?)`
)

// span finds the row so many behind one, or the last one. N is zero if there is none.
func (t passer) span(ctx context.Context, q string, after int64, rows int) (last int64, n int, err error) {
	if _, err := t.queryRow(ctx, q, []any{after, rows}, &last); err != nil || last <= after {
		return after, 0, err
	}
	return last, 1, nil
}

// unreadable is a slice of what [scrubber.garbled] does.
func (t passer) unreadable(ctx context.Context, after int64) (last int64, n int, err error) {
	last, n, err = t.span(ctx, sqlSpanMemories, after, scrubHeads)
	if err == nil && n > 0 {
		err = t.garbled(ctx, after, last)
	}
	return last, n, err
}

// loose looks for rows of a table that nothing points to, and has all such tables set right
// if there are any.
func (t passer) loose(ctx context.Context, table int, after int64) (last int64, n int, err error) {
	q := &t.dialect.loose.wide[table]
	last, n, err = t.span(ctx, q.next, after, scrubHeads)
	if err != nil || n == 0 {
		return last, n, err
	}
	ahead, err := t.tomorrow(ctx)
	if err != nil {
		return last, n, err
	}
	var garbled int
	if _, err := t.queryRow(ctx, q.garbled, []any{string(t.cfg.Node), ahead, after, last}, &garbled); err != nil || garbled == 0 {
		return last, n, err
	}
	t.rows++
	return last, n, t.rectify(ctx, t.dialect.loose.garbled)
}

// The rows that point to entries that are not there, and which these are: of memories and of
// registers, from behind one row up to another.
const (
	sqlLostMemories = `SELECT m.rid, m.c_origin, m.c_seq FROM memories m WHERE m.rid > ?1 AND m.rid <= ?2 AND m.c_lsn <> 0
		AND NOT EXISTS (SELECT 1 FROM log l WHERE l.lsn = m.c_lsn)
	UNION ALL SELECT m.rid, m.l_origin, m.l_seq FROM memories m WHERE m.rid > ?1 AND m.rid <= ?2 AND m.l_lsn <> 0
		AND NOT EXISTS (SELECT 1 FROM log l WHERE l.lsn = m.l_lsn)`
	sqlLostRegisters = `SELECT r.rid, r.origin, r.seq FROM registers r WHERE r.rid > ? AND r.rid <= ? AND NOT EXISTS (SELECT 1 FROM log l WHERE l.lsn = r.lsn)`
)

// lost lists the entries that are missing where a row points to them. What it returns are
// rows that point to what is elsewhere, or to what this node never had, and those entries
// that are there.
func (t passer) lost(ctx context.Context, q string, after, last int64) (rids []int64, anew []again, err error) {
	type pointer struct{ rid, origin, seq int64 }
	var list []pointer
	err = t.each(ctx, q, []any{after, last}, func(r rowScanner) error {
		var p pointer
		err := r.Scan(&p.rid, &p.origin, &p.seq)
		list = append(list, p)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	var dots [][2]int64
	for _, p := range list {
		held, err := t.heldBy(ctx, int64(0), p.origin, p.seq)
		if err != nil {
			return nil, nil, err
		}
		o := t.origins[t.originName(p.origin)]
		if known := o != nil && o.holds(uint64(p.seq)); known && len(held) == 0 {
			dots = append(dots, [2]int64{p.origin, p.seq})
		} else {
			rids, anew = append(rids, p.rid), append(anew, held...)
		}
	}
	return rids, anew, t.mark(ctx, dots)
}

// lostMemories looks from a slice of the memories to the log, and makes rows anew that point
// to the entries of others.
func (t passer) lostMemories(ctx context.Context, after int64) (last int64, n int, err error) {
	last, n, err = t.span(ctx, sqlSpanMemories, after, scrubHeads)
	if err != nil || n == 0 {
		return last, n, err
	}
	rids, _, err := t.lost(ctx, sqlLostMemories, after, last)
	if err != nil {
		return last, n, err
	}
	if len(rids) > 0 {
		anew, err := t.entriesOf(ctx, rids)
		if err != nil {
			return last, n, err
		}
		if err := t.replace(ctx, "memories", rids, anew); err != nil {
			return last, n, err
		}
	}
	return last, n, t.astray(ctx, after, last)
}

// lostRegisters is the same of registers.
func (t passer) lostRegisters(ctx context.Context, after int64) (last int64, n int, err error) {
	last, n, err = t.span(ctx, sqlSpanRegisters, after, scrubHeads)
	if err != nil || n == 0 {
		return last, n, err
	}
	rids, anew, err := t.lost(ctx, sqlLostRegisters, after, last)
	if err != nil {
		return last, n, err
	}
	return last, n, t.replace(ctx, "registers", rids, anew)
}

// end finishes a pass: if the sums may be wrong it adds up the rows, which takes as long as
// there are rows, and reports whether they were.
func (t passer) end(ctx context.Context, differs bool) (wrong bool, err error) {
	if err := sorter(t).sound(ctx); err != nil {
		return false, err
	}
	if differs {
		if wrong, err = t.scrub(ctx); err != nil {
			return wrong, err
		}
	}
	t.damage.unsound.end()
	return wrong, t.aside(ctx, `UPDATE scrub SET done = ?`, int64(t.now()))
}

// unread notes that a pass could not read what it came to.
func (t *tx) unread(err error) error {
	if t.dialect.isBroken(err) {
		t.damage.unsound.pages.Add(1)
	}
	return err
}

// scrubAll takes steps to their ends, slice by slice.
func (s *changes) scrubAll(ctx context.Context, steps []step) error {
	for _, run := range steps {
		for last, n := int64(0), 1; n > 0; {
			after := last // a batch that fails is run again, job by job
			err := s.do(ctx, queueMember, scrubRows, func(ctx context.Context, t *tx) (err error) {
				last, n, err = run(passer{scrubber{t}}, ctx, after)
				return t.unread(err)
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// scrubEnd looks at what is not in the log, and finishes a pass: see [passer.end].
func (s *changes) scrubEnd(ctx context.Context) (wrong bool, err error) {
	if err := s.scrubAll(ctx, s.dialect.pass().behind); err != nil {
		return false, err
	}
	differs := s.adder.differs(ctx)
	if err := ctx.Err(); err != nil {
		return false, err
	}
	err = s.do(ctx, queueMember, scrubRows, func(ctx context.Context, t *tx) (err error) {
		wrong, err = passer{scrubber{t}}.end(ctx, differs)
		return err
	})
	return wrong, err
}

// Scrub reads a part of the log, from after the local sequence number given on, for
// about as long as given or to its end, and what is beside the log before its beginning
// and behind its end. Entries that are damaged are marked: they are not served, are out of
// the digest, and members are asked for them.
func (s *changes) Scrub(ctx context.Context, after uint64, about time.Duration) (memory.Scrubbing, error) {
	out := memory.Scrubbing{After: min(after, 1<<62)}
	if after == 0 {
		s.damage.unsound.begin()
		if err := s.scrubAll(ctx, s.dialect.pass().before); err != nil {
			return out, err
		}
	}
	for end := time.Now().Add(about); !out.Done; {
		var last int64
		var n int
		err := s.do(ctx, queueMember, scrubRows, func(ctx context.Context, t *tx) error {
			var err error
			last, n, err = (scrubber{t}).slice(ctx, int64(out.After))
			return t.unread(err)
		})
		if err == nil && n == 0 {
			out.Wrong, err = s.scrubEnd(ctx)
		}
		if err != nil {
			return out, err
		}
		out.After, out.Entries, out.Done = uint64(last), out.Entries+n, n == 0
		if !time.Now().Before(end) {
			break
		}
	}
	out.Last, out.Damaged = s.View().LSN, int(s.damage.marked.Load())
	return out, nil
}
