package store

import (
	"context"

	"github.com/tallystick/tallystick/internal/memory"
)

// idempotencyKeep is how long a repeated request is recognised.
const idempotencyKeep = memory.Instant(48 * 3600 * 1e9)

// Compact drops what is no longer owed to anybody: the content of revisions that
// were replaced before olderThan and are not among the keepVersions highest of
// their record (those that no other revision names are kept in any case), the
// content of memories deleted before olderThan, and log rows before olderThan
// and up to stable that no longer decide anything. It works in slices, between writes, and returns how
// many rows it emptied or dropped.
func (s *changes) Compact(ctx context.Context, olderThan memory.Instant, keepVersions int, stable map[memory.Origin]uint64) (int, error) {
	total := 0
	err := s.do(ctx, queueMember, 0, func(ctx context.Context, t *tx) error {
		return t.aside(ctx, `DELETE FROM idempotency WHERE at < ?`, int64(s.now()-idempotencyKeep))
	})
	if err != nil {
		return 0, err
	}
	for _, part := range []func(context.Context, compactor, int64) (last int64, n int, err error){
		func(ctx context.Context, t compactor, after int64) (int64, int, error) {
			return t.thinHistory(ctx, after, olderThan, keepVersions)
		},
		func(ctx context.Context, t compactor, after int64) (int64, int, error) {
			return t.dropLog(ctx, after, olderThan, stable)
		},
	} {
		for after := int64(0); ; {
			last, n := after, 0
			err := s.do(ctx, queueMember, compactSlice, func(ctx context.Context, t *tx) error {
				var err error
				last, n, err = part(ctx, compactor{merger{t}}, after)
				return err
			})
			if err != nil {
				return total, err
			}
			total += n
			if last == after {
				break
			}
			after = last
		}
	}
	for range mostRenounced {
		more := false
		err := s.do(ctx, queueMember, 0, func(ctx context.Context, t *tx) (err error) {
			more, err = compactor{merger{t}}.renounce(ctx, olderThan)
			return err
		})
		if err != nil || !more {
			return total, err
		}
	}
	return total, nil
}
