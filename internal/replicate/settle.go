package replicate

import (
	"context"
	"fmt"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate/core"
)

// settlement is a comparison with a member of what both have of an origin.
type settlement struct {
	*Replicator
	core.Settle

	disputed int
	gone     []memory.Range // what the member no longer has
	changed  bool           // the member's log meanwhile
}

// settle goes through an origin of which a member has other entries, from its end
// backwards, until it has found them all: they are in one piece. If there are none,
// they are among those that one side has dropped.
func (r *Replicator) settle(ctx context.Context, e core.Settle) {
	s := settlement{Replicator: r, Settle: e}
	moved, err := 0, error(nil)
	for to := e.To; to > 0 && err == nil; {
		from, before := max(to, settleOps)-settleOps+1, s.disputed
		err = s.compare(ctx, memory.Range{Origin: e.Origin, From: from, To: to})
		if before > 0 && s.disputed == before {
			break
		}
		to = from - 1
	}
	if s.disputed == 0 && !s.changed && e.Concede && err == nil {
		moved, err = r.store.Concede(ctx, s.source(), memory.Concession{
			Origin: e.Origin, Ours: memory.Head{Seq: e.To, Chain: e.Ours}, Theirs: memory.Head{Seq: e.To, Chain: e.Theirs}, Gone: s.gone,
			Outvoted: e.Outvoted,
		})
	}
	ev := core.Settled{Member: e.Member}
	if err != nil {
		ev.Fault = faultOf(err)
	}
	r.log.WarnContext(ctx, "entries under the same numbers were compared",
		"member", e.Member, "origin", e.Origin, "disputed", s.disputed, "conceded", moved, "err", err)
	r.box.post(ev)
}

func (s *settlement) source() memory.Source {
	return memory.Source{Member: s.Member, Route: memory.RouteRepair}
}

// settleOps is how many entries are compared at a time. They are asked for one by one,
// because a range ends where an entry is missing.
const settleOps = 256

// compare goes through a part of the origin.
func (s *settlement) compare(ctx context.Context, part memory.Range) error {
	var want []memory.Range
	for seq := part.From; seq <= part.To; seq++ {
		want = append(want, memory.Range{Origin: part.Origin, From: seq, To: seq})
	}
	for len(want) > 0 {
		there, err := s.fetch(ctx, part, want)
		if err != nil {
			return err
		}
		asked := len(want)
		want = slices.DeleteFunc(want, func(x memory.Range) bool {
			_, came := slices.BinarySearch(there, x.From)
			return came
		})
		if len(want) == asked {
			s.dropped(want)
			return nil
		}
	}
	return nil
}

// dropped notes numbers that the member has no entries of, in order.
func (s *settlement) dropped(list []memory.Range) {
	for _, r := range list {
		if last := len(s.gone) - 1; last >= 0 && s.gone[last].To+1 == r.From {
			s.gone[last].To = r.To
			continue
		}
		s.gone = append(s.gone, r)
	}
}

// fetch compares what one reply brings of want, and returns which those are. None means
// that the member has none of them.
func (s *settlement) fetch(ctx context.Context, part memory.Range, want []memory.Range) (there []uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.CallTimeout)
	defer cancel()
	reply, err := s.Replicator.fetch(ctx, s.Member, &memory.PullRequest{Ranges: slices.Clone(want)})
	if err != nil {
		return nil, err
	}
	if len(reply.Ops) == 0 && !slices.Contains(reply.Truncated, s.Origin) {
		return nil, fmt.Errorf("%s sends nothing of %s, and does not say that it was dropped: %w", s.Member, s.Origin, memory.ErrInvalid)
	}
	if h := reply.View.Heads[s.Origin]; h.Seq != s.To || h.Chain != s.Theirs {
		s.changed = true
	}
	n, there, err := s.store.Settle(ctx, s.source(), part, reply.Ops)
	s.disputed += n
	return there, err
}
