package store

import (
	"context"
	"errors"

	"github.com/tallystick/tallystick/internal/memory"
)

// Rows of tables that nothing points to may have values that are none of their columns, as
// those of the log may. Here each is set right or dropped, so that the node claims less than
// it may: it is told again what it has forgotten, delivers twice rather than not at all,
// and does not count as held what it had refused.

// rectifyFirst is rectify at the start, before anything is read.
func (w *state) rectifyFirst(ctx context.Context) error {
	if w.rectified {
		return nil
	}
	if err := w.begin(ctx); err != nil {
		return err
	}
	err := w.rectify(ctx)
	if err == nil {
		err = w.commit(ctx)
	}
	if err != nil {
		w.rollback(ctx)
	}
	w.rectified = err == nil
	return err
}

// rectify mends such rows in a transaction of the writer.
func (w *state) rectify(ctx context.Context) error {
	q := &w.dialect.loose
	var garbled int
	if _, err := w.queryRow(ctx, q.garbled, []any{string(w.cfg.Node)}, &garbled); err != nil || garbled == 0 {
		return err
	}
	w.cfg.Log.WarnContext(ctx, "rows are damaged on this disk, and are set right", "rows", garbled)
	for _, table := range q.tables { // what is wrong in a row is wrong in the indexes, too
		if err := w.exec(ctx, w.dialect.reindex+table); err != nil {
			return err
		}
	}
	for _, o := range w.origins { // none yet at the start
		if err := w.exec(ctx, `UPDATE origins SET name = ?, head = ?, chain = ? WHERE id = ?`, string(o.name), int64(o.head), o.chain[:], o.id); err != nil {
			return err
		}
	}
	for _, mend := range q.mends {
		if err := w.exec(ctx, mend); err != nil {
			return err
		}
	}
	for _, mend := range []func(context.Context) error{w.rename, w.recount, w.refuseUnlisted} {
		if err := mend(ctx); err != nil {
			return err
		}
	}
	return nil
}

// rename finds the names of origins in what is in the log of them. One of which there is
// nothing is dropped, unless this node numbers under it: then it gets another name, for
// what it may have numbered under the one before is not here.
func (w *state) rename(ctx context.Context) error {
	names := map[int64]memory.Origin{}
	err := w.each(ctx, w.dialect.loose.names, nil, func(r rowScanner) error {
		var id int64
		var left []byte
		err := r.Scan(&id, &left)
		names[id] = memory.Origin(left)
		return err
	})
	if err != nil {
		return err
	}
	for id, name := range names {
		if name.Valid() != nil {
			if name, err = w.nameOf(ctx, id); err != nil {
				return err
			}
		}
		var has int
		taken, err := w.queryRow(ctx, `SELECT 1 FROM origins WHERE name = ? AND id <> ?`, []any{string(name), id}, &has)
		if err != nil {
			return err
		}
		if name != "" && !taken {
			err = w.exec(ctx, `UPDATE origins SET name = ? WHERE id = ?`, string(name), id)
		} else {
			err = w.renameEmpty(ctx, id)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// renameEmpty gives an origin of which there is nothing another name, or drops it.
func (w *state) renameEmpty(ctx context.Context, id int64) error {
	const empty = `NOT EXISTS (SELECT 1 FROM log l WHERE l.origin = origins.id)`
	another := memory.MakeOrigin(w.cfg.Node, newIncarnation(w.cfg.Clock.Wall()))
	if n, err := w.affect(ctx, `UPDATE origins SET name = ? WHERE id = ? AND id = (SELECT origin FROM node) AND `+empty, string(another), id); err != nil || n > 0 {
		return err
	}
	return w.exec(ctx, `DELETE FROM origins WHERE id = ? AND `+empty, id)
}

// nameOf is the origin of the entries that lie under a number, "" if none can be read.
func (w *state) nameOf(ctx context.Context, id int64) (name memory.Origin, err error) {
	err = w.each(ctx, `SELECT raw FROM log WHERE origin = ? ORDER BY seq DESC LIMIT 100`, []any{id}, func(r rowScanner) error {
		var raw []byte
		if err := r.Scan(&raw); err != nil {
			return err
		}
		if e, _ := w.cfg.Codec.Decode(raw); e != nil {
			name = e.Dot.Origin
			return errStop
		}
		return nil
	})
	if name != "" {
		err = nil
	}
	return name, err
}

// recount finds heads in the log. It has all up to the head only where nothing was dropped,
// so for others the head is that of a node that has just begun: members send it what is
// missing. What this node has numbered is in the log up to the last, or at a member.
func (w *state) recount(ctx context.Context) error {
	var ids []int64
	err := w.each(ctx, w.dialect.loose.heads, nil, func(r rowScanner) error {
		var id int64
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		var head uint64
		if err := w.each(ctx, `SELECT seq FROM log WHERE origin = ? AND seq > 0 ORDER BY seq`, []any{id}, func(r rowScanner) error {
			var seq uint64
			if err := r.Scan(&seq); err != nil {
				return err
			}
			if seq != head+1 {
				return errStop
			}
			head = seq
			return nil
		}); err != nil && !errors.Is(err, errStop) {
			return err
		}
		if err := w.exec(ctx, `UPDATE origins SET head = ?, chain = ? WHERE id = ?`, int64(head), []byte{}, id); err != nil {
			return err
		}
		if err := w.exec(ctx, `UPDATE origins SET head = (SELECT max(coalesce((SELECT max(l.seq) FROM log l WHERE l.origin = origins.id), 0),
			coalesce((SELECT max(c.seq) FROM cursors c WHERE c.origin = origins.name), 0))) WHERE id = ? AND id = (SELECT origin FROM node)`, id); err != nil {
			return err
		}
	}
	return nil
}

// refuseUnlisted drops refusals of which nobody can tell what was refused, and lists those
// entries again that were. Why, nobody knows any more: it might be that their origin may
// not write them, so only the door takes them.
func (w *state) refuseUnlisted(ctx context.Context) error {
	n, err := w.affect(ctx, w.dialect.loose.refused, string(w.cfg.Node))
	if err != nil || n == 0 {
		return err
	}
	return w.exec(ctx, `INSERT INTO parked (member, origin, seq, code, text, since, retry)
		SELECT ?, o.name, l.seq, ?, ?, ?, 0 FROM log l JOIN origins o ON o.id = l.origin
		WHERE l.state = 1 AND NOT EXISTS (SELECT 1 FROM parked p WHERE p.member = ? AND p.origin = o.name AND p.seq = l.seq)`,
		string(w.cfg.Node), memory.CodeForbidden, whyLost, int64(w.now()), string(w.cfg.Node))
}
