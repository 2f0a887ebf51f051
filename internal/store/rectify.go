package store

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

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
	w.own = nil
	err := w.within(ctx, func(ctx context.Context) error {
		if err := w.rectify(ctx, w.dialect.loose.firstGarbled); err != nil {
			return err
		}
		if err := w.rectifyNumbers(ctx); err != nil {
			return err
		}
		return placer{w}.rectifyPlaces(ctx)
	})
	w.rectified = err == nil
	return err
}

// rectify mends such rows in a transaction of the writer, if a statement counts any.
func (w *state) rectify(ctx context.Context, count string) error {
	q := &w.dialect.loose
	if err := w.rectifyNode(ctx); err != nil {
		return err
	}
	ahead, err := w.tomorrow(ctx)
	if err != nil {
		return err
	}
	var garbled int
	if _, err := w.queryRow(ctx, count, []any{string(w.cfg.Node), ahead}, &garbled); err != nil {
		return err
	}
	named, err := w.misnamed(ctx)
	if err != nil {
		return err
	}
	lost, err := placer{w}.lostOrigins(ctx)
	if err != nil {
		return err
	}
	headed, err := w.misheaded(ctx)
	if garbled += len(named) + len(lost) + len(headed); err != nil || garbled == 0 {
		return err
	}
	w.cfg.Log.WarnContext(ctx, "rows are damaged on this disk, and are set right", "rows", garbled)
	for _, table := range q.tables { // what is wrong in a row is wrong in the indexes, too
		if err := w.reindexLoose(ctx, table); err != nil {
			return err
		}
	}
	for _, o := range w.origins { // none yet at the start
		if err := w.exec(ctx, `UPDATE origins SET name = ?, head = ?, chain = ? WHERE id = ?`, string(o.name), int64(o.head), o.chain[:], o.id); err != nil {
			return err
		}
	}
	for _, mend := range []func(context.Context) error{
		func(ctx context.Context) error { return w.execAll(ctx, q.first) },
		func(ctx context.Context) error { return placer{w}.restoreOrigins(ctx, lost) },
		func(ctx context.Context) error { return w.renameAs(ctx, named) }, w.rename,
		func(ctx context.Context) error {
			return w.recount(ctx, slices.Concat(headed, slices.Collect(maps.Keys(lost)), slices.Collect(maps.Keys(named))))
		},
		func(ctx context.Context) error { return w.execAll(ctx, q.mends) },
		func(ctx context.Context) error { return w.execAll(ctx, q.dated, ahead) }, w.refuseUnlisted,
	} {
		if err := mend(ctx); err != nil {
			return err
		}
	}
	return nil
}

// tomorrow is an instant that lies ahead of all that has been: also where the clock of the
// machine is late, as before it has asked for the time.
func (w *state) tomorrow(ctx context.Context) (int64, error) {
	var clock int64
	_, err := w.queryRow(ctx, `SELECT CASE WHEN typeof(clock) = 'integer' THEN clock ELSE 0 END FROM node`, nil, &clock)
	return int64(max(w.now(), memory.Stamp(max(clock, 0)).Instant()) + memory.Instant(24*time.Hour)), err
}

// execAll runs statements in order.
func (w *state) execAll(ctx context.Context, statements []string, args ...any) error {
	for _, q := range statements {
		if err := w.exec(ctx, q, args...); err != nil {
			return err
		}
	}
	return nil
}

// reindexLoose makes the indexes of a table anew that nothing points to. Of two rows of one
// key that goes which the index leads to.
func (w *state) reindexLoose(ctx context.Context, table string) error {
	err := w.exec(ctx, w.dialect.reindex+table)
	twins := w.dialect.twins.loose[table]
	if err == nil || twins == "" || w.dialect.isBroken(err) {
		return err
	}
	if err := w.exec(ctx, twins); err != nil {
		return err
	}
	if err := w.exec(ctx, w.dialect.reindex+table); err == nil || w.dialect.isBroken(err) {
		return err
	}
	// The index leads nowhere: the first row of each key stays.
	if err := w.exec(ctx, w.dialect.twins.first[table]); err != nil {
		return err
	}
	return w.exec(ctx, w.dialect.reindex+table)
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
		called := false
		if name != "" {
			if called, err = (placer{w}).call(ctx, id, name); err != nil {
				return err
			}
		}
		if !called {
			if err := w.renameEmpty(ctx, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// misnamed are the origins whose entries say that they are of another one, at the start.
func (w *state) misnamed(ctx context.Context) (map[int64]memory.Origin, error) {
	if len(w.origins) > 0 {
		return nil, nil
	}
	names := map[int64]string{}
	// With the heads it is the rows that are read, and not an index that has but the names.
	err := w.each(ctx, `SELECT id, CAST(name AS BLOB), head FROM origins`, nil, func(r rowScanner) error {
		var id int64
		var name []byte
		var head any
		err := r.Scan(&id, &name, &head)
		names[id] = string(name)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := map[int64]memory.Origin{}
	for id, name := range names {
		is, err := w.nameOf(ctx, id)
		if err != nil {
			return nil, err
		}
		if is != "" && string(is) != name {
			out[id] = is
		}
	}
	return out, nil
}

// renameAs gives origins names that no other one has. They may have each other's.
func (w *state) renameAs(ctx context.Context, names map[int64]memory.Origin) error {
	for id := range names {
		if err := w.exec(ctx, `UPDATE origins SET name = CAST('?' || id AS BLOB) WHERE id = ?`, id); err != nil {
			return err
		}
	}
	for id, name := range names {
		if _, err := (placer{w}).call(ctx, id, name); err != nil {
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
	err = w.each(ctx, `SELECT CAST(seq AS TEXT), CAST(digest AS BLOB), CAST(raw AS BLOB) FROM log WHERE origin = ? ORDER BY seq DESC LIMIT 100`, []any{id}, func(r rowScanner) error {
		var seq *string
		var digest, raw []byte
		if err := r.Scan(&seq, &digest, &raw); err != nil {
			return err
		}
		e, _ := w.cfg.Codec.Decode(raw)
		if e != nil && e.Digest == toDigest(digest) && seq != nil && *seq == strconv.FormatUint(e.Dot.Seq, 10) {
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

// recount finds heads in the log, from their floors on, also some more of them. Of others that
// have none the head is that of a node that has just begun, but for what is contiguous: members
// send it what is missing. What this node has numbered is in the log up to the last, or at a
// member.
func (w *state) recount(ctx context.Context, more []int64) error {
	floors, err := w.floors(ctx)
	if err != nil {
		return err
	}
	from := map[int64]uint64{}
	start := func(r rowScanner) error {
		var id, head int64
		var name []byte
		err := r.Scan(&id, &name, &head)
		if floor, known := floors[memory.Origin(name)]; known {
			head = int64(floor)
		}
		from[id] = uint64(head)
		return err
	}
	if err := w.each(ctx, w.dialect.loose.heads, nil, start); err != nil {
		return err
	}
	for _, id := range more {
		if err := w.each(ctx, `SELECT id, CAST(name AS BLOB), 0 FROM origins WHERE id = ?`, []any{id}, start); err != nil {
			return err
		}
	}
	for id, head := range from {
		head, err := w.contiguous(ctx, id, head)
		if err != nil {
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

// contiguous is up to where the log has all of an origin behind a head.
func (w *state) contiguous(ctx context.Context, id int64, head uint64) (uint64, error) {
	err := w.each(ctx, `SELECT seq FROM log WHERE origin = ? AND typeof(seq) = 'integer' AND seq > ? ORDER BY seq`, []any{id, int64(head)}, func(r rowScanner) error {
		var seq uint64
		if err := r.Scan(&seq); err != nil {
			return err
		}
		if seq != head+1 {
			return errStop
		}
		head = seq
		return nil
	})
	if errors.Is(err, errStop) {
		err = nil
	}
	return head, err
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
