package replicate

import (
	"context"
	"fmt"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate/core"
)

// settle goes through an origin of which a member has other entries, from its end
// backwards, until it has found them all: they are in one piece. If there are none,
// they are among those that one side has dropped.
func (r *Replicator) settle(ctx context.Context, e core.Settle) {
	disputed, moved, err := 0, 0, error(nil)
	var gone []memory.Range
	for to := e.To; to > 0 && err == nil; {
		from := max(to, settleOps) - settleOps + 1
		var n int
		var holes []memory.Range
		if n, holes, err = settleRange(ctx, r, e.Member, memory.Range{Origin: e.Origin, From: from, To: to}); n == 0 && disputed > 0 {
			break
		}
		disputed += n
		gone = append(gone, holes...)
		to = from - 1
	}
	if disputed == 0 && err == nil {
		source := memory.Source{Member: e.Member, Route: memory.RouteRepair}
		moved, err = r.store.Concede(ctx, source, e.Origin, memory.Head{Seq: e.To, Chain: e.Chain}, gone)
	}
	ev := core.Settled{Member: e.Member}
	if err != nil {
		ev.Fault = faultOf(err)
	}
	r.log.WarnContext(ctx, "entries under the same numbers were compared", "member", e.Member, "origin", e.Origin, "disputed", disputed, "conceded", moved, "err", err)
	r.box.post(ev)
}

// settleOps is how many entries are compared at a time. They are asked for one by one,
// because a range ends where an entry is missing.
const settleOps = 256

// settleRange reports how many entries differed, and which the member no longer has.
func settleRange(ctx context.Context, r *Replicator, member memory.Node, rg memory.Range) (disputed int, gone []memory.Range, err error) {
	var want []memory.Range
	for seq := rg.From; seq <= rg.To; seq++ {
		want = append(want, memory.Range{Origin: rg.Origin, From: seq, To: seq})
	}
	for len(want) > 0 {
		n, there, err := settleThose(ctx, r, member, rg, want)
		if err != nil {
			return disputed, nil, err
		}
		disputed += n
		left := slices.DeleteFunc(slices.Clone(want), func(x memory.Range) bool {
			_, came := slices.BinarySearch(there, x.From)
			return came
		})
		if len(left) == len(want) {
			break
		}
		want = left
	}
	return disputed, want, nil
}

// settleThose compares what one reply brings of want, and returns which those are. None
// means that the member has none of them.
func settleThose(ctx context.Context, r *Replicator, member memory.Node, rg memory.Range, want []memory.Range) (disputed int, there []uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.cfg.CallTimeout)
	defer cancel()
	reply, err := r.fetch(ctx, member, &memory.PullRequest{Ranges: want})
	switch {
	case err != nil:
		return 0, nil, err
	case reply.View.Heads[rg.Origin].Seq < rg.To:
		return 0, nil, fmt.Errorf("%s no longer holds %s up to %d: %w", member, rg.Origin, rg.To, memory.ErrTruncated)
	case len(reply.Ops) == 0 && !slices.Contains(reply.Truncated, rg.Origin):
		return 0, nil, fmt.Errorf("%s sends nothing of %s, and does not say that it was dropped: %w", member, rg.Origin, memory.ErrInvalid)
	}
	return r.store.Settle(ctx, memory.Source{Member: member, Route: memory.RouteRepair}, rg, reply.Ops)
}
