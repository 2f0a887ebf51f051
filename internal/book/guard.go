package book

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tallystick/tallystick/internal/book/inbox"
	"github.com/tallystick/tallystick/internal/book/query"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// BoundsFor are the bounds of an agent's key for some namespaces: besides these,
// its own inbox and its own subscriptions are there for it.
func BoundsFor(agent memory.AgentID, namespaces []memory.Glob, proposes bool) engine.Bounds {
	own := []memory.Glob{memory.Glob(inbox.Of(agent)), memory.SubscriptionNamespace}
	return engine.Bounds{Within: slices.Concat(memory.Within{}, namespaces, own), Proposes: proposes}
}

// guard is the store as the caller behind a context may see it. What lies in other
// namespaces is not there, and nothing can be written there.
type guard struct{ Store }

func hidden(what, id string) error {
	return fmt.Errorf("%s %.140s: %w", what, id, memory.ErrNotFound)
}

// Allow implements [engine.Writer]: no op may touch, make or name a memory elsewhere.
// The engine asks it of whatever it submits, and nobody else submits anything.
func (g guard) Allow(ctx context.Context, w *memory.Write) error {
	in := engine.BoundsOf(ctx).Within
	if in == nil {
		return nil
	}
	for _, op := range w.Ops {
		if err := g.touches(ctx, in, op.Op.About()); err != nil {
			return err
		}
	}
	return nil
}

func (g guard) touches(ctx context.Context, in memory.Within, a memory.About) error {
	spaces := []string{}
	if a.Namespace != "" {
		spaces = append(spaces, a.Namespace)
	}
	if a.Content != nil && a.Content.Namespace != "" {
		spaces = append(spaces, a.Content.Namespace)
	}
	for _, r := range a.Memories {
		rec, err := g.Store.Record(ctx, r.ID)
		if err != nil && !errors.Is(err, memory.ErrNotFound) {
			return err
		}
		if rec != nil && rec.Namespace != "" {
			spaces = append(spaces, rec.Namespace)
		}
	}
	if a.Proposal != "" && !a.Proposed {
		p, err := g.Store.Pending(ctx, a.Proposal)
		if err != nil {
			return engine.UnlessNotFound(err)
		}
		spaces = append(spaces, p.Namespace)
	}
	for _, ns := range spaces {
		if !in.Covers(ns) {
			return fmt.Errorf("it is not for namespace %.140q: %w", ns, engine.ErrOutOfScope)
		}
	}
	return nil
}

// Record implements [Store], for what the bounds hold.
func (g guard) Record(ctx context.Context, id string) (*memory.Record, error) {
	rec, err := g.Store.Record(ctx, id)
	if err == nil && rec.Namespace != "" && !engine.BoundsOf(ctx).Within.Covers(rec.Namespace) {
		return nil, hidden("memory", id)
	}
	return rec, g.damaged(ctx, id, err)
}

// damaged is err of reading a memory. That one is damaged is told only of what lies
// within the bounds: elsewhere it is not there.
func (g guard) damaged(ctx context.Context, id string, err error) error {
	in := engine.BoundsOf(ctx).Within
	if in == nil || !errors.Is(err, memory.ErrDamaged) {
		return err
	}
	for _, life := range []memory.Life{memory.Live, memory.Archived, memory.Deleted, memory.Erased} {
		found, missing := g.Store.Resolve(ctx, id, memory.Filter{All: true, Within: in, Life: life})
		if missing == nil && found == id {
			return err
		}
		if missing != nil && !errors.Is(missing, memory.ErrNotFound) && !errors.Is(missing, memory.ErrAmbiguous) {
			return missing
		}
	}
	return hidden("memory", id)
}

// RecordFor implements [Store], for what the bounds hold.
func (g guard) RecordFor(ctx context.Context, viewer memory.AgentID, id string) (*memory.Record, error) {
	rec, err := g.Store.RecordFor(ctx, viewer, id)
	if err == nil && rec.Namespace != "" && !engine.BoundsOf(ctx).Within.Covers(rec.Namespace) {
		return nil, hidden("memory", id)
	}
	return rec, g.damaged(ctx, id, err)
}

// Resolve implements [Store], for what the bounds hold.
func (g guard) Resolve(ctx context.Context, idOrPrefix string, f memory.Filter) (string, error) {
	return g.Store.Resolve(ctx, idOrPrefix, query.Bounded(ctx, f))
}

// ByTitle implements [Store], for what the bounds hold.
func (g guard) ByTitle(ctx context.Context, viewer memory.AgentID, namespace, title string) (*memory.Record, error) {
	if !engine.BoundsOf(ctx).Within.Covers(namespace) {
		return nil, hidden("title", title)
	}
	return g.Store.ByTitle(ctx, viewer, namespace, title)
}

// List implements [Store], for what the bounds hold.
func (g guard) List(ctx context.Context, f memory.Filter, o memory.Order, limit, offset int, cursor string) ([]memory.Record, string, error) {
	return g.Store.List(ctx, query.Bounded(ctx, f), o, limit, offset, cursor)
}

// History implements [Store]: versions that lay elsewhere are left out.
func (g guard) History(ctx context.Context, id string) ([]memory.Revision, error) {
	all, err := g.Store.History(ctx, id)
	in := engine.BoundsOf(ctx).Within
	return slices.DeleteFunc(all, func(r memory.Revision) bool {
		m, has := r.Entry.Content()
		return has && !in.Covers(m.Namespace)
	}), err
}

// Counts implements [Store], for what the bounds hold.
func (g guard) Counts(ctx context.Context, f memory.Filter) (memory.Counts, error) {
	return g.Store.Counts(ctx, query.Bounded(ctx, f))
}

// Spaces implements [Store], for what the bounds hold.
func (g guard) Spaces(ctx context.Context, f memory.Filter) (map[string]int64, error) {
	return g.Store.Spaces(ctx, query.Bounded(ctx, f))
}

// Many implements [Store], for what the bounds hold.
func (g guard) Many(ctx context.Context, ids []string) ([]memory.Record, error) {
	recs, err := g.Store.Many(ctx, ids)
	in := engine.BoundsOf(ctx).Within
	return slices.DeleteFunc(recs, func(r memory.Record) bool { return r.Namespace != "" && !in.Covers(r.Namespace) }), err
}

// Standard implements [Store], for what the bounds hold.
func (g guard) Standard(ctx context.Context, namespace string) (*memory.Standard, error) {
	if !engine.BoundsOf(ctx).Within.Covers(namespace) {
		return nil, hidden("standard of", namespace)
	}
	return g.Store.Standard(ctx, namespace)
}

// Pending implements [Store], for what the bounds hold.
func (g guard) Pending(ctx context.Context, id string) (*memory.Pending, error) {
	p, err := g.Store.Pending(ctx, id)
	if err == nil && !engine.BoundsOf(ctx).Within.Covers(p.Namespace) {
		return nil, hidden("proposal", id)
	}
	return p, err
}

// Pendings implements [Store], for what the bounds hold.
func (g guard) Pendings(ctx context.Context, open bool, namespace string, limit int) ([]memory.Pending, error) {
	all, err := g.Store.Pendings(ctx, open, namespace, limit)
	in := engine.BoundsOf(ctx).Within
	return slices.DeleteFunc(all, func(p memory.Pending) bool { return !in.Covers(p.Namespace) }), err
}
