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
	n := size{ops: len(in)}
	for _, a := range in {
		n.bytes += len(a.raw) + embeddingBytes(a.embedding)
	}
	err = s.doSized(ctx, queueMember, n, func(ctx context.Context, t *tx) error {
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

func (t *tx) accept(ctx context.Context, in []arrival, again bool, out *memory.Accepted) error {
	if again {
		if err := t.restore(ctx, in); err != nil {
			return err
		}
	}
	// Hollow entries that have to wait may wait for each other.
	for progress := true; progress && len(in) > 0; {
		var deferred []arrival
		for _, a := range in {
			taken, err := t.offer(ctx, a, again, out)
			if err != nil {
				return err
			}
			if !taken {
				deferred = append(deferred, a)
			}
		}
		progress = len(deferred) < len(in)
		in = deferred
	}
	out.Deferred += len(in)
	return t.rebuild(ctx)
}

// offer takes or refuses a, and reports whether it did: else a must come later.
func (t *tx) offer(ctx context.Context, a arrival, again bool, out *memory.Accepted) (bool, error) {
	if err := t.yield(ctx, a.Dot); err != nil {
		return false, err
	}
	if t.forged(a.Dot) {
		out.Refused = append(out.Refused, memory.Refusal{Dot: a.Dot, Code: memory.CodeForbidden, Text: "this node has not numbered it"})
		return true, nil
	}
	o, err := t.origin(ctx, a.Dot.Origin)
	if err != nil || t.early(o, a) {
		return false, err
	}
	return true, t.acceptOne(ctx, o, a, again, out)
}

// early reports whether a must come again later: too much is held beyond a hole,
// or it is hollow and what replaced it has not come yet.
func (t *tx) early(o *originState, a arrival) bool {
	switch {
	case o.holds(a.Dot.Seq):
		return false
	case a.Dot.Seq != o.head+1 && len(o.islands) >= t.w.s.cfg.MaxIslands:
		return true
	case a.refused != nil || a.Hollow.IsZero() || t.held(a.Hollow):
		return false
	}
	by := t.w.origins[a.Hollow.Origin]
	return by == nil || !by.holds(a.Hollow.Seq)
}

func (t *tx) acceptOne(ctx context.Context, o *originState, a arrival, again bool, out *memory.Accepted) error {
	if o.holds(a.Dot.Seq) {
		return t.acceptKnown(ctx, o, a, again, out)
	}
	refused := a.refused
	if refused == nil {
		refused = t.unready(a.Entry)
	}
	switch {
	case refused != nil && len(o.gaps) >= maxGaps:
		out.Deferred++
		return nil
	case refused != nil:
		return t.refuse(ctx, o, a, refused, out)
	}
	if err := t.apply(ctx, o, a.incoming); err != nil {
		return err
	}
	out.Applied++
	t.job.news++
	return nil
}

// maxGaps bounds what is refused of one origin: heads with more gaps cannot be sent.
const maxGaps = 1 << 15

// unready says why a valid entry cannot be taken yet, or nil.
func (t *tx) unready(e *memory.Entry) error {
	if !e.Hollow.IsZero() && !t.held(e.Hollow) {
		return &waitError{by: e.Hollow, retry: t.w.s.cfg.Clock.Wall().Add(waitRetry)}
	}
	return t.w.s.cfg.Clock.Observe(e.Stamp)
}

// waitRetry is how soon a hollow entry is tried again that waits for a refused one.
const waitRetry = time.Minute

// waitError refuses a hollow entry for as long as the one that replaced it is refused.
type waitError struct {
	by    memory.Dot
	retry time.Time
}

func (e *waitError) Error() string {
	return fmt.Sprintf("its content is gone, and %s, which replaced it, was refused", e.by)
}

// refusalOf describes why this node did not take the entry d.
func (t *tx) refusalOf(d memory.Dot, why error) memory.Parked {
	p := memory.Parked{
		Refusal: memory.Refusal{Dot: d, Code: memory.RefusalCode(why), Text: why.Error()},
		Member:  t.w.s.cfg.Node, Since: t.w.s.now(),
	}
	if skew, ok := errors.AsType[*memory.SkewError](why); ok {
		p.Retry = memory.InstantOf(skew.Retry)
	}
	if wait, ok := errors.AsType[*waitError](why); ok {
		p.Retry = memory.InstantOf(wait.retry)
	}
	return p
}

func (t *tx) held(d memory.Dot) bool {
	o := t.w.origins[d.Origin]
	return o != nil && o.holds(d.Seq) && !o.isGap(d.Seq)
}

// refuse keeps the bytes of an entry that cannot be applied, and says why.
func (t *tx) refuse(ctx context.Context, o *originState, a arrival, why error, out *memory.Accepted) error {
	p := t.refusalOf(a.Dot, why)
	raw, err := t.keep(ctx, a)
	if err != nil {
		return err
	}
	err = t.append(ctx, logRow{
		lsn: int64(t.nextLSN()), origin: o.id, seq: int64(a.Dot.Seq), state: stateParked, digest: a.Digest, raw: raw,
	})
	if err != nil {
		return err
	}
	if err := t.park(ctx, p, nil); err != nil {
		return err
	}
	o.addGap(a.Dot.Seq)
	t.hold(o, a.Dot.Seq)
	out.Refused = append(out.Refused, p.Refusal)
	return nil
}

// acceptKnown handles an entry whose dot is in the log already, or was.
func (t *tx) acceptKnown(ctx context.Context, o *originState, a arrival, again bool, out *memory.Accepted) error {
	var lsn int64
	var digest, raw []byte
	var state int
	found, err := t.w.queryRow(ctx, `SELECT lsn, digest, state, CASE WHEN ? THEN raw END FROM log WHERE origin = ? AND seq = ?`,
		[]any{again, o.id, int64(a.Dot.Seq)}, &lsn, &digest, &state, &raw)
	switch {
	case err != nil:
		return err
	case !found && again && a.refused == nil:
		return t.mend(ctx, a.Entry, out, func() error { return t.apply(ctx, o, a.incoming) })
	case !found:
		return nil
	case a.Digest != toDigest(digest):
		return t.refuseSecond(ctx, a, out)
	case state == stateParked:
		out.Refused = append(out.Refused, t.refusal(ctx, a.Dot))
		return nil
	case again && a.refused == nil:
		return t.remerge(ctx, a.incoming, raw, lsn, out)
	}
	return nil
}

// refuseSecond lists an entry under whose dot another one is in the log.
func (t *tx) refuseSecond(ctx context.Context, a arrival, out *memory.Accepted) error {
	raw, err := t.keep(ctx, a)
	if err != nil {
		return err
	}
	p := t.refusalOf(a.Dot, memory.ErrDotConflict)
	out.Refused = append(out.Refused, p.Refusal)
	return t.park(ctx, p, raw)
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

// AdoptHeads moves the heads of this node to at least those given, up to their
// first gap. It is for
// the end of a snapshot: what the heads cover and the snapshot did not bring had
// been superseded.
func (s *Store) AdoptHeads(ctx context.Context, heads memory.Heads) error {
	return s.do(ctx, queueMember, 0, func(ctx context.Context, t *tx) error {
		for name, h := range heads {
			if err := name.Valid(); err != nil {
				return err
			}
			if len(h.Gaps) > 0 {
				h.Seq = min(h.Seq, h.Gaps[0]-1) // what lies behind was not all in the snapshot
			}
			last := memory.Dot{Origin: name, Seq: h.Seq}
			if err := t.yield(ctx, last); err != nil {
				return err
			}
			if t.forged(last) {
				continue
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
