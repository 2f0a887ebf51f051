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
	var hollow []memory.Dot
	next, size := r.From, 0
	err = tx.each(ctx, `SELECT l.seq, l.state, l.raw, e.model, e.vector FROM log l
		LEFT JOIN embeddings e ON e.record = l.record AND e.lsn = l.lsn
		WHERE l.origin = ? AND l.seq >= ? AND l.seq <= ? ORDER BY l.seq LIMIT ?`,
		[]any{id, int64(r.From), int64(min(r.To, 1<<62)), maxOps}, func(row rowScanner) error {
			var seq uint64
			var state int
			ship, err := scanShipment(row, &seq, &state)
			if err != nil {
				return err
			}
			if seq != next {
				return errStop
			}
			if size += shipSize(ship); size > maxBytes && len(ops) > 0 {
				return errStop
			}
			if state == stateHollow {
				hollow = append(hollow, memory.Dot{Origin: r.Origin, Seq: seq})
			}
			ops = append(ops, ship)
			next++
			return nil
		})
	if err != nil && !errors.Is(err, errStop) {
		return nil, 0, err
	}
	if len(ops) == 0 {
		if head := s.View().Heads[r.Origin].Seq; r.From <= head {
			return nil, 0, fmt.Errorf("%s from %d: %w", r.Origin, r.From, memory.ErrTruncated)
		}
		return nil, 0, nil
	}
	ops, err = tx.completeHollow(ctx, s, ops, hollow)
	return ops, next - 1, err
}

var errStop = errors.New("stop")

func scanShipment(row rowScanner, seq *uint64, state *int) (memory.Shipment, error) {
	var ship memory.Shipment
	var model sql.NullString
	var vector []byte
	if err := row.Scan(seq, state, &ship.Raw, &model, &vector); err != nil {
		return ship, err
	}
	if model.Valid {
		ship.Embedding = &memory.Embedding{Model: model.String, Vector: floats(vector)}
	}
	return ship, nil
}

// completeHollow points hollow entries at what holds their record now, and adds that.
func (t *readTx) completeHollow(ctx context.Context, s *Store, ops []memory.Shipment, hollow []memory.Dot) ([]memory.Shipment, error) {
	if len(hollow) == 0 {
		return ops, nil
	}
	added, err := t.pointHollow(ctx, s, ops)
	return append(ops, added...), err
}

// pointHollow points hollow entries at what holds their record now, in place, and
// returns that.
func (t *readTx) pointHollow(ctx context.Context, s *Store, ops []memory.Shipment) ([]memory.Shipment, error) {
	have := map[memory.Dot]bool{}
	var added []memory.Shipment
	for i := range ops {
		e, err := s.cfg.Codec.Decode(ops[i].Raw)
		if err != nil || e.Hollow.IsZero() {
			continue
		}
		by, ship, err := t.holder(ctx, s, e)
		if err != nil {
			return nil, err
		}
		if by.IsZero() || by == e.Dot {
			continue
		}
		if by != e.Hollow {
			e.Hollow = by
			if ops[i].Raw, err = s.cfg.Codec.Encode(e); err != nil {
				return nil, err
			}
		}
		if !have[by] {
			have[by] = true
			added = append(added, ship)
		}
	}
	return added, nil
}

// holder returns the entry that holds the content of the record that e is about;
// where e itself still does (a tombstone), the entry of its lifecycle.
func (t *readTx) holder(ctx context.Context, s *Store, e *memory.Entry) (memory.Dot, memory.Shipment, error) {
	var d memory.Dot
	var ship memory.Shipment
	var origin, seq int64
	err := t.row(ctx, `SELECT l.origin, l.seq, l.raw FROM memories m
		JOIN log l ON l.lsn = CASE WHEN m.c_origin = o.id AND m.c_seq = ? THEN m.l_lsn ELSE m.c_lsn END
		JOIN origins o ON o.name = ? WHERE m.id = ?`,
		[]any{int64(e.Dot.Seq), string(e.Dot.Origin), e.Op.Subjects()[0].A}, &origin, &seq, &ship.Raw)
	if err == nil && seq != 0 {
		d = s.dot(origin, seq)
	}
	return d, ship, err
}

// ByDot returns those of the entries that the log has, in the order asked for.
func (s *Store) ByDot(ctx context.Context, dots []memory.Dot) ([]memory.Shipment, error) {
	var out []memory.Shipment
	for _, d := range dots {
		id, ok := s.originID(ctx, d.Origin)
		if !ok {
			continue
		}
		var ship memory.Shipment
		found, err := s.read.row(ctx, `SELECT raw FROM log WHERE origin = ? AND seq = ?`, []any{id, int64(d.Seq)}, &ship.Raw)
		if err != nil {
			return nil, err
		}
		if found {
			out = append(out, ship)
		}
	}
	return out, nil
}

// snapshotOps is how many entries a snapshot yields at once.
const snapshotOps = 256

// Snapshot yields every entry that the log has, hollow ones last, and returns
// the view that they add up to. It reads one consistent state.
func (s *Store) Snapshot(ctx context.Context, yield func([]memory.Shipment) error) (memory.View, error) {
	tx, err := s.read.begin(ctx)
	if err != nil {
		return memory.View{}, err
	}
	defer tx.Rollback() //nolint:errcheck // read-only
	view, err := tx.view(ctx, s)
	if err != nil {
		return view, err
	}
	for _, hollow := range []bool{false, true} {
		if err := tx.snapshotPart(ctx, s, hollow, true, yield); err != nil {
			return view, err
		}
	}
	return view, nil
}

// snapshotPart yields the full entries or the hollow ones. With along, what
// replaced the hollow ones comes with them.
func (t *readTx) snapshotPart(ctx context.Context, s *Store, hollow, along bool, yield func([]memory.Shipment) error) error {
	after := int64(0)
	for {
		var ops []memory.Shipment
		size := 0
		err := t.each(ctx, `SELECT l.lsn, l.state, l.raw, e.model, e.vector FROM log l
			LEFT JOIN embeddings e ON e.record = l.record AND e.lsn = l.lsn
			WHERE l.lsn > ? AND (l.state = 2) = ? ORDER BY l.lsn LIMIT ?`, []any{after, hollow, snapshotOps}, func(row rowScanner) error {
			var lsn uint64
			var state int
			ship, err := scanShipment(row, &lsn, &state)
			if err != nil {
				return err
			}
			if size += shipSize(ship); size > 1<<20 && len(ops) > 0 {
				return errStop
			}
			after = int64(lsn)
			ops = append(ops, ship)
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			return err
		}
		if len(ops) == 0 {
			return nil
		}
		if ops, err = t.pointed(ctx, s, ops, hollow, along); err == nil {
			err = yield(ops)
		}
		if err != nil {
			return err
		}
	}
}

func (t *readTx) pointed(ctx context.Context, s *Store, ops []memory.Shipment, hollow, along bool) ([]memory.Shipment, error) {
	if !hollow {
		return ops, nil
	}
	added, err := t.pointHollow(ctx, s, ops)
	if along {
		ops = append(ops, added...)
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
