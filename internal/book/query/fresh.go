package query

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// freshWait is how long a question waits for what it must know, without a deadline
// of its own.
const freshWait = 10 * time.Second

// freshen waits until what q must know is here, and in the index. Stale says why it
// is not; the only error is that ctx is done.
func (b *Book) freshen(ctx context.Context, q *RecallQuery) (stale string, err error) {
	if !q.Fresh.Quorum && q.Fresh.Write.IsZero() {
		b.catchUp(ctx, q.Deadline)
		return "", ctx.Err()
	}
	deadline := q.Deadline
	if deadline.IsZero() {
		deadline = time.Now().Add(freshWait)
	}
	within, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	var held []memory.Heads
	if q.Fresh.Quorum {
		if held, err = b.core.Acknowledged(within); err != nil {
			return err.Error(), ctx.Err()
		}
	}
	err = b.finder.Await(within, func(v memory.View) bool {
		for _, h := range held {
			if !v.Heads.Covers(h) {
				return false
			}
		}
		return q.Fresh.Write.IsZero() || v.Heads.Holds(q.Fresh.Write)
	})
	if err != nil {
		return "what was to be waited for has not arrived here in time", ctx.Err()
	}
	return "", nil
}

// catchUp gives the index of words a moment to take in what is committed, so that
// a caller finds what it has just written; no more than half of the time until a
// deadline. A longer lag is reported, not waited for.
func (b *Book) catchUp(ctx context.Context, deadline time.Time) {
	wait := b.wait
	if !deadline.IsZero() {
		wait = min(wait, time.Until(deadline)/2)
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	if err := b.finder.Sync(ctx); err != nil {
		b.log.DebugContext(ctx, "index of words lags", "entries", b.finder.Lag(), "err", err)
	}
}
