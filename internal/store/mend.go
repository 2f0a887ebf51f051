package store

import (
	"context"
	"crypto/sha256"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// mender puts damage right: see Reapply. It is rare, so simple matters more than fast.
type mender struct{ merger }

// restore puts the bytes and the digest of damaged log rows right, and then the
// sums of the state, so that they say what the rows say.
func (t mender) restore(ctx context.Context, in []arrival) error {
	for _, a := range in {
		o := t.origins[a.Dot.Origin]
		if o == nil || a.refused != nil || !a.Hollow.IsZero() {
			continue
		}
		var lsn int64
		var digest, raw []byte
		found, err := t.queryRow(ctx, `SELECT lsn, digest, raw FROM log WHERE origin = ? AND seq = ? AND state = 0`,
			[]any{o.id, int64(a.Dot.Seq)}, &lsn, &digest, &raw)
		if err != nil {
			return err
		}
		held := toDigest(digest)
		whole := held == a.Digest && sha256.Sum256(raw) == a.Digest
		if !found || whole || held != a.Digest && held != (memory.Digest{}) {
			continue
		}
		if err := t.exec(ctx, `UPDATE log SET raw = ?, digest = ? WHERE lsn = ?`, a.raw, a.Digest[:], lsn); err != nil {
			return err
		}
		t.mended = append(t.mended, a.Op.Subjects()[0])
	}
	_, err := scrubber{t.tx}.scrub(ctx)
	return err
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
	out.Applied++
	t.out.news++
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
		if k.Family != memory.FamContent && k.Family != memory.FamLife || records[k.A] != nil {
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

// adoptOrphans gives log rows whose record was lost to the one that took its place.
func (t mender) adoptOrphans(ctx context.Context, records map[string]*broken) error {
	type orphan struct{ lsn, old, rid int64 }
	var orphans []orphan
	err := t.each(ctx, `SELECT l.lsn, l.record, l.raw FROM log l
		WHERE l.record <> 0 AND l.state <> 1 AND NOT EXISTS (SELECT 1 FROM memories m WHERE m.rid = l.record)`, nil, func(r rowScanner) error {
		var o orphan
		var raw []byte
		if err := r.Scan(&o.lsn, &o.old, &raw); err != nil {
			return err
		}
		e, err := t.cfg.Codec.Decode(raw)
		if err != nil {
			return nil //nolint:nilerr // damaged as well: it can be fetched, too
		}
		if b := records[e.Op.Subjects()[0].A]; b != nil {
			o.rid = b.rid
			orphans = append(orphans, o)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, o := range orphans {
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

// collect reads the revisions of records from the log.
func (t mender) collect(ctx context.Context, records map[string]*broken) error {
	byRID := map[int64]*broken{}
	rids := []int64{}
	for _, b := range records {
		byRID[b.rid] = b
		rids = append(rids, b.rid)
	}
	among, args := t.dialect.among("record", rids)
	return t.each(ctx, `SELECT lsn, record, state, raw FROM log WHERE kind IN (1, 8) AND state <> 1
		AND `+among+` ORDER BY lsn`, args, func(r rowScanner) error {
		var rev revision
		var rid int64
		var state int
		var raw []byte
		if err := r.Scan(&rev.lsn, &rid, &state, &raw); err != nil {
			return err
		}
		var err error
		if rev.entry, err = t.cfg.Codec.Decode(raw); err != nil {
			return nil //nolint:nilerr // as above
		}
		b := byRID[rid]
		for _, p := range rev.entry.Prev {
			b.named[p] = b.named[p] || p != rev.entry.Dot
		}
		if state == stateApplied {
			b.revs = append(b.revs, rev)
		}
		return nil
	})
}

func (t mender) rebuildOne(ctx context.Context, b *broken) error {
	conflicts := 0
	for _, r := range b.revs {
		if b.life == memory.Erased {
			if err := t.hollowOut(ctx, r.lsn, r.entry, b.by); err != nil {
				return err
			}
			continue
		}
		seen := b.named[r.entry.Dot]
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
	return t.exec(ctx, `UPDATE memories SET conflicts = ? WHERE rid = ?`, conflicts, b.rid)
}
