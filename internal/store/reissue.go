package store

import (
	"context"
	"crypto/sha256"
	"errors"

	"github.com/tallystick/tallystick/internal/memory"
)

// settler decides between entries under one dot.
type settler struct{ taker }

// replace logs e of o again, and with it everything that the same request wrote, for
// its entries are looked up one behind the other when it is repeated. Where that cannot
// be, a repetition is an error: it must neither be carried out twice nor find what
// somebody else wrote.
func (t settler) replace(ctx context.Context, o *originState, e *memory.Entry) (memory.Dot, error) {
	var first, count int64
	asked, err := t.queryRow(ctx, `SELECT seq, count FROM idempotency WHERE origin = ? AND seq <= ? AND seq + count > ?`,
		[]any{o.id, int64(e.Dot.Seq), int64(e.Dot.Seq)}, &first, &count)
	if err != nil {
		return memory.Dot{}, err
	}
	if !asked {
		return t.reissue(ctx, e)
	}
	var to memory.Dot
	var begins uint64
	var home int64 // 0: no origin
	whole := true
	for seq := uint64(first); seq < uint64(first+count); seq++ {
		x := e
		if seq != e.Dot.Seq {
			if x, err = t.applied(ctx, o, seq); err != nil {
				return to, err
			}
		}
		if x == nil {
			whole = false
			continue
		}
		dot, err := t.reissue(ctx, x)
		if err != nil {
			return to, err
		}
		if begins == 0 {
			begins = dot.Seq
		}
		if x == e {
			to = dot
		}
	}
	if whole {
		home = t.own.id
	}
	return to, t.aside(ctx, `UPDATE idempotency SET origin = ?, seq = ? WHERE origin = ? AND seq = ?`, home, int64(begins), o.id, first)
}

// retire makes it an error to repeat the request that wrote an entry of which nothing is
// left to be issued again.
func (t settler) retire(ctx context.Context, o *originState, seq uint64) error {
	return t.aside(ctx, `UPDATE idempotency SET origin = 0 WHERE origin = ? AND seq <= ? AND seq + count > ?`, o.id, int64(seq), int64(seq))
}

// applied returns the entry of o under a number, nil unless it is in the log, with its
// content, and was applied.
func (t settler) applied(ctx context.Context, o *originState, seq uint64) (*memory.Entry, error) {
	var x sealed
	found, err := t.queryRow(ctx, `SELECT `+sqlSealedL+` FROM log l WHERE l.origin = ? AND l.seq = ?`, []any{o.id, int64(seq)}, x.dest()...)
	if err != nil || !found || x.state == stateParked || x.state == stateHollow {
		return nil, err
	}
	e, err := t.open(x)
	if errors.Is(err, memory.ErrDamaged) {
		return nil, nil
	}
	return e, err
}

// reissue logs e again as the next entry of this node.
func (t settler) reissue(ctx context.Context, e *memory.Entry) (memory.Dot, error) {
	if err := t.newIncarnation(ctx); err != nil {
		return memory.Dot{}, err
	}
	own := t.own
	again := e.Reissued(memory.Dot{Origin: own.name, Seq: own.head + 1})
	whole := *again
	whole.Hollow = memory.Dot{}
	raw, err := t.cfg.Codec.Encode(&whole)
	if err != nil {
		return memory.Dot{}, err
	}
	if again.Digest = sha256.Sum256(raw); !again.Hollow.IsZero() {
		if raw, err = t.cfg.Codec.Encode(again); err != nil {
			return memory.Dot{}, err
		}
	}
	if err := t.apply(ctx, own, incoming{Entry: again, raw: raw}); err != nil {
		return memory.Dot{}, err
	}
	t.out.own = append(t.out.own, memory.OwnEntry{Dot: again.Dot, Kind: again.Op.Kind(), Size: len(raw), Chain: own.chain})
	return again.Dot, nil
}
