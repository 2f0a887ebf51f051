package records

import (
	"context"
	"fmt"
	"slices"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// Kinds implements [engine.Book].
func (b *Book) Kinds() []memory.Kind {
	return []memory.Kind{
		memory.KindPut, memory.KindDelete, memory.KindErase, memory.KindArchive, memory.KindRestore, memory.KindConsolidate, memory.KindTouch,
	}
}

// Redo implements [engine.Book].
func (b *Book) Redo(ctx context.Context, requester memory.AgentID, op memory.Op) (*engine.Intent, error) {
	put, isPut := op.(*memory.Put)
	parts, isConsolidate := op.(*memory.Consolidate)
	switch {
	case !slices.Contains(b.Kinds(), op.Kind()) || op.Kind() == memory.KindTouch: // nobody asks for a touch
		return nil, engine.NotCarriedOut(op)
	case isPut:
		return b.reputting(ctx, requester, put)
	case isConsolidate:
		return b.reconsolidating(ctx, requester, parts)
	}
	return b.lifecycle(ctx, requester, op)
}

// reputting is the intent of a proposed creation or edit.
func (b *Book) reputting(ctx context.Context, requester memory.AgentID, op *memory.Put) (*engine.Intent, error) {
	upsert, err := b.upserts(ctx, requester, op)
	if err != nil {
		return nil, err
	}
	if op.Create && !upsert {
		return b.recreating(ctx, requester, op.Memory)
	}
	return b.reediting(ctx, requester, op)
}

// upserts reports whether op is a creation that was proposed of a memory that is there.
func (b *Book) upserts(ctx context.Context, requester memory.AgentID, op *memory.Put) (bool, error) {
	_, err := b.core.Visible(ctx, requester, op.Memory.ID, memory.Live)
	return op.Create && err == nil, engine.UnlessNotFound(err)
}

func (b *Book) recreating(ctx context.Context, requester memory.AgentID, m memory.Memory) (*engine.Intent, error) {
	if m.ID == memory.IdentityOf(m) {
		m.ID = "" // take another if this one was erased or renamed meanwhile
	}
	unlock, err := b.lockTitle(ctx, m.Namespace, m.Title)
	if err != nil {
		return nil, err
	}
	in, clash, err := b.Newborn(ctx, requester, m, nil)
	if clash != nil {
		err = &engine.ConflictError{ID: clash.ID, Current: clash.Version}
	}
	if in == nil {
		in = &engine.Intent{}
	}
	in.Release = unlock
	return in, err
}

// reediting is the intent of a proposed edit. It stands for the version that its
// requester read, so a later edit makes it impossible.
func (b *Book) reediting(ctx context.Context, requester memory.AgentID, op *memory.Put) (*engine.Intent, error) {
	m := op.Memory
	rec, err := b.core.Visible(ctx, requester, m.ID, memory.Live)
	if err != nil {
		return nil, err
	}
	if memory.NextVersion(rec.Version) != m.Version {
		return nil, fmt.Errorf("memory %s: %w", m.ID, engine.ErrChanged)
	}
	in, err := b.replacing(ctx, requester, rec, m, engine.Seen(rec), nil)
	if in != nil {
		in.Ops[0].Op = op
		in.Promote = rec.Tier != m.Tier && m.Tier == memory.Long
	}
	return in, err
}

func (b *Book) reconsolidating(ctx context.Context, requester memory.AgentID, op *memory.Consolidate) (*engine.Intent, error) {
	sources := make([]*memory.Record, len(op.Sources))
	for i, s := range op.Sources {
		rec, err := b.core.Visible(ctx, requester, s.ID, memory.Live)
		if err != nil {
			return nil, err
		}
		if rec.Content.Dot != s.Dot {
			return nil, fmt.Errorf("memory %s: %w", s.ID, engine.ErrChanged)
		}
		sources[i] = rec
	}
	into := op.Into
	if into.ID == memory.IdentityOf(into) {
		into.ID = ""
	}
	return b.replacingAll(ctx, requester, into, sources)
}
