package governance

import (
	"context"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// Standard is the standard of a namespace with the memory that states it.
type Standard struct {
	memory.Standard
	// Record is the memory; nil if it is not here, or not live: the standard is
	// set then, and states nothing.
	Record *memory.Record
	// Hidden is set if the memory is none of the viewer's business: Record and the
	// id are left out then.
	Hidden bool
	// Governance are the rules as they were written; nil if it states none. They
	// bind everybody, and are no secret.
	Governance memory.Object
}

// Standard returns the standard set for exactly namespace, as agent may see it.
func (b *Book) Standard(ctx context.Context, agent memory.AgentID, namespace string) (*Standard, error) {
	set, err := b.store.Standard(ctx, namespace)
	if err != nil {
		return nil, err
	}
	rec, err := b.store.Record(ctx, set.StandardID)
	if err := engine.UnlessNotFound(err); err != nil {
		return nil, err
	}
	return b.standardFor(ctx, agent, *set, rec), nil
}

// standardFor is the standard set, which rec states, as agent may see it.
func (b *Book) standardFor(ctx context.Context, agent memory.AgentID, set memory.Standard, rec *memory.Record) *Standard {
	s := &Standard{Standard: set}
	if rec == nil {
		return s
	}
	if life, _ := rec.Stands(b.core.Now()); life == memory.Live {
		rec.Metadata.Field(memory.MetaGovernance, &s.Governance)
		s.Record = rec
	}
	if seen, err := engine.Sees(ctx, b.core, agent, rec.Access()); err != nil || !seen { // unknown is hidden
		s.Record, s.StandardID, s.Hidden = nil, "", true
	}
	return s
}

// StandardChain returns the standards that hold in namespace, nearest first, as
// agent may see them.
func (b *Book) StandardChain(ctx context.Context, agent memory.AgentID, namespace string) ([]Standard, error) {
	chain, err := b.core.Chain(ctx, namespace)
	if err != nil {
		return nil, err
	}
	out := make([]Standard, len(chain))
	in := engine.BoundsOf(ctx).Within
	for i, s := range chain {
		rec := *s.Record
		out[i] = *b.standardFor(ctx, agent, s.Set, &rec)
		if !in.Covers(rec.Namespace) {
			out[i].Record, out[i].StandardID, out[i].Hidden = nil, "", true
		}
	}
	return out, nil
}
