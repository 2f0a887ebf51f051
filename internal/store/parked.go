package store

import (
	"context"
	"errors"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

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
		dots, err = t.w.refused(ctx, `retry > 0 AND retry <= ? ORDER BY retry LIMIT 256`, int64(now))
		if err != nil {
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
	if !o.isGap(d.Seq) {
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
		err = t.unready(e)
	}
	if err != nil {
		p := t.refusalOf(d, err)
		return false, t.exec(ctx, `UPDATE parked SET code = ?, text = ?, retry = ? WHERE member = ? AND origin = ? AND seq = ?`,
			p.Code, p.Text, int64(p.Retry), string(p.Member), string(d.Origin), int64(d.Seq))
	}
	if err := t.exec(ctx, `DELETE FROM log WHERE lsn = ?`, lsn); err != nil {
		return false, err
	}
	if err := t.exec(ctx, `DELETE FROM parked WHERE member = ? AND origin = ? AND seq = ?`, string(t.w.s.cfg.Node), string(d.Origin), int64(d.Seq)); err != nil {
		return false, err
	}
	o.dropGap(d.Seq)
	return true, t.apply(ctx, o, incoming{Entry: e, raw: raw})
}

// refused lists the ops that this node refused and that fit a condition.
func (w *writer) refused(ctx context.Context, condition string, args ...any) ([]memory.Dot, error) {
	var out []memory.Dot
	err := w.each(ctx, `SELECT origin, seq FROM parked WHERE member = ? AND raw IS NULL AND `+condition,
		append([]any{string(w.s.cfg.Node)}, args...), func(r rowScanner) error {
			var d memory.Dot
			err := r.Scan(&d.Origin, &d.Seq)
			out = append(out, d)
			return err
		})
	return out, err
}

// upgraded lists what an earlier run refused for reasons that this program may
// not share: it may be a newer one.
func (w *writer) upgraded(ctx context.Context) ([]memory.Dot, error) {
	return w.refused(ctx, `code IN (?, ?) ORDER BY origin, seq`, memory.CodeUnknownKind, memory.CodeInvalid)
}

// Park notes that a member refused an op of ours.
func (s *Store) Park(ctx context.Context, p memory.Parked) error {
	if p.Member == s.cfg.Node {
		return errors.New("park: own refusals come with the bytes of what is refused")
	}
	return s.do(ctx, queueMember, 0, func(ctx context.Context, t *tx) error { return t.park(ctx, p, nil) })
}

// park lists a refusal. The first one for a dot stays: a second op under the
// dot of a refused one (raw) does not take its place.
func (t *tx) park(ctx context.Context, p memory.Parked, raw []byte) error {
	return t.exec(ctx, `INSERT INTO parked (member, origin, seq, code, text, since, retry, raw) VALUES (?,?,?,?,?,?,?,?)
		ON CONFLICT (member, origin, seq) DO UPDATE SET code = excluded.code, text = excluded.text, retry = excluded.retry
		WHERE excluded.raw IS NULL AND parked.raw IS NULL`,
		string(p.Member), string(p.Dot.Origin), int64(p.Dot.Seq), p.Code, p.Text, int64(p.Since), int64(p.Retry), raw)
}

// Unpark forgets that a member refused these ops: it has taken them since.
func (s *Store) Unpark(ctx context.Context, member memory.Node, dots []memory.Dot) error {
	if member == s.cfg.Node {
		return errors.New("unpark: own refusals are retried, not forgotten")
	}
	return s.do(ctx, queueMember, 0, func(ctx context.Context, t *tx) error {
		for _, d := range dots {
			if err := t.exec(ctx, `DELETE FROM parked WHERE member = ? AND origin = ? AND seq = ?`, string(member), string(d.Origin), int64(d.Seq)); err != nil {
				return err
			}
		}
		return nil
	})
}
