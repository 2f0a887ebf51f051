package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// reader is the pool of read-only connections.
type reader struct {
	d     *dialect
	db    *sql.DB
	mu    sync.Mutex
	stmts map[string]*sql.Stmt
}

func openReader(cfg *Config, d *dialect, conns int) (*reader, error) {
	db, err := d.openReader(cfg, conns)
	if err != nil {
		return nil, err
	}
	return &reader{d: d, db: db, stmts: map[string]*sql.Stmt{}}, nil
}

func (r *reader) close() error { return r.db.Close() }

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
	rows, err := r.query(ctx, q, args)
	return r.d.classify(scan(rows, err, fn))
}

// glance is each for a statement that looks up a few rows by their keys. Once begun it is
// not interrupted: to watch for that would take a third of its time. Nor is it while it
// waits for a connection, which others give back that can be.
func (r *reader) glance(ctx context.Context, q string, args []any, fn func(rowScanner) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return r.each(context.WithoutCancel(ctx), q, args, fn)
}

// readTx is several reads of one state.
type readTx struct {
	*sql.Tx
	d *dialect
}

func (r *reader) begin(ctx context.Context) (*readTx, error) {
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, r.d.classify(err)
	}
	return &readTx{tx, r.d}, nil
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
