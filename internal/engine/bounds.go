package engine

import (
	"context"
	"errors"

	"github.com/tallystick/tallystick/internal/memory"
)

// ErrOutOfScope says that a caller's key is not for what it asks.
var ErrOutOfScope = errors.New("the key does not reach so far")

// Bounds are what a caller's key lets it know of and do, whatever it asks for.
type Bounds struct {
	// Within is the namespaces that are there for the caller; nil: all.
	Within memory.Within
	// Proposes turns every change into a proposal, which others approve.
	Proposes bool
}

type boundsKey struct{}

// WithBounds puts the bounds of a caller into the context of what is done for it.
// Books and the engine read the store through a guard that obeys them: none of
// their methods can forget to, and none has to know.
func WithBounds(ctx context.Context, b Bounds) context.Context {
	return context.WithValue(ctx, boundsKey{}, b)
}

// BoundsOf are the bounds of who is behind ctx; the node itself has none.
func BoundsOf(ctx context.Context) Bounds {
	b, _ := ctx.Value(boundsKey{}).(Bounds)
	return b
}

// unbound is ctx for what the rules themselves need to know: what binds the caller
// binds it whether or not it may read it.
func unbound(ctx context.Context) context.Context {
	return context.WithValue(ctx, boundsKey{}, Bounds{})
}
