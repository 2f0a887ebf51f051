package store

import (
	"context"
	"crypto/sha256"
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
func (s *Store) Submit(ctx context.Context, wr *memory.Write) (*memory.Written, error) {
	if len(wr.Ops) == 0 {
		return nil, fmt.Errorf("a write of nothing: %w", memory.ErrInvalid)
	}
	if err := s.mayNumber(ctx); err != nil {
		return nil, err
	}
	wr = usable(wr)
	var out *memory.Written
	err := s.doSized(ctx, queueLocal, weigh(wr), func(ctx context.Context, t *tx) error {
		var err error
		out, err = t.submit(ctx, wr)
		return err
	})
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

func memoryBytes(m *memory.Memory) int {
	n := len(m.Title) + len(m.Content) + len(m.Metadata) + len(m.SourceURI)
	for _, t := range m.Tags {
		n += len(t)
	}
	for i := range m.Citations {
		n += len(m.Citations[i].URI)
	}
	return n
}

func (t *tx) submit(ctx context.Context, wr *memory.Write) (*memory.Written, error) {
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
	first := t.w.own.head + 1
	for i, op := range wr.Ops {
		e := &memory.Entry{
			Dot:   memory.Dot{Origin: t.w.own.name, Seq: first + uint64(i)},
			Stamp: t.w.s.cfg.Clock.Now(), Actor: wr.Actor, Prev: op.Prev, Op: op.Op,
		}
		raw, err := t.w.s.cfg.Codec.Encode(e)
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", e.Op.Kind(), err)
		}
		e.Digest = sha256.Sum256(raw)
		if err := t.apply(ctx, t.w.own, incoming{Entry: e, raw: raw, embedding: op.Embedding}); err != nil {
			return nil, err
		}
		t.tail = append(t.tail, tailEntry{dot: e.Dot, ship: memory.Shipment{Raw: raw, Embedding: op.Embedding}})
		t.job.own = append(t.job.own, memory.OwnEntry{Dot: e.Dot, Kind: e.Op.Kind(), Size: len(raw)})
		out.Entries = append(out.Entries, e)
	}
	if n := len(t.job.own); n > 0 {
		t.job.own[n-1].Tag = wr.Tag
	}
	return out, t.remember(ctx, wr, first)
}

// registerVersion returns the version of a register; zero if it was never written.
func (t *tx) registerVersion(ctx context.Context, k memory.Key) (memory.Version, error) {
	var r ref
	var life memory.Life
	var err error
	switch k.Family {
	case memory.FamContent:
		_, err = t.w.queryRow(ctx, `SELECT c_lsn, c_stamp, c_origin, c_seq, l_state FROM memories WHERE id = ?`, []any{k.A},
			&r.lsn, &r.stamp, &r.origin, &r.seq, &life)
	case memory.FamLife:
		_, err = t.w.queryRow(ctx, `SELECT l_lsn, l_stamp, l_origin, l_seq, l_state FROM memories WHERE id = ?`, []any{k.A},
			&r.lsn, &r.stamp, &r.origin, &r.seq, &life)
	case memory.FamLink, memory.FamStandard, memory.FamProposal, memory.FamVote, memory.FamOutcome:
		_, err = t.w.queryRow(ctx, `SELECT lsn, stamp, origin, seq FROM registers WHERE family = ? AND a = ? AND b = ? AND c = ?`,
			[]any{k.Family, k.A, k.B, k.C}, &r.lsn, &r.stamp, &r.origin, &r.seq)
	}
	return t.w.version(r, life == memory.Erased), err
}

// replay returns the entries of an earlier request with the same idempotency
// key, nil if there was none, or ErrKeyReused.
func (t *tx) replay(ctx context.Context, wr *memory.Write) ([]*memory.Entry, error) {
	var hash []byte
	var origin, seq, count int64
	found, err := t.w.queryRow(ctx, sqlIdempotent, []any{string(wr.Actor), wr.Idempotency.Key}, &hash, &origin, &seq, &count)
	if err != nil || !found {
		return nil, err
	}
	if toDigest(hash) != wr.Idempotency.Hash {
		return nil, fmt.Errorf("key %q: %w", wr.Idempotency.Key, memory.ErrKeyReused)
	}
	var out []*memory.Entry
	for i := range count {
		var raw []byte
		if _, err := t.w.queryRow(ctx, `SELECT raw FROM log WHERE origin = ? AND seq = ?`, []any{origin, seq + i}, &raw); err != nil {
			return nil, err
		}
		e, err := t.w.s.cfg.Codec.Decode(raw)
		if err != nil {
			return nil, fmt.Errorf("entry of key %q: %w", wr.Idempotency.Key, err)
		}
		out = append(out, e)
	}
	return out, nil
}

const sqlIdempotent = `SELECT hash, origin, seq, count FROM idempotency WHERE actor = ? AND key = ?`

func (t *tx) remember(ctx context.Context, wr *memory.Write, first uint64) error {
	if wr.Idempotency == nil {
		return nil
	}
	return t.exec(ctx, `INSERT INTO idempotency (actor, key, hash, origin, seq, count, at) VALUES (?,?,?,?,?,?,?)`,
		string(wr.Actor), wr.Idempotency.Key, wr.Idempotency.Hash[:], t.w.own.id, int64(first), len(wr.Ops), int64(t.w.s.now()))
}

// Idempotent returns the entries of an earlier request of actor with the same
// key and hash, nil if there was none, or memory.ErrKeyReused if the hash differs.
func (s *Store) Idempotent(ctx context.Context, actor memory.AgentID, id *memory.Idempotency) ([]*memory.Entry, error) {
	var hash []byte
	var origin, seq, count int64
	found, err := s.read.row(ctx, sqlIdempotent, []any{string(actor), id.Key}, &hash, &origin, &seq, &count)
	if err != nil || !found {
		return nil, err
	}
	if toDigest(hash) != id.Hash {
		return nil, fmt.Errorf("key %q: %w", id.Key, memory.ErrKeyReused)
	}
	var out []*memory.Entry
	for i := range count {
		e, err := s.Entry(ctx, s.dot(origin, seq+i))
		if err != nil {
			return nil, fmt.Errorf("entry of key %q: %w", id.Key, err)
		}
		out = append(out, e)
	}
	return out, nil
}

// SaveCursor notes up to where a member has acknowledged an origin's entries: the
// last word counts, also if it is less than an earlier one, because the member has
// lost its disk. It is durable with the next commit, and may lag: what is sent
// twice does no harm.
func (s *Store) SaveCursor(ctx context.Context, member memory.Node, origin memory.Origin, seq uint64) error {
	return s.do(ctx, queueMember, 0, func(ctx context.Context, t *tx) error {
		return t.exec(ctx, `INSERT INTO cursors (member, origin, seq) VALUES (?,?,?)
			ON CONFLICT (member, origin) DO UPDATE SET seq = excluded.seq`, string(member), string(origin), int64(seq))
	})
}
