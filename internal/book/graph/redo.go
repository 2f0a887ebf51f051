package graph

import (
	"context"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// Kinds implements [engine.Book].
func (b *Book) Kinds() []memory.Kind { return []memory.Kind{memory.KindLink, memory.KindUnlink} }

// Redo implements [engine.Book].
func (b *Book) Redo(ctx context.Context, requester memory.AgentID, op memory.Op) (*engine.Intent, error) {
	switch op := op.(type) {
	case *memory.Link:
		return b.linking(ctx, requester, op)
	case *memory.Unlink:
		return b.unlinking(ctx, requester, op)
	case *memory.Put, *memory.Delete, *memory.Erase, *memory.Archive, *memory.Restore, *memory.Consolidate,
		*memory.SetStandard, *memory.ClearStandard, *memory.Propose, *memory.Decide, *memory.Resolve:
	}
	return nil, engine.NotCarriedOut(op)
}
