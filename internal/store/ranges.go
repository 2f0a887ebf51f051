package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/tallystick/tallystick/internal/memory"
)

// Range returns the entries of r in order, as they are logged, up to maxOps and
// about maxBytes, at least one. last is the seq of the last one. A hollow entry
// is followed, anywhere in the result, by the entry that replaced it: that may be
// of another origin. memory.ErrTruncated says that r.From or an entry after it was dropped.
func (s *Store) Range(ctx context.Context, r memory.Range, maxOps, maxBytes int) (ops []memory.Shipment, last uint64, err error) {
	if r.From == 0 || r.To < r.From {
		return nil, 0, fmt.Errorf("range %d to %d: %w", r.From, r.To, memory.ErrInvalid)
	}
	if ops := s.tail.read(r, maxOps, maxBytes); len(ops) > 0 {
		return ops, r.From + uint64(len(ops)) - 1, nil
	}
	id, ok := s.originID(ctx, r.Origin)
	if !ok {
		return nil, 0, nil
	}
	tx, err := s.read.begin(ctx)
	if err != nil {
		return nil, 0, err
	}
	defer tx.Rollback() //nolint:errcheck // read-only
	rows, err := tx.rangeRows(ctx, id, r, max(maxOps, 1), maxBytes)
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
	ops, last, err = tx.complete(ctx, s, r.From, rows, maxBytes)
	return ops, last, err
}

// rangeRows reads the rows of a range up to the first hole or bound, at least one.
func (t *readTx) rangeRows(ctx context.Context, origin int64, r memory.Range, maxOps, maxBytes int) ([]shipped, error) {
	var rows []shipped
	next, size := r.From, 0
	err := t.each(ctx, `SELECT l.seq, l.state, l.raw, e.model, e.vector FROM log l
		LEFT JOIN embeddings e ON e.record = l.record AND e.lsn = l.lsn
		WHERE l.origin = ? AND l.seq >= ? AND l.seq <= ? ORDER BY l.seq LIMIT ?`,
		[]any{origin, int64(r.From), int64(min(r.To, 1<<62)), maxOps}, func(row rowScanner) error {
			var seq uint64
			ship, err := scanShipment(row, &seq)
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
func (t *readTx) complete(ctx context.Context, s *Store, first uint64, rows []shipped, maxBytes int) (ops []memory.Shipment, last uint64, err error) {
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

var errStop = errors.New("stop")

// shipped is a shipment as it comes from the log.
type shipped struct {
	memory.Shipment
	state int
}

func scanShipment(row rowScanner, seq *uint64) (shipped, error) {
	var ship shipped
	var model sql.NullString
	var vector []byte
	if err := row.Scan(seq, &ship.state, &ship.Raw, &model, &vector); err != nil {
		return ship, err
	}
	if model.Valid {
		ship.Embedding = &memory.Embedding{Model: model.String, Vector: floats(vector)}
	}
	return ship, nil
}

// point makes a hollow entry name what stands for its record now, and returns
// that; zero if the entry is not hollow.
func (t *readTx) point(ctx context.Context, s *Store, ship *shipped) (memory.Dot, memory.Shipment, error) {
	var by memory.Shipment
	if ship.state == stateApplied {
		return memory.Dot{}, by, nil
	}
	e, err := s.cfg.Codec.Decode(ship.Raw)
	if err != nil || e.Hollow.IsZero() {
		return memory.Dot{}, by, nil //nolint:nilerr // it is parked, and goes as it came
	}
	var origin, seq int64
	err = t.row(ctx, sqlStand, []any{e.Op.About().Main()}, &origin, &seq, &by.Raw)
	if err != nil || seq == 0 {
		return memory.Dot{}, by, err
	}
	if e.Hollow = s.dot(origin, seq); e.Hollow == e.Dot {
		return memory.Dot{}, by, nil
	}
	ship.Raw, err = s.cfg.Codec.Encode(e)
	return e.Hollow, by, err
}

// sqlStand selects the entry that stands for the hollow ones of a record: that
// which holds the content or, where that is gone too, the lifecycle.
const sqlStand = `SELECT l.origin, l.seq, l.raw FROM memories m JOIN log l ON l.lsn IN (m.c_lsn, m.l_lsn)
	WHERE m.id = ? AND l.state = 0 ORDER BY l.lsn = m.c_lsn DESC LIMIT 1`

// ByDot returns those of the entries that the log has, in the order asked for.
func (s *Store) ByDot(ctx context.Context, dots []memory.Dot) ([]memory.Shipment, error) {
	tx, err := s.read.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback() //nolint:errcheck // read-only
	var out []memory.Shipment
	for _, d := range dots {
		var ship shipped
		err := tx.row(ctx, `SELECT l.state, l.raw FROM origins o JOIN log l ON l.origin = o.id WHERE o.name = ? AND l.seq = ?`,
			[]any{string(d.Origin), int64(d.Seq)}, &ship.state, &ship.Raw)
		if err != nil {
			return nil, err
		}
		if ship.Raw == nil {
			continue
		}
		if _, _, err := tx.point(ctx, s, &ship); err != nil {
			return nil, err
		}
		out = append(out, ship.Shipment)
	}
	return out, nil
}

// snapshotOps is how many entries a snapshot yields at once.
const snapshotOps = 256

// Snapshot yields every entry that the log has, hollow ones last, and returns
// the view that they add up to. It reads one consistent state.
func (s *Store) Snapshot(ctx context.Context, yield func([]memory.Shipment) error) (memory.View, error) {
	tx, err := s.bulk.begin(ctx)
	if err != nil {
		return memory.View{}, err
	}
	defer tx.Rollback() //nolint:errcheck // read-only
	view, err := tx.view(ctx, s)
	if err != nil {
		return view, err
	}
	return view, tx.entries(ctx, s, yield)
}

// entries yields the whole log, each entry once: the full ones that were applied,
// then the rest, which may need them.
func (t *readTx) entries(ctx context.Context, s *Store, yield func([]memory.Shipment) error) error {
	for _, hollow := range []bool{false, true} {
		for after, last := int64(-1), int64(0); last != after; {
			after = last
			rows, err := t.slice(ctx, hollow, &last)
			ops := make([]memory.Shipment, 0, len(rows))
			for i := 0; i < len(rows) && err == nil; i++ {
				_, _, err = t.point(ctx, s, &rows[i])
				ops = append(ops, rows[i].Shipment)
			}
			if err == nil && len(ops) > 0 {
				err = yield(ops)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// slice reads the next entries of the log behind last, and moves it.
func (t *readTx) slice(ctx context.Context, hollow bool, last *int64) ([]shipped, error) {
	var ops []shipped
	size := 0
	err := t.each(ctx, `SELECT l.lsn, l.state, l.raw, e.model, e.vector FROM log l
		LEFT JOIN embeddings e ON e.record = l.record AND e.lsn = l.lsn
		WHERE l.lsn > ? AND (l.state <> 0) = ? ORDER BY l.lsn LIMIT ?`, []any{*last, hollow, snapshotOps}, func(row rowScanner) error {
		var lsn uint64
		ship, err := scanShipment(row, &lsn)
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

// Cursors returns, for each member, up to where it has acknowledged the entries
// of origin.
func (s *Store) Cursors(ctx context.Context, origin memory.Origin) (map[memory.Node]uint64, error) {
	out := map[memory.Node]uint64{}
	err := s.read.each(ctx, `SELECT member, seq FROM cursors WHERE origin = ?`, []any{string(origin)}, func(r rowScanner) error {
		var m memory.Node
		var seq uint64
		err := r.Scan(&m, &seq)
		out[m] = seq
		return err
	})
	return out, err
}

// Parked lists the ops that were not taken: by members, and by this node.
func (s *Store) Parked(ctx context.Context) ([]memory.Parked, error) {
	out := []memory.Parked{}
	err := s.read.each(ctx, `SELECT member, origin, seq, code, text, since, retry FROM parked ORDER BY since, member, origin, seq LIMIT 1000`, nil,
		func(r rowScanner) error {
			var p memory.Parked
			err := r.Scan(&p.Member, &p.Dot.Origin, &p.Dot.Seq, &p.Code, &p.Text, &p.Since, &p.Retry)
			out = append(out, p)
			return err
		})
	return out, err
}
