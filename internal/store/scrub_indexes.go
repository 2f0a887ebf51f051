package store

import (
	"context"
	"fmt"
	"time"
)

// The indexes of a table are made of its rows, and lie elsewhere on the disk. If they are
// damaged, and the rows are not, then a row is not found by its key, or another one is.
// They are made anew, and nothing was lost.

// reindexEvery is how long the indexes are left alone once all were made anew: if the
// database contradicts itself still, it is not for them.
const reindexEvery = time.Minute

// unsound notes that somebody met a contradiction in the database.
type unsound struct {
	met chan struct{} // of capacity 1
	at  time.Time     // when indexes were made anew last; of the writer
}

// note may be called by anybody, at any time.
func (u *unsound) note() {
	select {
	case u.met <- struct{}{}:
	default:
	}
}

// watch has whatever reads or writes note what it meets.
func (s *base) watch(rouse func()) {
	s.unsound.met = make(chan struct{}, 1)
	classify := s.dialect.classify
	s.dialect.classify = func(err error) error {
		if s.dialect.isBroken(err) {
			s.unsound.note()
			rouse()
		}
		return classify(err)
	}
}

// due reports whether the indexes are to be made anew. Only the writer asks.
func (u *unsound) due(now time.Time) bool {
	if !u.at.IsZero() && now.Sub(u.at) < reindexEvery {
		return false
	}
	select {
	case <-u.met:
		u.at = now
		return true
	default:
		return false
	}
}

// reindexAll makes the indexes of all tables anew, as far as that can be done.
func (w *writer) reindexAll(ctx context.Context) error {
	err := w.transact(ctx, []*job{{done: make(chan struct{}), run: func(ctx context.Context, t *tx) error {
		var tables []string
		err := t.each(ctx, w.dialect.tables, nil, func(r rowScanner) error {
			var name string
			err := r.Scan(&name)
			tables = append(tables, name)
			return err
		})
		for _, name := range tables {
			if err == nil {
				err = scrubber{t}.reindex(ctx, name)
			}
		}
		return err
	}}})
	if err != nil {
		w.cfg.Log.ErrorContext(ctx, "the database is damaged, and its indexes cannot be made anew", "err", err)
		return err
	}
	w.cfg.Log.WarnContext(ctx, "the database contradicted itself; its indexes were made anew")
	return nil
}

// stray makes the indexes of a table anew if one does not lead to a row that is there.
func (t scrubber) stray(ctx context.Context, table, q string, args ...any) error {
	var one int
	if found, err := t.queryRow(ctx, q, args, &one); err != nil || !found {
		return err
	}
	t.cfg.Log.WarnContext(ctx, "an index is damaged on this disk, and is made anew", "table", table)
	return t.reindex(ctx, table)
}

// reindex makes the indexes of a table anew. As long as a row was not found, another may
// have been made in its place: then that goes, and the entries that it named compete
// again with those of the first one.
func (t scrubber) reindex(ctx context.Context, table string) error {
	t.erased = true // what is kept in memory may have been read by them
	t.rows++
	t.steps++
	first := t.exec(ctx, t.dialect.reindex+table)
	if first == nil || t.dialect.isBroken(first) {
		return first
	}
	var q string
	var named func(context.Context, int64) ([]again, error)
	switch table {
	case "memories":
		q, named = t.dialect.twins.memories, t.named
	case "registers":
		q, named = t.dialect.twins.registers, t.holder
	default:
		return first
	}
	var rids []int64
	err := t.each(ctx, q, nil, func(r rowScanner) error {
		var rid int64
		err := r.Scan(&rid)
		rids = append(rids, rid)
		return err
	})
	if err != nil {
		return err
	}
	if len(rids) == 0 {
		return first
	}
	var anew []again
	for _, rid := range rids {
		entries, err := named(ctx, rid)
		if err != nil {
			return err
		}
		anew = append(anew, entries...)
	}
	return t.replace(ctx, table, rids, anew)
}

// named are the entries that a record names.
func (t scrubber) named(ctx context.Context, rid int64) ([]again, error) {
	entries, _, err := t.compare(ctx, rid)
	return entries, err
}

// holder is the entry that a register of no memory names.
func (t scrubber) holder(ctx context.Context, rid int64) ([]again, error) {
	var x sealed
	var lsn int64
	found, err := t.queryRow(ctx, `SELECT r.lsn, `+sqlSealedG+` FROM registers r JOIN log g ON g.lsn = r.lsn WHERE r.rid = ?`, []any{rid}, append([]any{&lsn}, x.dest()...)...)
	if err != nil || !found {
		return nil, err
	}
	e, err := t.decode(x)
	if e == nil || err != nil {
		return nil, fmt.Errorf("register %d: its entry cannot be read: %w", rid, err)
	}
	return []again{{lsn, e}}, nil
}
