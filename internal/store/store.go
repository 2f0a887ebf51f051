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
	if err := settled(s.cfg.Dir); err != nil {
		return err
	}
	s.boot.load(ctx, s.cfg.Dir, s.cfg.Log)
	s.cfg.renewLog = s.boot.failed
	w := &writer{state: &state{base: s.base}, tail: &s.recent}
	db, err := s.dialect.open(ctx, &s.cfg, w.written)
	if errors.Is(err, ErrFatal) {
		return errors.Join(err, s.boot.fail())
	}
	if err != nil {
		return err
	}
	if w.conn, err = newConn(ctx, s.dialect, db); err != nil {
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
	s.adder = &adder{base: s.base, reader: s.sums}
	s.write.sums = newAside(s.adder, s.rouse)
	if err := w.load(ctx); err != nil {
		return err
	}
	w.files = lookAt(s.dialect.files(&s.cfg))
	if w.fresh() {
		s.boot.renewed()
	}
	if w.fresh() || !s.cfg.Held && !s.Outrun() {
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

// Broken reports whether parts of the database cannot be read: not single rows, which
// [Store.Damaged] counts, but what holds them. It is false again when a pass met none.
func (s *Store) Broken() bool { return s.damage.unsound.broken() }

// Unreadable returns ids of memories that f selects and of which the content is damaged,
// a hundred at most.
func (s *Store) Unreadable(ctx context.Context, f memory.Filter) ([]string, error) {
	if s.damage.marked.Load() == 0 {
		return nil, nil
	}
	w := s.filter(f)
	var out []string
	err := s.tables.read.each(ctx, `SELECT m.id FROM damaged d JOIN log l ON l.origin = d.origin AND l.seq = d.seq
		JOIN memories m ON m.rid = l.record AND m.c_lsn = l.lsn WHERE `+w.String()+` ORDER BY m.id LIMIT 100`, w.args, func(r rowScanner) error {
		var id string
		err := r.Scan(&id)
		out = append(out, id)
		return err
	})
	return out, err
}

// LostLinks returns what is known of the links from and to a memory that are damaged.
func (s *Store) LostLinks(ctx context.Context, id string) ([]memory.LostLink, error) {
	if s.damage.marked.Load() == 0 {
		return nil, nil
	}
	var out []memory.LostLink
	err := s.tables.read.each(ctx, `SELECT r.a, r.b, r.origin, r.seq FROM registers r WHERE r.kind = ? AND (r.family = ? AND r.a = ? OR r.family = ? AND r.b = ?)
		AND EXISTS (SELECT 1 FROM damaged d WHERE d.origin = r.origin AND d.seq = r.seq) LIMIT 10000`,
		[]any{memory.KindLink, memory.FamLink, id, memory.FamLink, id}, func(r rowScanner) error {
			var l memory.LostLink
			var origin, seq int64
			err := r.Scan(&l.Source, &l.Target, &origin, &seq)
			l.Dot = s.dot(origin, seq)
			out = append(out, l)
			return err
		})
	return out, err
}

// Touch counts a read of each of the memories. It does not block, and what was
// counted last may be lost in a crash.
func (s *Store) Touch(ids []string, at memory.Instant) { s.touch.add(ids, at) }

// watch has whatever reads or writes note what it meets.
func (s *base) watch(rouse func()) {
	s.damage.unsound.met, s.damage.unsound.rouse = make(chan struct{}, 1), rouse
	classify := s.dialect.classify
	s.dialect.classify = func(err error) error {
		if s.dialect.isBroken(err) {
			if !isGarbled(err) {
				s.damage.unsound.pages.Add(1)
			}
			s.damage.unsound.note()
		}
		return classify(err)
	}
}
