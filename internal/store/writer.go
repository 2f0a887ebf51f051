package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// txKiB is about what a transaction writes beside its rows, of which each counts as one:
// eight pages or so that others change, too.
const txKiB = 32

// writer commits jobs.
type writer struct {
	*state
	tail      *tail
	unsettled int // about how many KiB were written since the engine last settled
	// committing is the transaction that is being committed, of the jobs of batch, and early
	// says that its entries are with the lanes already.
	committing *tx
	batch      []*job
	early      bool
	// anew: the indexes were made anew, and the log has not been read since: it has what these
	// cannot tell.
	anew bool
	// unloaded: what is kept in memory could not be read again after a rollback, and is no
	// longer what the file says.
	unloaded bool
	files    there
}

// commit runs a batch in one transaction and answers its jobs. An error of the
// database hits every job of the batch, so then each is run alone. What it
// returns is fatal.
func (w *writer) commit(ctx context.Context, batch []*job) error {
	err := w.transact(ctx, batch)
	twin := w.dialect.isTwin(err) // which no job makes: an index did not lead to the first one
	if twin {
		w.damage.unsound.note()
	}
	if (twin || w.dialect.isBroken(err)) && !w.abandoned && !w.unloaded && w.damage.unsound.due(time.Now()) && w.reindexAll(ctx) == nil {
		err = w.transact(ctx, batch)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrFatal):
		for _, j := range batch {
			j.finish(err)
		}
		return err
	case len(batch) == 1:
		if w.dialect.isTwin(err) {
			err = fmt.Errorf("%w: %w", memory.ErrBroken, err)
		}
		batch[0].finish(err)
		return nil
	}
	for _, j := range batch {
		if err := w.commit(ctx, []*job{j}); err != nil {
			return err
		}
	}
	return nil
}

// transact runs a batch in one transaction. On an error nothing of it was
// written, and no job was answered.
func (w *writer) transact(ctx context.Context, batch []*job) error {
	t := newTx(w.state)
	if err := w.begin(ctx); err != nil {
		return err
	}
	if err := t.readAhead(ctx, batch); err != nil {
		return w.rollback(ctx, err)
	}
	for _, j := range batch {
		j.report, j.err = report{}, nil
		t.out = &j.report
		before := t.steps
		err := j.run(ctx, t)
		if err != nil && (t.steps != before || w.dialect.isDatabase(err)) {
			return w.rollback(ctx, err)
		}
		j.err = err
	}
	if err := t.finish(ctx); err != nil {
		return w.rollback(ctx, err)
	}
	if w.lost != nil {
		return w.rollback(ctx, w.lost)
	}
	t.changed.all = t.changed.all || t.erased
	changed := w.cache.change(t.changed)
	w.committing, w.batch, w.early = t, batch, false
	err := w.conn.commit(ctx)
	w.committing, w.batch = nil, nil
	if err == nil {
		err = w.files.still() // it is durable, and nobody may ever find it
	}
	changed(err == nil)
	if err == nil {
		w.cache.made(t.plain, &t.changed)
	}
	if err != nil {
		// What was written may be found by the next start, so it cannot be taken back.
		if errors.Is(err, memory.ErrFull) && !t.written {
			return w.rollback(ctx, err)
		}
		w.abandoned = t.written
		return fmt.Errorf("%w: commit: %w", ErrFatal, err)
	}
	w.room.short.Store(false)
	w.publish(t, batch)
	return nil
}

// rollback undoes the transaction and forgets what the writer had noted of it.
func (w *writer) rollback(ctx context.Context, cause error) error {
	if errors.Is(cause, memory.ErrFull) {
		w.room.short.Store(true)
	}
	w.conn.rollback(ctx)
	err := w.load(ctx)
	if isGarbled(err) { // since the start
		w.rectified = false
		err = w.load(ctx)
	}
	if err != nil {
		w.unloaded = true
		return fmt.Errorf("%w: reload after a rollback (%w): %w", ErrFatal, cause, err)
	}
	return cause
}

// written is called while a transaction commits: all of it is with the operating system,
// and it is about to be made durable. What this node has numbered in it may go out now.
func (w *writer) written() {
	t := w.committing
	if t == nil {
		return // one of the engine's own
	}
	t.written = true
	if len(t.tail) == 0 || w.cfg.OnWritten == nil || t.erased || len(t.moves) > 0 || t.keyed || !fits(t.tail) {
		return
	}
	if w.cfg.Early != nil && !w.cfg.Early() || !w.boot.early() {
		return
	}
	w.early = true
	w.tail.add(t.tail)
	var own []memory.OwnEntry
	for _, j := range w.batch {
		own = append(own, j.own...)
	}
	w.cfg.OnWritten(own)
}

func (w *writer) publish(t *tx, batch []*job) {
	for b, d := range t.deltas {
		w.sums[b].Add(d)
		w.root.Add(d)
	}
	if t.rows > 0 {
		w.damage.mended.Add(int64(t.healed))
		if t.listing {
			w.damage.marked.Store(t.damaged)
		}
		w.unsettled += t.rows + txKiB
	}
	w.births.committed(t.born, t.others || t.erased, t.began, w.lsn)
	w.census.committed(t.stands)
	if w.fresh() {
		w.boot.renewed()
	}
	c := memory.Committed{View: w.publishView(t.moved), Moved: t.moves, Conceded: t.conceded}
	for _, j := range batch {
		c.Own = append(c.Own, j.own...)
		c.Other += j.news
	}
	if !w.early {
		w.tail.add(t.tail)
	}
	if t.erased {
		w.tail.drop()
	}
	if w.cfg.OnCommit != nil && t.moved {
		w.cfg.OnCommit(c)
	}
	for _, j := range batch {
		j.finish(j.err)
	}
}

// reindexAll makes the indexes of all tables anew, as far as that can be done: one that is
// broken itself keeps none of the others from it.
func (w *writer) reindexAll(ctx context.Context) (err error) {
	defer func() { w.damage.unsound.rest(time.Now(), err != nil) }()
	var tables []string
	errs := []error{w.once(ctx, func(ctx context.Context, t *tx) error {
		tables = nil
		return t.each(ctx, w.dialect.tables, nil, func(r rowScanner) error {
			var name string
			err := r.Scan(&name)
			tables = append(tables, name)
			return err
		})
	})}
	for _, name := range tables {
		errs = append(errs, w.once(ctx, func(ctx context.Context, t *tx) error { return scrubber{t}.reindex(ctx, name) }))
	}
	errs = append(errs, w.once(ctx, func(ctx context.Context, t *tx) error { return scrubber{t}.retyped(ctx) }))
	if err = errors.Join(errs...); err != nil {
		w.cfg.Log.ErrorContext(ctx, "the database is damaged, and its indexes cannot be made anew", "err", err)
		return err
	}
	w.anew = true
	w.cfg.Log.WarnContext(ctx, "the database contradicted itself; its indexes were made anew")
	return nil
}

// once runs a job of the writer's own in a transaction, unless the writer no longer knows
// what it had in memory.
func (w *writer) once(ctx context.Context, run func(context.Context, *tx) error) error {
	if w.unloaded {
		return ErrFatal
	}
	return w.transact(ctx, []*job{{done: make(chan struct{}), run: run}})
}
