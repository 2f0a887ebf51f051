package store

import (
	"context"
	"math"

	"github.com/tallystick/tallystick/internal/memory"
)

// A row that is gone, or that lies under another number, leaves what points to it without.
// What this node numbers rows by is made whole here, before anything is read.

// placer puts rows where they belong.
type placer struct{ *state }

// lostOrigins are the numbers under which there are entries, and no origin, with the names that
// these entries say. It is asked at the start: later they are known.
func (w placer) lostOrigins(ctx context.Context) (map[int64]memory.Origin, error) {
	if len(w.origins) > 0 {
		return nil, nil //nolint:nilnil // none are lost
	}
	out := map[int64]memory.Origin{}
	for id := int64(0); ; {
		found, err := w.queryRow(ctx, `SELECT origin FROM log WHERE origin > ? AND typeof(origin) = 'integer' ORDER BY origin LIMIT 1`, []any{id}, &id)
		if err != nil || !found {
			return out, err
		}
		var one int
		if there, err := w.queryRow(ctx, `SELECT 1 FROM origins WHERE id = ?`, []any{id}, &one); err != nil {
			return nil, err
		} else if there {
			continue
		}
		name, err := w.nameOf(ctx, id)
		if err != nil {
			return nil, err
		}
		if name == "" {
			continue
		}
		// One of that name which has entries has lost a few of them: a pass finds these.
		if another, err := w.queryRow(ctx, `SELECT 1 FROM origins NOT INDEXED WHERE name = ? AND EXISTS (SELECT 1 FROM log l WHERE l.origin = origins.id)`,
			[]any{string(name)}, &one); err != nil {
			return nil, err
		} else if !another {
			out[id] = name
		}
	}
}

// restoreOrigins puts origins in their places again. Their heads are counted in the log.
func (w placer) restoreOrigins(ctx context.Context, lost map[int64]memory.Origin) error {
	for id, name := range lost {
		if err := w.exec(ctx, `INSERT INTO origins (id, name, head) VALUES (?, CAST('?' || ? AS BLOB), 0)`, id, id); err != nil {
			return err
		}
		if _, err := w.call(ctx, id, name); err != nil {
			return err
		}
	}
	return nil
}

// call gives an origin a name, and reports whether it has it now. Another one of that name
// gives way if there is nothing of it in the log.
func (w placer) call(ctx context.Context, id int64, name memory.Origin) (bool, error) {
	const empty = `name = ?1 AND id <> ?2 AND NOT EXISTS (SELECT 1 FROM log l WHERE l.origin = origins.id)`
	for _, q := range []string{`UPDATE node SET origin = ?2 WHERE origin IN (SELECT id FROM origins WHERE ` + empty + `)`, `DELETE FROM origins WHERE ` + empty} {
		if err := w.exec(ctx, q, string(name), id); err != nil {
			return false, err
		}
	}
	n, err := w.affect(ctx, `UPDATE origins SET name = ?1 WHERE id = ?2 AND NOT EXISTS (SELECT 1 FROM origins o WHERE o.name = ?1 AND o.id <> ?2)`, string(name), id)
	return n > 0, err
}

// rectifyPlaces gives rows other numbers that lie where none was given out: passes do not come
// there, and what is kept by number would take memory for all that lie below.
func (w placer) rectifyPlaces(ctx context.Context) error {
	var lsn, rid int64
	if found, err := w.queryRow(ctx, `SELECT lsn, rid FROM node`, nil, &lsn, &rid); err != nil || !found {
		return err
	}
	for _, p := range []struct {
		table, key, column string
		most               int64
	}{
		{"log", "lsn", "lsn", lsn + lostEntries},
		{"memories", "rid", "rid", rid + lostMemories},
		{"registers", "rid", "", math.MaxInt64 / 2},
	} {
		if err := w.rectifyPlace(ctx, p.table, p.key, p.column, p.most); err != nil {
			return err
		}
	}
	return nil
}

// rectifyPlace does that in a table of which no row has a number beyond one. The highest number
// is in a column of the row of the node, if any.
func (w placer) rectifyPlace(ctx context.Context, table, key, column string, most int64) error {
	var odd []int64
	err := w.each(ctx, `SELECT `+key+` FROM `+table+` WHERE `+key+` <= 0 OR `+key+` > ?`, []any{most}, func(r rowScanner) error {
		var n int64
		err := r.Scan(&n)
		odd = append(odd, n)
		return err
	})
	if err != nil || len(odd) == 0 {
		return err
	}
	w.cfg.Log.WarnContext(ctx, "rows lie where none can on this disk, and are put in their places", "table", table, "rows", len(odd))
	w.spoil()
	if err := w.reindexTwins(ctx, table, key); err != nil {
		return err
	}
	for _, n := range odd {
		if err := w.exec(ctx, `UPDATE `+table+` SET `+key+` = (SELECT max(0, coalesce(max(o.`+key+`), 0)) + 1 FROM `+table+` o WHERE o.`+key+` <= ?) WHERE `+key+` = ?`, most, n); err != nil {
			return err
		}
	}
	if column == "" {
		return nil
	}
	return w.exec(ctx, `UPDATE node SET `+column+` = max(`+column+`, (SELECT coalesce(max(`+key+`), 0) FROM `+table+`))`)
}

// reindexTwins makes the indexes of a table anew. Of two rows of one key that goes which the
// index leads to, and those of the log are put aside: a pass finds what they held.
func (w placer) reindexTwins(ctx context.Context, table, key string) error {
	err := w.exec(ctx, w.dialect.reindex+table)
	if err == nil || w.dialect.isBroken(err) {
		return err
	}
	twins, err := w.twins(ctx, table)
	if err != nil {
		return err
	}
	for _, n := range twins {
		q := `DELETE FROM ` + table + ` WHERE ` + key + ` = ?`
		if table == "log" {
			q = sqlAside
		}
		if err := w.exec(ctx, q, n); err != nil {
			return err
		}
	}
	return w.exec(ctx, w.dialect.reindex+table)
}
