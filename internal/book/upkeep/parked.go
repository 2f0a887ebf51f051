package upkeep

import (
	"context"

	"github.com/tallystick/tallystick/internal/memory"
)

// Parked lists the ops that this node or a member has not taken.
func (b *Book) Parked(ctx context.Context) ([]memory.Parked, error) { return b.store.Parked(ctx) }

// RetryParked engine.Tries again to take the ops that this node refused: those given,
// or all of them. It returns how many it took.
func (b *Book) RetryParked(ctx context.Context, dots []memory.Dot) (int, error) {
	if len(dots) == 0 {
		parked, err := b.store.Parked(ctx)
		if err != nil {
			return 0, err
		}
		dots = []memory.Dot{}
		for _, p := range parked {
			if p.Member == b.core.Node() {
				dots = append(dots, p.Dot)
			}
		}
	}
	return b.store.RetryParked(ctx, dots, b.core.Now().Time())
}
