package engine

import (
	"context"
	"errors"

	"github.com/tallystick/tallystick/internal/memory"
)

// conditioned sees that the memory of an intent is as the caller wants it, and
// that it still is when the intent is written.
func conditioned(ctx context.Context, store Records, c *Condition, in *Intent) error {
	if c.isZero() {
		return nil
	}
	op := in.last()
	rec, err := store.Record(ctx, op.About().Main())
	if errors.Is(err, memory.ErrNotFound) {
		rec = &memory.Record{}
	} else if err != nil {
		return err
	}
	version := rec.Version
	if put, is := op.(*memory.Put); is && put.Create && !in.Restores && rec.Life != memory.Live {
		version = 0 // what is created in its place is not there yet
	}
	if !c.holds(version) {
		wanted := &ConditionError{ID: rec.ID, Current: version}
		if len(c.Match) == 1 && c.Match[0] != AnyVersion {
			wanted.Wanted = c.Match[0]
		}
		return wanted
	}
	if rec.ID != "" {
		in.Expect = append(in.Expect, Unchanged(rec)...)
	}
	return nil
}
