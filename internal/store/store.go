package store

import (
	"context"
	"errors"
	"io"

	"github.com/tallystick/tallystick/internal/memory"
)

// How many of what reads the whole log go on at a time; others wait. A dump takes as
// long as whoever fetches it wants, so comparisons have connections of their own.
const (
	bulkReaders    = 2
	compareReaders = 2
)

// Store is an open database. Its methods are safe for concurrent use.
type Store struct {
	*base
	*tables
	*log
	*changes
	lock   io.Closer
	write  *chores // belongs to the goroutine of Run
	touch  touches
	recent tail
	// learned is closed when all was read that is read beside the writer at the start.
	learned chan struct{}
}

// Open opens or makes the database that cfg names, locks it and brings the schema
// up to date. Nothing is written until Run.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	cfg.defaults()
	if err := cfg.Node.Valid(); err != nil {
		return nil, err
	}
	b := &base{cfg: cfg, dialect: localFile(), absent: newAbsence(), census: newCensus(), cache: newCache()}
	s := &Store{learned: make(chan struct{}), base: b, tables: &tables{base: b}, changes: &changes{base: b, jobs: newJobs(&b.cfg)}}
	s.log = &log{base: b, tail: &s.recent}
	b.numbering.open = make(chan struct{})
	b.damage.rouse = s.rouse
	b.watch(s.rouse)
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	var err error
	if s.lock, err = s.dialect.lock(&s.cfg); err != nil {
		return err
	}
	w := &writer{state: &state{base: s.base}, tail: &s.recent}
	db, done, err := s.dialect.open(ctx, &s.cfg, w.written)
	if err != nil {
		return err
	}
	if w.conn, err = newConn(ctx, s.dialect, db, done); err != nil {
		return err
	}
	s.write = &chores{writer: w, touch: &s.touch}
	if s.tables.read, err = openReader(&s.cfg, s.dialect, s.cfg.Readers); err != nil {
		return err
	}
	s.log.read = s.tables.read
	if s.bulk, err = openReader(&s.cfg, s.dialect, bulkReaders); err != nil {
		return err
	}
	if s.sums, err = openReader(&s.cfg, s.dialect, compareReaders); err != nil {
		return err
	}
	if err := w.load(ctx); err != nil {
		return err
	}
	if w.fresh() || !s.cfg.Held {
		s.numbering.allow()
	}
	return nil
}

// Close closes the database. Call it after Run has returned.
func (s *Store) Close() error {
	s.stop.Do(func() { close(s.closing) })
	if s.running.CompareAndSwap(false, true) {
		close(s.stopped)
	}
	var errs []error
	for _, r := range []*reader{s.tables.read, s.bulk, s.sums} {
		if r != nil {
			errs = append(errs, r.close())
		}
	}
	if s.write != nil {
		errs = append(errs, s.write.close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}

// Queued returns how many jobs wait for the writer.
func (s *Store) Queued() int { return int(s.sizes.Load()) }

// Damaged returns how many entries are damaged, and not mended yet.
func (s *Store) Damaged() int { return int(s.damage.marked.Load()) }

// Touch counts a read of each of the memories. It does not block, and what was
// counted last may be lost in a crash.
func (s *Store) Touch(ids []string, at memory.Instant) { s.touch.add(ids, at) }

// watch has whatever reads or writes note what it meets.
func (s *base) watch(rouse func()) {
	s.damage.unsound.met, s.damage.unsound.rouse = make(chan struct{}, 1), rouse
	classify := s.dialect.classify
	s.dialect.classify = func(err error) error {
		if s.dialect.isBroken(err) {
			s.damage.unsound.note()
		}
		return classify(err)
	}
}
