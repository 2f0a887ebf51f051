package governance

import (
	"context"
	"time"
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
