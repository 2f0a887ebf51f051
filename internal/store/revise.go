package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// revise adds the content of e to the history of m, and keeps count of the
// revisions that lost without a later one having seen them. Which those are
// depends on the set of entries alone, not on the order in which they came.
func (t *tx) revise(ctx context.Context, m *record, e incoming, wins bool, row *logRow) error {
	if m.life == memory.Erased {
		by := t.w.s.dot(m.content.origin, m.content.seq)
		raw, err := t.hollow(e.Entry, by)
		row.raw, row.state = raw, stateHollow
		return err
	}
	if !e.Hollow.IsZero() {
		return nil
	}
	row.older, m.newest, m.dirty = m.newest, row.lsn, true
	if wins {
		if err := t.outdo(ctx, m, e.Entry); err != nil {
			return err
		}
	} else {
		named, err := t.named(ctx, row.older, e.Dot)
		if err != nil {
			return err
		}
		row.seen = named
		if !named {
			m.conflicts++
		}
	}
	winner := t.w.s.dot(m.content.origin, m.content.seq)
	for _, p := range e.Prev {
		if p == winner && wins {
			continue
		}
		n, err := t.see(ctx, m, p)
		if err != nil {
			return err
		}
		m.conflicts -= n
	}
	return nil
}

// outdo notes that the current content of m loses to e: seen if e names it, in
// conflict if not.
func (t *tx) outdo(ctx context.Context, m *record, e *memory.Entry) error {
	if m.content.lsn == 0 {
		return nil
	}
	if slices.Contains(e.Prev, t.w.s.dot(m.content.origin, m.content.seq)) {
		return t.exec(ctx, `UPDATE log SET seen = 1 WHERE lsn = ?`, m.content.lsn)
	}
	var state int
	if _, err := t.w.queryRow(ctx, `SELECT state FROM log WHERE lsn = ?`, []any{m.content.lsn}, &state); err != nil {
		return err
	}
	if state == stateApplied {
		m.conflicts++
	}
	return nil
}

// see marks a revision that lost as seen, and returns how many that changed: 0 or 1.
func (t *tx) see(ctx context.Context, m *record, d memory.Dot) (int, error) {
	o := t.w.origins[d.Origin]
	if o == nil {
		return 0, nil
	}
	st, err := t.w.stmt(ctx, `UPDATE log SET seen = 1 WHERE origin = ? AND seq = ? AND record = ? AND seen = 0 AND state = 0`) //nolint:sqlclosecheck // kept for the next time
	if err != nil {
		return 0, err
	}
	res, err := st.ExecContext(ctx, o.id, int64(d.Seq), m.rid)
	if err != nil {
		return 0, classify(err)
	}
	t.rows++
	n, err := res.RowsAffected()
	return int(n), err
}

// named reports whether a revision in the list that starts at lsn names d.
func (t *tx) named(ctx context.Context, lsn int64, d memory.Dot) (bool, error) {
	found := false
	err := t.revisions(ctx, lsn, func(_ int64, e *memory.Entry) error {
		found = found || slices.Contains(e.Prev, d)
		return nil
	})
	return found, err
}

// revisions walks the history of a record, the last arrival first.
func (t *tx) revisions(ctx context.Context, lsn int64, fn func(lsn int64, e *memory.Entry) error) error {
	for lsn != 0 {
		var raw []byte
		var older int64
		found, err := t.w.queryRow(ctx, `SELECT raw, older FROM log WHERE lsn = ?`, []any{lsn}, &raw, &older)
		if err != nil || !found {
			return err
		}
		e, err := t.w.s.cfg.Codec.Decode(raw)
		if err != nil {
			return err
		}
		if err := fn(lsn, e); err != nil {
			return err
		}
		lsn = older
	}
	return nil
}

// erase takes the payload out of every revision of m.
func (t *tx) erase(ctx context.Context, m *record, by *memory.Entry) error {
	err := t.revisions(ctx, m.newest, func(lsn int64, e *memory.Entry) error {
		return t.hollowOut(ctx, lsn, e, by.Dot)
	})
	if err != nil {
		return err
	}
	m.newest, m.conflicts, m.dirty = 0, 0, true
	t.erased = true
	return t.exec(ctx, `DELETE FROM embeddings WHERE record = ?`, m.rid)
}

// hollowOut replaces a logged entry by its hollow form.
func (t *tx) hollowOut(ctx context.Context, lsn int64, e *memory.Entry, by memory.Dot) error {
	raw, err := t.hollow(e, by)
	if err != nil {
		return err
	}
	return t.exec(ctx, `UPDATE log SET raw = ?, state = ?, older = 0 WHERE lsn = ?`, raw, stateHollow, lsn)
}

// hollow returns the hollow form of e, which by replaced.
func (t *tx) hollow(e *memory.Entry, by memory.Dot) ([]byte, error) {
	h, ok := e.Hollowed(by)
	if !ok {
		return nil, fmt.Errorf("a %s has no hollow form: %w", e.Op.Kind(), memory.ErrInvalid)
	}
	return t.w.s.cfg.Codec.Encode(h)
}
