package store

import (
	"context"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// compactSlice bounds how long a compaction keeps the writer at a time, in rows.
const compactSlice = 500

// idempotencyKeep is how long a repeated request is recognised.
const idempotencyKeep = memory.Instant(48 * 3600 * 1e9)

// Compact drops what is no longer owed to anybody: the content of superseded
// revisions beyond keepVersions of a record or before olderThan (those that no
// later edit has seen are kept), the content of memories deleted before
// olderThan, and log rows up to stable that no longer decide anything. It works
// in slices, between writes, and returns how many rows it emptied or dropped.
func (s *Store) Compact(ctx context.Context, olderThan memory.Instant, keepVersions int, stable map[memory.Origin]uint64) (int, error) {
	total := 0
	for _, part := range []func(context.Context, *tx, int64) (last int64, n int, err error){
		func(ctx context.Context, t *tx, after int64) (int64, int, error) {
			return t.thinHistory(ctx, after, olderThan, keepVersions)
		},
		func(ctx context.Context, t *tx, after int64) (int64, int, error) {
			return t.dropLog(ctx, after, stable)
		},
	} {
		for after := int64(0); ; {
			last, n := after, 0
			err := s.do(ctx, queueMember, compactSlice, func(ctx context.Context, t *tx) error {
				var err error
				last, n, err = part(ctx, t, after)
				return err
			})
			if err != nil {
				return total, err
			}
			total += n
			if last == after {
				break
			}
			after = last
		}
	}
	return total, s.do(ctx, queueMember, 0, func(ctx context.Context, t *tx) error {
		return t.exec(ctx, `DELETE FROM idempotency WHERE at < ?`, int64(s.now()-idempotencyKeep))
	})
}

// thinHistory hollows out revisions of the records after rid.
func (t *tx) thinHistory(ctx context.Context, after int64, olderThan memory.Instant, keep int) (last int64, n int, err error) {
	type row struct {
		rid, newest, winner int64
		dead                bool
	}
	var rows []row
	last = after
	err = t.w.each(ctx, `SELECT m.rid, m.newest, m.c_lsn, m.l_state = 3 AND (m.l_stamp >> 16) * 1000000 < ? FROM memories m
		WHERE m.rid > ? AND m.newest <> 0 ORDER BY m.rid LIMIT ?`, []any{int64(olderThan), after, compactSlice}, func(r rowScanner) error {
		var x row
		err := r.Scan(&x.rid, &x.newest, &x.winner, &x.dead)
		rows = append(rows, x)
		last = x.rid
		return err
	})
	if err != nil {
		return last, 0, err
	}
	for _, x := range rows {
		if x.newest == x.winner && !x.dead {
			var older int64
			if _, err := t.w.queryRow(ctx, `SELECT older FROM log WHERE lsn = ?`, []any{x.newest}, &older); err != nil {
				return last, n, err
			}
			if older == 0 {
				continue // one revision: nothing is superseded
			}
		}
		k, err := t.thinRecord(ctx, x.rid, x.newest, x.winner, x.dead, olderThan, keep)
		if err != nil {
			return last, n, err
		}
		n += k
	}
	return last, n, nil
}

// revision is one link of a record's history while it is thinned.
type revision struct {
	lsn   int64
	entry *memory.Entry
	seen  bool
}

func (t *tx) thinRecord(ctx context.Context, rid, newest, winner int64, dead bool, olderThan memory.Instant, keep int) (int, error) {
	var revs []revision
	err := t.revisions(ctx, newest, func(lsn int64, e *memory.Entry) error {
		r := revision{lsn: lsn, entry: e}
		_, err := t.w.queryRow(ctx, `SELECT seen FROM log WHERE lsn = ?`, []any{lsn}, &r.seen)
		revs = append(revs, r)
		return err
	})
	if err != nil {
		return 0, err
	}
	by, err := t.replacement(ctx, rid, dead)
	if err != nil {
		return 0, err
	}
	slices.SortFunc(revs, func(a, b revision) int { return b.entry.Version().Compare(a.entry.Version()) })
	kept, n := revs[:0:0], 0
	for i, r := range revs {
		old := r.entry.Stamp.Instant() < olderThan || i >= keep
		switch {
		case dead, r.lsn != winner && r.seen && old:
			if err := t.hollowOut(ctx, r.lsn, r.entry, by); err != nil {
				return n, err
			}
			n++
		default:
			kept = append(kept, r)
		}
	}
	if n == 0 {
		return 0, nil
	}
	return n, t.relink(ctx, rid, kept, dead)
}

// replacement is the entry that stands for what is taken out of a record: its
// content, or where that goes too, the entry of its deletion.
func (t *tx) replacement(ctx context.Context, rid int64, dead bool) (memory.Dot, error) {
	var origin, seq int64
	col := `c_origin, c_seq`
	if dead {
		col = `l_origin, l_seq`
	}
	_, err := t.w.queryRow(ctx, `SELECT `+col+` FROM memories WHERE rid = ?`, []any{rid}, &origin, &seq)
	return t.w.s.dot(origin, seq), err
}

// relink makes the kept revisions the history of a record.
func (t *tx) relink(ctx context.Context, rid int64, kept []revision, dead bool) error {
	slices.SortFunc(kept, func(a, b revision) int { return int(a.lsn - b.lsn) })
	older := int64(0)
	for _, r := range kept {
		if err := t.exec(ctx, `UPDATE log SET older = ? WHERE lsn = ?`, older, r.lsn); err != nil {
			return err
		}
		older = r.lsn
	}
	if err := t.exec(ctx, `UPDATE memories SET newest = ? WHERE rid = ?`, older, rid); err != nil || !dead {
		return err
	}
	if err := t.exec(ctx, sqlFTSDelete, rid); err != nil {
		return err
	}
	return t.exec(ctx, `UPDATE memories SET namespace = '', title = '', tags = '[]', source_uri = '', owner = '', target = '', conflicts = 0 WHERE rid = ?`, rid)
}

// dropLog deletes the rows after lsn that every member has and that hold no
// register. Consolidations stay: they hold the lifecycle of many records.
func (t *tx) dropLog(ctx context.Context, after int64, stable map[memory.Origin]uint64) (last int64, n int, err error) {
	var drop []int64
	last = after
	err = t.w.each(ctx, `SELECT l.lsn, l.origin, l.seq,
			(l.state = 2 OR l.kind NOT IN (1, 8)) AND l.state <> 1 AND l.kind <> 8
			AND NOT EXISTS (SELECT 1 FROM memories m WHERE m.rid = l.record AND (m.c_lsn = l.lsn OR m.l_lsn = l.lsn))
			AND NOT EXISTS (SELECT 1 FROM registers r WHERE r.lsn = l.lsn)
		FROM log l WHERE l.lsn > ? AND l.lsn < ? ORDER BY l.lsn LIMIT ?`, []any{after, int64(t.w.lsn), compactSlice}, func(r rowScanner) error {
		var origin, seq int64
		var free bool
		if err := r.Scan(&last, &origin, &seq, &free); err != nil {
			return err
		}
		if d := t.w.s.dot(origin, seq); free && d.Seq <= stable[d.Origin] {
			drop = append(drop, last)
		}
		return nil
	})
	if err != nil {
		return last, 0, err
	}
	for _, lsn := range drop {
		if err := t.exec(ctx, `DELETE FROM log WHERE lsn = ?`, lsn); err != nil {
			return last, n, err
		}
		n++
	}
	return last, n, nil
}
