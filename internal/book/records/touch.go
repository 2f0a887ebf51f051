package records

import (
	"context"
	"errors"

	"github.com/tallystick/tallystick/internal/book/query"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/policy"
)

// Run writes the touches that recalls ask for, until ctx is done.
func (b *Book) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case t := <-b.query.Lapsing():
			if err := b.touch(ctx, t); err != nil && ctx.Err() == nil {
				b.log.DebugContext(ctx, "a memory that was found is not prolonged", "id", t.ID, "err", err)
			}
		}
	}
}

// errStays says that a memory needs no touch any more.
var errStays = errors.New("it stays as it is")

// touch writes t, unless the memory has been touched or has changed meanwhile. It is
// nobody's write: who reads a memory is not told to those who may see it, and waits for
// no member.
func (b *Book) touch(ctx context.Context, t memory.Touch) error {
	c := engine.Caller{Durability: engine.DurableLocal}.Named()
	_, err := b.core.Change(ctx, c, func(ctx context.Context) (*engine.Intent, error) {
		rec, err := b.store.Record(ctx, t.ID)
		if err != nil {
			return nil, err
		}
		op, due := query.Due(rec, b.core.Now(), 0)
		if op.Keep = op.Keep || t.Keep; !due && !t.Keep || op.ID == "" {
			return nil, errStays
		}
		in := engine.Writes(&op).At(memory.ContentKey(t.ID), rec.Content)
		in.Decision = &policy.Decision{} // whoever may find a memory may do this
		return in, nil
	})
	if errors.Is(err, errStays) {
		return nil
	}
	return err
}
