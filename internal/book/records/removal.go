package records

import (
	"context"
	"errors"
	"sync"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// removal is a request that takes away whatever it finds, each memory by an op of its own.
// Its first op has the idempotency key of the request, the others have keys that are
// derived from it. Repeated, it takes what it could not take then, and nothing that was
// written or brought back since: whoever repeats it does not mean that.
type removal struct {
	core  *engine.Engine
	store Reads
	c     engine.Caller
	what  string // the name of its parts
	take  func(ctx context.Context, c engine.Caller, id string) (engine.Outcome, error)

	idle  bool // an earlier request found nothing to take
	mu    sync.Mutex
	begun bool
	first *memory.Entry // that an earlier request has written; nil: there was none
}

// newRemoval begins one. A key that was used for another request is [memory.ErrKeyReused].
func newRemoval(
	ctx context.Context, b *Book, c engine.Caller, what string, take func(context.Context, engine.Caller, string) (engine.Outcome, error),
) (*removal, error) {
	first, err := engine.Earlier(ctx, b.core, c)
	idle := errors.Is(err, memory.ErrUnchanged)
	if idle {
		err = nil
	}
	return &removal{core: b.core, store: b.store, c: c, what: what, take: take, idle: idle, begun: first != nil || c.Idempotency == nil, first: first}, err
}

// end keeps that nothing was taken, if so, for a repetition to take nothing either. It
// reports whether an earlier request had begun.
func (r *removal) end(ctx context.Context) (again bool, err error) {
	if r.first == nil && !r.begun {
		_, err = engine.NothingDone(ctx, r.core, r.c)
	}
	return r.first != nil, err
}

// Began reports whether there was an earlier request under the same key, and returns the
// memory that it changed under it, "" if it was another thing. A key that was used for
// another request is [memory.ErrKeyReused].
func Began(ctx context.Context, b *Book, c engine.Caller) (id string, began bool, err error) {
	e, err := engine.Earlier(ctx, b.core, c.Named())
	if errors.Is(err, memory.ErrUnchanged) {
		return "", true, nil
	}
	if e == nil || err != nil {
		return "", false, err
	}
	return e.Op.About().Changed(), true, nil
}

// one takes a memory away, and reports whether the request did: now or before.
func (r *removal) one(ctx context.Context, id string) (bool, error) {
	first, done, err := r.opening(ctx, id)
	if done || err != nil {
		return done, err
	}
	if first != nil {
		if known, err := r.took(ctx, first, id); known || err != nil {
			return known, err
		}
		rec, err := r.store.Record(ctx, id)
		if err != nil || max(rec.Content.Stamp, rec.LifeAt.Stamp) > first.Stamp {
			return false, memory.Unread(ctx, id, err)
		}
	}
	out, err := r.take(ctx, r.c.Part(r.what, id), id)
	return out.Entry != nil && out.Pending == nil, err
}

// opening takes a memory under the key of the request, unless something has been taken
// already. It returns what was taken first by an earlier request, nil if there was none.
func (r *removal) opening(ctx context.Context, id string) (first *memory.Entry, done bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.begun {
		return r.first, false, nil
	}
	out, err := r.take(ctx, r.c, id)
	if err != nil || out.Entry == nil {
		return nil, false, err
	}
	r.begun = true
	if out.Replayed { // the same request, at the same time
		r.first = out.Entry
		return r.first, false, nil
	}
	return nil, out.Pending == nil, nil
}

// took reports whether an earlier request has taken a memory.
func (r *removal) took(ctx context.Context, first *memory.Entry, id string) (bool, error) {
	if first.Op.About().Changed() == id {
		return true, nil
	}
	e, err := engine.Earlier(ctx, r.core, r.c.Part(r.what, id))
	return e != nil, err
}

// gone counts what an earlier request has taken of what f selects, and is gone still.
func (r *removal) gone(ctx context.Context, f memory.Filter, lives ...memory.Life) (int, error) {
	if r.first == nil {
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
			part, err := sweep(ctx, ids, func(ctx context.Context, id string) (bool, error) { return r.took(ctx, r.first, id) })
			if n += part; err != nil {
				return n, err
			}
		}
	}
	return n, nil
}
