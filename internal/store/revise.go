package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// revise adds the content of e to the history of m, and keeps count of the
// revisions in conflict: those with content that are not the current one, and
// that no other revision of m names. So which those are depends on the set of
// entries alone, not on the order in which they came. What a node outside the
// federation wrote is in conflict with nothing: several nodes may have logged it.
func (t merger) revise(ctx context.Context, m *record, e incoming, wins bool, row *logRow) error {
	full := e.Hollow.IsZero()
	if m.life == memory.Erased {
		if full {
			raw, err := t.hollow(e.Entry, t.dot(m.content.origin, m.content.seq))
			row.raw, row.state = raw, stateHollow
			return err
		}
		return nil
	}
	if err := t.seeAll(ctx, m, e.Entry); err != nil {
		return err
	}
	named, err := t.foreseen(ctx, m, e.Dot)
	if err != nil {
		return err
	}
	named = named || e.Actor.Legacy()
	switch {
	case wins && m.content.lsn != 0 && !slices.Contains(e.Prev, t.contentDot(m)):
		var unseen int
		_, err = t.queryRow(ctx, `SELECT 1 FROM log WHERE lsn = ? AND seen = 0 AND state = 0`, []any{m.content.lsn}, &unseen)
		m.conflicts += unseen
	case !wins && full && !named:
		m.conflicts++
	}
	m.dirty = true
	if full {
		row.seen, row.older, m.newest = named, m.newest, row.lsn
	}
	return err
}

func (t merger) contentDot(m *record) memory.Dot { return t.dot(m.content.origin, m.content.seq) }

// seeAll marks the revisions that e names as seen, also those to come.
func (t merger) seeAll(ctx context.Context, m *record, e *memory.Entry) error {
	for _, p := range e.Prev {
		if p == e.Dot {
			continue
		}
		if !t.held(p) {
			if err := t.aside(ctx, `INSERT INTO foreseen (record, dot) VALUES (?, ?) ON CONFLICT DO NOTHING`, m.rid, p.String()); err != nil {
				return err
			}
			continue
		}
		n, err := t.see(ctx, m, p)
		if err != nil {
			return err
		}
		if p != t.contentDot(m) {
			m.conflicts -= n
		}
	}
	return nil
}

// see marks a revision of m as seen, and returns how many that changed: 0 or 1.
func (t merger) see(ctx context.Context, m *record, d memory.Dot) (int, error) {
	t.rows++
	t.steps++
	if err := t.flushLog(ctx); err != nil {
		return 0, err
	}
	return t.conn.affect(ctx, `UPDATE log SET seen = 1 WHERE origin = ? AND seq = ? AND record = ? AND seen = 0 AND state = 0 AND kind IN (1, 8)`,
		t.origins[d.Origin].id, int64(d.Seq), m.rid)
}

// foreseen reports whether a revision of m that came earlier names d, and forgets that.
func (t merger) foreseen(ctx context.Context, m *record, d memory.Dot) (bool, error) {
	if m.first {
		return false, nil
	}
	var one int
	found, err := t.conn.queryRow(ctx, `SELECT 1 FROM foreseen WHERE record = ? AND dot = ?`, []any{m.rid, d.String()}, &one)
	if err != nil || !found {
		return false, err
	}
	return true, t.aside(ctx, `DELETE FROM foreseen WHERE record = ? AND dot = ?`, m.rid, d.String())
}

// revisions walks the history of a record, the last arrival first. Of damaged
// ones it gives no entry.
func (t merger) revisions(ctx context.Context, lsn int64, fn func(lsn int64, e *memory.Entry) error) error {
	for lsn != 0 {
		var older int64
		var x sealed
		found, err := t.queryRow(ctx, `SELECT l.older, `+sqlSealedL+` FROM log l WHERE l.lsn = ?`, []any{lsn}, append([]any{&older}, x.dest()...)...)
		if err != nil || !found {
			return err
		}
		e, err := t.open(x)
		if err == nil || errors.Is(err, memory.ErrDamaged) {
			err = fn(lsn, e)
		}
		if err != nil {
			return err
		}
		if older >= lsn { // damaged: it would lead round and round
			return nil
		}
		lsn = older
	}
	return nil
}

// relink makes the kept revisions the history of a record.
func (t merger) relink(ctx context.Context, rid int64, kept []revision) error {
	slices.SortFunc(kept, func(a, b revision) int { return cmp.Compare(a.lsn, b.lsn) })
	older := int64(0)
	for _, r := range kept {
		if err := t.exec(ctx, `UPDATE log SET older = ? WHERE lsn = ?`, older, r.lsn); err != nil {
			return err
		}
		older = r.lsn
	}
	return t.exec(ctx, `UPDATE memories SET newest = ? WHERE rid = ?`, older, rid)
}

// hollowOut replaces a logged entry by its hollow form.
func (t merger) hollowOut(ctx context.Context, lsn int64, e *memory.Entry, by memory.Dot) error {
	raw, err := t.hollow(e, by)
	if err != nil {
		return err
	}
	return t.exec(ctx, `UPDATE log SET raw = ?, state = ?, older = 0 WHERE lsn = ?`, raw, stateHollow, lsn)
}

// hollow returns the hollow form of e, which by replaced.
func (t merger) hollow(e *memory.Entry, by memory.Dot) ([]byte, error) {
	h, ok := e.Hollowed(by)
	if !ok {
		return nil, fmt.Errorf("a %s has no hollow form: %w", e.Op.Kind(), memory.ErrInvalid)
	}
	return t.cfg.Codec.Encode(h)
}
