package query

import (
	"cmp"
	"context"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/recall"
)

// Duplicates are memories of one namespace whose texts have most words in common, the
// one to keep first: the most important, then the one edited last.
type Duplicates struct {
	Records    []memory.Record
	Similarity float64 // the least that ties one of them to the others
}

// Duplicates groups the live memories of f that have at least a share of threshold of
// their words in common, the largest groups first, at most limit. Looked is how many
// were compared; the most important are, if there are more than [MaxSelected].
func (b *Book) Duplicates(ctx context.Context, f memory.Filter, threshold float64, limit int) (groups []Duplicates, looked int, err error) {
	b.core.Ask(&f)
	recs, err := b.Select(ctx, f, MaxSelected, func(*memory.Record) bool { return true })
	if err != nil {
		return nil, 0, err
	}
	by := map[string][]int{}
	for i := range recs {
		by[recs[i].Namespace] = append(by[recs[i].Namespace], i)
	}
	for _, at := range by {
		texts := make([][]string, len(at))
		for k, i := range at {
			texts[k] = recall.Words(recs[i].Title + " " + recs[i].Memory.Content)
		}
		for _, c := range recall.Clusters(texts, threshold) {
			g := Duplicates{Similarity: c.Similarity}
			for _, k := range c.Members {
				g.Records = append(g.Records, recs[at[k]])
			}
			slices.SortFunc(g.Records, func(a, b memory.Record) int {
				return cmp.Or(cmp.Compare(b.Priority, a.Priority), b.Content.Compare(a.Content))
			})
			groups = append(groups, g)
		}
	}
	slices.SortFunc(groups, func(a, b Duplicates) int {
		return cmp.Or(cmp.Compare(len(b.Records), len(a.Records)), cmp.Compare(a.Records[0].ID, b.Records[0].ID))
	})
	return groups[:min(limit, len(groups))], len(recs), nil
}

// Likeness is the share of words that two memories have in common.
func Likeness(a, b *memory.Record) float64 {
	return recall.Alike(recall.Words(a.Title+" "+a.Memory.Content), recall.Words(b.Title+" "+b.Memory.Content))
}
