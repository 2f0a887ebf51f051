package store

import (
	"context"

	"github.com/tallystick/tallystick/internal/memory"
)

// Dump is [Store.Snapshot] that first tells start what is about to come, root of
// the state included, and yields every entry once. Both are of one instant.
func (s *Store) Dump(ctx context.Context, start func(memory.Inventory) error, yield func([]memory.Shipment) error) error {
	tx, err := s.bulk.begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // read-only
	inv, err := tx.inventory(ctx, s)
	if err != nil {
		return err
	}
	if err := start(inv); err != nil {
		return err
	}
	return tx.entries(ctx, s, yield)
}

func (t *readTx) inventory(ctx context.Context, s *Store) (memory.Inventory, error) {
	inv := memory.Inventory{Kinds: map[memory.Kind]int{}}
	var err error
	if inv.View, err = t.view(ctx, s); err != nil {
		return inv, err
	}
	var root memory.Sum
	query := func(q string, row func(rowScanner) error) error { return t.each(ctx, q, nil, row) }
	err = s.eachRegister(query, func(k memory.Key, v memory.Version, d memory.Digest) { root.Add(memory.ItemSum(k, v, d)) })
	if err != nil {
		return inv, err
	}
	inv.View.Root = root.Digest()
	err = t.each(ctx, `SELECT kind, state, COUNT(*) FROM log GROUP BY kind, state`, nil, func(r rowScanner) error {
		var kind memory.Kind
		var state, n int
		if err := r.Scan(&kind, &state, &n); err != nil {
			return err
		}
		inv.Entries += n
		switch state {
		case stateParked:
			kind = 0
		case stateHollow:
			inv.Hollow += n
		}
		inv.Kinds[kind] += n
		return nil
	})
	return inv, err
}

// Inspect decodes an entry as Accept would, without taking it: it says why it
// would be refused. An entry comes with an error if its dot can be read.
func (s *Store) Inspect(raw []byte) (*memory.Entry, error) {
	e, err := s.cfg.Codec.Decode(raw)
	if err == nil {
		err = e.Validate()
	}
	return e, err
}
