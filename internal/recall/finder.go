// Package recall finds memories by words: [Finder] answers from an index in
// memory that follows the log behind the commits. How a memory becomes a document
// is here; how texts are cut into words, kept, searched and ranked is in the
// packages below, which know no memories.
package recall

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/rank"
	"github.com/tallystick/tallystick/internal/recall/search"
)

// Source is the log that an index follows.
type Source interface {
	// Changed returns memories as they are now that were written behind the local
	// sequence number after, and the number up to which there are no others.
	Changed(ctx context.Context, after uint64, limit int) ([]memory.Record, uint64, error)
	// View says how far the log is.
	View() memory.View
	// Origin names the log: of another one, nothing is known.
	Origin() memory.Origin
}

// Config of a finder. Zero fields take the defaults named here.
type Config struct {
	File string        // where the index is kept between two runs; "": nowhere
	Save time.Duration // how often it is saved if it has changed; 10 min
	Now  func() time.Time
	Log  *slog.Logger // required
}

// Hit is a memory that was found, by its id.
type Hit struct {
	ID    string
	Score float64
	Parts rank.Parts // what the score of a recall is the sum of
}

// Finder finds memories by words, in an index that follows a log. It is safe for
// concurrent use. Run must run.
type Finder struct {
	cfg    Config
	source Source
	ranker *rank.Ranker
	index  atomic.Pointer[index.Index]
	wake   chan struct{}
	again  atomic.Bool // the index must be made again
	erased bool        // since the file was last saved; of the goroutine of Run
	saved  uint64

	mu    sync.Mutex
	moved chan struct{} // closed and replaced whenever the index has moved
	ready bool          // the index is that of this log
}

// NewFinder returns a finder over the log of source.
func NewFinder(cfg Config, source Source) *Finder {
	if cfg.Save == 0 {
		cfg.Save = 10 * time.Minute
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	f := &Finder{cfg: cfg, source: source, ranker: rank.New(rank.Default()), wake: make(chan struct{}, 1), moved: make(chan struct{})}
	f.index.Store(index.New())
	return f
}

// Committed tells that the log has grown. It does not block.
func (f *Finder) Committed() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// Rebuild has the index made again from the records: what a repair mends is not
// behind the log.
func (f *Finder) Rebuild() {
	f.again.Store(true)
	f.Committed()
}

// Lag returns how many entries the index is behind the log, at most.
func (f *Finder) Lag() int {
	return int(max(f.source.View().LSN, f.index.Load().From()) - f.index.Load().From())
}

// Sync waits until the index has everything that was committed when it was
// called, or until ctx is done.
func (f *Finder) Sync(ctx context.Context) error {
	target := f.source.View().LSN
	for {
		f.mu.Lock()
		moved, ready := f.moved, f.ready
		f.mu.Unlock()
		if ready && f.index.Load().From() >= target {
			return nil
		}
		f.Committed()
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Bytes returns how much memory the index takes, nearly.
func (f *Finder) Bytes() int64 { return f.index.Load().Size().Total() }

// Recall returns the memories that answer a question best, in order, at most
// limit. A shorter list is the beginning of a longer one.
func (f *Finder) Recall(ctx context.Context, question string, sel memory.Filter, limit int) ([]Hit, error) {
	got, err := f.ranker.Rank(ctx, f.index.Load(), rank.Query{Text: question, Filter: filter(sel), Limit: limit})
	if err != nil {
		return nil, err
	}
	hits := make([]Hit, len(got.Hits))
	for i, h := range got.Hits {
		hits[i] = Hit{ID: h.ID, Score: float64(h.Score), Parts: h.Parts}
	}
	return hits, nil
}

// Search returns the memories that a query selects ([search]), the most relevant
// first, at most limit.
func (f *Finder) Search(query string, sel memory.Filter, limit int) []Hit {
	return f.search(search.Parse(query, f.cfg.Now()), sel, limit)
}

// Named returns the memories in which all words of a name occur, whatever else is
// in it. It is false for a name of nothing that can be looked for.
func (f *Finder) Named(name string, sel memory.Filter, limit int) ([]Hit, bool) {
	q := search.Words(name)
	return f.search(q, sel, limit), !q.Empty()
}

func (f *Finder) search(q *search.Query, sel memory.Filter, limit int) []Hit {
	got, _ := search.Run(f.index.Load(), q, filter(sel), limit)
	hits := make([]Hit, len(got))
	for i, h := range got {
		hits[i] = Hit{ID: h.ID, Score: float64(h.Score)}
	}
	return hits
}
