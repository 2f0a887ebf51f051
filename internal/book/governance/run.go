package governance

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/internal/engine"
)

// Run carries out approved proposals whose home this node is. It returns nil when
// ctx is done.
func (b *Book) Run(ctx context.Context) error {
	if err := b.Resume(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	// What could not be carried out, for a full queue say, is tried again.
	again := time.NewTicker(10 * time.Second)
	defer again.Stop()
	// A storm of commits must not become a storm of looking at proposals.
	rest := time.NewTimer(0)
	defer rest.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-rest.C:
		}
		b.resolveAll(ctx)
		rest.Reset(100 * time.Millisecond)
		for waiting := true; waiting; {
			select {
			case <-ctx.Done():
				return nil
			case <-b.proposals.wake:
				waiting = false
			case <-again.C:
				waiting = false
			}
		}
	}
}

// Resume looks up the open proposals whose home this node is, to carry them out.
func (b *Book) Resume(ctx context.Context) error {
	pending, err := b.store.Pendings(ctx, true, "", maxOpen)
	if err != nil {
		return err
	}
	for i := range pending {
		if pending[i].Home == b.core.Node() {
			b.proposals.add(pending[i].ID)
		}
	}
	return nil
}

// resolveAll resolves what votes from elsewhere have settled.
func (b *Book) resolveAll(ctx context.Context) {
	for _, id := range b.proposals.list() {
		if err := b.resolve(ctx, engine.Caller{Durability: engine.DurableLocal}, id); err != nil && ctx.Err() == nil {
			b.log.WarnContext(ctx, "proposal not resolved yet", "proposal", id, "err", err)
		}
	}
}

// Voted carries a proposal out if a vote of which this node was told settles it, and
// if this is its home.
func (b *Book) Voted(ctx context.Context, proposal string) {
	if err := b.resolve(ctx, engine.Caller{Durability: engine.DurableLocal}, proposal); err != nil {
		b.log.WarnContext(ctx, "proposal not resolved yet", "proposal", proposal, "err", err)
	}
}
