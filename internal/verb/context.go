package verb

import "context"

type callKey struct{}

// WithCall puts on whose behalf a request is into its context, for a surface that
// is not called with it.
func WithCall(ctx context.Context, c Call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// CallOf is the call that [WithCall] put there: a copy of its own. Without one it
// is that of nobody, who may do nothing special.
func CallOf(ctx context.Context) Call {
	c, _ := ctx.Value(callKey{}).(Call)
	return c
}
