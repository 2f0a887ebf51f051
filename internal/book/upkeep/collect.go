package upkeep

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// Run drops history that is no longer kept, from time to time. It returns nil when
// ctx is done.
func (b *Book) Run(ctx context.Context) error {
	every := time.NewTicker(b.cfg.CompactEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
			b.compact(ctx)
		}
	}
}

func (b *Book) compact(ctx context.Context) {
	n, err := b.Collect(ctx)
	switch {
	case err != nil && ctx.Err() == nil:
		b.cfg.Log.WarnContext(ctx, "compaction failed", "err", err)
	case n > 0:
		b.cfg.Log.InfoContext(ctx, "history compacted", "dropped", n)
	}
}

// Collect drops history and log that is no longer kept, and returns how many
// entries lost their text. Expiry needs no collection: it is a predicate.
func (b *Book) Collect(ctx context.Context) (int, error) {
	before := b.core.Now() - memory.Instant(b.cfg.History)
	return b.store.Compact(ctx, before, b.cfg.Versions, b.stable())
}

// stable is, by origin, how far every member holds it as it is here: nobody needs the
// log below that. What is in dispute has to be there to be compared. It covers this node's own ops only, and not while a member has
// parked one: what else the members hold of each other, they hold by themselves.
func (b *Book) stable() map[memory.Origin]uint64 {
	own := b.store.Origin()
	low := b.store.View().Heads[own].Seq
	for _, p := range b.fed.Status() {
		if p.Parked > 0 {
			return nil
		}
		low = min(low, p.Same)
	}
	return map[memory.Origin]uint64{own: low}
}
