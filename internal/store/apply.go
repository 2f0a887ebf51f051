package store

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"math"

	"github.com/tallystick/tallystick/internal/memory"
)

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
func (t *tx) apply(ctx context.Context, o *originState, e incoming) error {
	row, err := t.merge(ctx, e, int64(t.nextLSN()))
	if err != nil {
		return err
	}
	row.origin, row.seq = o.id, int64(e.Dot.Seq)
	if row.state == stateHollow && e.Hollow.IsZero() {
		t.erased = true // it came too late, and goes no further
	}
	if err := t.append(ctx, row); err != nil {
		return err
	}
	t.hold(o, e.Dot.Seq)
	t.w.clock = max(t.w.clock, e.Stamp)
	if proposal := e.Op.About().Proposal; proposal != "" {
		return t.settle(ctx, proposal)
	}
	return nil
}

// merge lets e compete for each of its registers, and returns its log row.
func (t *tx) merge(ctx context.Context, e incoming, lsn int64) (logRow, error) {
	row := logRow{lsn: lsn, kind: e.Op.Kind(), digest: e.Digest, raw: e.raw}
	if !e.Hollow.IsZero() {
		row.state = stateHollow
	}
	var open records
	for _, k := range e.Op.Subjects() {
		var err error
		switch k.Family {
		case memory.FamContent:
			err = t.mergeContent(ctx, &open, k, e, &row)
		case memory.FamLife:
			err = t.mergeLife(ctx, &open, k, e, &row)
		case memory.FamLink, memory.FamStandard, memory.FamProposal, memory.FamVote, memory.FamOutcome:
			err = t.mergeRegister(ctx, k, e, lsn)
		}
		if err != nil {
			return row, err
		}
	}
	for _, m := range open {
		if err := m.save(ctx, t); err != nil {
			return row, err
		}
	}
	return row, nil
}

func (t *tx) mergeContent(ctx context.Context, open *records, k memory.Key, e incoming, row *logRow) error {
	m, err := open.load(ctx, t, k.A)
	if err != nil {
		return err
	}
	row.record = m.rid
	current := t.w.version(m.content, m.life == memory.Erased)
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

func (t *tx) mergeLife(ctx context.Context, open *records, k memory.Key, e incoming, row *logRow) error {
	m, err := open.load(ctx, t, k.A)
	if err != nil {
		return err
	}
	if row.record == 0 {
		row.record = m.rid
	}
	current := t.w.version(m.lifeRef, m.life == memory.Erased)
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
func (t *tx) turn(ctx context.Context, k memory.Key, held ref, version memory.Version, e *memory.Entry) error {
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

func (t *tx) mergeRegister(ctx context.Context, k memory.Key, e incoming, lsn int64) error {
	var rid int64
	var held ref
	found, err := t.w.queryRow(ctx, `SELECT rid, lsn, stamp, origin, seq FROM registers WHERE family = ? AND a = ? AND b = ? AND c = ?`,
		[]any{k.Family, k.A, k.B, k.C}, &rid, &held.lsn, &held.stamp, &held.origin, &held.seq)
	if err != nil {
		return err
	}
	current := t.w.version(held, false)
	if !takes(e, lsn, held, current) {
		return nil
	}
	if err := t.turn(ctx, k, held, current, e.Entry); err != nil {
		return err
	}
	n := t.ref(lsn, e.Entry)
	if found {
		return t.exec(ctx, `UPDATE registers SET kind = ?, lsn = ?, stamp = ?, origin = ?, seq = ? WHERE rid = ?`,
			e.Op.Kind(), n.lsn, n.stamp, n.origin, n.seq, rid)
	}
	return t.exec(ctx, `INSERT INTO registers (family, a, b, c, kind, lsn, stamp, origin, seq) VALUES (?,?,?,?,?,?,?,?,?)`,
		k.Family, k.A, k.B, k.C, e.Op.Kind(), n.lsn, n.stamp, n.origin, n.seq)
}

// ref points from a register to the entry that holds it.
type ref struct{ lsn, stamp, origin, seq int64 }

func (t *tx) ref(lsn int64, e *memory.Entry) ref {
	return ref{lsn: lsn, stamp: int64(e.Stamp), origin: t.w.origins[e.Dot.Origin].id, seq: int64(e.Dot.Seq)}
}

// version is the version that r stands for; zero if nothing holds the register.
func (w *writer) version(r ref, final bool) memory.Version { return w.s.version(r, final) }

func (s *Store) version(r ref, final bool) memory.Version {
	if r.lsn == 0 {
		return memory.Version{}
	}
	return memory.Version{Final: final, Stamp: memory.Stamp(r.stamp), Dot: s.dot(r.origin, r.seq)}
}

func (s *Store) dot(origin, seq int64) memory.Dot {
	return memory.Dot{Origin: s.originName(origin), Seq: uint64(seq)}
}

// embed keeps a shipped vector if it is usable, and drops the one of older content.
func (t *tx) embed(ctx context.Context, m *record, e incoming, lsn int64) error {
	if e.embedding == nil {
		if m.fresh {
			return nil
		}
		return t.exec(ctx, `DELETE FROM embeddings WHERE record = ?`, m.rid)
	}
	vector := make([]byte, 0, 4*len(e.embedding.Vector))
	for _, f := range e.embedding.Vector {
		vector = binary.LittleEndian.AppendUint32(vector, math.Float32bits(f))
	}
	return t.exec(ctx, `INSERT INTO embeddings (record, lsn, model, vector) VALUES (?,?,?,?)
		ON CONFLICT (record) DO UPDATE SET lsn = excluded.lsn, model = excluded.model, vector = excluded.vector`,
		m.rid, lsn, e.embedding.Model, vector)
}

// record is a row of memories while an entry is merged.
type record struct {
	rid            int64
	id             string
	fresh, dirty   bool // not yet in the table; changed
	projected      bool // the projection of the content changed, too
	content        ref
	lifeRef        ref
	life           memory.Life
	reason         string
	newest         int64
	conflicts      int
	namespace      string
	title          string
	tier, priority int
	kind           string
	access         memory.Access
	created        memory.Instant
	expires        memory.Instant
	tags           string
	sourceURI      string
}

// records are those that one entry is about: one or two, or the sources of a consolidation.
type records []*record

func (rs *records) load(ctx context.Context, t *tx, id string) (*record, error) {
	for _, m := range *rs {
		if m.id == id {
			return m, nil
		}
	}
	m := &record{id: id}
	found, err := t.w.queryRow(ctx, `SELECT rid, c_lsn, c_stamp, c_origin, c_seq, l_state, l_lsn, l_stamp, l_origin, l_seq, reason, newest, conflicts
		FROM memories WHERE id = ?`, []any{id},
		&m.rid, &m.content.lsn, &m.content.stamp, &m.content.origin, &m.content.seq,
		&m.life, &m.lifeRef.lsn, &m.lifeRef.stamp, &m.lifeRef.origin, &m.lifeRef.seq, &m.reason, &m.newest, &m.conflicts)
	if err != nil {
		return nil, err
	}
	if !found {
		t.w.rid++
		m.rid, m.fresh, m.tags = t.w.rid, true, "[]"
	}
	*rs = append(*rs, m)
	return m, nil
}

// project takes over the columns that queries need from the content that e writes.
func (m *record) project(e *memory.Entry) {
	m.dirty, m.projected = true, true
	c, ok := e.Content()
	if !ok {
		m.namespace, m.title, m.kind, m.sourceURI, m.tags = "", "", "", "", "[]"
		m.tier, m.priority, m.created, m.expires, m.access = 0, 0, 0, 0, memory.Access{}
		return
	}
	m.namespace, m.title, m.kind, m.sourceURI = c.Namespace, c.Title, c.MemoryKind, c.SourceURI
	m.tier, m.priority, m.created, m.expires = c.Tier.Rank(), int(c.Priority), c.CreatedAt, c.ExpiresAt
	m.access = c.Access()
	m.tags = "[]"
	if len(c.Tags) > 0 {
		if b, err := json.Marshal(c.Tags); err == nil {
			m.tags = string(b)
		}
	}
}

func (m *record) save(ctx context.Context, t *tx) error {
	switch {
	case m.fresh:
		return t.exec(ctx, `INSERT INTO memories (rid, id, namespace, title, tier, priority, kind, owner, target, private, created, expires, tags, source_uri,
			c_lsn, c_stamp, c_origin, c_seq, l_state, l_lsn, l_stamp, l_origin, l_seq, reason, newest, conflicts)
			VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`,
			m.rid, m.id, m.namespace, m.title, m.tier, m.priority, m.kind, string(m.access.Owner), string(m.access.Target), m.access.Private,
			int64(m.created), int64(m.expires), m.tags, m.sourceURI,
			m.content.lsn, m.content.stamp, m.content.origin, m.content.seq,
			m.life, m.lifeRef.lsn, m.lifeRef.stamp, m.lifeRef.origin, m.lifeRef.seq, m.reason, m.newest, m.conflicts)
	case m.projected:
		if err := t.exec(ctx, `UPDATE memories SET namespace = ?, title = ?, tier = ?, priority = ?, kind = ?, owner = ?, target = ?, private = ?,
			created = ?, expires = ?, tags = ?, source_uri = ?, c_lsn = ?, c_stamp = ?, c_origin = ?, c_seq = ? WHERE rid = ?`,
			m.namespace, m.title, m.tier, m.priority, m.kind, string(m.access.Owner), string(m.access.Target), m.access.Private,
			int64(m.created), int64(m.expires), m.tags, m.sourceURI,
			m.content.lsn, m.content.stamp, m.content.origin, m.content.seq, m.rid); err != nil {
			return err
		}
		fallthrough
	case m.dirty:
		return t.exec(ctx, `UPDATE memories SET l_state = ?, l_lsn = ?, l_stamp = ?, l_origin = ?, l_seq = ?, reason = ?, newest = ?, conflicts = ? WHERE rid = ?`,
			m.life, m.lifeRef.lsn, m.lifeRef.stamp, m.lifeRef.origin, m.lifeRef.seq, m.reason, m.newest, m.conflicts, m.rid)
	}
	return nil
}
