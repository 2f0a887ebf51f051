package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/tallystick/tallystick/internal/memory"
)

// Range returns the entries of r in order, as they are logged, up to maxOps and
// about maxBytes, at least one. last is the seq of the last one. A hollow entry
// is followed, anywhere in the result, by the entry that replaced it: that may be
// of another origin. memory.ErrTruncated says that r.From or an entry after it was dropped.
func (s *log) Range(ctx context.Context, r memory.Range, maxOps, maxBytes int) (ops []memory.Shipment, last uint64, err error) {
	if r.From == 0 || r.To < r.From {
		return nil, 0, fmt.Errorf("range %d to %d: %w", r.From, r.To, memory.ErrInvalid)
	}
	if ops := s.tail.read(r, maxOps, maxBytes); len(ops) > 0 {
		return ops, r.From + uint64(len(ops)) - 1, nil
	}
	id, ok := s.originID(r.Origin)
	if !ok {
		return nil, 0, nil
	}
	tx, err := s.read.begin(ctx)
	if err != nil {
		return nil, 0, err
	}
	defer tx.Rollback() //nolint:errcheck // read-only
	rows, err := tx.rangeRows(ctx, s.base, id, r, max(maxOps, 1), maxBytes)
	if err != nil {
		return nil, 0, err
	}
	if len(rows) == 0 {
		var head uint64
		if err := tx.row(ctx, `SELECT head FROM origins WHERE id = ?`, []any{id}, &head); err != nil || r.From > head {
			return nil, 0, err
		}
		return nil, 0, fmt.Errorf("%s from %d: %w", r.Origin, r.From, memory.ErrTruncated)
	}
	ops, last, err = tx.complete(ctx, s.base, r.From, rows, maxBytes)
	return ops, last, err
}

// rangeRows reads the rows of a range up to the first hole or bound, at least one.
// A damaged row is a hole: its bytes are not sent.
func (t *readTx) rangeRows(ctx context.Context, s *base, origin int64, r memory.Range, maxOps, maxBytes int) ([]shipped, error) {
	var rows []shipped
	next, size := r.From, 0
	err := t.each(ctx, sqlShipped+`WHERE l.origin = ? AND l.seq >= ? AND l.seq <= ? ORDER BY l.seq LIMIT ?`,
		[]any{origin, int64(r.From), int64(min(r.To, 1<<62)), maxOps}, func(row rowScanner) error {
			ship, _, seq, err := s.scanShipment(row)
			if errors.Is(err, memory.ErrDamaged) {
				return errStop
			}
			if err != nil {
				return err
			}
			if size += shipSize(ship.Shipment); seq != next || size > maxBytes && len(rows) > 0 {
				return errStop
			}
			rows = append(rows, ship)
			next++
			return nil
		})
	if errors.Is(err, errStop) {
		err = nil
	}
	return rows, err
}

// complete points the hollow ones among rows, whose seqs begin at first, at what
// stands for them, and adds that. What would then be too much is cut off.
func (t *readTx) complete(ctx context.Context, s *base, first uint64, rows []shipped, maxBytes int) (ops []memory.Shipment, last uint64, err error) {
	var added []memory.Shipment
	have := map[memory.Dot]bool{}
	size := 0
	for i := range rows {
		by, stand, err := t.point(ctx, s, &rows[i])
		if err != nil {
			return nil, 0, err
		}
		size += shipSize(rows[i].Shipment)
		add := !by.IsZero() && !have[by]
		if add {
			size += shipSize(stand)
		}
		if size > maxBytes && i > 0 {
			break
		}
		if add {
			have[by] = true
			added = append(added, stand)
		}
		ops = append(ops, rows[i].Shipment)
	}
	last = first + uint64(len(ops)) - 1
	return append(ops, added...), last, nil
}

// point makes a hollow entry name what stands for its record now, and returns
// that; zero if the entry is not hollow.
func (t *readTx) point(ctx context.Context, s *base, ship *shipped) (memory.Dot, memory.Shipment, error) {
	var by memory.Shipment
	if ship.state == stateApplied {
		return memory.Dot{}, by, nil
	}
	e := ship.entry
	if e.Op == nil || e.Hollow.IsZero() {
		return memory.Dot{}, by, nil // it is parked, and goes as it came
	}
	var x sealed
	err := t.row(ctx, sqlStand, []any{e.Op.About().Main()}, x.dest()...)
	if err != nil || x.seq == 0 {
		return memory.Dot{}, by, err
	}
	stand, err := s.ship(x)
	if err != nil {
		return memory.Dot{}, by, nil //nolint:nilerr // damaged: it names what it named before
	}
	if e.Hollow = s.dot(x.origin, x.seq); e.Hollow == e.Dot {
		return memory.Dot{}, by, nil
	}
	ship.Raw, err = s.cfg.Codec.Encode(e)
	return e.Hollow, stand.Shipment, err
}

// sqlStand selects the entry that stands for the hollow ones of a record: that
// which holds the content or, where that is gone too, the lifecycle.
const sqlStand = `SELECT ` + sqlSealedL + ` FROM memories m JOIN log l ON l.lsn IN (m.c_lsn, m.l_lsn)
	WHERE m.id = ? AND l.state = 0 ORDER BY l.lsn = m.c_lsn DESC LIMIT 1`
