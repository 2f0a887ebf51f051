package store

import (
	"context"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// compactor drops what is owed to nobody any more.
type compactor struct{ merger }

// compactSlice bounds how long a compaction keeps the writer at a time, in rows.
const compactSlice = 500

// thinHistory hollows out revisions of the records after rid.
func (t compactor) thinHistory(ctx context.Context, after int64, olderThan memory.Instant, keep int) (last int64, n int, err error) {
	var rows []thinning
	err = t.each(ctx, `SELECT m.rid, m.newest, m.c_lsn, m.l_state = 3 AND (m.l_stamp >> 16) * 1000000 < ?, l.older FROM memories m
		JOIN log l ON l.lsn = m.newest WHERE m.rid > ? ORDER BY m.rid LIMIT ?`, []any{int64(olderThan), after, compactSlice}, func(r rowScanner) error {
		x := thinning{before: olderThan, keep: keep}
		err := r.Scan(&x.rid, &x.newest, &x.winner, &x.dead, &x.older)
		rows = append(rows, x)
		return err
	})
	if err != nil {
		return after, 0, err
	}
	last = after
	for seen := 0; len(rows) > 0 && seen < compactSlice; rows = rows[1:] {
		x := rows[0]
		last = x.rid
		if x.dead || x.older != 0 || x.newest != x.winner {
			revs, k, err := t.thinRecord(ctx, x)
			if err != nil {
				return last, n, err
			}
			seen += revs
			n += k
		}
	}
	return last, n, nil
}

// thinning is a record whose history is thinned.
type thinning struct {
	rid, newest, winner, older int64
	dead                       bool // all of it goes
	before                     memory.Instant
	keep                       int
}

// revision is one entry of a record's history.
type revision struct {
	lsn   int64
	entry *memory.Entry
	seen  bool
	until memory.Stamp // of the first entry that replaced it
}

// thinRecord returns how many revisions there were, and how many it emptied.
func (t compactor) thinRecord(ctx context.Context, x thinning) (revs, n int, err error) {
	all, unread, err := t.history(ctx, x.newest)
	if err != nil {
		return 0, 0, err
	}
	stand, by, err := t.stand(ctx, x)
	if err != nil || stand == 0 {
		return len(all), 0, err
	}
	kept := all[:0:0]
	for i, r := range all {
		if !x.dead && (i < x.keep || !r.seen || r.lsn == x.winner || r.lsn == stand || r.until.Instant() >= x.before) {
			kept = append(kept, r)
			continue
		}
		if err := t.hollowOut(ctx, r.lsn, r.entry, by); err != nil {
			return len(all), n, err
		}
		n++
	}
	if n == 0 {
		return len(all), 0, nil
	}
	if err := t.relink(ctx, x.rid, append(kept, unread...)); err != nil || !x.dead {
		return len(all), n, err
	}
	return len(all), n, t.bury(ctx, x.rid)
}

// history reads the revisions of a record, the highest version first, and apart from them
// those that cannot be read.
func (t compactor) history(ctx context.Context, newest int64) (revs, unread []revision, err error) {
	named := map[memory.Dot]memory.Stamp{}
	err = t.revisions(ctx, newest, func(lsn int64, e *memory.Entry) error {
		if e == nil {
			unread = append(unread, revision{lsn: lsn})
			return nil
		}
		r := revision{lsn: lsn, entry: e}
		_, err := t.queryRow(ctx, `SELECT seen FROM log WHERE lsn = ?`, []any{lsn}, &r.seen)
		revs = append(revs, r)
		for _, p := range e.Prev {
			if s, ok := named[p]; !ok || e.Stamp < s {
				named[p] = e.Stamp
			}
		}
		return err
	})
	slices.SortFunc(revs, func(a, b revision) int { return b.entry.Version().Compare(a.entry.Version()) })
	for i := range revs {
		var ok bool
		if revs[i].until, ok = named[revs[i].entry.Dot]; !ok && i > 0 {
			revs[i].until = revs[i-1].entry.Stamp // what named it has no content any more
		}
	}
	return revs, unread, err
}

// stand returns the entry that stands for what is taken out of a record: that of
// its content or, where the content is gone or goes too, that of its lifecycle.
func (t compactor) stand(ctx context.Context, x thinning) (lsn int64, by memory.Dot, err error) {
	var origin, seq int64
	_, err = t.queryRow(ctx, `SELECT l.lsn, l.origin, l.seq FROM memories m JOIN log l ON l.lsn IN (m.c_lsn, m.l_lsn)
		WHERE m.rid = ? AND l.state = 0 AND (l.lsn = m.l_lsn OR NOT ?) ORDER BY l.lsn = m.c_lsn DESC LIMIT 1`,
		[]any{x.rid, x.dead}, &lsn, &origin, &seq)
	return lsn, t.dot(origin, seq), err
}

// bury takes what was derived from the content of a deleted memory out, too.
func (t compactor) bury(ctx context.Context, rid int64) error {
	t.moving[rid] = struct{}{}
	for _, q := range []string{
		`DELETE FROM embeddings WHERE record = ?`, `DELETE FROM foreseen WHERE record = ?`,
		`UPDATE memories SET namespace = '', title = '', tags = '[]', source_uri = '', owner = '', target = '', conflicts = 0 WHERE rid = ?`,
	} {
		if err := t.exec(ctx, q, rid); err != nil {
			return err
		}
	}
	return nil
}

// dropLog deletes the rows after lsn that every member has and that hold no
// register. Consolidations stay: they hold the lifecycle of many records. So do
// the entries of requests that may be repeated.
func (t compactor) dropLog(ctx context.Context, after int64, olderThan memory.Instant, stable map[memory.Origin]uint64) (last int64, n int, err error) {
	var drop []int64
	of := map[memory.Origin]uint64{} // the highest number that is dropped
	last = after
	wanted, err := t.repeatable(ctx)
	if err != nil {
		return last, 0, err
	}
	err = t.each(ctx, `SELECT l.lsn,
			CASE WHEN (l.state = 2 OR l.kind NOT IN (1, 8)) AND l.state <> 1 AND l.kind <> 8
			AND NOT EXISTS (SELECT 1 FROM memories m WHERE m.rid = l.record AND (m.c_lsn = l.lsn OR m.l_lsn = l.lsn))
			AND NOT EXISTS (SELECT 1 FROM registers r WHERE r.lsn = l.lsn) THEN 1 ELSE 0 END, `+sqlSealedL+`
		FROM log l WHERE l.lsn > ? AND l.lsn < ? ORDER BY l.lsn LIMIT ?`, []any{after, int64(t.lsn), compactSlice}, func(r rowScanner) error {
		var idle bool
		var x sealed
		if err := r.Scan(append([]any{&last, &idle}, x.dest()...)...); err != nil || !idle {
			return err
		}
		d, first := t.dot(x.origin, x.seq), wanted[x.origin]
		if d.Seq > stable[d.Origin] || first != 0 && x.seq >= first || t.own != nil && d.Origin == t.own.name && d.Seq >= t.own.head {
			return nil // the last one of its own tells a node up to where it has numbered
		}
		if e, err := t.open(x); err == nil && e.Stamp.Instant() < olderThan {
			drop = append(drop, last)
			of[d.Origin] = max(of[d.Origin], d.Seq)
		}
		return nil
	})
	if err != nil {
		return last, 0, err
	}
	for name, seq := range of {
		if err := t.floorAt(ctx, t.origins[name], seq); err != nil {
			return last, 0, err
		}
	}
	for _, lsn := range drop {
		if err := t.exec(ctx, `DELETE FROM log WHERE lsn = ?`, lsn); err != nil {
			return last, n, err
		}
		n++
	}
	return last, n, nil
}

// repeatable returns, by origin, the first entry of a request that may be repeated.
func (t compactor) repeatable(ctx context.Context) (map[int64]int64, error) {
	out := map[int64]int64{}
	err := t.each(ctx, `SELECT origin, min(seq) FROM idempotency GROUP BY origin`, nil, func(r rowScanner) error {
		var origin, seq int64
		err := r.Scan(&origin, &seq)
		out[origin] = seq
		return err
	})
	return out, err
}
