package query

import (
	"cmp"
	"context"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/recall"
)

const (
	defaultRecall = 10
	maxRecall     = 50
	maxSearch     = 1000
)

// Recall answers a question in words. What a recall finds counts as read; what a
// search finds (all words must occur) does not.
func (b *Book) Recall(ctx context.Context, q RecallQuery) (Recalled, error) {
	b.core.Ask(&q.Filter)
	var err error
	if q.Filter, err = b.inSight(ctx, q.Filter); err != nil {
		return Recalled{}, err
	}
	if err := b.goBack(ctx, &q); err != nil {
		return Recalled{}, err
	}
	stale, err := b.freshen(ctx, &q)
	if err != nil {
		return Recalled{}, err
	}
	out, hits, err := b.ask(ctx, &q)
	if err != nil {
		return Recalled{}, err
	}
	out.Stale = stale
	if out.Hits, err = recordsOf(ctx, b.store, &q.Filter, hits); err != nil {
		return Recalled{}, err
	}
	if err := b.unreadable(ctx, &q.Filter); err != nil {
		return Recalled{}, err
	}
	if q.All {
		return out, nil
	}
	if q.AsOf != 0 {
		if out.Hits, out.Left, err = b.backThen(ctx, &q, out.Hits); err != nil {
			return Recalled{}, err
		}
	}
	ids := idsOf(out.Hits)
	if err := b.superseded(ctx, &q.Filter, ids, out.Hits); err != nil {
		return Recalled{}, err
	}
	if q.WhyNot != "" {
		if out.WhyNot, err = b.whyNot(ctx, &q, out.Hits); err != nil {
			return Recalled{}, err
		}
	}
	if !q.Unseen {
		b.touch(&q, ids, out.Hits)
	}
	return out, nil
}

// ask asks the index.
func (b *Book) ask(ctx context.Context, q *RecallQuery) (Recalled, []recall.Hit, error) {
	if q.All {
		hits, err := b.finder.Search(ctx, q.Text, q.Filter, min(cmp.Or(max(q.Limit, 0), defaultPage), maxSearch))
		return Recalled{IndexLag: b.finder.Lag(), Found: len(hits)}, hits, err
	}
	limit := q.limit()
	if q.AsOfLSN != 0 {
		limit = maxRecall // some may have come later, though they were written before
	}
	got, err := b.finder.Recall(ctx, recall.Query{Text: q.Text, Filter: q.Filter, Limit: limit, Deadline: q.Deadline})
	return Recalled{
		IndexLag: b.finder.Lag(), Found: got.Found, Unknown: float64(got.Unknown), Late: got.Late, Abstain: got.Abstain, Arms: got.Arms,
	}, got.Hits, err
}

// limit is how many hits are wanted.
func (q *RecallQuery) limit() int { return min(cmp.Or(max(q.Limit, 0), defaultRecall), maxRecall) }

func idsOf(hits []Scored) []string {
	ids := make([]string, len(hits))
	for i := range hits {
		ids[i] = hits[i].ID
	}
	return ids
}

// superseded notes which hits others take the place of.
func (b *Book) superseded(ctx context.Context, f *memory.Filter, ids []string, hits []Scored) error {
	newer, err := b.store.Superseding(ctx, ids)
	if err != nil || len(newer) == 0 {
		return err
	}
	var all []string
	for _, list := range newer {
		all = append(all, list...)
	}
	at, err := seen(ctx, b.store, f, all)
	if err != nil {
		return err
	}
	for i := range hits {
		for _, id := range newer[hits[i].ID] {
			if at[id] != nil {
				hits[i].SupersededBy = append(hits[i].SupersededBy, id)
			}
		}
	}
	return nil
}

// Matching returns the ids of the memories of f with all words of a pattern in
// their texts, and its signs as they are, best first, at most limit. It waits until the index is up to date.
func (b *Book) Matching(ctx context.Context, f memory.Filter, pattern string, limit int) ([]string, error) {
	if err := b.finder.Sync(ctx); err != nil {
		return nil, err
	}
	f, err := b.inSight(ctx, f)
	if err != nil {
		return nil, err
	}
	hits, err := b.finder.Search(ctx, pattern, f, limit)
	if err != nil {
		return nil, err
	}
	ids, err := b.literally(ctx, &f, pattern, hits)
	if err != nil {
		return nil, err
	}
	return ids, b.unreadable(ctx, &f)
}

// literally are the ids of those hits in which what a pattern writes with signs stands as
// it is: words are compared without most of them.
func (b *Book) literally(ctx context.Context, f *memory.Filter, pattern string, hits []recall.Hit) ([]string, error) {
	const atOnce = 100
	ids := make([]string, 0, len(hits))
	signs := recall.LiteralOf(pattern)
	for part := range slices.Chunk(hits, atOnce) {
		if signs.None() {
			for i := range part {
				ids = append(ids, part[i].ID)
			}
			continue
		}
		found, err := recordsOf(ctx, b.store, f, part)
		if err != nil {
			return nil, err
		}
		for i := range found {
			m := &found[i].Memory
			if signs.In(append([]string{m.Title, m.Content}, m.Tags...)...) {
				ids = append(ids, m.ID)
			}
		}
	}
	return ids, nil
}

// unreadable notes what f selects and no words can find, because it is damaged: nobody
// knows whether it is what was looked for.
func (b *Book) unreadable(ctx context.Context, f *memory.Filter) error {
	ids, err := b.store.Unreadable(ctx, *f)
	for _, id := range ids {
		memory.Omit(ctx, id)
	}
	return err
}

// Named returns the memories of f with all words of a name in their texts, and
// whether these are all there are.
func (b *Book) Named(ctx context.Context, f memory.Filter, name string) (recs []memory.Record, complete bool, err error) {
	if err := b.finder.Sync(ctx); err != nil {
		return nil, false, err
	}
	if f, err = b.inSight(ctx, f); err != nil {
		return nil, false, err
	}
	hits, ok, err := b.finder.Named(ctx, name, f, maxCandidates)
	if err != nil {
		return nil, false, err
	}
	found, err := recordsOf(ctx, b.store, &f, hits)
	for i := range found {
		recs = append(recs, found[i].Record)
	}
	return recs, ok && len(hits) < maxCandidates, err
}
