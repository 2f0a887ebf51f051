package replicate

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate/core"
)

// Reasons of a [ShortError].
const (
	// Unreachable: no other member holds the write, and not all have refused it.
	Unreachable = "unreachable"
	// Timeout: some do, fewer than were asked for.
	Timeout = "timeout"
	// Refused: no other member holds it, because they refuse it, or this node; or its
	// number turned out to be that of another entry, when later ones had taken its place.
	Refused = "refused"
)

// ShortError says that a write is committed here and owed to the others, and
// that fewer members than asked for held it at the deadline, or when so many were
// known to be away that waiting was of no use.
type ShortError struct {
	Tally   Tally
	Needed  int
	Reason  string
	Missing []core.Absent // by name
}

func (e *ShortError) Error() string {
	return fmt.Sprintf("%s is held by %d members, %d were asked for: %s", e.Tally.Dot, len(e.Tally.HeldBy), e.Needed, e.Reason)
}

// Ticket is a claim to know when enough members hold a write. Somebody waits for it, or
// has it forgotten; one whose write was never committed is garbage, and needs neither.
type Ticket struct {
	r   *Replicator
	id  uint64
	w   int
	dot memory.Dot // set by the commit, and by a move to another
	// gone: the dot is that of another entry, and what was written is under none.
	gone bool
	met  chan Tally // takes one value
	// short is closed when so many members are away that waiting is of no use.
	short chan struct{}
}

// Wait returns when W members hold the write, this node counted, with those
// that do. At the deadline, as soon as so many members are known to be away that W
// cannot be met, or when the Replicator stops, it returns a [*ShortError]; when ctx ends, its error; in either case with the tally as it
// stands. The write itself is not affected: it stays, and is owed. Call Wait once.
func (t *Ticket) Wait(ctx context.Context, deadline time.Time) (Tally, error) {
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	var err error
	select {
	case tally := <-t.met:
		return tally, nil
	case <-timer.C:
	case <-t.short:
	case <-t.r.stopped:
	case <-ctx.Done():
		err = ctx.Err()
	}
	t.Forget()
	dot, gone := t.r.tickets.whereabouts(t)
	tally := t.r.Held(dot, t.w)
	if gone {
		tally.HeldBy, tally.Former.Held = nil, 0
	}
	switch {
	case err != nil:
		return tally, fmt.Errorf("wait for %s: %w", dot, err)
	case gone:
		t.r.Counters.MissedQuorum.Add(1)
		return tally, &ShortError{Tally: tally, Needed: tally.W, Reason: Refused}
	case tally.Met():
		return tally, nil
	}
	return tally, missed(ctx, t.r, tally)
}

// Forget says that nobody will wait.
func (t *Ticket) Forget() {
	if t.r.tickets.remove(t.id) != nil {
		t.r.box.post(core.Forgotten{ID: t.id})
	}
}

// tickets are those of committed writes that somebody may still wait for. Their
// number is bounded by that of the writers.
type tickets struct {
	mu   sync.Mutex
	last uint64
	open map[uint64]*Ticket
}

func (ts *tickets) next() uint64 {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.last++
	return ts.last
}

func (ts *tickets) add(t *Ticket) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.open[t.id] = t
}

// move follows entries to their new dots, if all of them is there.
func (ts *tickets) move(list []memory.Move) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	for _, mv := range list {
		for _, t := range ts.open {
			switch {
			case t.dot != mv.From || t.gone:
			case mv.To.IsZero():
				t.gone = true
			default:
				t.dot = mv.To
			}
		}
	}
}

func (ts *tickets) whereabouts(t *Ticket) (dot memory.Dot, gone bool) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return t.dot, t.gone
}

func (ts *tickets) remove(id uint64) *Ticket {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t := ts.open[id]
	delete(ts.open, id)
	return t
}

// resolve ends a wait, unless its entry has moved since its votes were counted: those are
// for another one. It returns who must be counted for anew, if that is so.
func (ts *tickets) resolve(id uint64, tally Tally) (wait core.Wait, again bool) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t := ts.open[id]
	switch {
	case t == nil:
		return core.Wait{}, false
	case t.dot != tally.Dot && !t.gone:
		return core.Wait{ID: id, Dot: t.dot, W: t.w}, true
	}
	delete(ts.open, id)
	if t.gone {
		close(t.short)
	} else {
		t.met <- tally
	}
	return core.Wait{}, false
}

// giveUp ends a wait that is of no use.
func (ts *tickets) giveUp(id uint64) {
	if t := ts.remove(id); t != nil {
		close(t.short)
	}
}
