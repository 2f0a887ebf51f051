package store

import (
	"context"
	"strings"
	"time"
)

// texts fills the text index from the log.
type texts struct{ *tx }

const (
	// indexSlice is how many entries are indexed in one go when nothing else waits.
	indexSlice = 256
	// maxIndexLag is how far the index may fall behind before writes wait for it.
	maxIndexLag = 2048
	// indexPause is how long nothing must be written before the index catches up:
	// few large steps cost less than many small ones.
	indexPause = 100 * time.Millisecond
)

// indexNext indexes the next slice of the log.
func (t texts) indexNext(ctx context.Context) error {
	type change struct {
		rid  int64
		live bool
		lsn  int64
	}
	var todo []change
	last := t.indexed
	err := t.each(ctx, `SELECT l.lsn, l.record, CASE WHEN m.l_state IN (1, 2) AND m.c_lsn <> 0 THEN 1 ELSE 0 END, coalesce(m.c_lsn, 0)
		FROM log l LEFT JOIN memories m ON m.rid = l.record WHERE l.lsn > ? ORDER BY l.lsn LIMIT ?`,
		[]any{int64(t.indexed), indexSlice}, func(r rowScanner) error {
			var c change
			if err := r.Scan(&last, &c.rid, &c.live, &c.lsn); err != nil {
				return err
			}
			if c.rid != 0 {
				todo = append(todo, c)
			}
			return nil
		})
	if err != nil {
		return err
	}
	if last == t.indexed {
		last = t.lsn // what is left are holes
	}
	seen := map[int64]bool{}
	for _, c := range todo {
		if seen[c.rid] {
			continue
		}
		seen[c.rid] = true
		if err := t.exec(ctx, t.dialect.text.delete, c.rid); err != nil {
			return err
		}
		if !c.live {
			continue
		}
		if err := t.indexOne(ctx, c.rid, c.lsn); err != nil {
			return err
		}
	}
	t.indexed = last
	t.rows++
	t.steps++
	return nil
}

func (t texts) indexOne(ctx context.Context, rid, lsn int64) error {
	var raw []byte
	found, err := t.queryRow(ctx, `SELECT raw FROM log WHERE lsn = ?`, []any{lsn}, &raw)
	if err != nil || !found {
		return err
	}
	e, err := t.cfg.Codec.Decode(raw)
	if err != nil {
		// One damaged entry must not keep the others out of the index.
		t.cfg.Log.ErrorContext(ctx, "damaged entry left out of the text index", "lsn", lsn, "err", err)
		return nil
	}
	m, ok := e.Content()
	if !ok {
		return nil
	}
	return t.exec(ctx, t.dialect.text.insert, rid, m.Title, m.Content, strings.Join(m.Tags, " "))
}
