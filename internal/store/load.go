package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// load reads what the writer keeps in memory from the database, at start and
// after a rollback.
func (w *writer) load(ctx context.Context) error {
	w.origins = map[memory.Origin]*originState{}
	w.sums, w.root = [memory.Buckets]memory.Sum{}, memory.Sum{}
	for _, step := range []func(context.Context) error{w.loadNode, w.loadOrigins, w.loadBuckets} {
		if err := step(ctx); err != nil {
			return fmt.Errorf("load database: %w", err)
		}
	}
	w.s.cfg.Clock.Restore(w.clock)
	w.s.index.progress(w.indexed, w.lsn)
	w.publishView(true)
	return nil
}

// loadNode reads the node row, and writes it on the first start.
func (w *writer) loadNode(ctx context.Context) error {
	var name string
	var origin, clock, lsn, indexed int64
	found, err := w.queryRow(ctx, `SELECT name, origin, clock, lsn, rid, indexed, purge FROM node`, nil,
		&name, &origin, &clock, &lsn, &w.rid, &indexed, &w.purge)
	if err != nil {
		return err
	}
	if !found {
		if err := w.initialise(ctx); err != nil {
			return err
		}
		return w.loadNode(ctx)
	}
	if memory.Node(name) != w.s.cfg.Node {
		return fmt.Errorf("this data directory belongs to node %q, not %q: start it with --node %s, or use another --data", name, w.s.cfg.Node, name)
	}
	w.clock, w.lsn, w.indexed = memory.Stamp(clock), uint64(lsn), uint64(indexed)
	return nil
}

func (w *writer) initialise(ctx context.Context) error {
	origin := memory.MakeOrigin(w.s.cfg.Node, newIncarnation(w.s.cfg.Clock.Wall()))
	w.taken = origin
	for _, st := range []struct {
		q    string
		args []any
	}{
		{"BEGIN IMMEDIATE", nil},
		{`INSERT INTO origins (id, name, head) VALUES (1, ?, 0)`, []any{string(origin)}},
		{`INSERT INTO node (one, name, origin, clock, lsn, rid, indexed, purge) VALUES (1, ?, 1, 0, 0, 0, 0, 0)`, []any{string(w.s.cfg.Node)}},
		{"COMMIT", nil},
	} {
		if err := w.exec(ctx, st.q, st.args...); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) loadOrigins(ctx context.Context) error {
	var ownID int64
	if _, err := w.queryRow(ctx, `SELECT origin FROM node`, nil, &ownID); err != nil {
		return err
	}
	byID := map[int64]*originState{}
	err := w.each(ctx, `SELECT id, name, head FROM origins`, nil, func(r rowScanner) error {
		o := &originState{islands: map[uint64]struct{}{}}
		if err := r.Scan(&o.id, &o.name, &o.head); err != nil {
			return err
		}
		byID[o.id], w.origins[o.name] = o, o
		w.s.names.Store(o.id, o.name)
		return nil
	})
	if err != nil {
		return err
	}
	w.own = byID[ownID]
	for _, o := range byID {
		err := w.each(ctx, `SELECT seq FROM log WHERE origin = ? AND seq > ?`, []any{o.id, o.head}, func(r rowScanner) error {
			var seq uint64
			err := r.Scan(&seq)
			o.islands[seq] = struct{}{}
			return err
		})
		if err != nil {
			return err
		}
	}
	refused, err := w.refused(ctx, `1 = 1`)
	for _, d := range refused {
		o := w.origins[d.Origin]
		if o == nil {
			return fmt.Errorf("%w: %s is refused, and of no known origin", ErrFatal, d)
		}
		o.gaps = append(o.gaps, d.Seq)
	}
	for _, o := range byID {
		slices.Sort(o.gaps)
	}
	return err
}

// each calls fn for every row of a query.
func (w *writer) each(ctx context.Context, q string, args []any, fn func(rowScanner) error) error {
	st, err := w.stmt(ctx, q) //nolint:sqlclosecheck // kept for the next time
	if err != nil {
		return err
	}
	rows, err := st.QueryContext(ctx, args...)
	return scan(rows, err, fn)
}

// scan calls fn for every row and closes rows.
func scan(rows *sql.Rows, err error, fn func(rowScanner) error) error {
	if err != nil {
		return classify(err)
	}
	defer func() { _ = rows.Close() }() // an error that matters is in rows.Err
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return classify(rows.Err())
}

// rowScanner is the current row of a result.
type rowScanner interface{ Scan(dest ...any) error }
