package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/tallystick/tallystick/internal/memory"
)

// log are the reads of the log: what is sent, dumped, and compared.
type log struct {
	*base
	read *reader
	bulk *reader // for dumps and snapshots, which keep nobody else waiting
	sums *reader // for comparisons
	tail *tail
}

// Entry returns the logged entry of a dot, or memory.ErrNotFound.
func (s *log) Entry(ctx context.Context, d memory.Dot) (*memory.Entry, error) {
	var x sealed
	found, err := s.read.row(ctx, sqlByDot, []any{string(d.Origin), int64(d.Seq)}, x.dest()...)
	if err == nil && !found {
		err = fmt.Errorf("entry %s: %w", d, memory.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	return s.open(x)
}

// LSNOf returns the place of an entry in the log of this node, or memory.ErrNotFound.
func (s *log) LSNOf(ctx context.Context, d memory.Dot) (uint64, error) {
	var lsn uint64
	found, err := s.read.row(ctx, `SELECT l.lsn FROM origins o JOIN log l ON l.origin = o.id WHERE o.name = ? AND l.seq = ?`, []any{string(d.Origin), int64(d.Seq)}, &lsn)
	if err == nil && !found {
		err = fmt.Errorf("entry %s: %w", d, memory.ErrNotFound)
	}
	return lsn, err
}

const sqlByDot = `SELECT ` + sqlSealedL + ` FROM origins o JOIN log l ON l.origin = o.id WHERE o.name = ? AND l.seq = ?`

// ByDot returns those of the entries that the log has, as they are sent, in the order
// asked for. What is damaged it has not.
func (s *log) ByDot(ctx context.Context, dots []memory.Dot) ([]memory.Shipment, error) {
	tx, err := s.read.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback() //nolint:errcheck // read-only
	var out []memory.Shipment
	for _, d := range dots {
		var found []shipped
		err := tx.each(ctx, sqlShipped+`WHERE l.origin = (SELECT id FROM origins WHERE name = ?) AND l.seq = ?`, []any{string(d.Origin), int64(d.Seq)}, func(row rowScanner) error {
			ship, _, _, err := s.scanShipment(row)
			if errors.Is(err, memory.ErrDamaged) {
				return nil
			}
			found = append(found, ship)
			return err
		})
		if err != nil {
			return nil, err
		}
		for i := range found { // one at most
			if _, _, err := tx.point(ctx, s.base, &found[i]); err != nil {
				return nil, err
			}
			out = append(out, found[i].Shipment)
		}
	}
	return out, nil
}

// Events returns what was applied on this node after the local sequence number
// given, in that order. Damaged entries are left out: nobody knows what they were.
func (s *log) Events(ctx context.Context, after uint64, limit int) ([]memory.Event, error) {
	var out []memory.Event
	last := int64(min(after, 1<<62))
	for rows := limit; rows == limit && len(out) == 0; {
		rows = 0
		err := s.read.each(ctx, `SELECT l.lsn, `+sqlSealedL+` FROM log l WHERE l.lsn > ? AND l.state <> 1 ORDER BY l.lsn LIMIT ?`,
			[]any{last, limit}, func(r rowScanner) error {
				var x sealed
				rows++
				if err := r.Scan(append([]any{&last}, x.dest()...)...); err != nil {
					return err
				}
				entry, err := s.open(x)
				if err == nil {
					out = append(out, memory.Event{LSN: uint64(last), Entry: entry})
				}
				return omitted(ctx, err)
			})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// LSNBefore returns a local sequence number up to which nothing was stamped at
// or after the instant at. It is near the highest such one where this node
// itself wrote often.
func (s *log) LSNBefore(ctx context.Context, at memory.Instant) (uint64, error) {
	id, ok := s.originID(s.Origin())
	if !ok {
		return 0, nil
	}
	// Stamps of this node's own entries grow with the local sequence, and each is
	// higher than every stamp that was applied before it.
	var best uint64
	for low, high := uint64(0), s.View().Heads[s.Origin()].Seq; low < high; {
		mid := low + (high-low+1)/2
		var lsn uint64
		var x sealed
		found, err := s.read.row(ctx, `SELECT l.lsn, `+sqlSealedL+` FROM log l
			WHERE l.origin = ? AND l.seq <= ? AND l.seq > ? AND l.state NOT IN (1, 3) ORDER BY l.seq DESC LIMIT 1`,
			[]any{id, int64(mid), int64(low)}, append([]any{&lsn}, x.dest()...)...)
		if err != nil {
			return 0, err
		}
		if !found { // none in the lower half
			low = mid
			continue
		}
		e, err := s.open(x)
		switch {
		case errors.Is(err, memory.ErrDamaged): // as if it were later: nothing is skipped then
			high = uint64(x.seq) - 1
		case err != nil:
			return 0, err
		case e.Actor.Legacy(): // its stamp is another clock's: the same
			high = uint64(x.seq) - 1
		case e.Stamp.Instant() < at:
			best, low = lsn, mid
		default:
			high = uint64(x.seq) - 1
		}
	}
	return best, nil
}

// Cursors returns, for each member, up to where it has acknowledged the entries
// of origin.
func (s *log) Cursors(ctx context.Context, origin memory.Origin) (map[memory.Node]uint64, error) {
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

// Damage returns what this node knows of its damaged entries, the first limit of
// them by name; also those of erased memories, which do not count.
func (s *log) Damage(ctx context.Context, limit int) (memory.Damage, error) {
	out := memory.Damage{Entries: int(s.damage.marked.Load()), Mended: s.damage.mended.Load()}
	if _, err := s.read.row(ctx, `SELECT done FROM scrub`, nil, &out.At); err != nil {
		return out, err
	}
	err := s.read.each(ctx, `SELECT origin, seq FROM damaged ORDER BY since, origin, seq LIMIT ?`, []any{limit}, func(r rowScanner) error {
		var origin, seq int64
		err := r.Scan(&origin, &seq)
		out.Dots = append(out.Dots, s.dot(origin, seq))
		return err
	})
	return out, err
}

// Parked lists the ops that were not taken: by members, and by this node.
func (s *log) Parked(ctx context.Context) ([]memory.Parked, error) {
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

// Inspect decodes an entry without taking it: it says why it
// would be refused. An entry comes with an error if its dot can be read.
func (s *log) Inspect(raw []byte) (*memory.Entry, error) {
	e, err := s.cfg.Codec.Decode(raw)
	if err == nil {
		err = e.Validate()
	}
	return e, err
}

// view reads the heads and the digest as of the transaction.
func (t *readTx) view(ctx context.Context, node memory.Node) (memory.View, error) {
	v := memory.View{Heads: memory.Heads{}}
	err := t.each(ctx, `SELECT name, head, chain FROM origins`, nil, func(r rowScanner) error {
		var o memory.Origin
		var h memory.Head
		var chain []byte
		err := r.Scan(&o, &h.Seq, &chain)
		copy(h.Chain[:], chain)
		v.Heads[o] = h
		return err
	})
	if err != nil {
		return v, err
	}
	err = t.each(ctx, `SELECT origin, seq FROM parked WHERE member = ? ORDER BY origin, seq`, []any{string(node)}, func(r rowScanner) error {
		var d memory.Dot
		if err := r.Scan(&d.Origin, &d.Seq); err != nil {
			return err
		}
		if h := v.Heads[d.Origin]; d.Seq <= h.Seq {
			h.Gaps = append(h.Gaps, d.Seq)
			v.Heads[d.Origin] = h
		}
		return nil
	})
	if err != nil {
		return v, err
	}
	err = t.row(ctx, `SELECT lsn FROM node`, nil, &v.LSN)
	return v, err
}

// Idempotent returns the entries of an earlier request of actor with the same
// key and hash, nil if there was none, memory.ErrUnchanged if it wrote none, a
// *memory.BegunError if those that it wrote have keys of their own, memory.ErrKeyReused if the
// hash differs, or memory.ErrDamaged if what it wrote cannot be
// told.
func (s *log) Idempotent(ctx context.Context, actor memory.AgentID, id *memory.Idempotency) ([]*memory.Entry, error) {
	r := request{actor: actor, key: id}
	found, err := s.read.row(ctx, sqlIdempotent, r.args(), r.dest()...)
	if err != nil || !found {
		return nil, err
	}
	return r.entries(func(origin, seq int64) (*memory.Entry, error) { return s.Entry(ctx, s.dot(origin, seq)) })
}
