package replicate

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

const (
	healEvery = time.Second // how often the store is asked for damage
	healPause = time.Minute // after every member was asked in vain, at most
	healParts = 64          // of the list that are asked for in turn
)

// healer has members send what is damaged in the store of this node.
type healer struct{ *Replicator }

// run works until ctx is done.
func (r healer) run(ctx context.Context) {
	timer := time.NewTimer(healEvery)
	defer timer.Stop()
	wait, at := healEvery, 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		damage, err := r.store.Damage(ctx, healParts*r.cfg.MaxOps)
		// What nobody has must not keep others from being asked for.
		if at >= len(damage.Dots) {
			at = 0
		}
		dots := damage.Dots[at:min(at+r.cfg.MaxOps, len(damage.Dots))]
		switch {
		case err != nil:
			r.log.WarnContext(ctx, "looking for damage failed", "err", err)
		case len(dots) == 0:
			wait = healEvery
		case r.any(ctx, dots):
			wait = healEvery
		default:
			at += len(dots)
			wait = min(2*wait, healPause)
		}
		timer.Reset(wait)
	}
}

// any asks the members one after the other, and reports whether any of them
// could help.
func (r healer) any(ctx context.Context, dots []memory.Dot) bool {
	helped := false
	for _, m := range others(r.Replicator) {
		n, err := r.from(ctx, m, dots)
		if err != nil {
			r.log.DebugContext(ctx, "a member could not help with damaged entries", "member", m, "err", err)
		}
		helped = helped || n > 0
	}
	return helped
}

// from fetches entries by their dots, and returns how many were taken.
func (r healer) from(ctx context.Context, member memory.Node, dots []memory.Dot) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, r.cfg.CallTimeout)
	defer cancel()
	reply, err := r.fetch(ctx, member, &memory.PullRequest{Dots: dots})
	if err != nil || len(reply.Ops) == 0 {
		return 0, err
	}
	done, err := r.store.Accept(ctx, memory.Source{Member: member, Route: memory.RouteRepair}, reply.Ops)
	if err != nil {
		return 0, err
	}
	r.Counters.Healed.Add(uint64(done.Applied))
	if done.Applied > 0 {
		r.log.InfoContext(ctx, "damaged entries were mended", "member", member, "entries", done.Applied)
	}
	return done.Applied, nil
}
