package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// scrubber compares rows with what they say of themselves.
type scrubber struct{ *tx }

// A slice of the log, or of the registers, that is checked in one go ends at either.
const (
	scrubRows  = 500
	scrubBytes = 4 << 20
)

// scrub recomputes the sums from the rows and reports whether they had been wrong.
func (t scrubber) scrub(ctx context.Context) (bool, error) {
	var sums [memory.Buckets]memory.Sum
	err := t.eachRegister(func(q string, row func(rowScanner) error) error { return t.each(ctx, q, nil, row) },
		func(k memory.Key, v memory.Version, d memory.Digest) {
			sums[memory.Bucket(k)].Add(memory.ItemSum(k, v, d))
		})
	if err != nil {
		return false, err
	}
	wrong := false
	for b := range sums {
		have := t.sums[b]
		have.Add(t.deltas[b])
		if have == sums[b] {
			continue
		}
		wrong = true
		t.changes.spoiled = true // there is no telling which of what lies there is
		t.rows++
		t.change()
		delta := sums[b]
		delta.Sub(t.sums[b])
		t.deltas[b] = delta
	}
	return wrong, nil
}

// A row of the state names a register and the entry that holds it. What the entry
// says of itself can be told; where the row says something else, it is the row that is
// damaged. Such a row goes, and the entries that it named compete again.

// says reports whether an entry is the holder of register k that a row names.
func (t scrubber) says(e *memory.Entry, k memory.Key, r ref) bool {
	return slices.Contains(e.Op.Subjects(), k) && r == t.ref(r.lsn, e)
}

// again is an entry that competes again for its registers.
type again struct {
	lsn   int64
	entry *memory.Entry
}

// sqlHeldBy selects records with the entries that hold their two registers.
const sqlHeldBy = `SELECT m.id, m.l_state, m.reason, m.c_lsn, m.c_stamp, m.c_origin, m.c_seq, m.l_lsn, m.l_stamp, m.l_origin, m.l_seq, ` + sqlSealedC + `,
	coalesce(l.origin, 0), coalesce(l.seq, 0), coalesce(l.state, 0), l.digest, l.raw
	FROM memories m LEFT JOIN log c ON c.lsn = m.c_lsn LEFT JOIN log l ON l.lsn = m.l_lsn WHERE m.rid = ?`

// records compares records with the entries that they name.
func (t scrubber) records(ctx context.Context, rids []int64) error {
	var wrong []int64
	var anew []again
	for _, rid := range rids {
		if err := t.stray(ctx, "memories", t.dialect.strays.memories, rid); err != nil {
			return err
		}
		entries, right, err := t.compare(ctx, rid)
		if err != nil {
			return err
		}
		if !right {
			wrong, anew = append(wrong, rid), append(anew, entries...)
		}
	}
	if len(wrong) > 0 { // what it does not name may be its, too
		more, err := t.entriesOf(ctx, wrong)
		if err != nil {
			return err
		}
		anew = append(anew, more...)
	}
	return t.replace(ctx, "memories", wrong, anew)
}

// replace drops rows of a table, and lets the entries compete that they named. What is
// wrong in a row is wrong in the indexes, too, and these may not find it then.
func (t scrubber) replace(ctx context.Context, table string, wrong []int64, anew []again) error {
	if len(wrong) == 0 {
		return nil
	}
	reindex := t.exec(ctx, t.dialect.reindex+table)
	if err := t.dropRows(ctx, table, wrong, reindex != nil); err != nil {
		return err
	}
	if table == "memories" {
		for _, rid := range wrong {
			t.stands = append(t.stands, standing{rid: rid, absent: true})
		}
	}
	if reindex != nil { // two rows of one key, of which one is gone now, unless they are others
		if err := t.reindex(ctx, table); err != nil {
			return err
		}
	}
	return t.compete(ctx, anew)
}

// dropRows deletes rows; those also which the indexes do not lead to, where these are not right.
func (t scrubber) dropRows(ctx context.Context, table string, rids []int64, astray bool) (err error) {
	if astray {
		if err := t.exec(ctx, t.dialect.astray.on); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, t.exec(context.WithoutCancel(ctx), t.dialect.astray.off)) }()
	}
	for _, rid := range rids {
		if err := t.exec(ctx, `DELETE FROM `+table+` WHERE rid = ?`, rid); err != nil {
			return err
		}
	}
	return nil
}

// compare compares a record with the entries that it names. It returns these, and
// whether it says of each what that says, or nobody can tell: when that is mended, this is.
func (t scrubber) compare(ctx context.Context, rid int64) (entries []again, right bool, err error) {
	var id, reason string
	var life memory.Life
	var held [2]ref
	var by [2]sealed
	dest := []any{&id, &life, &reason}
	for i := range held {
		dest = append(dest, &held[i].lsn, &held[i].stamp, &held[i].origin, &held[i].seq)
	}
	for i := range by {
		dest = append(dest, by[i].dest()...)
	}
	found, err := t.queryRow(ctx, sqlHeldBy, []any{rid}, dest...)
	if err != nil || !found {
		return nil, true, err
	}
	right = true
	for i, k := range []memory.Key{memory.ContentKey(id), memory.LifeKey(id)} {
		if held[i].lsn == 0 {
			right = right && held[i] == (ref{})
			continue
		}
		e, err := t.decode(by[i])
		if e == nil || err != nil {
			return nil, true, nil //nolint:nilerr // see above
		}
		right = right && t.says(e, k, held[i])
		if is, why := memory.LifeOf(e.Op, id); i == 1 && (is != life || why != reason) {
			right = false
		}
		entries = append(entries, again{held[i].lsn, e})
	}
	return entries, right, nil
}

// compete lets entries of the log take the registers that are theirs. What the rows counted
// that are there no more nobody can tell, so the sums are in doubt: see scrub_weigh.go.
func (t scrubber) compete(ctx context.Context, entries []again) error {
	t.doubt = true
	m := mender{merger(t)}
	for _, a := range entries {
		in := incoming{Entry: a.entry, again: true}
		if _, err := m.merge(ctx, in, a.lsn); err != nil {
			return err
		}
		m.mended = append(m.mended, a.entry.Op.Subjects()...)
	}
	return m.rebuild(ctx)
}

// astray compares the records whose log is another's with the entries that they name. One of
// which there is another row goes.
func (t scrubber) astray(ctx context.Context, after, last int64) error {
	twins, err := t.rowIDs(ctx, `SELECT m.rid FROM memories m JOIN log l ON l.lsn IN (m.c_lsn, m.l_lsn) JOIN memories o ON o.rid = l.record
		WHERE m.rid > ? AND m.rid <= ? AND o.rid <> m.rid AND o.id = m.id`, after, last)
	if err != nil {
		return err
	}
	if len(twins) > 0 {
		anew, err := t.entriesOf(ctx, twins)
		if err != nil {
			return err
		}
		if err := t.replace(ctx, "memories", twins, anew); err != nil {
			return err
		}
	}
	rids, err := t.rowIDs(ctx, `SELECT m.rid FROM memories m JOIN log l ON l.lsn = m.c_lsn WHERE m.rid > ? AND m.rid <= ? AND l.record <> m.rid`, after, last)
	if err != nil {
		return err
	}
	return t.records(ctx, rids)
}

// registers compares a slice of the registers that are of no memory, those behind a row,
// with the entries that they name. It returns the last one, and how many there were.
func (t scrubber) registers(ctx context.Context, after int64) (last int64, n int, err error) {
	var rids []int64
	var anew []again
	size := 0
	last = after
	err = t.each(ctx, `SELECT r.rid, r.family, r.a, r.b, r.c, r.kind, r.lsn, r.stamp, r.origin, r.seq, `+sqlSealedG+
		` FROM registers r JOIN log g ON g.lsn = r.lsn WHERE r.rid > ? ORDER BY r.rid LIMIT ?`, []any{after, scrubRows}, func(r rowScanner) error {
		if size >= scrubBytes {
			return errStop
		}
		var k memory.Key
		var kind memory.Kind
		var held ref
		var x sealed
		if err := r.Scan(append([]any{&last, &k.Family, &k.A, &k.B, &k.C, &kind, &held.lsn, &held.stamp, &held.origin, &held.seq}, x.dest()...)...); err != nil {
			return err
		}
		n++
		size += len(x.raw)
		e, err := t.decode(x)
		if e == nil || err != nil || kind == e.Op.Kind() && t.says(e, k, held) {
			return nil //nolint:nilerr // when that is mended, this is
		}
		rids, anew = append(rids, last), append(anew, again{held.lsn, e})
		return nil
	})
	if err != nil && !errors.Is(err, errStop) {
		return last, n, err
	}
	if err := t.stray(ctx, "registers", t.dialect.strays.registers, after, last); err != nil {
		return last, n, err
	}
	return last, n, t.replace(ctx, "registers", rids, anew)
}

// The indexes of a table are made of its rows, and lie elsewhere on the disk. If they are
// damaged, and the rows are not, then a row is not found by its key, or another one is.
// They are made anew, and nothing was lost.

// stray makes the indexes of a table anew if one does not lead to a row that is there.
func (t scrubber) stray(ctx context.Context, table, q string, args ...any) error {
	var one int
	if found, err := t.queryRow(ctx, q, args, &one); err != nil || !found {
		return err
	}
	t.cfg.Log.WarnContext(ctx, "an index is damaged on this disk, and is made anew", "table", table)
	return t.reindex(ctx, table)
}

// reindex makes the indexes of a table anew. As long as a row was not found, another may
// have been made in its place: then that goes, and the entries that it named compete
// again with those of the first one.
func (t scrubber) reindex(ctx context.Context, table string) error {
	t.erased = true // what is kept in memory may have been read by them
	t.rows++
	t.steps++
	first := t.exec(ctx, t.dialect.reindex+table)
	if first == nil || t.dialect.isBroken(first) {
		return first
	}
	named := t.named
	switch table {
	case "log":
		return t.part(ctx)
	case "memories":
	case "registers":
		named = t.holder
	default:
		return t.reindexLoose(ctx, table)
	}
	rids, err := t.twins(ctx, table)
	if err != nil {
		return err
	}
	if len(rids) == 0 {
		return first
	}
	var anew []again
	for _, rid := range rids {
		entries, err := named(ctx, rid)
		if err != nil {
			return err
		}
		anew = append(anew, entries...)
	}
	return t.replace(ctx, table, rids, anew)
}

// twins are of rows of one key those that the index leads to or, where it leads to none, all but
// the first.
func (t *state) twins(ctx context.Context, table string) ([]int64, error) {
	number := "rid"
	if table == "log" {
		number = "lsn"
	}
	for _, q := range t.dialect.twins.keyed[table] {
		rids, err := t.rowIDs(ctx, q)
		if err != nil {
			return nil, err
		}
		// The index may lead to a row that is gone. Each one that is returned can be deleted, so
		// that there are fewer the next time.
		var there []int64
		for _, rid := range rids {
			var one int
			is, err := t.queryRow(ctx, `SELECT 1 FROM `+table+` WHERE `+number+` = ?`, []any{rid}, &one)
			if err != nil {
				return nil, err
			}
			if is {
				there = append(there, rid)
			}
		}
		if len(there) > 0 {
			return there, nil
		}
	}
	return nil, nil
}

// part makes the index of the log anew where two rows have one dot. That which the index leads
// to is put aside; whose it is, the bytes of both say.
func (t scrubber) part(ctx context.Context) error {
	lsns, err := t.twins(ctx, "log")
	if err != nil {
		return err
	}
	for _, lsn := range lsns {
		if err := t.exec(ctx, sqlAside, lsn); err != nil {
			return err
		}
	}
	if err := t.exec(ctx, t.dialect.reindex+"log"); err != nil {
		return err
	}
	return t.anew(ctx, lsns)
}

// rowIDs are those that a query selects.
func (t *state) rowIDs(ctx context.Context, q string, args ...any) (rids []int64, err error) {
	err = t.each(ctx, q, args, func(r rowScanner) error {
		var rid int64
		err := r.Scan(&rid)
		rids = append(rids, rid)
		return err
	})
	return rids, err
}

// named are the entries that a record has, as far as they can be read: also those that it
// does not name, if one that it names cannot.
func (t scrubber) named(ctx context.Context, rid int64) ([]again, error) {
	return t.entriesOf(ctx, []int64{rid})
}

// holder is the entry that a register of no memory names.
func (t scrubber) holder(ctx context.Context, rid int64) ([]again, error) {
	var x sealed
	var lsn int64
	found, err := t.queryRow(ctx, `SELECT r.lsn, `+sqlSealedG+` FROM registers r JOIN log g ON g.lsn = r.lsn WHERE r.rid = ?`, []any{rid}, append([]any{&lsn}, x.dest()...)...)
	if err != nil || !found {
		return nil, err
	}
	e, err := t.decode(x)
	if e == nil || err != nil {
		return nil, fmt.Errorf("register %d: its entry cannot be read: %w", rid, err)
	}
	return []again{{lsn, e}}, nil
}

// garbled drops records that cannot be read, of the rows from behind one up to another, and
// lets all entries compete that they had.
func (t scrubber) garbled(ctx context.Context, after, last int64) error {
	rids, err := t.rowIDs(ctx, t.dialect.garbled.memories, after, last)
	if err != nil || len(rids) == 0 {
		return err
	}
	t.cfg.Log.WarnContext(ctx, "rows are damaged on this disk, and are made anew of the log", "rows", len(rids))
	anew, err := t.entriesOf(ctx, rids)
	if err != nil {
		return err
	}
	t.erased = true
	return t.replace(ctx, "memories", rids, anew)
}

// entriesOf are the entries of some records that can be read, and were not refused, with all
// that are of several records: their rows name one of these.
func (t scrubber) entriesOf(ctx context.Context, rids []int64) (anew []again, err error) {
	among, args := t.dialect.among("l.record", rids)
	return t.entriesWhere(ctx, `(`+among+` OR l.kind = ?)`, append(args, memory.KindConsolidate))
}

// entriesWhere are the entries of the log that fit a condition and can be read, and were
// not refused.
func (t scrubber) entriesWhere(ctx context.Context, condition string, args []any) (anew []again, err error) {
	err = t.each(ctx, `SELECT l.lsn, `+sqlSealedL+` FROM log l WHERE `+condition+` ORDER BY l.lsn`, args, func(r rowScanner) error {
		var u unsure
		var lsn int64
		if err := r.Scan(append([]any{&lsn}, u.dest()...)...); err != nil {
			return err
		}
		x, is := u.sealed()
		if !is {
			return nil
		}
		if e, err := t.decode(x); e != nil && err == nil && x.state != stateParked {
			anew = append(anew, again{lsn, e})
		}
		return nil
	})
	return anew, err
}
