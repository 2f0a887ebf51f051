package query

import (
	"context"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/recall"
)

// Bounded is f within the bounds of the caller behind ctx: what is out of them is
// left out before anything is ranked or counted.
func Bounded(ctx context.Context, f memory.Filter) memory.Filter {
	f.Within = engine.BoundsOf(ctx).Within
	return f
}

// inSight is [Bounded] for the index of words, which cannot know who is in a team with
// the viewer.
func (b *Book) inSight(ctx context.Context, f memory.Filter) (memory.Filter, error) {
	f = Bounded(ctx, f)
	if f.All || f.Viewer.Unowned() {
		return f, nil
	}
	var err error
	f.Mates, err = engine.Mates(ctx, b.core, f.Viewer)
	return f, err
}

// recordsOf fetches what was found, in its order. The index may lag: what is not
// live any more, or not for the viewer to see, is left out.
func recordsOf(ctx context.Context, store Found, f *memory.Filter, hits []recall.Hit) ([]Scored, error) {
	ids := make([]string, len(hits))
	for i := range hits {
		ids[i] = hits[i].ID
	}
	at, err := seen(ctx, store, f, ids)
	if err != nil {
		return nil, err
	}
	out := make([]Scored, 0, len(hits))
	for i := range hits {
		if rec, ok := at[hits[i].ID]; ok {
			out = append(out, Scored{Record: *rec, Score: hits[i].Score, Band: hits[i].Band, hit: hits[i]})
		}
	}
	return out, nil
}

// seen fetches those of some memories that are live and for the viewer of f to see. Of what
// is damaged it notes what is the viewer's business: what was found may be by a link.
func seen(ctx context.Context, store Found, f *memory.Filter, ids []string) (map[string]*memory.Record, error) {
	inner, left := memory.WithOmissions(ctx)
	recs, err := store.Many(inner, ids)
	if err != nil {
		return nil, err
	}
	damaged, _ := left.Names()
	for _, id := range damaged {
		if !f.All {
			_, err = store.RecordFor(ctx, f.Viewer, id)
		} else {
			err = memory.ErrDamaged
		}
		if err = memory.Unread(ctx, id, err); err != nil {
			return nil, err
		}
	}
	at := make(map[string]*memory.Record, len(recs))
	for i := range recs {
		if life, _ := recs[i].Stands(f.Now); life == memory.Live && (f.All || recs[i].Access().VisibleWith(f.Viewer, f.Mates)) {
			at[recs[i].ID] = &recs[i]
		}
	}
	return at, nil
}
