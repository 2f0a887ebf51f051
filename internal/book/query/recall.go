package query

import (
	"cmp"
	"context"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/recall"
)

const (
	defaultRecall = 10
	maxRecall     = 50
	maxSearch     = 1000
)

// Bounded is f within the bounds of the caller behind ctx: what is out of them is
// left out before anything is ranked or counted.
func Bounded(ctx context.Context, f memory.Filter) memory.Filter {
	f.Within = engine.BoundsOf(ctx).Within
	return f
}

// Recall answers a question in words. What a recall finds counts as read; what a
// search finds (all words must occur) does not.
func (b *Book) Recall(ctx context.Context, q RecallQuery) (Recalled, error) {
	b.core.Ask(&q.Filter)
	q.Filter = Bounded(ctx, q.Filter)
	b.catchUp(ctx)
	var hits []recall.Hit
	var err error
	if q.All {
		hits = b.finder.Search(q.Text, q.Filter, min(cmp.Or(max(q.Limit, 0), defaultPage), maxSearch))
	} else {
		got, err := b.finder.Recall(ctx, recall.Query{Text: q.Text, Filter: q.Filter, Limit: min(cmp.Or(max(q.Limit, 0), defaultRecall), maxRecall)})
		if err != nil {
			return Recalled{}, err
		}
		hits = got.Hits
	}
	out := Recalled{IndexLag: b.finder.Lag()}
	if out.Hits, err = recordsOf(ctx, b.store, &q.Filter, hits); err != nil {
		return Recalled{}, err
	}
	if !q.All {
		ids := make([]string, len(out.Hits))
		for i := range out.Hits {
			ids[i] = out.Hits[i].ID
		}
		b.store.Touch(ids, b.core.Now())
	}
	return out, nil
}

// recordsOf fetches what was found, in its order. The index may lag: what is not
// live any more, or not for the viewer to see, is left out.
func recordsOf(ctx context.Context, store Found, f *memory.Filter, hits []recall.Hit) ([]Scored, error) {
	ids := make([]string, len(hits))
	for i := range hits {
		ids[i] = hits[i].ID
	}
	recs, err := store.Many(ctx, ids)
	if err != nil {
		return nil, err
	}
	at := make(map[string]*memory.Record, len(recs))
	for i := range recs {
		at[recs[i].ID] = &recs[i]
	}
	out := make([]Scored, 0, len(hits))
	for _, h := range hits {
		rec, ok := at[h.ID]
		if !ok {
			continue
		}
		if life, _ := rec.Stands(f.Now); life == memory.Live && (f.All || rec.Access().VisibleTo(f.Viewer)) {
			out = append(out, Scored{Record: *rec, Score: h.Score})
		}
	}
	return out, nil
}

// catchUp gives the index of words a moment to take in what is committed, so that
// a caller finds what it has just written. A longer lag is reported, not waited for.
func (b *Book) catchUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, b.wait)
	defer cancel()
	if err := b.finder.Sync(ctx); err != nil {
		b.log.DebugContext(ctx, "index of words lags", "entries", b.finder.Lag(), "err", err)
	}
}

// RecallQuery is a question in words.
type RecallQuery struct {
	Text   string
	Filter memory.Filter
	Limit  int  // 1 to 50; 0 is 10
	All    bool // all words must occur (search); otherwise any (recall)
}

// Scored is a record with its rank value, higher is better.
type Scored struct {
	memory.Record
	Score float64
}

// Recalled is an answer to a RecallQuery.
type Recalled struct {
	Hits []Scored
	// IndexLag counts entries that are stored and not yet in the text index.
	IndexLag int
}

// Matching returns the ids of the memories of f with all words of a pattern in
// their texts, best first, at most limit. It waits until the index is up to date.
func (b *Book) Matching(ctx context.Context, f memory.Filter, pattern string, limit int) ([]string, error) {
	if err := b.finder.Sync(ctx); err != nil {
		return nil, err
	}
	hits := b.finder.Search(pattern, Bounded(ctx, f), limit)
	ids := make([]string, len(hits))
	for i := range hits {
		ids[i] = hits[i].ID
	}
	return ids, nil
}

// Named returns the memories of f with all words of a name in their texts, and
// whether these are all there are.
func (b *Book) Named(ctx context.Context, f memory.Filter, name string) (recs []memory.Record, complete bool, err error) {
	if err := b.finder.Sync(ctx); err != nil {
		return nil, false, err
	}
	hits, ok := b.finder.Named(name, Bounded(ctx, f), maxCandidates)
	found, err := recordsOf(ctx, b.store, &f, hits)
	for i := range found {
		recs = append(recs, found[i].Record)
	}
	return recs, ok && len(hits) < maxCandidates, err
}
