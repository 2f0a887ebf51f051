package engine

import (
	"context"
	"errors"

	"github.com/tallystick/tallystick/internal/memory"
)

// Collect drops history and log that is no longer kept, and returns how many
// entries lost their text. Expiry needs no collection: it is a predicate.
func (e *Engine) Collect(ctx context.Context) (int, error) {
	before := memory.InstantOf(e.cfg.Now().Add(-e.cfg.History))
	return e.store.Compact(ctx, before, e.cfg.Versions, e.stable())
}

// Spaces counts by namespace the records that f selects.
func (e *Engine) Spaces(ctx context.Context, f memory.Filter) (map[string]int64, error) {
	e.asked(&f)
	return e.store.Spaces(ctx, f)
}

// Purge deletes what has been in the archive since before an instant, as far as
// the caller may: up to 10,000 memories. It returns how many. With dry, it only
// counts what the caller sees there.
func (e *Engine) Purge(ctx context.Context, c Caller, before memory.Instant, dry bool) (int, error) {
	c = c.named()
	next := e.archivedBefore(memory.Filter{Viewer: c.Agent, Life: memory.Archived, Now: e.now()}, before)
	total := 0
	for total < maxForget {
		ids, more, err := next(ctx)
		if err != nil {
			return total, err
		}
		n := len(ids)
		if !dry {
			n, err = sweep(ctx, ids, func(ctx context.Context, id string) (bool, error) { return e.purge(ctx, c, id) })
		}
		total += n
		if err != nil || !more {
			return total, err
		}
	}
	return total, nil
}

// archivedBefore returns a func that gives, part by part, the ids of what f
// selects and was archived before an instant, and whether there may be more.
func (e *Engine) archivedBefore(f memory.Filter, before memory.Instant) func(context.Context) ([]string, bool, error) {
	cursor := ""
	return func(ctx context.Context) ([]string, bool, error) {
		recs, next, err := e.store.List(ctx, f, memory.ByID, forgetBatch, 0, cursor)
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
func (e *Engine) purge(ctx context.Context, c Caller, id string) (bool, error) {
	out, err := e.Delete(ctx, c.part("purge", id), id)
	if _, forbidden := errors.AsType[*ForbiddenError](err); forbidden || errors.Is(err, memory.ErrNotFound) {
		return false, nil
	}
	return out.Entry != nil && out.Pending == nil, err
}
