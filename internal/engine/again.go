package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/tallystick/tallystick/internal/memory"
)

// again returns entries that were committed earlier as a write to wait for, or
// [memory.ErrStale] if they have moved since they were read.
func (e *Engine) again(ctx context.Context, c Caller, entries []*memory.Entry) (*Held, error) {
	spaces, err := e.namespaces(ctx, entries[len(entries)-1].Op)
	if err != nil {
		return nil, err
	}
	w, err := e.quorum(ctx, c.Durability, spaces)
	if err != nil {
		return nil, err
	}
	last := entries[len(entries)-1]
	ticket := e.fed.Follow(last.Dot, w)
	// The ticket goes along when the entry moves from now on. Had it moved before, then
	// what members hold under its number would be votes for another one.
	now, err := e.store.Entry(ctx, last.Dot)
	switch {
	case err == nil && now.Digest == last.Digest:
		return &Held{entries: entries, replayed: true, w: w, ticket: ticket, deadline: e.deadline()}, nil
	case err == nil || errors.Is(err, memory.ErrNotFound):
		err = fmt.Errorf("op %s is another one now: %w", last.Dot, memory.ErrStale)
	}
	ticket.Forget()
	return nil, err
}

// still is the answer to the repetition of a request that found what it asked for: what
// stands there now. It writes nothing, whatever has been done since.
func still(ctx context.Context, e *Engine, c Caller, build func(ctx context.Context) (*Intent, error)) (*Held, error) {
	in, err := build(ctx)
	in.unlock()
	if err != nil {
		return nil, err
	}
	there := in.Existing
	if there == nil {
		if there, err = standing(ctx, e, in); err != nil {
			return nil, err
		}
	}
	return e.again(ctx, c, []*memory.Entry{there})
}

// standing returns the entry of the register that an intent is to write. If that is of
// another kind, what was there when the request was made is gone.
func standing(ctx context.Context, e *Engine, in *Intent) (*memory.Entry, error) {
	op := in.last()
	key := op.Subjects()[0]
	for _, x := range in.Expect {
		if x.Key != key || x.Version.IsZero() {
			continue
		}
		entry, err := e.store.Entry(ctx, x.Version.Dot)
		if err != nil {
			return nil, err
		}
		if entry.Op.Kind() == op.Kind() {
			return entry, nil
		}
	}
	return nil, fmt.Errorf("it was there when the request was first made, and is gone: %w", memory.ErrNotFound)
}
