package store

import (
	"context"
	"errors"

	"github.com/tallystick/tallystick/internal/memory"
)

// refusalOf describes why this node did not take the entry d.
func (t taker) refusalOf(d memory.Dot, why error) memory.Parked {
	p := memory.Parked{
		Refusal: memory.Refusal{Dot: d, Code: memory.RefusalCode(why), Text: why.Error()},
		Member:  t.cfg.Node, Since: t.now(),
	}
	if skew, ok := errors.AsType[*memory.SkewError](why); ok {
		p.Retry = memory.InstantOf(skew.Retry)
	}
	if wait, ok := errors.AsType[*waitError](why); ok {
		p.Retry = memory.InstantOf(wait.retry)
	}
	return p
}

// refuse keeps the bytes of an entry that cannot be applied, and says why.
func (t taker) refuse(ctx context.Context, o *originState, a arrival, why error, out *memory.Accepted) error {
	p := t.refusalOf(a.Dot, why)
	raw, err := t.keep(ctx, a)
	if err != nil {
		return err
	}
	t.append(logRow{
		lsn: int64(t.nextLSN()), origin: o.id, seq: int64(a.Dot.Seq), state: stateParked, digest: a.Digest, raw: raw,
	})
	if err := t.park(ctx, p); err != nil {
		return err
	}
	o.addGap(a.Dot.Seq)
	t.parkedSize[o.name.Node()] += len(raw)
	t.hold(o, a.Dot.Seq, a.Digest)
	out.Refused = append(out.Refused, p.Refusal)
	return nil
}

// refusal says why this node has refused the entry d.
func (t taker) refusal(ctx context.Context, d memory.Dot) (memory.Refusal, error) {
	r := memory.Refusal{Dot: d, Code: memory.CodeInvalid}
	_, err := t.queryRow(ctx, `SELECT code, text FROM parked WHERE member = ? AND origin = ? AND seq = ?`,
		[]any{string(t.cfg.Node), string(d.Origin), int64(d.Seq)}, &r.Code, &r.Text)
	return r, err
}

// park lists a refusal.
func (t taker) park(ctx context.Context, p memory.Parked) error {
	return t.aside(ctx, `INSERT INTO parked (member, origin, seq, code, text, since, retry) VALUES (?,?,?,?,?,?,?)
		ON CONFLICT (member, origin, seq) DO UPDATE SET code = excluded.code, text = excluded.text, retry = excluded.retry`,
		string(p.Member), string(p.Dot.Origin), int64(p.Dot.Seq), p.Code, p.Text, int64(p.Since), int64(p.Retry))
}

func (t taker) retryParked(ctx context.Context, dots []memory.Dot, now memory.Instant) (int, error) {
	if dots == nil {
		var err error
		dots, err = t.refused(ctx, `retry > 0 AND retry <= ? ORDER BY retry LIMIT 256`, int64(now))
		if err != nil {
			return 0, err
		}
	}
	taken := 0
	for _, d := range dots {
		ok, err := t.retryOne(ctx, d, false)
		if err != nil {
			return 0, err
		}
		if ok {
			taken++
			t.out.news++
		}
	}
	return taken, nil
}

// retryOne applies what was refused, if nothing speaks against it any more. What was
// forbidden must have been admitted at the door since.
func (t taker) retryOne(ctx context.Context, d memory.Dot, admitted bool) (bool, error) {
	o := t.origins[d.Origin]
	if o == nil {
		return false, nil
	}
	if !o.isGap(d.Seq) {
		return false, nil
	}
	var x sealed
	var lsn int64
	found, err := t.queryRow(ctx, `SELECT l.lsn, `+sqlSealedL+` FROM log l WHERE l.origin = ? AND l.seq = ? AND l.state = ?`,
		[]any{o.id, int64(d.Seq), stateParked}, append([]any{&lsn}, x.dest()...)...)
	if err != nil || !found {
		return false, err
	}
	if before, err := t.refusal(ctx, d); err != nil || before.Code == memory.CodeForbidden && !admitted {
		return false, err
	}
	e, why := t.open(x)
	if why == nil {
		why = e.Validate()
	}
	if why == nil {
		if why, err = t.unready(ctx, e); err != nil {
			return false, err
		}
	}
	if why != nil {
		p := t.refusalOf(d, why)
		return false, t.aside(ctx, `UPDATE parked SET code = ?, text = ?, retry = ? WHERE member = ? AND origin = ? AND seq = ?`,
			p.Code, p.Text, int64(p.Retry), string(p.Member), string(d.Origin), int64(d.Seq))
	}
	if err := t.unpark(ctx, o, d, lsn); err != nil {
		return false, err
	}
	return true, t.apply(ctx, o, incoming{Entry: e, raw: x.raw})
}

// unpark forgets a refused entry, which is to be applied.
func (t taker) unpark(ctx context.Context, o *originState, d memory.Dot, lsn int64) error {
	if err := t.unparkSize(ctx, o, lsn); err != nil {
		return err
	}
	if err := t.exec(ctx, `DELETE FROM log WHERE lsn = ?`, lsn); err != nil {
		return err
	}
	if err := t.aside(ctx, `DELETE FROM parked WHERE member = ? AND origin = ? AND seq = ?`, string(t.cfg.Node), string(d.Origin), int64(d.Seq)); err != nil {
		return err
	}
	o.dropGap(d.Seq)
	return nil
}

// refuses reports whether there is an entry that this node has refused.
func (w *state) refuses() bool {
	for _, o := range w.origins {
		if len(o.gaps) > 0 {
			return true
		}
	}
	return false
}

// unparkSize takes an entry that is about to go off what is kept of its node's.
func (t taker) unparkSize(ctx context.Context, o *originState, lsn int64) error {
	var size int
	_, err := t.queryRow(ctx, `SELECT length(raw) FROM log WHERE lsn = ?`, []any{lsn}, &size)
	t.parkedSize[o.name.Node()] -= size
	return err
}
