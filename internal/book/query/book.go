// Package query reads memories for callers: by id, by filter and by words, as far
// as the one who asks may see them.
package query

import (
	"context"
	"log/slog"
	"time"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/recall"
)

// Reads is what the book needs of the store.
type Reads interface {
	Found
	// Record returns the memory in whatever life, or [memory.ErrNotFound] if it never was.
	Record(ctx context.Context, id string) (*memory.Record, error)
	// Resolve completes a prefix of an id among the records that f selects.
	Resolve(ctx context.Context, idOrPrefix string, f memory.Filter) (string, error)
	// List returns a page of what f selects, and the cursor of the next one, "" after the last.
	List(ctx context.Context, f memory.Filter, o memory.Order, limit, offset int, cursor string) ([]memory.Record, string, error)
	// History returns what was written to the content of a memory, the newest first.
	History(ctx context.Context, id string) ([]memory.Revision, error)
	Counts
}

// Found fetches what an index has found.
type Found interface {
	// Many returns those of the memories that there are, in no order.
	Many(ctx context.Context, ids []string) ([]memory.Record, error)
	// RecordFor returns the memory in whatever life, or [memory.ErrNotFound] if it never was
	// or viewer may not see it.
	RecordFor(ctx context.Context, viewer memory.AgentID, id string) (*memory.Record, error)
	// Superseding returns, by memory, the sources of links that say that they supersede
	// it, whatever became of these.
	Superseding(ctx context.Context, ids []string) (map[string][]string, error)
	// Reached returns when the log of this node had come as far as an LSN, or
	// [memory.ErrInvalid] if it has not yet, or does not know any more.
	Reached(ctx context.Context, lsn uint64) (memory.Instant, error)
	// Unreadable returns ids of memories that f selects and of which the content is damaged
	// here: no index can know of their words.
	Unreadable(ctx context.Context, f memory.Filter) ([]string, error)
	// Touch counts a read of each id. It never blocks.
	Touch(ids []string, at memory.Instant)
}

// Counts are sums over records.
type Counts interface {
	// Counts are those of the records that the viewer of f may see, or of all.
	Counts(ctx context.Context, f memory.Filter) (memory.Counts, error)
	// Spaces counts by namespace what f selects.
	Spaces(ctx context.Context, f memory.Filter) (map[string]int64, error)
}

// Book answers questions about memories. It is safe for concurrent use.
type Book struct {
	core   *engine.Engine
	store  Reads
	finder *recall.Finder
	wait   time.Duration
	log    *slog.Logger
	// lapsing are found memories that are to expire; see [Book.Lapsing].
	lapsing chan memory.Touch
}

// maxLapsing bounds the touches that wait to be written. The next recall that finds
// the memory asks again.
const maxLapsing = 1024

// New returns a book whose recalls wait for the index of words as long as wait.
func New(core *engine.Engine, store Reads, finder *recall.Finder, wait time.Duration, log *slog.Logger) *Book {
	return &Book{core: core, store: store, finder: finder, wait: wait, log: log, lapsing: make(chan memory.Touch, maxLapsing)}
}
