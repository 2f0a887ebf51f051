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
	if link, is := op.(*memory.Link); is {
		return b.linking(ctx, requester, link)
	}
	if unlink, is := op.(*memory.Unlink); is {
		return b.unlinking(ctx, requester, unlink)
	}
	return nil, engine.NotCarriedOut(op)
}
