package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/tallystick/tallystick/internal/memory"
)

// Accept takes entries of any origin, in any order, as often as they come, and
// returns once they are fsynced. An entry that cannot be applied is refused on
// its own: its bytes are kept, and what it was refused for is in the result.
// Only bytes that do not even tell their dot are an error (memory.ErrInvalid),
// before anything is written. memory.ErrBusy, ErrFull and ErrClosed as in Submit.
func (s *changes) Accept(ctx context.Context, ops []memory.Shipment) (memory.Accepted, error) {
	return s.accept(ctx, ops, false)
}

// Reapply is Accept that also merges again what is already held. It mends state
// that does not follow from the log.
func (s *changes) Reapply(ctx context.Context, ops []memory.Shipment) (memory.Accepted, error) {
	return s.accept(ctx, ops, true)
}

func (s *changes) accept(ctx context.Context, ops []memory.Shipment, again bool) (memory.Accepted, error) {
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
		return taking(t).accept(ctx, in, again, &out)
	})
	out.View = s.View()
	return out, err
}

// decode reads shipments, hollow entries last: what replaced them may come in
// the same shipment.
func (s *changes) decode(ops []memory.Shipment) ([]arrival, error) {
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
