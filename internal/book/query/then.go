package query

import (
	"context"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// goBack makes q a question about the time that it names.
func (b *Book) goBack(ctx context.Context, q *RecallQuery) (err error) {
	if q.AsOfLSN != 0 {
		if q.AsOf, err = b.store.Reached(ctx, q.AsOfLSN); err != nil {
			return err
		}
	}
	if q.AsOf == 0 {
		return nil
	}
	q.Filter.Now = q.AsOf
	if q.Filter.Until == 0 || q.Filter.Until > q.AsOf {
		q.Filter.Until = q.AsOf
	}
	return nil
}

// backThen shows hits as they were then. Those whose text of that time is not kept any
// more, or was not for the viewer to see, are left out, and named.
func (b *Book) backThen(ctx context.Context, q *RecallQuery, hits []Scored) (then []Scored, left []string, err error) {
	for i := range hits {
		if len(then) == q.limit() {
			break
		}
		h := &hits[i]
		if q.AsOfLSN == 0 && h.Content.Stamp.Instant() <= q.AsOf {
			then = append(then, *h)
			continue
		}
		past, err := b.store.History(ctx, h.ID)
		if err != nil {
			return nil, nil, err
		}
		switch {
		case h.revert(past, q):
			then = append(then, *h)
		case q.AsOfLSN == 0 || !came(past, q.AsOfLSN):
			left = append(left, h.ID)
		}
	}
	return then, left, nil
}

// came reports whether a memory came to this node behind an LSN alone, and not before,
// as far as is still known.
func came(past []memory.Revision, lsn uint64) bool {
	for _, r := range past {
		if r.LSN > lsn && len(r.Entry.Prev) == 0 {
			return true
		}
	}
	return false
}

// revert takes h to the newest version that is not younger than asked for, and
// reports whether there is one.
func (h *Scored) revert(past []memory.Revision, q *RecallQuery) bool {
	var best *memory.Entry
	for _, r := range past {
		if v := r.Entry.Version(); q.had(&r) && (best == nil || v.Beats(best.Version())) {
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
	if v := best.Version(); v != h.Content {
		h.Memory, h.Content, h.Conflicts = m, v, 0
	}
	return true
}

// had reports whether a version was there at the time that is asked for.
func (q *RecallQuery) had(r *memory.Revision) bool {
	if q.AsOfLSN != 0 {
		return r.LSN <= q.AsOfLSN
	}
	return r.Entry.Stamp.Instant() <= q.AsOf
}
