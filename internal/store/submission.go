package store

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/tallystick/tallystick/internal/memory"
)

// submission logs the ops of a write of this node.
type submission struct{ merger }

func (t submission) submit(ctx context.Context, wr *memory.Write) (*memory.Written, error) {
	if wr.Idempotency != nil {
		entries, err := t.replay(ctx, wr)
		if err != nil || entries != nil {
			return &memory.Written{Entries: entries, Replayed: true}, err
		}
	}
	for _, x := range wr.Expect {
		v, err := t.registerVersion(ctx, x.Key)
		if err != nil {
			return nil, err
		}
		if v != x.Version {
			return nil, fmt.Errorf("%s: %w", x.Key.A, memory.ErrStale)
		}
	}
	out := &memory.Written{}
	first := t.own.head + 1
	for i, op := range wr.Ops {
		stamp, err := t.stamp(ctx, wr, op)
		if err != nil {
			return nil, err
		}
		e := &memory.Entry{
			Dot:   memory.Dot{Origin: t.own.name, Seq: first + uint64(i)},
			Stamp: stamp, Actor: wr.Actor, Prev: op.Prev, Op: op.Op,
		}
		raw, err := t.cfg.Codec.Encode(e)
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", e.Op.Kind(), err)
		}
		e.Digest = sha256.Sum256(raw)
		if err := t.apply(ctx, t.own, incoming{Entry: e, raw: raw, embedding: op.Embedding}); err != nil {
			return nil, err
		}
		t.tail = append(t.tail, tailEntry{dot: e.Dot, ship: memory.Shipment{Raw: raw, Embedding: op.Embedding}})
		t.out.own = append(t.out.own, memory.OwnEntry{Dot: e.Dot, Kind: e.Op.Kind(), Size: len(raw), Chain: t.own.chain})
		out.Entries = append(out.Entries, e)
	}
	if n := len(t.out.own); n > 0 {
		t.out.own[n-1].Tag = wr.Tag
	}
	return out, t.remember(ctx, wr, first)
}

// stamp returns the time of an op: after everything that the write has seen and
// that the op replaces, also where that was stamped by a clock that runs ahead.
// What is only reported keeps its own time.
func (t submission) stamp(ctx context.Context, wr *memory.Write, op memory.NewOp) (memory.Stamp, error) {
	if op.At != 0 {
		return op.At, t.cfg.Clock.Observe(op.At)
	}
	s := t.cfg.Clock.Now()
	for _, x := range wr.Expect {
		s = max(s, x.Version.Stamp+1)
	}
	if s > t.ahead {
		return s, nil
	}
	for _, k := range op.Op.Subjects() {
		v, err := t.registerVersion(ctx, k)
		if err != nil {
			return 0, err
		}
		s = max(s, v.Stamp+1)
	}
	return s, nil
}

// registerVersion returns the version of a register; zero if it was never written.
func (t submission) registerVersion(ctx context.Context, k memory.Key) (memory.Version, error) {
	if k.Family.OfMemory() {
		m, err := t.lookup(ctx, k.A)
		if err != nil || m == nil {
			return memory.Version{}, err
		}
		r := m.content
		if k.Family == memory.FamLife {
			r = m.lifeRef
		}
		return t.version(r, m.life == memory.Erased), nil
	}
	var r ref
	_, err := t.conn.queryRow(ctx, `SELECT lsn, stamp, origin, seq FROM registers WHERE family = ? AND a = ? AND b = ? AND c = ?`,
		[]any{k.Family, k.A, k.B, k.C}, &r.lsn, &r.stamp, &r.origin, &r.seq)
	return t.version(r, false), err
}

// replay returns the entries of an earlier request with the same idempotency
// key, nil if there was none, or ErrKeyReused.
func (t submission) replay(ctx context.Context, wr *memory.Write) ([]*memory.Entry, error) {
	r := request{actor: wr.Actor, key: wr.Idempotency}
	found, err := t.conn.queryRow(ctx, sqlIdempotent, r.args(), r.dest()...)
	if err != nil || !found {
		return nil, err
	}
	return r.entries(func(origin, seq int64) (*memory.Entry, error) {
		x := sealed{origin: origin, seq: seq}
		found, err := t.queryRow(ctx, `SELECT `+sqlSealedL+` FROM log l WHERE l.origin = ? AND l.seq = ?`, []any{origin, seq}, x.dest()...)
		switch {
		case err != nil:
			return nil, err
		case !found:
			return nil, memory.ErrNotFound
		}
		return t.open(x)
	})
}

func (t submission) remember(ctx context.Context, wr *memory.Write, first uint64) error {
	if wr.Idempotency == nil {
		return nil
	}
	t.keyed = true
	hash, origin := wr.Idempotency.Hash, t.own.id
	switch {
	case wr.Begins:
		at := t.cfg.Clock.Now()
		hash, origin, first, t.clock = ofBeginning(hash), 0, uint64(at), at
	case len(wr.Ops) == 0:
		hash, origin, first = ofNothing(hash), 0, 0
	}
	return t.aside(ctx, `INSERT INTO idempotency (actor, key, hash, origin, seq, count, at) VALUES (?,?,?,?,?,?,?)`,
		string(wr.Actor), wr.Idempotency.Key, hash[:], origin, int64(first), len(wr.Ops), int64(t.now()))
}
