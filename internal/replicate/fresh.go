package replicate

import (
	"context"
	"fmt"
	"sync"

	"github.com/tallystick/tallystick/internal/memory"
)

// Acknowledged returns what members hold, so many of them that with this node every
// write is among it that was acknowledged with the default quorum before the call.
// If too few of those that count answer, that is an error.
func Acknowledged(ctx context.Context, r *Replicator) ([]memory.Heads, error) {
	replies := map[memory.Node]*memory.PushReply{}
	if meets(r, replies) {
		return nil, nil
	}
	members := others(r)
	answers := make(chan *memory.PushReply, len(members))
	var all sync.WaitGroup
	defer all.Wait()
	ctx, cancel := context.WithTimeout(ctx, r.cfg.CallTimeout)
	defer cancel()
	for _, m := range members {
		all.Go(func() {
			reply, err := r.send(ctx, m, nil)
			if err != nil {
				reply = nil
			}
			answers <- reply
		})
	}
	var out []memory.Heads
	for range members {
		reply := <-answers
		if reply == nil {
			continue
		}
		replies[reply.From] = reply
		out = append(out, reply.View.Heads)
		if meets(r, replies) {
			return out, nil
		}
	}
	return nil, fmt.Errorf("%d of %d members say what they hold: too few of those that count", len(out), len(members))
}
