package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// conn is the one connection that writes.
type conn struct {
	d     *dialect
	db    *sql.DB
	c     *sql.Conn
	done  func() // called when it is closed
	stmts map[string]*sql.Stmt
}

func newConn(ctx context.Context, d *dialect, db *sql.DB, done func()) (*conn, error) {
	c, err := db.Conn(ctx)
	if err != nil {
		err = errors.Join(err, db.Close())
		done()
		return nil, err
	}
	return &conn{d: d, db: db, c: c, done: done, stmts: map[string]*sql.Stmt{}}, nil
}

func (c *conn) close() error {
	defer c.done()
	return errors.Join(c.c.Close(), c.db.Close())
}

// stmt returns the prepared form of a statement.
func (c *conn) stmt(ctx context.Context, q string) (*sql.Stmt, error) {
	if st, ok := c.stmts[q]; ok {
		return st, nil
	}
	st, err := c.c.PrepareContext(ctx, c.d.rebind(q))
	if err != nil {
		return nil, fmt.Errorf("prepare %.60q: %w", q, c.d.classify(err))
	}
	c.stmts[q] = st
	return st, nil
}

func (c *conn) exec(ctx context.Context, q string, args ...any) error {
	st, err := c.stmt(ctx, q) //nolint:sqlclosecheck // kept for the next time
	if err != nil {
		return err
	}
	_, err = st.ExecContext(ctx, args...)
	return c.d.classify(err)
}

// affect is exec that returns how many rows were changed.
func (c *conn) affect(ctx context.Context, q string, args ...any) (int, error) {
	st, err := c.stmt(ctx, q) //nolint:sqlclosecheck // kept for the next time
	if err != nil {
		return 0, err
	}
	res, err := st.ExecContext(ctx, args...)
	if err != nil {
		return 0, c.d.classify(err)
	}
	n, err := res.RowsAffected()
	return int(n), err
}

// queryRow scans one row and reports whether there was one.
func (c *conn) queryRow(ctx context.Context, q string, args []any, dest ...any) (bool, error) {
	st, err := c.stmt(ctx, q) //nolint:sqlclosecheck // kept for the next time
	if err != nil {
		return false, err
	}
	err = st.QueryRowContext(ctx, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, c.d.classify(err)
}

// each calls fn for every row of a query.
func (c *conn) each(ctx context.Context, q string, args []any, fn func(rowScanner) error) error {
	st, err := c.stmt(ctx, q) //nolint:sqlclosecheck // kept for the next time
	if err != nil {
		return err
	}
	rows, err := st.QueryContext(ctx, args...)
	return c.d.classify(scan(rows, err, fn))
}
