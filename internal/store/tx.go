package store

import (
	"context"

	"github.com/tallystick/tallystick/internal/memory"
)

// tx is one transaction of the writer: what it has changed beyond the rows, and
// what must be written or published with them.
type tx struct {
	w      *writer
	job    *job
	rows   int                // rows written
	steps  int                // changes of rows, and of what the writer keeps in memory
	moved  bool               // the view changes
	deltas map[int]memory.Sum // by bucket
	tail   []tailEntry        // own entries, for the lanes
	heads  []*originState     // whose head moved
	mended []memory.Key       // registers of which a damage was mended
	erased bool               // payload was taken out: no copy may stay in memory
}

// exec changes rows.
func (t *tx) exec(ctx context.Context, q string, args ...any) error {
	t.rows++
	t.steps++
	return t.w.exec(ctx, q, args...)
}

// finish writes what the jobs left to be written once.
func (t *tx) finish(ctx context.Context) error {
	if t.rows == 0 {
		return nil
	}
	if err := t.saveSums(ctx); err != nil {
		return err
	}
	for _, o := range t.heads {
		if err := t.w.exec(ctx, `UPDATE origins SET head = ? WHERE id = ?`, int64(o.head), o.id); err != nil {
			return err
		}
	}
	return t.w.exec(ctx, `UPDATE node SET origin = ?, clock = ?, lsn = ?, rid = ?, indexed = ?, purge = ?`,
		t.w.own.id, int64(t.w.clock), int64(t.w.lsn), t.w.rid, int64(t.w.indexed), t.w.purge)
}

// digest moves the digest of the state from one holder of register k to the next.
func (t *tx) digest(k memory.Key, from memory.Version, fromDigest memory.Digest, to memory.Version, toDigest memory.Digest) {
	t.change()
	b := memory.Bucket(k)
	d := t.deltas[b]
	if !from.IsZero() {
		d.Sub(memory.ItemSum(k, from, fromDigest))
	}
	d.Add(memory.ItemSum(k, to, toDigest))
	t.deltas[b] = d
}

// change notes that the view will be another one.
func (t *tx) change() {
	t.steps++
	t.moved = true
}

func (t *tx) nextLSN() uint64 {
	t.change()
	t.w.lsn++
	return t.w.lsn
}

// entryDigest returns the digest of the entry at lsn; of one that is missing
// or damaged it is zero, as for everybody who adds up the rows.
func (t *tx) entryDigest(ctx context.Context, lsn int64) (memory.Digest, error) {
	var raw []byte
	_, err := t.w.queryRow(ctx, `SELECT digest FROM log WHERE lsn = ?`, []any{lsn}, &raw)
	return toDigest(raw), err
}

// append writes the log row of e. Embeddings are kept beside it.
func (t *tx) append(ctx context.Context, row logRow) error {
	return t.exec(ctx, `INSERT INTO log (lsn, origin, seq, kind, state, seen, record, older, digest, raw) VALUES (?,?,?,?,?,?,?,?,?,?)`,
		row.lsn, row.origin, row.seq, row.kind, row.state, row.seen, row.record, row.older, row.digest[:], row.raw)
}

// logRow is a row of the log.
type logRow struct {
	lsn, origin, seq int64
	kind             memory.Kind
	state            int // stateApplied …
	seen             bool
	record, older    int64
	digest           memory.Digest
	raw              []byte
}

// States of a log row; persisted.
const (
	stateApplied = 0
	stateParked  = 1
	stateHollow  = 2
)
