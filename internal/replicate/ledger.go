package replicate

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate/core"
)

// ledger collects what is to be remembered of the members. It is written lazily:
// losing it means sending again what a member has already, which does no harm.
type ledger struct {
	wake chan struct{} // holds one token while there is something to write

	mu      sync.Mutex
	cursors map[memory.Node]core.SaveCursor // the last of each member
	notes   []func(context.Context) error   // what else is to be written, in order
}

const (
	saveEvery = 200 * time.Millisecond
	saveLast  = 2 * time.Second // at shutdown, at most
)

func newLedger() *ledger {
	return &ledger{wake: make(chan struct{}, 1), cursors: map[memory.Node]core.SaveCursor{}}
}

func (l *ledger) cursor(c core.SaveCursor) {
	l.mu.Lock()
	l.cursors[c.Member] = c
	l.mu.Unlock()
	l.ring()
}

func (l *ledger) note(write func(context.Context) error) {
	l.mu.Lock()
	l.notes = append(l.notes, write)
	l.mu.Unlock()
	l.ring()
}

func (l *ledger) ring() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *ledger) take() (cursors []core.SaveCursor, notes []func(context.Context) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range slices.Sorted(maps.Keys(l.cursors)) {
		cursors = append(cursors, l.cursors[m])
	}
	notes = l.notes
	clear(l.cursors)
	l.notes = nil
	return cursors, notes
}

// save writes the ledger now and then until ctx ends and the runners have
// stopped, and once more after that.
func (r *Replicator) save(ctx context.Context) {
	for {
		select {
		case <-r.stopped:
			r.running.Wait()
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveLast)
			defer cancel()
			r.saveNow(ctx)
			return
		case <-r.ledger.wake:
			r.saveNow(ctx)
		}
		select {
		case <-r.stopped:
		case <-time.After(saveEvery):
		}
	}
}

func (r *Replicator) saveNow(ctx context.Context) {
	cursors, notes := r.ledger.take()
	errs := make([]error, len(cursors))
	var saving sync.WaitGroup
	for i, c := range cursors { // at once, so that they share a commit
		saving.Go(func() { errs[i] = r.store.SaveCursor(ctx, c.Member, c.Origin, c.Seq) })
	}
	saving.Wait()
	for _, write := range notes {
		errs = append(errs, write(ctx))
	}
	if err := errors.Join(errs...); err != nil && ctx.Err() == nil {
		r.log.WarnContext(ctx, "what is known of members was not saved", "err", err)
	}
}

func (r *Replicator) park(e core.Park) {
	r.Counters.Refused.Add(1)
	p := memory.Parked{Refusal: e.Refusal, Member: e.Member, Since: memory.InstantOf(time.Now())}
	r.ledger.note(func(ctx context.Context) error { return r.store.Park(ctx, p) })
}

func (r *Replicator) unpark(e core.Unpark) {
	r.ledger.note(func(ctx context.Context) error { return r.store.Unpark(ctx, e.Member, e.Dots) })
}
