package store

import (
	"context"
	"fmt"

	"github.com/tallystick/tallystick/internal/memory"
)

// Reached returns when the log of this node had come as far as an LSN: the latest
// instant that what it logged last by then was stamped with. One of the future, or from
// before what the log still has, is memory.ErrInvalid.
func (s *tables) Reached(ctx context.Context, lsn uint64) (at memory.Instant, err error) {
	if top := s.View().LSN; lsn > top {
		return 0, fmt.Errorf("LSN %d: the log of this node has come as far as %d: %w", lsn, top, memory.ErrInvalid)
	}
	const last = 64 // what others wrote may have an older stamp than what came before it
	known := false
	err = s.read.each(ctx, `SELECT l.origin, l.seq, l.state, l.digest, l.raw FROM log l WHERE l.lsn <= ? ORDER BY l.lsn DESC LIMIT ?`,
		[]any{int64(lsn), last}, func(r rowScanner) error {
			var x sealed
			if err := r.Scan(x.dest()...); err != nil {
				return err
			}
			e, err := s.open(x)
			if err != nil {
				return omitted(ctx, err)
			}
			known, at = true, max(at, e.Stamp.Instant())
			return nil
		})
	if err == nil && !known {
		err = fmt.Errorf("LSN %d: what the log of this node had then is not kept any more: %w", lsn, memory.ErrInvalid)
	}
	return at, err
}
