package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"math"
	"sync"

	"github.com/tallystick/tallystick/internal/memory"
)

// reader is the pool of read-only connections.
type reader struct {
	db    *sql.DB
	mu    sync.Mutex
	stmts map[string]*sql.Stmt
}

func openReader(path string, conns int) (*reader, error) {
	db, err := sql.Open("sqlite", dsn(path, "ro", "query_only(1)", "busy_timeout(5000)", "cache_size(-4096)", "temp_store(MEMORY)"))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return &reader{db: db, stmts: map[string]*sql.Stmt{}}, nil
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
	st, err := r.db.PrepareContext(ctx, q) //nolint:sqlclosecheck // kept for the next time
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
		return r.db.QueryContext(ctx, q, args...)
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
	return scan(rows, err, fn)
}

// readTx is several reads of one state.
type readTx struct{ *sql.Tx }

func (r *reader) begin(ctx context.Context) (*readTx, error) {
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, classify(err)
	}
	return &readTx{tx}, nil
}

func (t *readTx) each(ctx context.Context, q string, args []any, fn func(rowScanner) error) error {
	rows, err := t.QueryContext(ctx, q, args...)
	return scan(rows, err, fn)
}

// row scans the first row of a query, and leaves dest alone if there is none.
func (t *readTx) row(ctx context.Context, q string, args []any, dest ...any) error {
	err := t.QueryRowContext(ctx, q, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return classify(err)
}

// view reads the heads and the digest as of the transaction.
func (t *readTx) view(ctx context.Context, s *Store) (memory.View, error) {
	v := memory.View{Heads: memory.Heads{}}
	err := t.each(ctx, `SELECT name, head FROM origins`, nil, func(r rowScanner) error {
		var o memory.Origin
		var h memory.Head
		err := r.Scan(&o, &h.Seq)
		v.Heads[o] = h
		return err
	})
	if err != nil {
		return v, err
	}
	err = t.each(ctx, `SELECT origin, seq FROM parked WHERE member = ? AND raw IS NULL ORDER BY origin, seq`, []any{string(s.cfg.Node)}, func(r rowScanner) error {
		var d memory.Dot
		if err := r.Scan(&d.Origin, &d.Seq); err != nil {
			return err
		}
		if h := v.Heads[d.Origin]; d.Seq <= h.Seq {
			h.Gaps = append(h.Gaps, d.Seq)
			v.Heads[d.Origin] = h
		}
		return nil
	})
	if err != nil {
		return v, err
	}
	err = t.row(ctx, `SELECT lsn FROM node`, nil, &v.LSN)
	return v, err
}

func (s *Store) originID(ctx context.Context, name memory.Origin) (int64, bool) {
	var id int64
	found, err := s.read.row(ctx, `SELECT id FROM origins WHERE name = ?`, []any{string(name)}, &id)
	return id, found && err == nil
}

func floats(b []byte) []float32 {
	out := make([]float32, len(b)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out
}
