package receive

import (
	"context"

	"github.com/tallystick/tallystick/internal/memory"
)

// back reports whether a row that lives at a peer shows that what is archived here was
// restored there: the peer archived it itself, or what it shows is younger than that. A
// peer sends an archive and a restore in any order, and says of neither when it was. If
// it was not restored, the peers are told of the archive once more.
func (p *plan) back(ctx context.Context, rec *memory.Record, r row, known bool) (bool, error) {
	if rec.Life != memory.Archived || p.shown <= rec.LifeAt.Stamp {
		return false, nil
	}
	if !known && r.updated > rec.Content.Stamp {
		if r.updated > rec.LifeAt.Stamp {
			return true, nil
		}
		_, e, err := p.state.Register(ctx, memory.LifeKey(rec.ID))
		if err != nil {
			return false, err
		}
		if e.Actor == p.peer.Actor() {
			return true, nil
		}
	}
	p.stale = append(p.stale, Stale{ID: rec.ID})
	return false, nil
}

// raised notices who keeps higher numbers than a memory has: the peer, if it shows the
// version that holds with them; others, if it sends an older version after the one that
// holds, for that may have come to them in this order, too.
func (p *plan) raised(rec *memory.Record, r row) {
	if rec.Life != memory.Live || r.value.Priority <= rec.Priority && r.value.Confidence <= rec.Confidence && r.value.Tier.Rank() <= rec.Tier.Rank() {
		return
	}
	holds := rec.Content.Stamp == r.updated || stampOf(rec.Content.Stamp.Instant()) == r.updated
	switch {
	case !r.exact:
	case holds && p.shown > rec.Content.Stamp:
		p.stale = append(p.stale, Stale{ID: rec.ID, Anew: true, Peer: p.peer.Name})
	case !holds && p.shown == 0:
		p.stale = append(p.stale, Stale{ID: rec.ID, Anew: true, Peer: p.peer.Name, Others: true})
	}
}
