package query

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// Spaces counts by namespace the records that f selects.
func (b *Book) Spaces(ctx context.Context, f memory.Filter) (map[string]int64, error) {
	b.core.Ask(&f)
	return b.store.Spaces(ctx, f)
}

const defaultPage = 20

// Get returns a live memory by its id, or by the beginning of it that fits one
// memory only: of any id with … or ... behind it, and without a mark of a UUID,
// for those ids mean nothing (customer-1 does not mean customer-10). What agent may
// not see is not found.
func (b *Book) Get(ctx context.Context, agent memory.AgentID, id string) (*memory.Record, error) {
	prefix, short := memory.Abbreviated(id)
	if prefix != "" && !short && (!memory.BeginsUUID(prefix) || memory.IsUUID(prefix)) {
		return b.core.Visible(ctx, agent, id, memory.Live)
	}
	f := memory.Filter{Viewer: agent}
	b.core.Ask(&f)
	whole, err := b.store.Resolve(ctx, prefix, f)
	if errors.Is(err, memory.ErrAmbiguous) {
		// Which ones it fits may be none of the caller's business.
		return nil, fmt.Errorf("id %.140q fits more than one memory: %w", id, memory.ErrAmbiguous)
	}
	if err == nil && !short && whole != prefix && !memory.IsUUID(whole) {
		err = memory.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("memory %.140s: %w", id, err)
	}
	return b.core.Visible(ctx, agent, whole, memory.Live)
}

// List returns a page of the records that f selects, and the cursor of the next
// page, "" after the last.
func (b *Book) List(ctx context.Context, f memory.Filter, p Page) ([]memory.Record, string, error) {
	b.core.Ask(&f)
	limit := min(cmp.Or(max(p.Limit, 0), defaultPage), engine.MaxPage)
	return b.store.List(ctx, f, p.Order, limit, max(p.Offset, 0), p.Cursor)
}

// Namespaces counts the records of this node that agent may see, by namespace
// among others.
func (b *Book) Namespaces(ctx context.Context, agent memory.AgentID) (memory.Counts, error) {
	f := memory.Filter{Viewer: agent}
	b.core.Ask(&f)
	return b.store.Counts(ctx, f)
}

// Page selects part of a list: at most Limit rows, from after Cursor ("" is the
// start) or after Offset rows.
type Page struct {
	Limit  int
	Offset int
	Cursor string
	Order  memory.Order
}
