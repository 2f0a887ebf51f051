package engine

import (
	"context"
	"fmt"

	"github.com/tallystick/tallystick/internal/memory"
)

// MaxPage is how many rows one answer has at most.
const MaxPage = 1000

// Book keeps some kinds of op: it makes them, and knows what they mean.
type Book interface {
	// Kinds are those that the book keeps. Every kind has exactly one book.
	Kinds() []memory.Kind
	// Redo is the intent of an op of one of these kinds that was proposed and is
	// approved, made anew from what is there now, for who asked for it. An op that
	// nobody can ask approval for is [NotCarriedOut].
	Redo(ctx context.Context, requester memory.AgentID, op memory.Op) (*Intent, error)
}

// NotCarriedOut says that an op is none that can be proposed.
func NotCarriedOut(op memory.Op) error {
	return fmt.Errorf("a %s cannot be carried out for somebody else: %w", op.Kind(), memory.ErrInvalid)
}
