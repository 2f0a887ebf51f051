package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// reader is the pool of read-only connections.
type reader struct {
	d     *dialect
	db    *sql.DB
	mu    sync.Mutex
	stmts map[string]*sql.Stmt
	// free has a place for each connection. Who has one finds a connection: so waiting is
	// done where it can be given up, and needs no watching once a statement runs.
	free chan struct{}
	wait time.Duration // how long glance waits for a place
}

func openReader(cfg *Config, d *dialect, conns int) (*reader, error) {
	db, err := d.openReader(cfg, conns)
	if err != nil {
		return nil, err
	}
	return &reader{d: d, db: db, stmts: map[string]*sql.Stmt{}, free: make(chan struct{}, conns), wait: cfg.LookUpWait}, nil
}

func (r *reader) close() error { return r.db.Close() }

// enter waits for a connection, which leave gives back.
func (r *reader) enter(ctx context.Context) error {
	select {
	case r.free <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// enterSoon is enter for who rather hears that there are too many than to wait for long.
func (r *reader) enterSoon(ctx context.Context) error {
	select {
	case r.free <- struct{}{}:
		return nil
	default:
	}
	enough := time.NewTimer(r.wait)
	defer enough.Stop()
	select {
	case r.free <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-enough.C:
		return memory.ErrCrowded
	}
}

func (r *reader) leave() { <-r.free }

// maxStatements bounds the statements kept prepared: the fixed ones, and the most
// of those that filters put together.
const maxStatements = 256

// stmt returns the prepared form of a statement, or nil if there are too many.
func (r *reader) stmt(ctx context.Context, q string) (*sql.Stmt, error) {
	r.mu.Lock()
	st, full := r.stmts[q], len(r.stmts) >= maxStatements
	r.mu.Unlock()
	if st != nil || full {
		return st, nil
	}
	// Preparing waits for a connection, and nobody else may have to wait with it.
	st, err := r.db.PrepareContext(ctx, r.d.rebind(q)) //nolint:sqlclosecheck // kept for the next time
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stmts[q] == nil {
		r.stmts[q], st = st, nil
	}
	if st != nil { // somebody was faster
		err = st.Close()
	}
	return r.stmts[q], err
}

func (r *reader) query(ctx context.Context, q string, args []any) (*sql.Rows, error) {
	st, err := r.stmt(ctx, q) //nolint:sqlclosecheck // kept for the next time
	switch {
	case err != nil:
		return nil, err
	case st == nil:
		return r.db.QueryContext(ctx, r.d.rebind(q), args...)
	}
	return st.QueryContext(ctx, args...)
}

// row scans the first row of a query and reports whether there was one.
func (r *reader) row(ctx context.Context, q string, args []any, dest ...any) (bool, error) {
	found := false
	err := r.each(ctx, q, args, func(row rowScanner) error {
		if found {
			return nil
		}
		found = true
		return row.Scan(dest...)
	})
	return found, err
}

// each calls fn for every row of a query.
func (r *reader) each(ctx context.Context, q string, args []any, fn func(rowScanner) error) error {
	if err := r.enter(ctx); err != nil {
		return err
	}
	defer r.leave()
	return r.run(ctx, q, args, fn)
}

// run is each for who has a connection.
func (r *reader) run(ctx context.Context, q string, args []any, fn func(rowScanner) error) error {
	rows, err := r.query(ctx, q, args)
	return r.d.classify(scan(rows, err, fn))
}

// glance is each for a statement that looks up a few rows by their keys. Once begun it is
// not interrupted: to watch for that would take a third of its time. It does not wait for
// a connection longer than its caller, nor than is sensible: then it is memory.ErrCrowded.
func (r *reader) glance(ctx context.Context, q string, args []any, fn func(rowScanner) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := r.enterSoon(ctx); err != nil {
		return err
	}
	defer r.leave()
	return r.run(context.WithoutCancel(ctx), q, args, fn)
}

// readTx is several reads of one state.
type readTx struct {
	*sql.Tx
	d     *dialect
	leave func() // gives the connection back, once
}

func (r *reader) begin(ctx context.Context) (*readTx, error) {
	if err := r.enter(ctx); err != nil {
		return nil, err
	}
	return r.open(ctx)
}

// beginSoon is begin for who rather hears that there are too many, which is
// memory.ErrCrowded, than to wait for long.
func (r *reader) beginSoon(ctx context.Context) (*readTx, error) {
	if err := r.enterSoon(ctx); err != nil {
		return nil, err
	}
	return r.open(ctx)
}

// open begins a transaction for who has a connection.
func (r *reader) open(ctx context.Context) (*readTx, error) {
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		r.leave()
		return nil, r.d.classify(err)
	}
	return &readTx{tx, r.d, sync.OnceFunc(r.leave)}, nil
}

// Rollback ends the transaction; it may be called again.
func (t *readTx) Rollback() error {
	defer t.leave()
	return t.Tx.Rollback()
}

func (t *readTx) each(ctx context.Context, q string, args []any, fn func(rowScanner) error) error {
	rows, err := t.QueryContext(ctx, t.d.rebind(q), args...)
	return t.d.classify(scan(rows, err, fn))
}

// row scans the first row of a query, and leaves dest alone if there is none.
func (t *readTx) row(ctx context.Context, q string, args []any, dest ...any) error {
	err := t.QueryRowContext(ctx, t.d.rebind(q), args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return t.d.classify(err)
}
