package store

import (
	"context"
	"errors"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// changes are the ways in which callers have something written.
type changes struct {
	*base
	*jobs
	adder *adder
}

// SaveCursor notes up to where a member has acknowledged an origin's entries: the
// last word counts, also if it is less than an earlier one, because the member has
// lost its disk. It is durable with the next commit, and may lag: what is sent
// twice does no harm.
func (s *changes) SaveCursor(ctx context.Context, member memory.Node, origin memory.Origin, seq uint64) error {
	return s.doJob(ctx, queueMember, &job{patience: cursorPatience, run: func(ctx context.Context, t *tx) error {
		return t.aside(ctx, `INSERT INTO cursors (member, origin, seq) VALUES (?,?,?)
			ON CONFLICT (member, origin) DO UPDATE SET seq = excluded.seq`, string(member), string(origin), int64(seq))
	}})
}

// cursorPatience is how long a cursor waits for a write to share a commit with.
const cursorPatience = 100 * time.Millisecond

// RetryParked tries again to apply ops that this node refused: those given, or
// with none given all whose time has come at now. It returns how many were taken.
func (s *changes) RetryParked(ctx context.Context, dots []memory.Dot, now time.Time) (int, error) {
	taken := 0
	err := s.do(ctx, queueMember, 0, func(ctx context.Context, t *tx) error {
		var err error
		taken, err = taking(t).retryParked(ctx, dots, memory.InstantOf(now))
		return err
	})
	return taken, err
}

// Park notes that a member refused an op of ours.
func (s *changes) Park(ctx context.Context, p memory.Parked) error {
	if p.Member == s.cfg.Node {
		return errors.New("park: own refusals come with the bytes of what is refused")
	}
	return s.do(ctx, queueMember, 0, func(ctx context.Context, t *tx) error { return taking(t).park(ctx, p) })
}

// Unpark forgets that a member refused these ops: it has taken them since.
func (s *changes) Unpark(ctx context.Context, member memory.Node, dots []memory.Dot) error {
	if member == s.cfg.Node {
		return errors.New("unpark: own refusals are retried, not forgotten")
	}
	return s.do(ctx, queueMember, 0, func(ctx context.Context, t *tx) error {
		for _, d := range dots {
			if err := t.aside(ctx, `DELETE FROM parked WHERE member = ? AND origin = ? AND seq = ?`, string(member), string(d.Origin), int64(d.Seq)); err != nil {
				return err
			}
		}
		return nil
	})
}
