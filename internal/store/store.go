package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/tallystick/tallystick/internal/memory"
)

// Sentinels that only the store has.
var (
	// ErrLocked: another process has the data directory.
	ErrLocked = errors.New("data directory is in use by another process")
	// ErrNewer: the database was written by a newer version of this program.
	ErrNewer = errors.New("database is of a newer version")
	// ErrFatal: a commit did not reach the disk. What the database holds is
	// known only after a restart, so the process must end.
	ErrFatal = errors.New("storage failed")
)

// Codec turns entries into the bytes that are logged, hashed and sent, and back.
type Codec interface {
	// Encode returns the canonical bytes of e; of its hollow form if e.Hollow is set.
	Encode(e *memory.Entry) ([]byte, error)
	// Decode is the inverse. An entry of an unknown kind comes with its header
	// and an error that wraps memory.ErrUnknownKind.
	Decode(raw []byte) (*memory.Entry, error)
}

// Config says what to open, and how.
type Config struct {
	Dir   string // data directory; made if absent
	Node  memory.Node
	Clock *memory.Clock // the store persists it and restores it
	Codec Codec
	Log   *slog.Logger
	// OnCommit is called by the writer after each commit, in order, before the
	// writes of the commit return. It must not block. Nil is no hook.
	OnCommit func(memory.Committed)

	// Held makes [Store.Submit] wait until [Store.Confirm] or [Store.NewIncarnation],
	// unless the database is a new one.
	Held bool
	// QueueLen bounds the local writes, and the pushes, that wait for the writer;
	// beyond, memory.ErrBusy. 0 is 4,096.
	QueueLen int
	// QueueBytes bounds their size, too, as far as there is more than one. 0 is 64 MiB.
	QueueBytes int
	// BatchOps bounds the ops of one transaction: a write or a push that brings it
	// there is the last one. 1 makes a transaction of each. 0 is 512.
	BatchOps int
	Readers  int // read-only connections; 0 is 4
	// MaxIslands bounds the entries that are held of an origin beyond a hole in its
	// log; further ones are put off until the hole is filled. 0 is 65,536.
	MaxIslands int
	// MaxBytes bounds the database file; beyond, writes fail with memory.ErrFull. 0 is no bound.
	MaxBytes int64
}

func (c *Config) defaults() {
	c.QueueLen = or(c.QueueLen, 4096)
	c.QueueBytes = or(c.QueueBytes, 64<<20)
	c.BatchOps = or(c.BatchOps, 512)
	c.Readers = or(c.Readers, 4)
	c.MaxIslands = or(c.MaxIslands, 1<<16)
}

func or(v, fallback int) int {
	if v > 0 {
		return v
	}
	return fallback
}

// bulkReaders is how many snapshots and comparisons go on at a time; others wait.
const bulkReaders = 2

// FileName is the name of the database inside the data directory.
const FileName = "tally.db"

// Store is an open database. Its methods are safe for concurrent use.
type Store struct {
	cfg  Config
	lock *os.File
	path string

	write *writer // its fields belong to the goroutine of Run
	read  *reader
	bulk  *reader // for what takes long, so that it keeps nobody waiting

	queue   [2]queue // local writes, members' pushes: served in turn
	wake    chan struct{}
	running atomic.Bool   // Run was called, or never will be
	closing chan struct{} // closed when no more jobs are taken
	stopped chan struct{} // closed when no more jobs are answered
	stop    sync.Once

	numbering numbering

	view   atomic.Pointer[memory.View]
	origin atomic.Pointer[memory.Origin]
	names  sync.Map // origins.id → memory.Origin, for readers
	tail   tail
	index  indexer
	touch  touches
	sizes  atomic.Int64 // jobs waiting
}

// Open opens or makes the database in cfg.Dir, locks the directory and brings
// the schema up to date. Nothing is written until Run.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	cfg.defaults()
	if err := cfg.Node.Valid(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	s := &Store{
		cfg: cfg, path: filepath.Join(cfg.Dir, FileName),
		wake: make(chan struct{}, 1), closing: make(chan struct{}), stopped: make(chan struct{}),
	}
	for i := range s.queue {
		s.queue[i].jobs = make(chan *job, cfg.QueueLen)
	}
	s.index.init()
	s.numbering.open = make(chan struct{})
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	lock, err := os.OpenFile(filepath.Join(s.cfg.Dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	s.lock = lock
	if err := lockFile(lock); err != nil {
		return fmt.Errorf("%s: %w; stop it, or give this one a directory of its own with --data", s.cfg.Dir, ErrLocked)
	}
	db, err := openWriter(ctx, s.path, s.cfg.MaxBytes)
	if err != nil {
		return err
	}
	if s.write, err = newWriter(ctx, s, db); err != nil {
		return err
	}
	if s.read, err = openReader(s.path, s.cfg.Readers); err != nil {
		return err
	}
	if s.bulk, err = openReader(s.path, bulkReaders); err != nil {
		return err
	}
	if err := s.write.load(ctx); err != nil {
		return err
	}
	if s.write.fresh() || !s.cfg.Held {
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
	for _, r := range []*reader{s.read, s.bulk} {
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

// View returns the durable reading of this node. The caller must not change it.
func (s *Store) View() memory.View { return *s.view.Load() }

// Origin returns the current incarnation of this node.
func (s *Store) Origin() memory.Origin { return *s.origin.Load() }

// Queued returns how many jobs wait for the writer.
func (s *Store) Queued() int { return int(s.sizes.Load()) }

func (s *Store) now() memory.Instant { return memory.InstantOf(s.cfg.Clock.Wall()) }

// originName returns the name of an origins.id, which never changes.
func (s *Store) originName(id int64) memory.Origin {
	if v, ok := s.names.Load(id); ok {
		return v.(memory.Origin)
	}
	return ""
}
