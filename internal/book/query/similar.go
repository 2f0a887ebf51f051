package query

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/recall"
)

// Similar is a memory with how much of its words a text has in common with it:
// 0 is nothing, 1 is the same words.
type Similar struct {
	Record     memory.Record
	Similarity float64 // of title and content
	Title      float64 // of the titles alone
}

const maxCandidates = 100

// Similar returns the memories whose title and content have most words in
// common with a text, best first, out of those that the text index finds for it.
// The measure is the share of words that both have among those that either has:
// it knows no synonyms.
func (b *Book) Similar(ctx context.Context, f memory.Filter, title, content string) ([]Similar, error) {
	b.core.Ask(&f)
	text := title + " " + content
	b.catchUp(ctx, time.Time{})
	f, err := b.inSight(ctx, f)
	if err != nil {
		return nil, err
	}
	found, err := b.finder.Recall(ctx, recall.Query{Text: text, Filter: f, Limit: maxCandidates})
	if err != nil {
		return nil, err
	}
	hits, err := recordsOf(ctx, b.store, &f, found.Hits)
	if err != nil {
		return nil, err
	}
	words, titled := recall.Words(text), recall.Words(title)
	var out []Similar
	for i := range hits {
		m := hits[i].Record
		if common := recall.Alike(words, recall.Words(m.Title+" "+m.Memory.Content)); common > 0 {
			out = append(out, Similar{Record: m, Similarity: common, Title: recall.Alike(titled, recall.Words(m.Title))})
		}
	}
	slices.SortFunc(out, func(a, b Similar) int {
		return cmp.Or(cmp.Compare(b.Similarity, a.Similarity), cmp.Compare(a.Record.ID, b.Record.ID))
	})
	return out, nil
}
