package store

import (
	"context"
	"errors"

	"github.com/tallystick/tallystick/internal/memory"
)

// snapshotOps is how many entries a snapshot yields at once.
const snapshotOps = 256

// Snapshot yields every entry that the log has, hollow ones last, and returns
// the view that they add up to. It reads one consistent state.
func (s *log) Snapshot(ctx context.Context, yield func([]memory.Shipment) error) (memory.View, error) {
	tx, err := s.bulk.beginSoon(ctx)
	if err != nil {
		return memory.View{}, err
	}
	defer tx.Rollback() //nolint:errcheck // read-only
	view, err := tx.view(ctx, s.cfg.Node)
	if err != nil {
		return view, err
	}
	return view, tx.entries(ctx, s.base, 0, yield)
}

// Dump is [Store.Snapshot] that first tells start what is about to come, root of
// the state included, and yields every entry once that was logged here behind the
// LSN after. Both are of one instant.
func (s *log) Dump(ctx context.Context, after uint64, start func(memory.Inventory) error, yield func([]memory.Shipment) error) error {
	tx, err := s.bulk.beginSoon(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // read-only
	inv, err := tx.inventory(ctx, s.base, after)
	if err != nil {
		return err
	}
	if err := start(inv); err != nil {
		return err
	}
	return tx.entries(ctx, s.base, after, yield)
}

func (t *readTx) inventory(ctx context.Context, s *base, after uint64) (memory.Inventory, error) {
	inv := memory.Inventory{Kinds: map[memory.Kind]int{}}
	var err error
	if inv.View, err = t.view(ctx, s.cfg.Node); err != nil {
		return inv, err
	}
	var root memory.Sum
	query := func(q string, row func(rowScanner) error) error { return t.each(ctx, q, nil, row) }
	err = s.eachRegister(query, func(k memory.Key, v memory.Version, d memory.Digest) { root.Add(memory.ItemSum(k, v, d)) })
	if err != nil {
		return inv, err
	}
	inv.View.Root = root.Digest()
	// What is damaged is known only once all has been read.
	err = t.eachSlice(ctx, s, after, func(rows []shipped) error {
		for _, row := range rows {
			var kind memory.Kind
			if row.state != stateParked {
				kind = row.entry.Op.Kind()
			}
			inv.Entries++
			inv.Kinds[kind]++
			if row.state == stateHollow {
				inv.Hollow++
			}
		}
		return nil
	})
	if err != nil {
		return inv, err
	}
	var all int
	err = t.row(ctx, `SELECT count(*) FROM log WHERE lsn > ?`, []any{int64(after)}, &all)
	inv.Damaged = all - inv.Entries
	return inv, err
}

// entries yields the log behind an LSN, each entry once: the full ones that were
// applied, then the rest, which may need them.
func (t *readTx) entries(ctx context.Context, s *base, after uint64, yield func([]memory.Shipment) error) error {
	return t.eachSlice(ctx, s, after, func(rows []shipped) error {
		ops := make([]memory.Shipment, 0, len(rows))
		for i := range rows {
			if _, _, err := t.point(ctx, s, &rows[i]); err != nil {
				return err
			}
			ops = append(ops, rows[i].Shipment)
		}
		return yield(ops)
	})
}

func (t *readTx) eachSlice(ctx context.Context, s *base, after uint64, yield func([]shipped) error) error {
	for _, hollow := range []bool{false, true} {
		for from, last := int64(-1), int64(after); last != from; {
			from = last
			rows, err := t.slice(ctx, s, hollow, &last)
			if err == nil && len(rows) > 0 {
				err = yield(rows)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// slice reads the next entries of the log behind last, and moves it.
func (t *readTx) slice(ctx context.Context, s *base, hollow bool, last *int64) ([]shipped, error) {
	var ops []shipped
	size := 0
	err := t.each(ctx, sqlShipped+`WHERE l.lsn > ? AND (l.state <> 0) = ? ORDER BY l.lsn LIMIT ?`, []any{*last, hollow, snapshotOps}, func(row rowScanner) error {
		ship, lsn, _, err := s.scanShipment(row)
		if errors.Is(err, memory.ErrDamaged) {
			*last = int64(lsn)
			return nil
		}
		if err != nil {
			return err
		}
		if size += shipSize(ship.Shipment); size > 1<<20 && len(ops) > 0 {
			return errStop
		}
		*last = int64(lsn)
		ops = append(ops, ship)
		return nil
	})
	if errors.Is(err, errStop) {
		err = nil
	}
	return ops, err
}
