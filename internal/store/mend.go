package store

import (
	"context"
	"crypto/sha256"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// mender puts damage right: see Reapply. It is rare, so simple matters more than fast.
type mender struct{ merger }

// restore puts the bytes and the digest of damaged log rows right, and with them the
// sums of the state.
func (t mender) restore(ctx context.Context, in []arrival, out *memory.Accepted) error {
	for _, a := range in {
		if o := t.origins[a.Dot.Origin]; o != nil {
			if _, err := t.restoreOne(ctx, o, a, out); err != nil {
				return err
			}
		}
	}
	return nil
}

// restoreOne reports whether the log row of a was damaged, and is whole again: a is
// what it was. That is so if a has the digest that the row names or, where it is
// that which was damaged, the digest of the row's bytes.
func (t mender) restoreOne(ctx context.Context, o *originState, a arrival, out *memory.Accepted) (bool, error) {
	x, found, err := scrubber{t.tx}.counted(ctx, o.id, int64(a.Dot.Seq))
	if err != nil || !found || a.refused != nil && x.state != stateParked || t.whole(x.sealed) {
		return false, err
	}
	// Bytes without content name a digest that is not theirs.
	e, _ := t.cfg.Codec.Decode(x.raw)
	same := a.Digest == sha256.Sum256(x.raw) || e != nil && e.Dot == a.Dot && e.Digest == a.Digest
	if held := toDigest(x.digest); a.Digest != held && held != (memory.Digest{}) && !same {
		return false, nil
	}
	state := x.state
	if state != stateParked {
		state = stateApplied
		if !a.Hollow.IsZero() {
			state = stateHollow
		}
	}
	write := func() error {
		return t.exec(ctx, `UPDATE log SET raw = ?, digest = ?, state = ? WHERE lsn = ?`, a.raw, a.Digest[:], state, x.lsn)
	}
	if state == stateParked { // which holds nothing
		err = write()
	} else {
		x.op = a.Op
		err = weigher{scrubber{t.tx}}.weigh(ctx, []counted{x}, write)
	}
	if err != nil {
		return false, err
	}
	if x.state != stateParked {
		t.mended = append(t.mended, a.Op.Subjects()[0])
	}
	out.Applied++
	t.out.news++
	t.restored = append(t.restored, a.Dot)
	return true, t.unlist(ctx, o, a.Dot.Seq)
}

// unlist takes a damaged entry off the list.
func (t mender) unlist(ctx context.Context, o *originState, seq uint64) error {
	n, err := t.affect(ctx, `DELETE FROM damaged WHERE origin = ? AND seq = ?`, o.id, int64(seq))
	if n > 0 {
		t.rows++
		t.steps++
		t.healed += n
		t.listing = true
	}
	return err
}

// listed reports whether an entry is damaged, or missing although it is needed.
func (t mender) listed(ctx context.Context, o *originState, seq uint64) (bool, error) {
	var one int
	return t.queryRow(ctx, `SELECT 1 FROM damaged WHERE origin = ? AND seq = ?`, []any{o.id, int64(seq)}, &one)
}

// remerge lets the logged entry e compete again for its registers.
func (t mender) remerge(ctx context.Context, e incoming, raw []byte, lsn int64, out *memory.Accepted) error {
	if logged, err := t.cfg.Codec.Decode(raw); err == nil {
		e.Entry, e.raw = logged, raw // it may be hollow here, or there
	}
	e.again = true
	return t.mend(ctx, e.Entry, out, func() error {
		_, err := t.merge(ctx, e, lsn)
		return err
	})
}

// mend counts e as applied if merge changes anything.
func (t mender) mend(_ context.Context, e *memory.Entry, out *memory.Accepted, merge func() error) error {
	before := t.rows
	if err := merge(); err != nil || t.rows == before {
		return err
	}
	if !slices.Contains(t.restored, e.Dot) {
		out.Applied++
		t.out.news++
	}
	t.mended = append(t.mended, e.Op.Subjects()[0])
	return nil
}

// broken is a record whose rows in the log are sorted out anew.
type broken struct {
	rid, content int64
	life         memory.Life
	by           memory.Dot // the entry that holds the content
	revs         []revision
	named        map[memory.Dot]bool
}

// rebuild makes the histories of the records that were mended follow from the
// log again, and their part of the text index.
func (t mender) rebuild(ctx context.Context) error {
	records := map[string]*broken{}
	for _, k := range t.mended {
		if !k.Family.OfMemory() || records[k.A] != nil {
			continue
		}
		b := &broken{named: map[memory.Dot]bool{}}
		var origin, seq int64
		found, err := t.queryRow(ctx, `SELECT rid, c_lsn, c_origin, c_seq, l_state FROM memories WHERE id = ?`, []any{k.A},
			&b.rid, &b.content, &origin, &seq, &b.life)
		if err != nil {
			return err
		}
		if found {
			b.by, records[k.A] = t.dot(origin, seq), b
		}
	}
	t.mended = nil
	if len(records) == 0 {
		return nil
	}
	if err := t.adoptOrphans(ctx, records); err != nil {
		return err
	}
	if err := t.collect(ctx, records); err != nil {
		return err
	}
	for _, b := range records {
		if err := t.rebuildOne(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// orphan is a row of the log whose record is not there any more, and that which takes its place.
type orphan struct{ lsn, old, rid int64 }

// adoptOrphans gives log rows whose record was lost to the one that took its place. Those
// that cannot be read go where the others of their record do.
func (t mender) adoptOrphans(ctx context.Context, records map[string]*broken) error {
	orphans, unread, err := t.orphans(ctx, records)
	if err != nil {
		return err
	}
	heirs := map[int64]int64{} // zero: there are several
	for _, o := range orphans {
		if o.old == 0 { // nobody can tell which it was
			continue
		}
		heir, known := heirs[o.old]
		if heirs[o.old] = o.rid; known && heir != o.rid {
			heirs[o.old] = 0
		}
	}
	for _, o := range unread {
		o.rid = heirs[o.old]
		orphans = append(orphans, o)
	}
	for _, o := range orphans {
		if o.rid == 0 {
			continue
		}
		if err := t.exec(ctx, `UPDATE log SET record = ? WHERE lsn = ?`, o.rid, o.lsn); err != nil {
			return err
		}
		for _, q := range []string{`DELETE FROM embeddings WHERE record = ?`, `DELETE FROM access WHERE record = ?`} {
			if err := t.exec(ctx, q, o.old); err != nil {
				return err
			}
		}
	}
	return nil
}

// orphans are the rows whose record is not there, of those that are made anew or of others,
// which stay without, and those that cannot be read.
func (t mender) orphans(ctx context.Context, records map[string]*broken) (orphans, unread []orphan, err error) {
	err = t.each(ctx, `SELECT l.lsn, l.record, `+sqlSealedL+` FROM log l
		WHERE l.record <> 0 AND l.state <> 1 AND NOT EXISTS (SELECT 1 FROM memories m WHERE m.rid = l.record)`, nil, func(r rowScanner) error {
		var o orphan
		var u unsure
		var old any
		if err := r.Scan(append([]any{&o.lsn, &old}, u.dest()...)...); err != nil {
			return err
		}
		o.old, _ = old.(int64)
		e, err := t.surely(u)
		if err != nil {
			unread = append(unread, o)
			return nil //nolint:nilerr // damaged as well: it can be fetched, too
		}
		if b := records[e.Op.Subjects()[0].A]; b != nil {
			o.rid = b.rid
		}
		orphans = append(orphans, o)
		return nil
	})
	return orphans, unread, err
}

// surely opens an entry whose row may be damaged in all that it says.
func (t mender) surely(u unsure) (*memory.Entry, error) {
	x, is := u.sealed()
	if !is {
		return nil, memory.ErrDamaged
	}
	return t.open(x)
}

// collect reads the revisions of records from the log. Those that cannot be read keep their
// places: a history says that they are damaged.
func (t mender) collect(ctx context.Context, records map[string]*broken) error {
	byRID := map[int64]*broken{}
	rids := []int64{}
	for _, b := range records {
		byRID[b.rid] = b
		rids = append(rids, b.rid)
	}
	among, args := t.dialect.among("l.record", rids)
	return t.each(ctx, `SELECT l.lsn, l.record, `+sqlSealedL+` FROM log l WHERE l.kind IN (1, 8) AND l.state <> 1
		AND `+among+` ORDER BY l.lsn`, args, func(r rowScanner) error {
		var rev revision
		var rid int64
		var u unsure
		if err := r.Scan(append([]any{&rev.lsn, &rid}, u.dest()...)...); err != nil {
			return err
		}
		b := byRID[rid]
		var err error
		if rev.entry, err = t.surely(u); err != nil {
			if u.state != int64(stateHollow) {
				b.revs = append(b.revs, revision{lsn: rev.lsn})
			}
			return nil
		}
		for _, p := range rev.entry.Prev {
			b.named[p] = b.named[p] || p != rev.entry.Dot
		}
		if u.state == int64(stateApplied) {
			b.revs = append(b.revs, rev)
		}
		return nil
	})
}

func (t mender) rebuildOne(ctx context.Context, b *broken) error {
	conflicts := 0
	for _, r := range b.revs {
		if r.entry == nil {
			continue
		}
		if b.life == memory.Erased {
			if err := t.hollowOut(ctx, r.lsn, r.entry, b.by); err != nil {
				return err
			}
			continue
		}
		seen := b.named[r.entry.Dot] || r.entry.Actor.Legacy()
		if !seen && r.lsn != b.content {
			conflicts++
		}
		if err := t.exec(ctx, `UPDATE log SET seen = ? WHERE lsn = ?`, seen, r.lsn); err != nil {
			return err
		}
	}
	if b.life == memory.Erased {
		b.revs = nil
	}
	if err := t.relink(ctx, b.rid, slices.Clone(b.revs)); err != nil {
		return err
	}
	t.moving[b.rid] = struct{}{}
	return t.exec(ctx, `UPDATE memories SET conflicts = ? WHERE rid = ?`, conflicts, b.rid)
}
