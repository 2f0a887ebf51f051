package store

import (
	"context"
	"crypto/sha256"
	"math"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// The head of a row says which type each of its values has, and where the next one begins.
// If it is damaged then a number may be a text, and all that follows something else.

// retyped makes all rows anew of which a value has another type than its column, and then
// the sums, of which nobody knows what these rows were in them.
func (t scrubber) retyped(ctx context.Context) error {
	if err := t.rectify(ctx, t.dialect.loose.garbled); err != nil {
		return err
	}
	t.rows++
	if err := t.garbled(ctx, 0, math.MaxInt64); err != nil {
		return err
	}
	if err := t.retype(ctx, 0, math.MaxInt64); err != nil {
		return err
	}
	if err := t.recast(ctx, 0, math.MaxInt64); err != nil {
		return err
	}
	_, err := t.scrub(ctx)
	return err
}

// mistyped is a row of the log of which some value has another type than its column. Those
// that have are zero, and missing says so of the numbers.
type mistyped struct {
	sealed

	lsn, kind, record int64
	was               [2]int64 // the dot that it says, zero if none
	missing           struct{ dot, state, record bool }
	entry             *memory.Entry // nil: it cannot be read
}

// retype makes rows of the log anew, among so many behind a local sequence number: of
// their bytes. Where these are not whole, the row is one as damaged as any other then.
func (t scrubber) retype(ctx context.Context, after, limit int64) error {
	lsns, err := t.rowIDs(ctx, t.dialect.garbled.log, after, limit)
	if err != nil || len(lsns) == 0 {
		return err
	}
	return t.anew(ctx, lsns)
}

// anew makes rows of the log anew.
func (t scrubber) anew(ctx context.Context, lsns []int64) (err error) {
	if len(lsns) == 0 {
		return nil
	}
	t.cfg.Log.WarnContext(ctx, "rows of the log are damaged on this disk, and are made anew of their bytes", "rows", len(lsns))
	t.erased = true // what is kept in memory may have been read of them
	rows := make([]*mistyped, len(lsns))
	for i, lsn := range lsns {
		if rows[i], err = t.guess(ctx, lsn); err != nil {
			return err
		}
	}
	if err := t.reindex(ctx, "log"); err != nil {
		return err
	}
	var anew []again
	for _, m := range rows {
		is, err := t.rewrite(ctx, m)
		if err != nil {
			return err
		}
		if is && m.entry != nil && m.state == stateApplied {
			anew = append(anew, again{m.lsn, m.entry})
		}
	}
	return t.compete(ctx, anew)
}

// guess reads what can be read of a row, and puts together what it was.
func (t scrubber) guess(ctx context.Context, lsn int64) (*mistyped, error) {
	m := &mistyped{lsn: lsn}
	var origin, seq, kind, state, record any
	_, err := t.queryRow(ctx, `SELECT origin, seq, kind, state, record, CAST(digest AS BLOB), CAST(raw AS BLOB) FROM log WHERE lsn = ?`, []any{lsn},
		&origin, &seq, &kind, &state, &record, &m.digest, &m.raw)
	if err != nil {
		return nil, err
	}
	var is, also bool
	m.origin, is = origin.(int64)
	m.seq, also = seq.(int64)
	m.was = [2]int64{m.origin, m.seq}
	o := t.origins[t.originName(m.origin)]
	m.missing.dot = !is || !also || o == nil || !o.holds(uint64(m.seq))
	m.kind, _ = kind.(int64)
	number, is := state.(int64)
	m.state, m.missing.state = int(number), !is || number < stateApplied || number > stateDamaged
	m.record, is = record.(int64)
	m.missing.record = !is
	t.unseal(m)
	if m.missing.dot || m.missing.record {
		if err := t.name(ctx, m); err != nil {
			return nil, err
		}
	}
	if m.missing.state {
		err = t.standing(ctx, m)
	}
	return m, err
}

// unseal reads the entry of a row, which says what the row has to say.
func (t scrubber) unseal(m *mistyped) {
	e, err := t.cfg.Codec.Decode(m.raw)
	digest := toDigest(m.digest)
	known := e != nil && t.origins[e.Dot.Origin] != nil &&
		(digest == e.Digest || digest == (memory.Digest{}) && (m.missing.dot || t.dot(m.origin, m.seq) == e.Dot))
	if !known || err != nil && m.state != stateParked && !m.missing.state {
		if m.raw == nil {
			m.raw = []byte{}
		}
		if len(m.digest) != sha256.Size {
			m.digest = make([]byte, sha256.Size) // whatever a member has under this dot
		}
		return
	}
	m.entry, m.digest = e, e.Digest[:]
	m.origin, m.seq, m.missing.dot = t.origins[e.Dot.Origin].id, int64(e.Dot.Seq), false
	if e.Op != nil {
		m.kind = int64(e.Op.Kind())
	}
	m.missing.state = m.missing.state || m.state != stateParked
}

// name finds the dot and the record of a row by what points to it.
func (t scrubber) name(ctx context.Context, m *mistyped) error {
	var rid, origin, seq int64
	if m.entry != nil && m.entry.Op != nil {
		for _, k := range m.entry.Op.Subjects() {
			if k.Family.OfMemory() || k.Family == memory.FamTouch {
				_, err := t.queryRow(ctx, `SELECT rid FROM memories WHERE id = ?`, []any{k.A}, &m.record)
				return err
			}
		}
		m.record = 0
		return nil
	}
	for _, q := range []string{
		`SELECT rid, c_origin, c_seq FROM memories WHERE c_lsn = ?`, `SELECT rid, l_origin, l_seq FROM memories WHERE l_lsn = ?`,
		`SELECT 0, origin, seq FROM registers WHERE lsn = ?`, t.dialect.dotOf,
	} {
		found, err := t.queryRow(ctx, q, []any{m.lsn}, &rid, &origin, &seq)
		if isGarbled(err) {
			continue
		}
		if err != nil {
			return err
		}
		if !found || !m.missing.dot && (origin != m.origin || seq != m.seq) {
			continue
		}
		m.origin, m.seq, m.missing.dot = origin, seq, false
		if m.missing.record {
			m.record = rid
		}
		return nil
	}
	return nil
}

// standing finds the state of a row by what else is known of it.
func (t scrubber) standing(ctx context.Context, m *mistyped) error {
	m.state = stateApplied
	switch {
	case m.entry == nil:
	case m.entry.Op == nil: // of a kind that is not known here
		m.state = stateParked
	case !m.entry.Hollow.IsZero():
		m.state = stateHollow
	}
	if m.missing.dot {
		return nil
	}
	refused, err := t.refused(ctx, `origin = ? AND seq = ?`, string(t.originName(m.origin)), m.seq)
	if slices.Contains(refused, t.dot(m.origin, m.seq)) {
		m.state = stateParked
	}
	return err
}

// rewrite writes a row as it must have been. It is false if that row goes: nobody knows
// which it was, and what it held is missed where it is named, or another has its place.
func (t scrubber) rewrite(ctx context.Context, m *mistyped) (bool, error) {
	t.rows++
	t.steps++
	if err := t.sink(ctx, m); err != nil {
		return false, err
	}
	taken := m.missing.dot
	if !taken {
		var err error
		if taken, err = t.taken(ctx, m); err != nil {
			return false, err
		}
	}
	o := t.origins[t.originName(m.origin)]
	here := o != nil && o.holds(uint64(m.seq))
	if taken || !here && m.entry == nil { // what was never held comes by itself
		return false, t.exec(ctx, `DELETE FROM log WHERE lsn = ?`, m.lsn)
	}
	if !here {
		t.hold(o, uint64(m.seq), toDigest(m.digest))
	}
	return true, t.exec(ctx, `UPDATE log SET origin = ?, seq = ?, kind = ?, state = ?, seen = CASE WHEN seen = 1 THEN 1 ELSE 0 END, record = ?,
		older = CASE WHEN ? AND older >= 0 AND older < lsn THEN older ELSE 0 END, digest = ?, raw = ? WHERE lsn = ?`,
		m.origin, m.seq, m.kind, m.state, m.record, m.entry == nil, m.digest, m.raw, m.lsn) // one that is whole is put in its place anew
}

// sink forgets the dot that a row has said, if there is nothing under it.
func (t scrubber) sink(ctx context.Context, m *mistyped) error {
	o := t.origins[t.originName(m.was[0])]
	if o == nil || m.was == [2]int64{m.origin, m.seq} {
		return nil
	}
	var one int
	another, err := t.queryRow(ctx, `SELECT 1 FROM log WHERE origin = ? AND seq = ? AND lsn <> ?`, []any{m.was[0], m.was[1], m.lsn}, &one)
	if err == nil && !another {
		delete(o.islands, uint64(m.was[1]))
	}
	return err
}

// taken reports whether another row has the dot of one, and is whole. One that is not makes
// room: it is another's, or its bytes are missed less.
func (t scrubber) taken(ctx context.Context, m *mistyped) (bool, error) {
	var lsn int64
	var x sealed
	found, err := t.queryRow(ctx, `SELECT l.lsn, `+sqlSealedL+` FROM log l WHERE l.origin = ? AND l.seq = ? AND l.lsn <> ?`,
		[]any{m.origin, m.seq, m.lsn}, append([]any{&lsn}, x.dest()...)...)
	if isGarbled(err) {
		found, err = true, nil
	}
	if err != nil || !found {
		return false, err
	}
	switch {
	case m.entry == nil || t.whole(x):
		return true, nil
	case t.misplaced(x):
		return false, t.exec(ctx, sqlAside, lsn)
	}
	return false, t.exec(ctx, `DELETE FROM log WHERE lsn = ?`, lsn)
}

// sqlAside gives a row of the log a dot that no entry has, until its own is found.
const sqlAside = `UPDATE log SET origin = 0, seq = -lsn WHERE lsn = ?`

// recast drops registers that cannot be read, among so many behind a number, and lets the
// entries compete that held them. Where nobody can tell which those were, a pass over the
// log finds them: see [scrubber.regain].
func (t scrubber) recast(ctx context.Context, after, limit int64) error {
	rids, err := t.rowIDs(ctx, t.dialect.garbled.registers, after, limit)
	if err != nil || len(rids) == 0 {
		return err
	}
	t.cfg.Log.WarnContext(ctx, "registers are damaged on this disk, and are made anew of the log", "rows", len(rids))
	t.erased = true
	var anew []again
	for _, rid := range rids {
		var lsn, origin, seq any
		if _, err := t.queryRow(ctx, `SELECT lsn, origin, seq FROM registers WHERE rid = ?`, []any{rid}, &lsn, &origin, &seq); err != nil {
			return err
		}
		held, err := t.heldBy(ctx, lsn, origin, seq)
		if err != nil {
			return err
		}
		anew = append(anew, held...)
	}
	return t.replace(ctx, "registers", rids, anew)
}

// heldBy are the entries that may hold a register of which the row names, as far as it can
// be read, a place in the log and a dot.
func (t scrubber) heldBy(ctx context.Context, lsn, origin, seq any) ([]again, error) {
	for q, args := range map[string][]any{
		`l.lsn = ?`:                  {lsn},
		`l.origin = ? AND l.seq = ?`: {origin, seq},
	} {
		if slices.ContainsFunc(args, func(v any) bool { _, is := v.(int64); return !is }) {
			continue
		}
		held, err := t.entriesWhere(ctx, q, args)
		if err != nil || len(held) > 0 {
			return held, err
		}
	}
	return nil, nil
}

// regain lets those of the entries compete of which a register has no row, or one of an
// earlier entry: it was lost, or nobody could tell what it held.
func (t scrubber) regain(ctx context.Context, entries []again) error {
	var anew []again
	for _, a := range entries {
		for _, k := range a.entry.Op.Subjects() {
			if k.Family.OfMemory() {
				continue
			}
			var r ref
			_, err := t.queryRow(ctx, `SELECT lsn, stamp, origin, seq FROM registers WHERE family = ? AND a = ? AND b = ? AND c = ?`,
				[]any{k.Family, k.A, k.B, k.C}, &r.lsn, &r.stamp, &r.origin, &r.seq)
			if err != nil {
				return err
			}
			if a.entry.Version().Beats(t.version(r, false)) {
				anew = append(anew, a)
				break
			}
		}
	}
	if len(anew) == 0 {
		return nil
	}
	t.cfg.Log.WarnContext(ctx, "registers are missing on this disk, and are made anew of the log", "entries", len(anew))
	return t.compete(ctx, anew)
}

// recall lets entries compete of which a memory has no row, or one of an earlier entry, with all
// others of these memories: a row that is made anew has to have both its registers.
func (t scrubber) recall(ctx context.Context, entries []again) error {
	if len(entries) == 0 {
		return nil
	}
	t.cfg.Log.WarnContext(ctx, "memories are missing on this disk, or are as they were, and are made anew of the log", "entries", len(entries))
	t.erased = true
	more, err := t.entriesWhere(ctx, `l.kind = ?`, []any{memory.KindConsolidate}) // which end others that they are of
	if err != nil {
		return err
	}
	return t.compete(ctx, append(entries, more...))
}

// misplaced reports whether the bytes of a row are whole, and the row says something else of
// them than they do.
func (t scrubber) misplaced(x sealed) bool {
	e, _ := t.cfg.Codec.Decode(x.raw)
	return e != nil && e.Digest == toDigest(x.digest) && t.origins[e.Dot.Origin] != nil && !t.whole(x)
}
