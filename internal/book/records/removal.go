package records

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// removal is a request that takes away whatever it finds, each memory by an op of its own.
// Repeated, it takes what it could not take then, and nothing that was written or brought
// back since: whoever repeats it does not mean that. What was proposed is proposed once.
type removal struct {
	core  *engine.Engine
	store Reads
	what  string // the name of its parts
	take  func(ctx context.Context, c engine.Caller, id string) (engine.Outcome, error)

	mu      sync.Mutex
	several engine.Several
	begun   bool // or its end is known

	known, fresh atomic.Int64 // parts of an earlier request, and of this one
}

// newRemoval begins one. A key that was used for another request is [memory.ErrKeyReused].
func newRemoval(
	ctx context.Context, b *Book, c engine.Caller, what string, take func(context.Context, engine.Caller, string) (engine.Outcome, error),
) (*removal, error) {
	s, err := engine.Earlier(ctx, b.core, c)
	return &removal{core: b.core, store: b.store, what: what, take: take, several: s, begun: s.Again}, err
}

// idle reports whether an earlier request found nothing to take.
func (r *removal) idle() bool { return r.several.Idle }

// begin keeps the key of the request, as soon as there is something to take.
func (r *removal) begin(ctx context.Context) (engine.Several, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.begun {
		return r.several, nil
	}
	s, err := engine.Begin(ctx, r.core, r.several.Caller)
	if err == nil {
		r.several, r.begun = s, true
	}
	return s, err
}

// end keeps that there was nothing to take, if so, for a repetition to take nothing either. It
// reports whether the answer is that to a repetition.
func (r *removal) end(ctx context.Context) (again bool, err error) {
	if !r.begun {
		r.several, err = r.several.End(ctx, r.core)
	}
	return r.several.Repeats(int(r.known.Load()), int(r.fresh.Load())), err
}

// one takes a memory away, and reports whether the request did: now or before.
func (r *removal) one(ctx context.Context, id string) (bool, error) {
	s, err := r.begin(ctx)
	if err != nil || s.Idle {
		return false, err
	}
	if s.Again {
		// Read before it is asked who did it: the same request may go on at the same time.
		rec, unread := r.store.Record(ctx, id)
		if known, taken, err := r.took(ctx, id); known || err != nil {
			return taken, err
		}
		if unread != nil || max(rec.Content.Stamp, rec.LifeAt.Stamp) > s.At {
			return false, memory.Unread(ctx, id, unread)
		}
	}
	out, err := r.take(ctx, s.About(r.what, id), id)
	if out.Entry != nil {
		r.fresh.Add(1)
	}
	return out.Entry != nil && out.Pending == nil, err
}

// took reports whether an earlier request knows a memory, and whether it has taken it: it may
// have proposed to.
func (r *removal) took(ctx context.Context, id string) (known, taken bool, err error) {
	e, err := engine.Done(ctx, r.core, r.several.About(r.what, id))
	if e == nil || err != nil {
		return false, false, err
	}
	r.known.Add(1)
	return true, !e.Op.About().Proposed, nil
}

// gone counts what an earlier request has taken of what f selects, and is gone still.
func (r *removal) gone(ctx context.Context, f memory.Filter, lives ...memory.Life) (int, error) {
	if !r.several.Again {
		return 0, nil
	}
	n := 0
	for _, f.Life = range lives {
		next := listing(r.store, f)
		for {
			ids, err := next(ctx)
			if err != nil {
				return n, err
			}
			if len(ids) == 0 {
				break
			}
			part, err := sweep(ctx, ids, func(ctx context.Context, id string) (bool, error) {
				_, taken, err := r.took(ctx, id)
				return taken, err
			})
			if n += part; err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// ArchiveAs is the caller of [Book.Archive] for one of several memories that a request names.
// Repeated, the request leaves alone what has come or was brought back since it began: to it,
// that is [memory.ErrNotFound].
func ArchiveAs(ctx context.Context, b *Book, s engine.Several, id string) (engine.Caller, error) {
	c := s.About("archive", id)
	if !s.Again {
		return c, nil
	}
	// Read before it is asked who did it: the same request may go on at the same time.
	rec, unread := b.store.Record(ctx, id)
	done, err := engine.Done(ctx, b.core, c)
	switch {
	case done != nil || err != nil:
		return c, err
	case unread == nil && rec.LifeAt.Stamp > s.At:
		unread = memory.ErrNotFound
	}
	if unread != nil {
		unread = fmt.Errorf("memory %.140s: %w", id, unread)
	}
	return c, unread
}
