package store

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// slice checks the log rows after lsn, and the columns of memories that follow from
// them. It returns the last one that it checked, and how many there were.
func (t scrubber) slice(ctx context.Context, after int64) (last int64, n int, err error) {
	if err := t.retype(ctx, after, scrubRows); err != nil {
		return after, 0, err
	}
	w := sorter{t}
	f := looked{revisions: map[int64][]again{}, records: map[int64]struct{}{}}
	size := 0
	last = after
	err = t.each(ctx, `SELECT `+sqlColumns+`, `+sqlSealedL+` FROM log l WHERE l.lsn > ? ORDER BY l.lsn LIMIT ?`, []any{after, scrubRows}, func(r rowScanner) error {
		if size >= scrubBytes {
			return errStop
		}
		var x logRead
		if err := r.Scan(append(x.columns.dest(), x.sealed.dest()...)...); err != nil {
			return err
		}
		if x.lsn <= last { // who asks for such a row does not find it
			t.damage.unsound.pages.Add(1)
		}
		last = max(last, x.lsn)
		n++
		size += len(x.raw)
		w.sort(&f, x)
		return nil
	})
	if err != nil && !errors.Is(err, errStop) {
		return last, n, err
	}
	for _, check := range []func() error{
		func() error { return t.stray(ctx, "log", t.dialect.strays.log, after, last) },
		func() error { return t.anew(ctx, f.odd) },
		func() error { return t.records(ctx, slices.Collect(maps.Keys(f.records))) },
		func() error { return w.admit(ctx, &f) },
		func() error { return w.follow(ctx, &f) },
		func() error { return t.recall(ctx, f.behind) },
		func() error { return t.regain(ctx, f.good) },
		func() error { return w.histories(ctx, &f) },
	} {
		if err := check(); err != nil {
			return last, n, err
		}
	}
	for _, a := range f.good {
		if err := t.project(ctx, a.lsn, a.entry); err != nil {
			return last, n, err
		}
	}
	return last, n, t.mark(ctx, f.bad)
}

// relist lists entries again that were refused: see rectify.go. Until then this
// node counts them as held.
func (t scrubber) relist(ctx context.Context, refused []sealed) error {
	for _, x := range refused {
		o := t.origins[t.originName(x.origin)]
		t.cfg.Log.ErrorContext(ctx, "an entry was refused, and that is lost on this disk; it is listed again", "dot", t.dot(x.origin, x.seq))
		o.addGap(uint64(x.seq))
		t.parkedSize[o.name.Node()] += len(x.raw)
		t.change()
		if err := t.aside(ctx, `INSERT INTO parked (member, origin, seq, code, text, since, retry) VALUES (?, ?, ?, ?, ?, ?, 0) ON CONFLICT DO NOTHING`,
			string(t.cfg.Node), string(o.name), x.seq, memory.CodeForbidden, whyLost, int64(t.now())); err != nil {
			return err
		}
	}
	return nil
}

func isContent(k memory.Key) bool { return k.Family == memory.FamContent }

// project sets the columns right that a record has from its content, if e has any.
func (t scrubber) project(ctx context.Context, lsn int64, e *memory.Entry) error {
	if !slices.ContainsFunc(e.Op.Subjects(), isContent) {
		return nil
	}
	m := &record{}
	m.project(e)
	c, whole := e.Content() // of one that was deleted long ago columns are emptied, too
	if whole {
		t.absent.add(c.ID, m.namespace, m.title)
	}
	n, err := t.affect(ctx, `UPDATE memories SET namespace = ?, title = ?, tier = ?, priority = ?, kind = ?, owner = ?, target = ?, private = ?,
		created = ?, expires = ?, tags = ?, source_uri = ? WHERE rid = (SELECT record FROM log WHERE lsn = ?) AND c_lsn = ? AND (l_state <> 3 OR ?)
		AND NOT (namespace = ? AND title = ? AND tier = ? AND priority = ? AND kind = ? AND owner = ? AND target = ? AND private = ?
		AND created = ? AND expires = ? AND tags = ? AND source_uri = ?)`,
		append(append(m.projection(), lsn, lsn, whole), m.projection()...)...)
	t.rows += n
	t.steps += n
	if err != nil || n == 0 {
		return err
	}
	var rid int64
	_, err = t.queryRow(ctx, `SELECT record FROM log WHERE lsn = ?`, []any{lsn}, &rid)
	t.moving[rid] = struct{}{}
	return err
}

// mark lists entries as damaged that are, and takes them out of the sums.
func (t scrubber) mark(ctx context.Context, dots [][2]int64) error {
	unknown := false // of some nobody can tell what they counted
	var rows []counted
	for _, d := range dots {
		x, found, err := t.counted(ctx, d[0], d[1])
		if err != nil {
			return err
		}
		if found && t.whole(x.sealed) {
			continue // mended meanwhile
		}
		if o := t.origins[t.originName(d[0])]; o == nil || !o.holds(uint64(d[1])) {
			continue // nobody misses what was never here
		}
		counts := found && x.state != stateParked && x.state != stateDamaged
		if counts {
			rows = append(rows, x)
		}
		fresh, err := t.list(ctx, d)
		if err != nil {
			return err
		}
		unknown = unknown || fresh && !counts
	}
	if err := t.uncount(ctx, rows); err != nil || !unknown {
		return err
	}
	_, err := t.scrub(ctx)
	return err
}

// uncount has entries that are damaged count no more.
func (t scrubber) uncount(ctx context.Context, rows []counted) error {
	return weigher{t}.weigh(ctx, rows, func() error {
		for _, x := range rows {
			if err := t.exec(ctx, `UPDATE log SET state = ? WHERE lsn = ?`, stateDamaged, x.lsn); err != nil {
				return err
			}
		}
		return nil
	})
}

// list lists an entry as damaged, and reports whether it was not.
func (t scrubber) list(ctx context.Context, d [2]int64) (fresh bool, err error) {
	n, err := t.affect(ctx, `INSERT INTO damaged (origin, seq, since) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, d[0], d[1], int64(t.now()))
	if err != nil || n == 0 {
		return false, err
	}
	t.listing = true
	t.rows++
	t.steps++
	t.erased = true // what is kept in memory may be it
	t.cfg.Log.ErrorContext(ctx, "an entry is damaged on this disk; it is not served, and a member is asked for it", "dot", t.dot(d[0], d[1]))
	return true, nil
}
