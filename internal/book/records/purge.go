package records

import (
	"context"
	"errors"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// Purge deletes what has been in the archive since before an instant, as far as
// the caller may: up to 10,000 memories. It returns how many.
func (b *Book) Purge(ctx context.Context, c engine.Caller, before memory.Instant) (int, error) {
	c = c.Named()
	next := archivedBefore(b.store, memory.Filter{Viewer: c.Agent, Life: memory.Archived, Now: b.core.Now()}, before)
	total := 0
	for total < maxForget {
		ids, more, err := next(ctx)
		if err != nil {
			return total, err
		}
		n, err := sweep(ctx, ids, func(ctx context.Context, id string) (bool, error) { return b.purge(ctx, c, id) })
		total += n
		if err != nil || !more {
			return total, err
		}
	}
	return total, nil
}

// archivedBefore returns a func that gives, part by part, the ids of what f
// selects and was archived before an instant, and whether there may be more.
func archivedBefore(store Reads, f memory.Filter, before memory.Instant) func(context.Context) ([]string, bool, error) {
	cursor := ""
	return func(ctx context.Context) ([]string, bool, error) {
		recs, next, err := store.List(ctx, f, memory.ByID, forgetBatch, 0, cursor)
		cursor = next
		var ids []string
		for i := range recs {
			if recs[i].ArchivedAt() < before {
				ids = append(ids, recs[i].ID)
			}
		}
		return ids, next != "", err
	}
}

// purge deletes one memory and reports whether it did.
func (b *Book) purge(ctx context.Context, c engine.Caller, id string) (bool, error) {
	out, err := b.Delete(ctx, c.Part("purge", id), id)
	if _, forbidden := errors.AsType[*engine.ForbiddenError](err); forbidden {
		return false, nil
	}
	return out.Entry != nil && out.Pending == nil, memory.Unread(ctx, id, err)
}
