package records

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

const (
	maxForget     = 10_000 // memories that one Forget takes
	forgetBatch   = 500
	forgetWorkers = 32
)

// Forget archives, with reason "forget", every live memory that f selects and
// whose words match pattern ("" is any), as far as the caller may: up to 10,000.
// It returns how many it archived, and whether an earlier request under the same key
// had begun to. A filter that selects everything is refused.
func (b *Book) Forget(ctx context.Context, c engine.Caller, f memory.Filter, pattern string) (total int, again bool, err error) {
	c = c.Named()
	f.Viewer, f.All, f.Life, f.Now = c.Agent, false, memory.Live, b.core.Now()
	if pattern == "" && f.Namespace == "" && f.Tier == "" && len(f.Tags) == 0 {
		return 0, false, fmt.Errorf("forget: want a namespace, a pattern, a tier or a tag: %w", memory.ErrInvalid)
	}
	r, err := newRemoval(ctx, b, c, "forget", b.forget)
	if err != nil || r.idle() {
		return 0, r.idle(), err
	}
	if total, err = r.gone(ctx, f, memory.Archived, memory.Deleted); err != nil {
		return total, false, err
	}
	next := listing(b.store, f)
	if pattern != "" {
		hits, err := b.query.Matching(ctx, f, pattern, maxForget)
		if err != nil {
			return 0, false, err
		}
		next = dealt(hits)
	}
	for total < maxForget {
		ids, err := next(ctx)
		if err != nil {
			return total, false, err
		}
		if len(ids) == 0 {
			break
		}
		n, err := sweep(ctx, ids, r.one)
		total += n
		if err != nil {
			return total, false, err
		}
	}
	again, err = r.end(ctx)
	return total, again, err
}

// listing returns a func that gives the ids of what f selects, part by part.
func listing(store Reads, f memory.Filter) func(context.Context) ([]string, error) {
	cursor, done := "", false
	return func(ctx context.Context) ([]string, error) {
		if done {
			return nil, nil
		}
		recs, next, err := store.List(ctx, f, memory.ByID, forgetBatch, 0, cursor)
		cursor, done = next, next == ""
		ids := make([]string, len(recs))
		for i := range recs {
			ids[i] = recs[i].ID
		}
		return ids, err
	}
}

// dealt is listing for ids that are known.
func dealt(ids []string) func(context.Context) ([]string, error) {
	return func(context.Context) ([]string, error) {
		part := ids[:min(len(ids), forgetBatch)]
		ids = ids[len(part):]
		return part, nil
	}
}

// sweep does one thing to each of ids, some at a time, and counts to how many.
func sweep(ctx context.Context, ids []string, do func(context.Context, string) (bool, error)) (int, error) {
	var n atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(forgetWorkers)
	for _, id := range ids {
		g.Go(func() error {
			done, err := do(ctx, id)
			if done {
				n.Add(1)
			}
			return err
		})
	}
	err := g.Wait()
	return int(n.Load()), err
}

// forget archives one memory: what the caller may not change, or somebody else took
// first, is left out.
func (b *Book) forget(ctx context.Context, c engine.Caller, id string) (engine.Outcome, error) {
	out, err := b.Archive(ctx, c, id, reasonForget)
	return leftOut(ctx, id, out, err)
}

// leftOut is the outcome of one of many removals: none where the caller may not, where
// somebody else was first, or where it cannot be read.
func leftOut(ctx context.Context, id string, out engine.Outcome, err error) (engine.Outcome, error) {
	if _, forbidden := errors.AsType[*engine.ForbiddenError](err); forbidden {
		return engine.Outcome{}, nil
	}
	return out, memory.Unread(ctx, id, err)
}
