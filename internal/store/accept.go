package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// Accept takes entries of any origin, in any order, as often as they come, and
// returns once they are fsynced. An entry that cannot be applied is refused on
// its own: its bytes are kept, and what it was refused for is in the result.
// Only bytes that do not even tell their dot are an error (memory.ErrInvalid),
// before anything is written. memory.ErrBusy, ErrFull and ErrClosed as in Submit.
func (s *Store) Accept(ctx context.Context, ops []memory.Shipment) (memory.Accepted, error) {
	return s.accept(ctx, ops, false)
}

// Reapply is Accept that also merges again what is already held. It mends state
// that does not follow from the log.
func (s *Store) Reapply(ctx context.Context, ops []memory.Shipment) (memory.Accepted, error) {
	return s.accept(ctx, ops, true)
}

// arrival is a shipment after decoding.
type arrival struct {
	incoming
	refused error // why it cannot be applied
}

func (s *Store) accept(ctx context.Context, ops []memory.Shipment, again bool) (memory.Accepted, error) {
	in, err := s.decode(ops)
	if err != nil {
		return memory.Accepted{}, err
	}
	var out memory.Accepted
	err = s.do(ctx, queueMember, len(in), func(ctx context.Context, t *tx) error {
		out = memory.Accepted{} // a batch that fails is run again, job by job
		return t.accept(ctx, in, again, &out)
	})
	out.View = s.View()
	return out, err
}

// decode reads shipments, hollow entries last: what replaced them may come in
// the same shipment.
func (s *Store) decode(ops []memory.Shipment) ([]arrival, error) {
	full := make([]arrival, 0, len(ops))
	var hollow []arrival
	for _, op := range ops {
		e, err := s.cfg.Codec.Decode(op.Raw)
		if e == nil || e.Dot.Valid() != nil {
			return nil, fmt.Errorf("entry without a readable dot: %w", errors.Join(err, memory.ErrInvalid))
		}
		if err == nil {
			err = e.Validate()
		}
		a := arrival{incoming: incoming{Entry: e, raw: op.Raw}, refused: err}
		if op.Embedding != nil {
			// A vector is derived data: one that is no use is left out, the entry stands.
			if v, err := op.Embedding.Normal(); err == nil {
				a.embedding = v
			}
		}
		if e.Hollow.IsZero() {
			full = append(full, a)
		} else {
			hollow = append(hollow, a)
		}
	}
	return append(full, hollow...), nil
}

// maxIslands bounds what is held of an origin beyond a hole.
const maxIslands = 1 << 16

func (t *tx) accept(ctx context.Context, in []arrival, again bool, out *memory.Accepted) error {
	if again {
		if _, err := t.scrub(ctx); err != nil {
			return err
		}
	}
	for _, a := range in {
		if a.Dot.Origin == t.w.own.name && a.Dot.Seq > t.w.own.head {
			// Somebody knows ops of ours that this database does not.
			if err := t.newIncarnation(ctx); err != nil {
				return err
			}
		}
		o, err := t.origin(ctx, a.Dot.Origin)
		if err != nil {
			return err
		}
		if err := t.acceptOne(ctx, o, a, again, out); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) acceptOne(ctx context.Context, o *originState, a arrival, again bool, out *memory.Accepted) error {
	switch {
	case o.holds(a.Dot.Seq):
		return t.acceptKnown(ctx, o, a, again, out)
	case !a.Hollow.IsZero() && !t.held(a.Hollow), len(o.islands) >= maxIslands:
		out.Deferred++
		return nil
	}
	refused := a.refused
	if refused == nil {
		refused = t.w.s.cfg.Clock.Observe(a.Stamp)
	}
	if refused != nil {
		return t.refuse(ctx, o, a, refused, out)
	}
	if err := t.apply(ctx, o, a.incoming); err != nil {
		return err
	}
	out.Applied++
	t.job.news++
	return nil
}

func (t *tx) held(d memory.Dot) bool {
	o := t.w.origins[d.Origin]
	if o == nil || !o.holds(d.Seq) {
		return false
	}
	_, gap := o.gaps[d.Seq]
	return !gap
}

// refuse keeps the bytes of an entry that cannot be applied, and says why.
func (t *tx) refuse(ctx context.Context, o *originState, a arrival, why error, out *memory.Accepted) error {
	p := memory.Parked{
		Refusal: memory.Refusal{Dot: a.Dot, Code: memory.RefusalCode(why), Text: why.Error()},
		Member:  t.w.s.cfg.Node, Since: t.w.s.now(),
	}
	if skew, ok := errors.AsType[*memory.SkewError](why); ok {
		p.Retry = memory.InstantOf(skew.Retry)
	}
	err := t.append(ctx, logRow{
		lsn: int64(t.nextLSN()), origin: o.id, seq: int64(a.Dot.Seq), state: stateParked, digest: a.Digest, raw: a.raw,
	})
	if err != nil {
		return err
	}
	if err := t.park(ctx, p, nil); err != nil {
		return err
	}
	o.gaps[a.Dot.Seq] = struct{}{}
	t.hold(o, a.Dot.Seq)
	out.Refused = append(out.Refused, p.Refusal)
	return nil
}

// acceptKnown handles an entry whose dot is in the log already.
func (t *tx) acceptKnown(ctx context.Context, o *originState, a arrival, again bool, out *memory.Accepted) error {
	var lsn int64
	var digest []byte
	var state int
	found, err := t.w.queryRow(ctx, `SELECT lsn, digest, state FROM log WHERE origin = ? AND seq = ?`,
		[]any{o.id, int64(a.Dot.Seq)}, &lsn, &digest, &state)
	if err != nil {
		return err
	}
	switch {
	case !found && again && a.refused == nil:
		return t.revive(ctx, o, a, out)
	case !found:
		return nil
	case a.Digest != memory.Digest(digest):
		p := memory.Parked{
			Refusal: memory.Refusal{Dot: a.Dot, Code: memory.CodeDotConflict, Text: memory.ErrDotConflict.Error()},
			Member:  t.w.s.cfg.Node, Since: t.w.s.now(),
		}
		out.Refused = append(out.Refused, p.Refusal)
		return t.park(ctx, p, a.raw)
	case state == stateParked:
		out.Refused = append(out.Refused, t.refusal(ctx, a.Dot))
		return nil
	case again && a.refused == nil && a.Hollow.IsZero():
		return t.remerge(ctx, a, lsn, out)
	}
	return nil
}

// revive logs again an entry that had been dropped as superseded, because the
// state here turned out not to follow from what superseded it.
func (t *tx) revive(ctx context.Context, o *originState, a arrival, out *memory.Accepted) error {
	if err := t.apply(ctx, o, a.incoming); err != nil {
		return err
	}
	out.Applied++
	t.job.news++
	return nil
}

// remerge lets a logged entry compete again for its registers.
func (t *tx) remerge(ctx context.Context, a arrival, lsn int64, out *memory.Accepted) error {
	before := t.rows
	e := a.incoming
	e.again = true
	if _, err := t.merge(ctx, e, lsn); err != nil {
		return err
	}
	if t.rows != before {
		out.Applied++
		t.job.news++
	}
	return nil
}

func (t *tx) refusal(ctx context.Context, d memory.Dot) memory.Refusal {
	r := memory.Refusal{Dot: d, Code: memory.CodeInvalid}
	_, err := t.w.queryRow(ctx, `SELECT code, text FROM parked WHERE member = ? AND origin = ? AND seq = ?`,
		[]any{string(t.w.s.cfg.Node), string(d.Origin), int64(d.Seq)}, &r.Code, &r.Text)
	if err != nil {
		r.Text = err.Error()
	}
	return r
}

// RetryParked tries again to apply ops that this node refused: those given, or
// with none given all whose time has come at now. It returns how many were taken.
func (s *Store) RetryParked(ctx context.Context, dots []memory.Dot, now time.Time) (int, error) {
	taken := 0
	err := s.do(ctx, queueMember, 0, func(ctx context.Context, t *tx) error {
		var err error
		taken, err = t.retryParked(ctx, dots, memory.InstantOf(now))
		return err
	})
	return taken, err
}

func (t *tx) retryParked(ctx context.Context, dots []memory.Dot, now memory.Instant) (int, error) {
	if dots == nil {
		var err error
		if dots, err = t.dueParked(ctx, now); err != nil {
			return 0, err
		}
	}
	taken := 0
	for _, d := range dots {
		ok, err := t.retryOne(ctx, d)
		if err != nil {
			return 0, err
		}
		if ok {
			taken++
			t.job.news++
		}
	}
	return taken, nil
}

func (t *tx) retryOne(ctx context.Context, d memory.Dot) (bool, error) {
	o := t.w.origins[d.Origin]
	if o == nil {
		return false, nil
	}
	if _, gap := o.gaps[d.Seq]; !gap {
		return false, nil
	}
	var raw []byte
	var lsn int64
	found, err := t.w.queryRow(ctx, `SELECT lsn, raw FROM log WHERE origin = ? AND seq = ? AND state = ?`, []any{o.id, int64(d.Seq), stateParked}, &lsn, &raw)
	if err != nil || !found {
		return false, err
	}
	e, err := t.w.s.cfg.Codec.Decode(raw)
	if err == nil {
		err = e.Validate()
	}
	if err == nil {
		err = t.w.s.cfg.Clock.Observe(e.Stamp)
	}
	if err != nil {
		return false, t.exec(ctx, `UPDATE parked SET text = ? WHERE member = ? AND origin = ? AND seq = ?`,
			err.Error(), string(t.w.s.cfg.Node), string(d.Origin), int64(d.Seq))
	}
	if err := t.exec(ctx, `DELETE FROM log WHERE lsn = ?`, lsn); err != nil {
		return false, err
	}
	if err := t.exec(ctx, `DELETE FROM parked WHERE member = ? AND origin = ? AND seq = ?`, string(t.w.s.cfg.Node), string(d.Origin), int64(d.Seq)); err != nil {
		return false, err
	}
	delete(o.gaps, d.Seq)
	return true, t.apply(ctx, o, incoming{Entry: e, raw: raw})
}

// dueParked lists the ops that are to be tried again by themselves.
func (t *tx) dueParked(ctx context.Context, now memory.Instant) ([]memory.Dot, error) {
	var out []memory.Dot
	err := t.w.each(ctx, `SELECT origin, seq FROM parked WHERE member = ? AND retry > 0 AND retry <= ? ORDER BY retry LIMIT 256`,
		[]any{string(t.w.s.cfg.Node), int64(now)}, func(r rowScanner) error {
			var d memory.Dot
			err := r.Scan(&d.Origin, &d.Seq)
			out = append(out, d)
			return err
		})
	return out, err
}

// AdoptHeads moves the heads of this node to at least those given. It is for
// the end of a snapshot: what the heads cover and the snapshot did not bring had
// been superseded.
func (s *Store) AdoptHeads(ctx context.Context, heads memory.Heads) error {
	return s.do(ctx, queueMember, 0, func(ctx context.Context, t *tx) error {
		for name, h := range heads {
			if name == t.w.own.name && h.Seq > t.w.own.head {
				if err := t.newIncarnation(ctx); err != nil {
					return err
				}
			}
			o, err := t.origin(ctx, name)
			if err != nil {
				return err
			}
			t.adopt(o, h)
		}
		return t.exec(ctx, `UPDATE node SET name = name`)
	})
}

func (t *tx) adopt(o *originState, h memory.Head) {
	if h.Seq <= o.head {
		return
	}
	o.head = h.Seq - 1
	for seq := range o.islands {
		if seq < h.Seq {
			delete(o.islands, seq)
		}
	}
	t.hold(o, h.Seq)
}
