package records

import (
	"context"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// Purge deletes what has been in the archive since before an instant, as far as
// the caller may: up to 10,000 memories. It returns how many, and whether an earlier
// request under the same key had begun to.
func (b *Book) Purge(ctx context.Context, c engine.Caller, before memory.Instant) (total int, again bool, err error) {
	c = c.Named()
	r, err := newRemoval(ctx, b, c, "purge", b.purge)
	if err != nil || r.idle() {
		return 0, r.idle(), err
	}
	f := memory.Filter{Viewer: c.Agent, Life: memory.Archived, Now: b.core.Now()}
	if total, err = r.gone(ctx, f, memory.Deleted); err != nil {
		return total, false, err
	}
	next := archivedBefore(b.store, f, before)
	for total < maxForget {
		ids, more, err := next(ctx)
		if err != nil {
			return total, false, err
		}
		n, err := sweep(ctx, ids, r.one)
		total += n
		if err != nil {
			return total, false, err
		}
		if !more {
			break
		}
	}
	again, err = r.end(ctx)
	return total, again, err
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

// purge deletes one memory, as forget archives one.
func (b *Book) purge(ctx context.Context, c engine.Caller, id string) (engine.Outcome, error) {
	out, err := b.Delete(ctx, c, id)
	return leftOut(ctx, id, out, err)
}
