package replicate

import (
	"context"
	"fmt"
	"sync"

	"github.com/tallystick/tallystick/internal/memory"
)

// Acknowledged returns what members hold, so many of them that with this node every
// write is among it that was acknowledged with the default quorum before the call.
// If too few answer, that is an error.
func Acknowledged(ctx context.Context, r *Replicator) ([]memory.Heads, error) {
	w, n := r.Quorum()
	need := n - w // with this node, one of every W
	if need <= 0 {
		return nil, nil
	}
	members := r.Status()
	replies := make(chan *memory.PushReply, len(members))
	var all sync.WaitGroup
	defer all.Wait()
	ctx, cancel := context.WithTimeout(ctx, r.cfg.CallTimeout)
	defer cancel()
	for _, m := range members {
		all.Go(func() {
			reply, err := r.send(ctx, m.Member, nil)
			if err != nil {
				reply = nil
			}
			replies <- reply
		})
	}
	var out []memory.Heads
	for range members {
		if reply := <-replies; reply != nil {
			if out = append(out, reply.View.Heads); len(out) == need {
				return out, nil
			}
		}
	}
	return nil, fmt.Errorf("%d of %d members say what they hold, %d are needed", len(out), len(members), need)
}
