package store

import (
	"context"
	"errors"
)

// reindexFirst makes the indexes of all tables anew, as far as that can be done, before it is
// known what is in them. It reports whether any was. An error is one of the disk, behind which
// nothing may be written.
func (w *state) reindexFirst(ctx context.Context) (bool, error) {
	var tables []string
	if err := w.each(ctx, w.dialect.tables, nil, func(r rowScanner) error {
		var name string
		err := r.Scan(&name)
		tables = append(tables, name)
		return err
	}); err != nil {
		return false, nil //nolint:nilerr // they stay as they are, and the caller finds out
	}
	done := false
	for _, name := range tables {
		err := w.within(ctx, func(ctx context.Context) error { return w.reindexLoose(ctx, name) })
		if errors.Is(err, ErrFatal) {
			return false, err
		}
		done = done || err == nil
	}
	w.damage.unsound.note() // what has two rows of one key is looked after when the writer runs
	w.cfg.Log.WarnContext(ctx, "the database contradicts itself; its indexes were made anew before it was read")
	return done, nil
}

// within runs something in a transaction of its own.
func (w *state) within(ctx context.Context, run func(context.Context) error) error {
	err := w.begin(ctx)
	if err != nil {
		return err
	}
	if err = run(ctx); err == nil {
		err = w.commit(ctx)
	}
	if err != nil {
		w.rollback(ctx)
	}
	return err
}
