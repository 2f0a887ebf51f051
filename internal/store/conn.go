package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// conn is the one connection that writes.
type conn struct {
	opened

	d     *dialect
	c     *sql.Conn
	stmts map[string]*sql.Stmt
	// inside: a transaction was begun. lost is the error behind which the engine may have
	// rolled it back by itself: the statements that follow would be transactions of their own,
	// so none is carried out.
	inside bool
	lost   error
	// abandoned: a commit failed behind its writing.
	abandoned bool
}

func newConn(ctx context.Context, d *dialect, o opened) (*conn, error) {
	c, err := o.db.Conn(ctx)
	if err != nil {
		err = errors.Join(err, o.db.Close())
		o.done()
		return nil, err
	}
	return &conn{opened: o, d: d, c: c, stmts: map[string]*sql.Stmt{}}, nil
}

// close ends the connection, and with it the log: the engine moves all into the database. One
// that was abandoned stays open until the process ends, for it takes a commit that it has
// written for one that failed, and would delete it with the log.
func (c *conn) close() error {
	defer c.done()
	if c.abandoned {
		return nil
	}
	var errs []error
	for _, st := range c.stmts { // the engine keeps a connection for as long as it has one
		errs = append(errs, st.Close())
	}
	return errors.Join(append(errs, c.c.Close(), c.db.Close())...)
}

// begin starts a transaction, which commit or rollback ends.
func (c *conn) begin(ctx context.Context) error {
	if err := c.exec(ctx, c.d.begin); err != nil {
		return err
	}
	c.inside = true
	return nil
}

// commit is an error, and commits nothing, if the transaction has ended before.
func (c *conn) commit(ctx context.Context) error {
	err := c.exec(ctx, "COMMIT")
	c.inside = c.inside && err != nil
	return err
}

// rollback ends a transaction, also one that the engine has ended.
func (c *conn) rollback(ctx context.Context) {
	c.inside, c.lost = false, nil
	_ = c.exec(ctx, "ROLLBACK") // if no transaction is active, that is what is wanted
	c.over()
}

// told gives an error of a statement the sentinels that callers branch on.
func (c *conn) told(err error) error {
	err = c.d.classify(err)
	if c.inside && c.lost == nil && c.d.mayEnd(err) {
		c.lost = fmt.Errorf("the transaction has ended: %w", err)
	}
	return err
}

// stmt returns the prepared form of a statement.
func (c *conn) stmt(ctx context.Context, q string) (*sql.Stmt, error) {
	if c.lost != nil {
		return nil, c.lost
	}
	if st, ok := c.stmts[q]; ok {
		return st, nil
	}
	st, err := c.c.PrepareContext(ctx, c.d.rebind(q))
	if err != nil {
		return nil, fmt.Errorf("prepare %.60q: %w", q, c.told(err))
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
	return c.told(err)
}

// affect is exec that returns how many rows were changed.
func (c *conn) affect(ctx context.Context, q string, args ...any) (int, error) {
	st, err := c.stmt(ctx, q) //nolint:sqlclosecheck // kept for the next time
	if err != nil {
		return 0, err
	}
	res, err := st.ExecContext(ctx, args...)
	if err != nil {
		return 0, c.told(err)
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
	return err == nil, c.told(err)
}

// each calls fn for every row of a query.
func (c *conn) each(ctx context.Context, q string, args []any, fn func(rowScanner) error) error {
	st, err := c.stmt(ctx, q) //nolint:sqlclosecheck // kept for the next time
	if err != nil {
		return err
	}
	rows, err := st.QueryContext(ctx, args...)
	return c.told(scan(rows, err, fn))
}
