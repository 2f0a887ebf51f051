package store

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/tallystick/tallystick/internal/memory"
)

// gathered is what a transaction has read ahead and not yet written. The records
// of all its jobs are read by one statement; new rows are written by statements of
// many rows, and changes of one record by one. No other statement of the
// transaction can tell: what might see or touch these rows writes them first.
type gathered struct {
	known map[string]*record // by id; nil for one that is not in the table
	owed  []*record          // whose row is to be written
	rows  []logRow           // to be appended, in order
}

// readAhead reads the records that the jobs of a batch name.
func (t *tx) readAhead(ctx context.Context, batch []*job) error {
	var ids []string
	for _, j := range batch {
		for _, id := range j.records {
			if _, ok := t.known[id]; !ok && bindable(id) {
				t.known[id] = nil
				if !t.absent.id(id) {
					ids = append(ids, id)
				}
			}
		}
	}
	if len(ids) < 2 {
		for _, id := range ids {
			delete(t.known, id) // lookup does as well
		}
		return nil
	}
	among, args := t.dialect.among("id", ids)
	return t.conn.each(ctx, sqlRegisters+`WHERE `+among, args, func(r rowScanner) error {
		m := &record{}
		err := r.Scan(m.registers()...)
		t.known[m.id] = m
		return err
	})
}

// bindable reports whether id comes out of a list of parameters as it went in.
func bindable(id string) bool {
	return utf8.ValidString(id) && !strings.ContainsRune(id, 0)
}

// lookup returns the record of a memory, nil if there is none.
func (t *tx) lookup(ctx context.Context, id string) (*record, error) {
	if m, ok := t.known[id]; ok {
		return m, nil
	}
	if t.absent.id(id) {
		t.known[id] = nil
		return nil, nil //nolint:nilnil // there is none
	}
	m := &record{}
	found, err := t.conn.queryRow(ctx, sqlRegisters+`WHERE id = ?`, []any{id}, m.registers()...)
	if err != nil {
		return nil, err
	}
	if !found {
		m = nil
	}
	t.known[id] = m
	return m, nil
}

// save has what an entry changed of m written with the transaction.
func (t *tx) save(m *record) {
	if !m.dirty && !m.fresh {
		return
	}
	t.rows++
	t.steps++
	m.projects = m.projects || m.projected
	m.dirty, m.projected, m.first = false, false, false
	t.known[m.id] = m
	if !m.owed {
		m.owed = true
		t.owed = append(t.owed, m)
	}
}

// append has the log row of an entry written with the transaction.
func (t *tx) append(row logRow) {
	t.rows++
	t.steps++
	t.gathered.rows = append(t.gathered.rows, row)
}

// exec changes rows that others may have gathered changes of.
func (t *tx) exec(ctx context.Context, q string, args ...any) error {
	if err := t.invalidate(ctx); err != nil {
		return err
	}
	return t.aside(ctx, q, args...)
}

// aside changes rows that no gathered change is about: neither of the log nor of memories.
func (t *tx) aside(ctx context.Context, q string, args ...any) error {
	t.rows++
	t.steps++
	return t.conn.exec(ctx, q, args...)
}

// affect is exec that returns how many rows were changed; it counts none as changed.
func (t *tx) affect(ctx context.Context, q string, args ...any) (int, error) {
	if err := t.flush(ctx); err != nil {
		return 0, err
	}
	n, err := t.conn.affect(ctx, q, args...)
	if n > 0 || err != nil {
		t.forgetRecords()
	}
	return n, err
}

// queryRow scans one row as the transaction has it, and reports whether there was one.
func (t *tx) queryRow(ctx context.Context, q string, args []any, dest ...any) (bool, error) {
	if err := t.flush(ctx); err != nil {
		return false, err
	}
	return t.conn.queryRow(ctx, q, args, dest...)
}

// each calls fn for every row of a query, as the transaction has them.
func (t *tx) each(ctx context.Context, q string, args []any, fn func(rowScanner) error) error {
	if err := t.flush(ctx); err != nil {
		return err
	}
	return t.conn.each(ctx, q, args, fn)
}

// readChain adds up a chain with what the transaction has appended.
func (t *tx) readChain(ctx context.Context, o *originState) (memory.Chain, error) {
	if err := t.flush(ctx); err != nil {
		return memory.Chain{}, err
	}
	return t.state.readChain(ctx, o)
}

// invalidate writes what was gathered, and reads no record from it again.
func (t *tx) invalidate(ctx context.Context) error {
	err := t.flush(ctx)
	t.forgetRecords()
	return err
}

func (t *tx) forgetRecords() {
	clear(t.known)
	t.others, t.changed.all = true, true
}

// flush writes what was gathered.
func (t *tx) flush(ctx context.Context) error {
	if err := t.flushLog(ctx); err != nil {
		return err
	}
	owed := t.owed
	t.owed = nil
	var fresh []*record
	for _, m := range owed {
		m.owed = false
		if m.fresh || m.projects {
			t.absent.add(m.id, m.namespace, m.title)
		}
		if now, known := m.standing(); m.fresh && known {
			t.stands = append(t.stands, now)
		} else {
			t.moving[m.rid] = struct{}{}
		}
		if m.fresh {
			fresh = append(fresh, m)
			continue
		}
		t.changed.ids = append(t.changed.ids, m.id)
		if err := m.update(ctx, t.conn); err != nil {
			return err
		}
	}
	return insertAll(ctx, t.conn, sqlInsertMemory, fresh, (*record).inserted)
}

// flushLog writes the gathered rows of the log alone.
func (t *tx) flushLog(ctx context.Context) error {
	rows := t.gathered.rows
	t.gathered.rows = nil
	return insertAll(ctx, t.conn, sqlInsertLog, rows, logRow.columns)
}

// entryDigest returns the digest of the entry at lsn; of one that is missing
// or damaged it is zero, as for everybody who adds up the rows.
func (t *tx) entryDigest(ctx context.Context, lsn int64) (memory.Digest, error) {
	for i := range t.gathered.rows {
		if row := &t.gathered.rows[i]; row.lsn == lsn {
			return row.digest, nil
		}
	}
	var raw []byte
	_, err := t.conn.queryRow(ctx, `SELECT digest FROM log WHERE lsn = ? AND state <> 3`, []any{lsn}, &raw)
	return toDigest(raw), err
}

// insertSizes are the numbers of rows that one statement inserts: few, because each
// is a statement of its own that is kept.
func insertSizes() []int { return []int{32, 8, 1} }

// insertAll inserts rows in order, as many with one statement as may be.
func insertAll[R any](ctx context.Context, c *conn, q string, rows []R, columns func(R) []any) error {
	var args []any
	for _, n := range insertSizes() {
		for ; len(rows) >= n; rows = rows[n:] {
			args = args[:0]
			for _, r := range rows[:n] {
				args = append(args, columns(r)...)
			}
			values := `(?` + strings.Repeat(",?", len(args)/n-1) + `)`
			if err := c.exec(ctx, q+values+strings.Repeat(","+values, n-1), args...); err != nil {
				return err
			}
		}
	}
	return nil
}
