package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/policy"
)

// Reasons of an archive that nobody named.
const (
	reasonArchive = "archive"
	reasonForget  = "forget"
)

// Delete takes a live or archived memory out of sight. Its history stays
// readable, and Restore brings it back.
func (e *Engine) Delete(ctx context.Context, c Caller, id string) (Outcome, error) {
	return e.live(ctx, c, &memory.Delete{ID: id})
}

// Erase removes a memory for good, on every node: the payload goes, the id is
// never used again.
func (e *Engine) Erase(ctx context.Context, c Caller, id string) (Outcome, error) {
	return e.live(ctx, c, &memory.Erase{ID: id})
}

// Archive takes a live memory into the archive. An empty reason is "archive".
func (e *Engine) Archive(ctx context.Context, c Caller, id, reason string) (Outcome, error) {
	return e.live(ctx, c, &memory.Archive{ID: id, Reason: cmp.Or(reason, reasonArchive)})
}

// Restore makes an archived, expired or deleted memory live again.
func (e *Engine) Restore(ctx context.Context, c Caller, id string) (Outcome, error) {
	return e.live(ctx, c, &memory.Restore{ID: id})
}

// live carries out an op on the lifecycle of a memory.
func (e *Engine) live(ctx context.Context, c Caller, op memory.Op) (Outcome, error) {
	c = c.named()
	return e.change(ctx, c, func(ctx context.Context) (*intent, error) { return e.lifecycle(ctx, c.Agent, op) })
}

// lifecycle is the intent of an op on the lifecycle of a memory, which must
// stand where the op may begin.
func (e *Engine) lifecycle(ctx context.Context, agent memory.AgentID, op memory.Op) (*intent, error) {
	id := op.About().Main()
	if err := op.Validate(); err != nil {
		return nil, err
	}
	rec, err := e.visible(ctx, agent, id, beginsAt(op)...)
	if err != nil {
		return nil, err
	}
	in := &intent{
		ops:      []memory.NewOp{{Op: op}},
		expect:   []memory.Expect{{Key: memory.LifeKey(id), Version: rec.LifeAt}},
		subjects: []policy.Subject{subject(rec)},
	}
	if _, erase := op.(*memory.Erase); erase {
		in.ops[0].Prev = prev(rec)
		in.expect = unchanged(rec)
	}
	if _, restore := op.(*memory.Restore); !restore {
		return in, nil
	}
	if rec.Title == "" {
		return nil, fmt.Errorf("memory %.140s: its content is no longer kept: %w", id, memory.ErrNotFound)
	}
	// Another memory may have taken the title meanwhile.
	if in.release, err = e.lockTitle(ctx, rec.Namespace, rec.Title); err != nil {
		return nil, err
	}
	if rec.Life == memory.Deleted {
		// Another node may have dropped the content of what was deleted long ago:
		// so it goes along.
		m := rec.Memory
		m.Version++
		in.restores = true
		in.ops = []memory.NewOp{{Op: &memory.Put{Memory: m, Create: true}, Prev: prev(rec)}}
		in.expect = unchanged(rec)
	}
	return in, e.titleFree(ctx, agent, rec.Memory)
}

// beginsAt lists where a memory may stand for op to make sense.
func beginsAt(op memory.Op) []memory.Life {
	switch to, _ := memory.LifeOf(op, op.About().Main()); to {
	case memory.Archived:
		return []memory.Life{memory.Live}
	case memory.Deleted:
		return []memory.Life{memory.Live, memory.Archived}
	case memory.Live:
		return []memory.Life{memory.Archived, memory.Deleted}
	case memory.Erased:
		return []memory.Life{memory.Live, memory.Archived, memory.Deleted}
	case memory.Unborn:
	}
	return nil
}

const (
	maxForget     = 10_000 // memories that one Forget takes
	forgetBatch   = 500
	forgetWorkers = 32
)

// Forget archives, with reason "forget", every live memory that f selects and
// whose words match pattern ("" is any), as far as the caller may: up to 10,000.
// It returns how many it archived. A filter that selects everything is refused.
func (e *Engine) Forget(ctx context.Context, c Caller, f memory.Filter, pattern string) (int, error) {
	c = c.named()
	f.Viewer, f.All, f.Life, f.Now = c.Agent, false, memory.Live, e.now()
	if pattern == "" && f.Namespace == "" && f.Tier == "" && len(f.Tags) == 0 {
		return 0, fmt.Errorf("forget: want a namespace, a pattern, a tier or a tag: %w", memory.ErrInvalid)
	}
	next := e.listing(f)
	if pattern != "" {
		if err := e.finder.Sync(ctx); err != nil {
			return 0, err
		}
		next = e.finding(f, pattern)
	}
	total := 0
	for total < maxForget {
		ids, err := next(ctx)
		if err != nil || len(ids) == 0 {
			return total, err
		}
		n, err := sweep(ctx, ids, func(ctx context.Context, id string) (bool, error) { return e.forget(ctx, c, id) })
		total += n
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// listing returns a func that gives the ids of what f selects, part by part.
func (e *Engine) listing(f memory.Filter) func(context.Context) ([]string, error) {
	cursor, done := "", false
	return func(ctx context.Context) ([]string, error) {
		if done {
			return nil, nil
		}
		recs, next, err := e.store.List(ctx, f, memory.ByID, forgetBatch, 0, cursor)
		cursor, done = next, next == ""
		ids := make([]string, len(recs))
		for i := range recs {
			ids[i] = recs[i].ID
		}
		return ids, err
	}
}

// finding is listing for what a search selects.
func (e *Engine) finding(f memory.Filter, pattern string) func(context.Context) ([]string, error) {
	hits := e.finder.Search(pattern, f, maxForget)
	return func(context.Context) ([]string, error) {
		part := hits[:min(len(hits), forgetBatch)]
		hits = hits[len(part):]
		ids := make([]string, len(part))
		for i := range part {
			ids[i] = part[i].ID
		}
		return ids, nil
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

// forget archives one memory and reports whether it did: what the caller may
// not change, or somebody else took first, is left out.
func (e *Engine) forget(ctx context.Context, c Caller, id string) (bool, error) {
	out, err := e.Archive(ctx, c.part("forget", id), id, reasonForget)
	if _, forbidden := errors.AsType[*ForbiddenError](err); forbidden || errors.Is(err, memory.ErrNotFound) {
		return false, nil
	}
	return out.Entry != nil && out.Pending == nil, err
}
