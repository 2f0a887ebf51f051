package query

import (
	"context"

	"github.com/tallystick/tallystick/internal/memory"
)

// MaxSelected bounds how many records are looked at for a condition that is no filter.
const MaxSelected = 20_000

const batch = 500 // records that are read at once

// Select lists what f selects and fits, at most limit, the most important first.
func (b *Book) Select(ctx context.Context, f memory.Filter, limit int, fits func(*memory.Record) bool) ([]memory.Record, error) {
	var out []memory.Record
	cursor := ""
	for looked := 0; looked < MaxSelected; looked += batch {
		recs, next, err := b.store.List(ctx, f, memory.ByPriority, batch, 0, cursor)
		if err != nil {
			return nil, err
		}
		for i := range recs {
			if fits(&recs[i]) {
				out = append(out, recs[i])
				if len(out) == limit {
					return out, nil
				}
			}
		}
		if next == "" {
			break
		}
		cursor = next
	}
	return out, nil
}

// Gather lists the live memories of f whose metadata has a text under a key, at
// most limit, the most important first.
func (b *Book) Gather(ctx context.Context, f memory.Filter, key, value string, limit int) ([]memory.Record, error) {
	b.core.Ask(&f)
	return b.Select(ctx, f, limit, func(r *memory.Record) bool {
		var v string
		return r.Metadata.Field(key, &v) && v == value
	})
}
