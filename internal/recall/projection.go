package recall

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// Projection is something that follows from the records of a log and can be made
// again from them, such as an index. Its methods but From are called by one
// goroutine, that of its follower.
type Projection interface {
	// Open takes from disk what an earlier run has kept of this log, if that is of use.
	Open(ctx context.Context)
	// From returns up to which position of the log what it answers from has taken in.
	// Anybody may ask.
	From() uint64
	// Apply takes a batch in. A record may come more than once: it is always as it is
	// now. After an error the same batch comes again, perhaps larger.
	Apply(ctx context.Context, b *Batch) error
	// Save keeps on disk what spares the next run the log, if it has changed. It is
	// called now and then, at the end, and soon after something was erased.
	Save(ctx context.Context) error
}

// Eraser is a projection that may be far behind the log, and yet keeps nothing of
// what was erased: it is told of that as soon as the index of words is, in another
// goroutine than that which applies, and more than once.
type Eraser interface {
	Erase(ctx context.Context, ids []string)
}

// Asker is a projection that asks somebody else, who may not be there now.
type Asker interface {
	// Ready returns when it may take a batch. The log is read after that, so that nothing
	// is asked about that was erased or replaced meanwhile.
	Ready(ctx context.Context) error
	// Again says whether it is time to read the log once more, and behind which position,
	// for what could not be taken in when it came.
	Again() (after uint64, due bool)
}

// Batch is a part of the log as a projection takes it in: memories that were
// written behind After and up to At, in the order of what was written.
type Batch struct {
	// After is where the batch before ended. At 0 the projection begins anew, and goes
	// on answering from what it has until it has caught up.
	After   uint64
	At      uint64
	Top     uint64 // the end of the log when this was read: with At there, it has caught up
	Records []memory.Record
}

// Source is the log that projections follow.
type Source interface {
	// Changed returns memories as they are now that were written behind the local
	// sequence number after, and the number up to which there are no others.
	Changed(ctx context.Context, after uint64, limit int) ([]memory.Record, uint64, error)
	// View says how far the log is.
	View() memory.View
	// Origin names the log: of another one, nothing is known.
	Origin() memory.Origin
}

const (
	// slice is how many memories are taken in at a time.
	slice = 512
	// pause is the least time between two looks at the log: in a storm of writes a
	// few large steps cost less than many small ones. It is hurried while somebody waits.
	pause   = 10 * time.Millisecond
	hurried = time.Millisecond
	// again is when the log is looked at again after that failed.
	again = time.Second
	// settle is how long after an erase the projection is saved without what was erased.
	settle = 5 * time.Second
)

// follower feeds one projection behind the commits. What one projection fails or
// takes its time for does not hold up another.
type follower struct {
	source Source
	to     Projection
	every  time.Duration // how often it is saved
	log    *slog.Logger
	wake   chan struct{}
	hurry  chan struct{} // somebody waits for the next look
	anew   atomic.Bool   // the projection must be made again

	next uint64 // position behind what was applied; of the goroutine of run

	mu    sync.Mutex
	moved chan struct{} // closed and replaced whenever the projection has moved
	ready bool          // the projection is that of this log
}

func newFollower(source Source, to Projection, every time.Duration, log *slog.Logger) *follower {
	return &follower{source: source, to: to, every: every, log: log, wake: make(chan struct{}, 1), hurry: make(chan struct{}, 1), moved: make(chan struct{})}
}

// committed tells that the log has grown. It does not block.
func (f *follower) committed() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// lag returns how many entries the projection is behind the log, at most.
func (f *follower) lag() int {
	from := f.to.From()
	return int(max(f.source.View().LSN, from) - from)
}

// step returns a channel that is closed when the projection moves next.
func (f *follower) step() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.moved
}

// wait returns when everything up to a position was taken in, or ctx is done.
func (f *follower) wait(ctx context.Context, target uint64) error {
	for {
		f.mu.Lock()
		moved, ready := f.moved, f.ready
		f.mu.Unlock()
		if ready && f.to.From() >= target {
			return nil
		}
		f.committed()
		select {
		case f.hurry <- struct{}{}:
		default:
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// run follows the log until ctx is done, and saves the projection then.
func (f *follower) run(ctx context.Context) {
	f.to.Open(ctx)
	if f.next = f.to.From(); f.next > f.source.View().LSN {
		f.next = 0 // kept of a log that was longer: the log alone is true
	}
	save := time.NewTimer(f.every)
	defer save.Stop()
	for {
		wait := pause
		erased, err := f.follow(ctx)
		if err != nil && ctx.Err() == nil {
			f.log.WarnContext(ctx, "index does not follow the log", "err", err)
			wait = again
			f.committed()
		}
		if erased {
			save.Reset(settle)
		}
		f.rest(ctx, wait)
		select {
		case <-f.wake:
		case <-save.C:
			f.save(ctx)
			save.Reset(f.every)
		case <-ctx.Done():
			f.save(context.WithoutCancel(ctx))
			return
		}
	}
}

// rest waits between two looks at the log, less long while somebody waits for the next.
func (f *follower) rest(ctx context.Context, wait time.Duration) {
	least := wait
	if wait == pause {
		least = hurried
	}
	rest := time.NewTimer(least)
	defer rest.Stop()
	select {
	case <-rest.C:
	case <-ctx.Done():
		return
	}
	if least == wait {
		return
	}
	rest.Reset(wait - least)
	select {
	case <-rest.C:
	case <-f.hurry:
	case <-ctx.Done():
	}
}

func (f *follower) save(ctx context.Context) {
	if err := f.to.Save(ctx); err != nil {
		f.log.WarnContext(ctx, "index not saved: the next start makes it again", "err", err)
	}
}

// follow feeds what the log has, and says whether something was erased.
func (f *follower) follow(ctx context.Context) (erased bool, err error) {
	if f.anew.Swap(false) {
		f.next = 0
	}
	asker, asks := f.to.(Asker)
	if asks {
		if after, due := asker.Again(); due {
			f.next = min(f.next, after)
		}
	}
	for f.next < f.source.View().LSN {
		if asks {
			if err := asker.Ready(ctx); err != nil {
				return erased, err
			}
		}
		top := f.source.View().LSN
		recs, last, err := f.source.Changed(ctx, f.next, slice)
		if err != nil {
			return erased, err
		}
		erased = erased || slices.ContainsFunc(recs, func(r memory.Record) bool { return r.Life == memory.Erased })
		if err := f.to.Apply(ctx, &Batch{After: f.next, At: last, Top: top, Records: recs}); err != nil {
			return erased, err
		}
		f.next = last
		f.advance()
	}
	if !f.ready {
		f.advance()
	}
	return erased, nil
}

// advance tells those who wait that the projection has moved.
func (f *follower) advance() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ready = f.ready || f.to.From() >= f.next
	close(f.moved)
	f.moved = make(chan struct{})
}
