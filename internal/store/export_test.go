package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/tallystick/tallystick/internal/memory"
)

// SettleKiB is how much is written before the log begins anew.
const SettleKiB = settleKiB

// AllErrorsAreOfAFullDisk has the store take every error of the engine for that.
func (s *Store) AllErrorsAreOfAFullDisk() {
	s.dialect.classify = func(err error) error {
		if err == nil {
			return nil
		}
		return fmt.Errorf("%w: %w", memory.ErrFull, err)
	}
}

// ChangedRows is Changed from the database.
func (s *Store) ChangedRows(ctx context.Context, after uint64, limit int) ([]memory.Record, uint64, error) {
	return s.changedRows(ctx, after, limit)
}

// KeptSums is BucketSums as it is kept along with the rows.
func (s *Store) KeptSums(ctx context.Context) ([]memory.Digest, error) {
	tx, err := s.sums.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback() //nolint:errcheck // read-only
	sums, ok := tx.keptSums(ctx)
	if !ok {
		return nil, errors.New("they cannot be read")
	}
	var out []memory.Digest
	for _, sum := range sums {
		out = append(out, sum.Digest())
	}
	return out, nil
}

// SubscriptionMarkOfRows is SubscriptionMark from the database.
func (s *Store) SubscriptionMarkOfRows(ctx context.Context) (string, error) {
	return s.subscriptionMark(ctx)
}

// InMemory reports whether Changed asks the database nothing.
func (s *Store) InMemory(after uint64) bool {
	_, _, is := s.births.changed(after, 1)
	return is
}

// Learned is closed when all was read that is read at the start.
func (s *Store) Learned() <-chan struct{} { return s.learned }

// SpacesOfRows is Spaces from the database.
func (s *Store) SpacesOfRows(ctx context.Context, f memory.Filter) (map[string]int64, error) {
	return s.spacesOfRows(ctx, f)
}

// CountsOfRows is Counts from the database, but for what memories do not say.
func (s *Store) CountsOfRows(ctx context.Context, f memory.Filter) (memory.Counts, error) {
	return s.countsOfRows(ctx, f)
}

// ListOfRows is List from the database, from the start on.
func (s *Store) ListOfRows(ctx context.Context, f memory.Filter, order memory.Order, limit, offset int) ([]memory.Record, error) {
	p := page{tables: s.tables, filter: f, order: order, limit: limit, offset: offset}
	found, err := p.read(ctx, p.where())
	return found.recs, err
}

// Order is an order of numbers, for the tests of it.
type Order struct{ order }

// NewOrder returns one that is empty.
func NewOrder(cmp func(a, b uint32) int) *Order { return &Order{order{cmp: cmp}} }

// Add puts a number in its place.
func (o *Order) Add(n uint32) { o.add(n) }

// Remove takes it out.
func (o *Order) Remove(n uint32) { o.remove(n) }

// Fill makes it the set of numbers.
func (o *Order) Fill(n []uint32) { o.fill(n) }

// From lists what is not before a number.
func (o *Order) From(n uint32) (out []uint32) {
	o.from(func(row uint32) bool { return o.cmp(row, n) < 0 }, func(row uint32) bool {
		out = append(out, row)
		return true
	})
	return out
}

// FewSumSlots has changes of sums gather in so few rows.
func FewSumSlots(n int) func(*Config) { return func(c *Config) { c.sumSlots = n } }

// ManyOfRows is Many without what was read before.
func (s *Store) ManyOfRows(ctx context.Context, ids []string) (recs []memory.Record, links map[string]bool, err error) {
	links = map[string]bool{}
	for _, id := range ids {
		list, err := s.linkedRecords(ctx, ` WHERE m.id = ?`, id)
		if err != nil {
			return nil, nil, err
		}
		for i := range list {
			recs, links[id] = append(recs, list[i].rec), list[i].linked
		}
	}
	return recs, links, nil
}

// Cached reports whether a record is in memory, and whether it is known there that
// links may name it.
func (s *Store) Cached(id string) (is, linked bool) {
	s.cache.mu.Lock()
	defer s.cache.mu.Unlock()
	x := s.cache.by[id]
	return x != nil, x != nil && x.linked
}

// Located reports whether it is known where a record is that is not in memory.
func (s *Store) Located(id string) bool {
	_, known, _, _ := s.cache.get([]string{id})
	return len(known) == 1
}

// Stubs is the table of where records are.
type Stubs struct{ stubs }

// Put takes in where a record is.
func (s *Stubs) Put(hash uint64, lsn int64) { s.put(hash, &stub{lsn: lsn}) }

// Find returns it.
func (s *Stubs) Find(hash uint64) (lsn int64, ok bool) {
	x := s.find(hash)
	if x == nil {
		return 0, false
	}
	return x.lsn, true
}

// Drop forgets it.
func (s *Stubs) Drop(hash uint64) { s.drop(hash) }

// Clear forgets all.
func (s *Stubs) Clear() { s.clear() }

// Len is how many there are, and for how many there is room.
func (s *Stubs) Len() (n, room int) { return s.n, len(s.slots) }

// FewCached bounds the records that are kept in memory.
func (s *Store) FewCached(bytes int) { s.cache.room = bytes }

// Commit commits a row that means nothing, and returns what the writer's connection does
// about durability, and whether it said that the commit was written before it was synced.
func (s *Store) Commit(ctx context.Context) (synchronous int, said bool, err error) {
	var by *tx
	err = s.do(ctx, queueMember, 1, func(ctx context.Context, t *tx) error {
		by = t
		if err := t.aside(ctx, `INSERT INTO cursors (member, origin, seq) VALUES ('x', 'x.1', 1) ON CONFLICT (member, origin) DO UPDATE SET seq = seq + 1`); err != nil {
			return err
		}
		_, err := t.conn.queryRow(ctx, `PRAGMA synchronous`, nil, &synchronous)
		return err
	})
	return synchronous, err == nil && by.written, err
}

// ReindexAll makes all indexes anew, as after damage. Not while Run runs.
func (s *Store) ReindexAll(ctx context.Context) error { return s.write.reindexAll(ctx) }

// Writers is how many connections there may be that can write, and fails if one of those
// for reading can.
func (s *Store) Writers(ctx context.Context) (int, error) {
	for _, r := range []*reader{s.tables.read, s.bulk, s.sums} {
		if _, err := r.db.ExecContext(ctx, `UPDATE node SET name = name`); err == nil {
			return 0, errors.New("a connection for reading has written")
		}
	}
	return s.write.db.Stats().MaxOpenConnections, nil
}

// SchemaDigest is that of the database in a file, and that which is written down.
func SchemaDigest(ctx context.Context, path string) (got, want string, err error) {
	db, err := sql.Open("sqlite", dsn(path, "ro"))
	if err != nil {
		return "", "", err
	}
	schema, err := schemaOf(ctx, db)
	return digestOf(schema), schemaDigest, errors.Join(err, db.Close())
}

// ReindexFirst makes all indexes anew, as a start does that cannot read the tables.
func (s *Store) ReindexFirst(ctx context.Context) (bool, error) { return s.write.reindexFirst(ctx) }
