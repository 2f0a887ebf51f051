package query

import (
	"context"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// backThen shows hits as they were at an instant. Those whose text of that time is
// not kept any more, or was not for the viewer to see, are left out, and named.
func (b *Book) backThen(ctx context.Context, q *RecallQuery, hits []Scored) (then []Scored, left []string, err error) {
	for i := range hits {
		h := &hits[i]
		if h.Content.Stamp.Instant() > q.AsOf {
			past, err := b.store.History(ctx, h.ID)
			if err != nil {
				return nil, nil, err
			}
			if !h.revert(past, q) {
				left = append(left, h.ID)
				continue
			}
		}
		then = append(then, *h)
	}
	return then, left, nil
}

// revert takes h to the newest version that is not younger than asked for, and
// reports whether there is one.
func (h *Scored) revert(past []memory.Revision, q *RecallQuery) bool {
	var best *memory.Entry
	for _, r := range past {
		if v := r.Entry.Version(); v.Stamp.Instant() <= q.AsOf && (best == nil || v.Beats(best.Version())) {
			best = r.Entry
		}
	}
	if best == nil {
		return false
	}
	m, has := best.Content()
	if !has || !q.Filter.All && !engine.VersionSeen(q.Filter.Viewer, q.Filter.Mates, &h.Record, m) {
		return false
	}
	h.Memory, h.Content, h.Conflicts = m, best.Version(), 0
	return true
}
