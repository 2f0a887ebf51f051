package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// Submit logs the ops of a write under this node's origin, all or none, and
// returns once they are fsynced. It fails with memory.ErrBusy before anything is
// written, with ErrStale if an expectation does not hold, with ErrKeyReused,
// ErrFull or ErrClosed. Of a store that is held it waits until ops may be numbered:
// see [Store.Confirm]. Once the write is queued, it goes on whatever becomes of
// ctx.
func (s *changes) Submit(ctx context.Context, wr *memory.Write) (*memory.Written, error) {
	for i := range wr.Ops {
		if wr.Ops[i].At != 0 {
			return nil, fmt.Errorf("an op with a time of its own: %w", memory.ErrInvalid)
		}
	}
	return s.LogForeign(ctx, wr)
}

// LogForeign is [Store.Submit] of what happened elsewhere: ops may have times of their own.
func (s *changes) LogForeign(ctx context.Context, wr *memory.Write) (*memory.Written, error) {
	if len(wr.Ops) == 0 && wr.Idempotency == nil {
		return nil, fmt.Errorf("a write of nothing: %w", memory.ErrInvalid)
	}
	if len(wr.Ops) > 0 && wr.Begins {
		return nil, fmt.Errorf("a beginning that writes something: %w", memory.ErrInvalid)
	}
	if err := s.mayNumber(ctx); err != nil {
		return nil, err
	}
	wr = usable(wr)
	var out *memory.Written
	j := &job{size: weigh(wr), run: func(ctx context.Context, t *tx) error {
		var err error
		out, err = submission{merger{t}}.submit(ctx, wr)
		return err
	}}
	for _, op := range wr.Ops {
		j.lookUp(op.Op)
	}
	err := s.doJob(ctx, queueLocal, j)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// usable returns wr with its vectors at length one, and without those that cannot be.
func usable(wr *memory.Write) *memory.Write {
	out := *wr
	out.Ops = slices.Clone(wr.Ops)
	for i, op := range out.Ops {
		if op.Embedding == nil {
			continue
		}
		v, err := op.Embedding.Normal()
		if err != nil {
			v = nil // derived data: the entry stands
		}
		out.Ops[i].Embedding = v
	}
	return &out
}

// lookUp has the records that op writes read with those of the whole batch.
func (j *job) lookUp(op memory.Op) {
	for _, k := range op.Subjects() {
		if k.Family.OfMemory() {
			j.records = append(j.records, k.A)
		}
	}
}

// weigh says what a write will take while it waits, about.
func weigh(wr *memory.Write) size {
	n := size{ops: len(wr.Ops)}
	for _, op := range wr.Ops {
		n.bytes += 256 + opBytes(op.Op) + embeddingBytes(op.Embedding)
	}
	return n
}

func opBytes(op memory.Op) int {
	a := op.About()
	n := 128 * len(a.Memories)
	if a.Content != nil {
		n += memoryBytes(a.Content)
	}
	return n
}
