package store

import (
	"errors"
	"log/slog"
	"time"

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
	ErrFatal = memory.ErrStorage
)

// Codec turns entries into the bytes that are logged, hashed and sent, and back.
type Codec interface {
	// Encode returns the canonical bytes of e; of its hollow form if e.Hollow is set.
	Encode(e *memory.Entry) ([]byte, error)
	// Decode is the inverse. An entry of an unknown kind comes with its header
	// and an error that wraps memory.ErrUnknownKind.
	Decode(raw []byte) (*memory.Entry, error)
	// Again is Decode of bytes that were decoded before, when they had a digest. It need
	// not look at what follows from their having it still.
	Again(raw []byte, digest memory.Digest) (*memory.Entry, error)
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
	// OnWritten is called by the writer while it commits entries of this node, before the
	// commit is durable: it names them, ascending by seq. From then on [Store.Range] has them,
	// and whatever becomes of this process, they are in its file when the next one opens it;
	// only if the machine or its disk fails they may not be: [Store.Outrun] says so then. If
	// the commit fails all the same, Run ends. It must not block. Nil is no hook; where
	// the engine does not tell, or the machine not when it was started, it is not called,
	// and neither for commits that take something away, are very large, or have a write
	// with a key, nor for the first one.
	OnWritten func(own []memory.OwnEntry)
	// Early reports whether OnWritten would be of use. Nil is yes. It must not block.
	Early func() bool

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
	// LookUpWait bounds how long a look-up waits for one of them; beyond,
	// memory.ErrCrowded. 0 is 10 s.
	LookUpWait time.Duration
	// ScrubWithin is how long it may take to read the whole log once, a slice at a time,
	// to find damage. 0 is a week.
	ScrubWithin time.Duration
	// MaxIslands bounds the entries that are held of an origin beyond a hole in its
	// log; further ones are put off until the hole is filled. 0 is 65,536.
	MaxIslands int
	// MaxParked bounds the bytes that are kept of what was refused of one node; further
	// ops that are refused are put off until there is room. 0 is 64 MiB.
	MaxParked int
	// MaxBytes bounds the database file; beyond, writes fail with memory.ErrFull. 0 is no bound.
	MaxBytes int64

	renewLog bool // a sync of the engine's log has failed before
	sumSlots int  // rows in which changes of sums gather; 0 is 64
}

func (c *Config) defaults() {
	c.QueueLen = or(c.QueueLen, 4096)
	c.QueueBytes = or(c.QueueBytes, 64<<20)
	c.BatchOps = or(c.BatchOps, 512)
	c.Readers = or(c.Readers, 4)
	c.sumSlots = or(c.sumSlots, 64)
	if c.LookUpWait <= 0 {
		c.LookUpWait = 10 * time.Second
	}
	if c.ScrubWithin <= 0 {
		c.ScrubWithin = 7 * 24 * time.Hour
	}
	c.MaxIslands = or(c.MaxIslands, 1<<16)
	c.MaxParked = or(c.MaxParked, 64<<20)
}

func or(v, fallback int) int {
	if v > 0 {
		return v
	}
	return fallback
}
