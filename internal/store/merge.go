package store

import (
	"context"
	"encoding/binary"
	"math"

	"github.com/tallystick/tallystick/internal/memory"
)

// merger lets entries compete for their registers.
type merger struct{ *tx }

// incoming is an entry with the bytes that go into the log.
type incoming struct {
	*memory.Entry
	raw       []byte
	embedding *memory.Embedding
	again     bool // the entry is in the log already: only its registers are set right
}

// apply merges e into the state and appends it to the log. It is the only code
// that changes replicated state, for every kind of op and whoever issued it:
// which registers an op writes, its Subjects say; who wins, its Version.
func (t merger) apply(ctx context.Context, o *originState, e incoming) error {
	row, err := t.merge(ctx, e, int64(t.nextLSN()))
	if err != nil {
		return err
	}
	row.origin, row.seq = o.id, int64(e.Dot.Seq)
	if row.state == stateHollow && e.Hollow.IsZero() {
		t.erased = true // it came too late, and goes no further
	}
	t.append(row)
	t.hold(o, e.Dot.Seq, e.Digest)
	t.clock = t.cfg.Clock.Last()
	if e.Stamp > t.clock {
		t.ahead = max(t.ahead, e.Stamp)
	}
	if proposal := e.Op.About().Proposal; proposal != "" {
		return t.settle(ctx, proposal)
	}
	return nil
}

// merge lets e compete for each of its registers, and returns its log row.
func (t merger) merge(ctx context.Context, e incoming, lsn int64) (logRow, error) {
	row := logRow{lsn: lsn, kind: e.Op.Kind(), digest: e.Digest, raw: e.raw}
	if !e.Hollow.IsZero() {
		row.state = stateHollow
	}
	var open records
	for _, k := range e.Op.Subjects() {
		var err error
		switch {
		case !k.Family.OfMemory():
			err = t.mergeRegister(ctx, k, e, &row)
		case k.Family == memory.FamLife:
			err = t.mergeLife(ctx, &open, k, e, &row)
		default:
			err = t.mergeContent(ctx, &open, k, e, &row)
		}
		if err != nil {
			return row, err
		}
	}
	t.bear(open, e, &row)
	for _, m := range open {
		t.save(m)
	}
	return row, nil
}

// bear notes the memory that an entry has made, or that it changed others.
func (t merger) bear(open records, e incoming, row *logRow) {
	if len(open) == 0 {
		t.others = t.others || row.record != 0 // a touch
		return
	}
	m := open[0]
	content, ok := e.Content()
	plain := ok && len(open) == 1 && m.first && row.state == stateApplied && m.content.lsn == row.lsn && m.lifeRef.lsn == row.lsn && m.conflicts == 0
	if !plain || content.ExpiresAt != 0 { // of one that expires there may be touches already
		t.others = true
		for _, x := range open { // also of one that an earlier entry of the transaction made
			t.changed.ids = append(t.changed.ids, x.id)
		}
		return
	}
	content.ID = m.id
	t.born = append(t.born, birth{uint64(row.lsn), memory.Record{
		Memory: content, Content: e.Version(), Life: m.life, Reason: m.reason, LifeAt: e.Version(),
	}})
	if m.life == memory.Live && m.reason == "" && m.lifeRef.origin <= math.MaxInt32 && t.absent.id(m.id) {
		t.plain = append(t.plain, located{m.id, stub{
			lsn: row.lsn, lifeStamp: m.lifeRef.stamp, lifeFrom: int32(m.lifeRef.origin), lifeSeq: m.lifeRef.seq,
		}})
	}
}

func (t merger) mergeContent(ctx context.Context, open *records, k memory.Key, e incoming, row *logRow) error {
	m, err := open.load(ctx, t.tx, k.A)
	if err != nil {
		return err
	}
	row.record = m.rid
	current := t.version(m.content, m.life == memory.Erased)
	wins := takes(e, row.lsn, m.content, current)
	switch {
	case e.Version().Final:
		err = t.erase(ctx, m, e.Entry)
	case e.again: // its place in the history is sorted out by rebuild
	default:
		err = t.revise(ctx, m, e, wins, row)
	}
	if err != nil {
		return err
	}
	if !wins {
		return nil
	}
	if err := t.turn(ctx, k, m.content, current, e.Entry); err != nil {
		return err
	}
	m.content = t.ref(row.lsn, e.Entry)
	m.project(e.Entry)
	return t.embed(ctx, m, e, row.lsn)
}

func (t merger) mergeLife(ctx context.Context, open *records, k memory.Key, e incoming, row *logRow) error {
	m, err := open.load(ctx, t.tx, k.A)
	if err != nil {
		return err
	}
	if row.record == 0 {
		row.record = m.rid
	}
	current := t.version(m.lifeRef, m.life == memory.Erased)
	if !takes(e, row.lsn, m.lifeRef, current) {
		return nil
	}
	if err := t.turn(ctx, k, m.lifeRef, current, e.Entry); err != nil {
		return err
	}
	m.lifeRef = t.ref(row.lsn, e.Entry)
	m.life, m.reason = memory.LifeOf(e.Op, k.A)
	m.dirty = true
	return nil
}

// takes reports whether e, logged at lsn, takes a register from its holder. It
// also takes one that it holds already, but by a row that is not its own: that
// was damaged.
func takes(e incoming, lsn int64, held ref, current memory.Version) bool {
	v := e.Version()
	return v.Beats(current) || v == current && held.lsn != lsn
}

// turn moves the digest of register k from its holder to e.
func (t merger) turn(ctx context.Context, k memory.Key, held ref, version memory.Version, e *memory.Entry) error {
	var old memory.Digest
	if held.lsn != 0 {
		var err error
		if old, err = t.entryDigest(ctx, held.lsn); err != nil {
			return err
		}
	}
	t.digest(k, version, old, e.Version(), e.Digest)
	return nil
}

func (t merger) mergeRegister(ctx context.Context, k memory.Key, e incoming, row *logRow) error {
	lsn := row.lsn
	if k.Family == memory.FamLink {
		t.changed.ids = append(t.changed.ids, k.A, k.B)
		t.absent.name(k.A)
		t.absent.name(k.B)
	}
	if k.Family == memory.FamTouch { // the record is another one then: who follows records hears of it
		t.changed.ids = append(t.changed.ids, k.A)
		if m, err := t.lookup(ctx, k.A); err != nil {
			return err
		} else if m != nil {
			row.record = m.rid
			t.moving[m.rid] = struct{}{}
		}
	}
	var rid int64
	var held ref
	found, err := t.conn.queryRow(ctx, `SELECT rid, lsn, stamp, origin, seq FROM registers WHERE family = ? AND a = ? AND b = ? AND c = ?`,
		[]any{k.Family, k.A, k.B, k.C}, &rid, &held.lsn, &held.stamp, &held.origin, &held.seq)
	if err != nil {
		return err
	}
	current := t.version(held, false)
	if !takes(e, lsn, held, current) {
		return nil
	}
	if err := t.turn(ctx, k, held, current, e.Entry); err != nil {
		return err
	}
	n := t.ref(lsn, e.Entry)
	if found {
		return t.aside(ctx, `UPDATE registers SET kind = ?, lsn = ?, stamp = ?, origin = ?, seq = ? WHERE rid = ?`,
			e.Op.Kind(), n.lsn, n.stamp, n.origin, n.seq, rid)
	}
	return t.aside(ctx, `INSERT INTO registers (family, a, b, c, kind, lsn, stamp, origin, seq) VALUES (?,?,?,?,?,?,?,?,?)`,
		k.Family, k.A, k.B, k.C, e.Op.Kind(), n.lsn, n.stamp, n.origin, n.seq)
}

// embed keeps a shipped vector if it is usable, and drops the one of older content.
func (t merger) embed(ctx context.Context, m *record, e incoming, lsn int64) error {
	if e.embedding == nil {
		if m.first {
			return nil
		}
		return t.aside(ctx, `DELETE FROM embeddings WHERE record = ?`, m.rid)
	}
	vector := make([]byte, 0, 4*len(e.embedding.Vector))
	for _, f := range e.embedding.Vector {
		vector = binary.LittleEndian.AppendUint32(vector, math.Float32bits(f))
	}
	return t.aside(ctx, `INSERT INTO embeddings (record, lsn, model, vector) VALUES (?,?,?,?)
		ON CONFLICT (record) DO UPDATE SET lsn = excluded.lsn, model = excluded.model, vector = excluded.vector`,
		m.rid, lsn, e.embedding.Model, vector)
}
