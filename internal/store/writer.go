package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// job is work for the writer.
type job struct {
	// run works inside the transaction. An error of its own making (a condition
	// not met) must come before the first change.
	run  func(ctx context.Context, t *tx) error
	size size
	from *queue            // that it came through; nil for the writer's own
	own  []memory.OwnEntry // set by run
	news int               // entries of other origins applied
	err  error
	done chan struct{}
}

// writer owns the read-write connection and everything that is only true
// between two commits. All of it belongs to the goroutine of Run.
type writer struct {
	s     *Store
	db    *sql.DB
	conn  *sql.Conn
	stmts map[string]*sql.Stmt

	origins map[memory.Origin]*originState
	own     *originState
	taken   memory.Origin // by this run, if any: nobody else can know ops of it
	clock   memory.Stamp
	lsn     uint64
	indexed uint64
	purge   int   // what an erase has left to do
	rid     int64 // highest memories.rid
	sums    [memory.Buckets]memory.Sum
	root    memory.Sum
	walRows int       // rows written since the last checkpoint
	wroteAt time.Time // of the last batch that came through the queue
	// restUntil is when work that can wait is tried again, after it failed.
	restUntil time.Time
	retry     []memory.Dot // refused by an earlier run, to be tried once by this one
}

func newWriter(ctx context.Context, s *Store, db *sql.DB) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &writer{s: s, db: db, conn: conn, stmts: map[string]*sql.Stmt{}}, nil
}

func (w *writer) close() error {
	return errors.Join(w.conn.Close(), w.db.Close())
}

// stmt returns the prepared form of a statement.
func (w *writer) stmt(ctx context.Context, q string) (*sql.Stmt, error) {
	if st, ok := w.stmts[q]; ok {
		return st, nil
	}
	st, err := w.conn.PrepareContext(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("prepare %.60q: %w", q, classify(err))
	}
	w.stmts[q] = st
	return st, nil
}

func (w *writer) exec(ctx context.Context, q string, args ...any) error {
	st, err := w.stmt(ctx, q) //nolint:sqlclosecheck // kept for the next time
	if err != nil {
		return err
	}
	_, err = st.ExecContext(ctx, args...)
	return classify(err)
}

// queryRow scans one row and reports whether there was one.
func (w *writer) queryRow(ctx context.Context, q string, args []any, dest ...any) (bool, error) {
	st, err := w.stmt(ctx, q) //nolint:sqlclosecheck // kept for the next time
	if err != nil {
		return false, err
	}
	err = st.QueryRowContext(ctx, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, classify(err)
}

func fatalOnly(err error) error {
	if errors.Is(err, ErrFatal) {
		return err
	}
	return nil
}

// checkpointRows is how many rows are written between two checkpoints: about
// 16 MiB of write-ahead log.
const checkpointRows = 16_000

// Run is the writer. It returns nil once ctx is done and everything queued is
// committed, or the error that made writing impossible.
func (s *Store) Run(ctx context.Context) error {
	if !s.running.CompareAndSwap(false, true) {
		return errors.New("store: it runs, or ran, already")
	}
	defer close(s.stopped)
	idle := time.NewTimer(time.Second)
	defer idle.Stop()
	// A batch that has begun is finished whatever happens to ctx.
	work := context.WithoutCancel(ctx)
	var err error
	if s.write.retry, err = s.write.upgraded(work); err != nil {
		return s.fail(err)
	}
	for ctx.Err() == nil {
		batch := s.next()
		if batch == nil {
			if more, err := s.write.background(work); err != nil {
				return s.fail(err)
			} else if more {
				continue
			}
			idle.Reset(s.write.patience())
			select {
			case <-s.wake:
			case <-idle.C:
			case <-ctx.Done():
			}
			continue
		}
		if err := s.write.commit(work, batch); err != nil {
			return s.fail(err)
		}
		s.write.wroteAt = time.Now()
		if err := s.write.pace(work); err != nil {
			return s.fail(err)
		}
	}
	return s.drain(work)
}

// pace does what must not wait for an idle moment: an index that somebody waits
// for or that is too far behind, and a write-ahead log that has grown.
func (w *writer) pace(ctx context.Context) error {
	if w.indexDue() && w.indexed < w.lsn {
		if err := w.alone(ctx, func(ctx context.Context, t *tx) error { return t.indexNext(ctx) }); err != nil {
			return err
		}
	}
	return w.checkpoint(ctx, false)
}

// drain commits what is queued and refuses what comes later.
func (s *Store) drain(ctx context.Context) error {
	s.stop.Do(func() { close(s.closing) })
	for {
		batch := s.next()
		if batch == nil {
			return s.write.finish(ctx)
		}
		if err := s.write.commit(ctx, batch); err != nil {
			return s.fail(err)
		}
	}
}

func (s *Store) fail(err error) error {
	s.stop.Do(func() { close(s.closing) })
	for {
		batch := s.next()
		if batch == nil {
			return err
		}
		for _, j := range batch {
			j.finish(err)
		}
	}
}

// commit runs a batch in one transaction and answers its jobs. An error of the
// database hits every job of the batch, so then each is run alone. What it
// returns is fatal.
func (w *writer) commit(ctx context.Context, batch []*job) error {
	err := w.transact(ctx, batch)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrFatal):
		for _, j := range batch {
			j.finish(err)
		}
		return err
	case len(batch) == 1:
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
	t := &tx{w: w, deltas: map[int]memory.Sum{}}
	if err := w.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for _, j := range batch {
		j.own, j.news, j.err = nil, 0, nil
		t.job = j
		before := t.steps
		err := j.run(ctx, t)
		if err != nil && (t.steps != before || isDatabase(err)) {
			return w.rollback(ctx, err)
		}
		j.err = err
	}
	if err := t.finish(ctx); err != nil {
		return w.rollback(ctx, err)
	}
	if err := w.exec(ctx, "COMMIT"); err != nil {
		if errors.Is(err, memory.ErrFull) {
			return w.rollback(ctx, err)
		}
		return fmt.Errorf("%w: commit: %w", ErrFatal, err)
	}
	w.publish(t, batch)
	return nil
}

// rollback undoes the transaction and forgets what the writer had noted of it.
func (w *writer) rollback(ctx context.Context, cause error) error {
	// SQLite may have rolled back by itself (a full disk): then this reports that
	// no transaction is active, which is what is wanted.
	_ = w.exec(ctx, "ROLLBACK")
	if err := w.load(ctx); err != nil {
		return fmt.Errorf("%w: reload after a rollback (%w): %w", ErrFatal, cause, err)
	}
	return cause
}

func (w *writer) publish(t *tx, batch []*job) {
	for b, d := range t.deltas {
		w.sums[b].Add(d)
		w.root.Add(d)
	}
	if t.rows > 0 {
		w.walRows += t.rows
		w.s.index.progress(w.indexed, w.lsn)
	}
	c := memory.Committed{View: w.publishView(t.moved)}
	for _, j := range batch {
		c.Own = append(c.Own, j.own...)
		c.Other += j.news
	}
	w.s.tail.add(t.tail)
	if t.erased {
		w.s.tail.drop()
	}
	if w.s.cfg.OnCommit != nil && t.moved {
		w.s.cfg.OnCommit(c)
	}
	for _, j := range batch {
		j.finish(j.err)
	}
}

// publishView makes what was committed visible to readers of View.
func (w *writer) publishView(changed bool) memory.View {
	if !changed {
		return *w.s.view.Load()
	}
	v := memory.View{Heads: make(memory.Heads, len(w.origins)), Root: w.root.Digest(), LSN: w.lsn}
	for name, o := range w.origins {
		v.Heads[name] = memory.Head{Seq: o.head, Gaps: o.refused()}
	}
	w.s.view.Store(&v)
	w.s.origin.Store(&w.own.name)
	if w.fresh() {
		w.s.numbering.allow()
	}
	return v
}
