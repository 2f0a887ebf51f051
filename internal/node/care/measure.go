package care

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/book/query"
	"github.com/tallystick/tallystick/internal/memory"
)

// Bounds of a measurement: each part ends with the first of the two.
const (
	maxSyncs   = 200
	maxRecalls = 200
	maxLists   = 100
	partLasts  = 1200 * time.Millisecond
)

// Measured says what was measured last, and before that.
func (k *Keeper) Measured() client.Measurements {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.kept.Speed
}

// Measure measures the node for a few seconds, one caller after the other, and keeps the
// result. It leaves no memory behind, and none counts as read. Live is how many memories
// there are.
func (k *Keeper) Measure(ctx context.Context, live int64) (client.Measurements, error) {
	select {
	case k.alone <- struct{}{}:
	case <-ctx.Done():
		return client.Measurements{}, ctx.Err()
	}
	defer func() { <-k.alone }()
	start := time.Now()
	m := &client.Measurement{At: k.at(), Version: k.cfg.Version, Memories: live}
	for _, part := range []func(context.Context, *client.Measurement) error{k.syncs, k.recalls, k.lists} {
		if err := part(ctx, m); err != nil {
			return client.Measurements{}, fmt.Errorf("measure: %w", err)
		}
	}
	m.Writes, m.WriteP50, m.WriteP95 = k.cfg.Writes()
	m.TookMS = time.Since(start).Milliseconds()
	k.keep(func(x *kept) { x.Speed.Before, x.Speed.Last = x.Speed.Last, m })
	return k.Measured(), nil
}

// syncs appends pages to a file beside the data, each made durable: the price of one
// commit, below which no store can go.
func (k *Keeper) syncs(ctx context.Context, m *client.Measurement) error {
	f, err := os.CreateTemp(k.cfg.Data, ".measure-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) //nolint:errcheck // nothing depends on it
	defer f.Close()           //nolint:errcheck // every write was synced
	page := make([]byte, 4096)
	took, err := times(ctx, maxSyncs, func(int) error {
		if _, err := f.Write(page); err != nil {
			return err
		}
		return f.Sync()
	})
	m.Syncs, m.SyncP50, m.SyncP99 = len(took), quantile(took, 0.5), quantile(took, 0.99)
	return err
}

// recalls asks what memories are called, as somebody would who looks for them.
func (k *Keeper) recalls(ctx context.Context, m *client.Measurement) error {
	recs, _, err := k.cfg.Book.List(ctx, everything(k.cfg.Now()), query.Page{Limit: maxRecalls, Order: memory.ByNewest})
	if err != nil || len(recs) == 0 {
		return err
	}
	took, err := times(ctx, maxRecalls, func(i int) error {
		_, err := k.cfg.Book.Recall(ctx, query.RecallQuery{Text: recs[i%len(recs)].Title, Filter: everything(k.cfg.Now()), Unseen: true})
		return err
	})
	m.Recalls, m.RecallP50, m.RecallP95 = len(took), quantile(took, 0.5), quantile(took, 0.95)
	return err
}

func (k *Keeper) lists(ctx context.Context, m *client.Measurement) error {
	cursor := ""
	took, err := times(ctx, maxLists, func(int) (err error) {
		_, cursor, err = k.cfg.Book.List(ctx, everything(k.cfg.Now()), query.Page{Limit: 50, Cursor: cursor})
		return err
	})
	m.Lists, m.ListP50, m.ListP95 = len(took), quantile(took, 0.5), quantile(took, 0.95)
	return err
}

// times does something again and again, within bounds, and returns how long each took,
// sorted.
func times(ctx context.Context, most int, do func(i int) error) ([]time.Duration, error) {
	var took []time.Duration
	for start := time.Now(); len(took) < most && time.Since(start) < partLasts; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		begun := time.Now()
		if err := do(len(took)); err != nil {
			return nil, err
		}
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	return took, nil
}

// quantile reads sorted times, in milliseconds with three decimals; 0 if there are none.
func quantile(sorted []time.Duration, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	d := sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
	return math.Round(float64(d.Microseconds())) / 1000
}
