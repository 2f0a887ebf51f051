package verb

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/internal/engine"
)

type callKey struct{}

// WithCall puts on whose behalf a request is into its context, for a surface that
// is not called with it.
func WithCall(ctx context.Context, c Call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// WithTimeout bounds how long a request of a surface takes, and what its writes wait for
// members so that it is answered in that time: see [engine.WithTimeout].
func WithTimeout(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	return engine.WithTimeout(ctx, limit)
}

// CallOf is the call that [WithCall] put there: a copy of its own. Without one it
// is that of nobody, who may do nothing special.
func CallOf(ctx context.Context) Call {
	c, _ := ctx.Value(callKey{}).(Call)
	return c
}
