package store

import (
	"context"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// What a row of the log says beside its bytes follows from them, and from the rows of the
// same record: which kind of entry it is and what state it is in, which record it is about, and
// which revision of that came before. If the bytes are whole they say so, and the row is
// written anew.

// sorter is what a pass does about rows of the log that can be read.
type sorter struct{ scrubber }

// columns are what a row of the log says of its entry.
type columns struct {
	lsn, kind, record, older int64
	seen                     bool
	behind                   bool // it is not of the row: see looked
}

func (c *columns) dest() []any { return []any{&c.lsn, &c.kind, &c.record, &c.older, &c.seen} }

// logRead is a row of the log as a pass reads it.
type logRead struct {
	columns
	sealed

	entry *memory.Entry
}

// looked is what a slice of the log comes to.
type looked struct {
	rows      []logRead         // whole ones
	good      []again           // those of them that were not refused
	revisions map[int64][]again // and that are full revisions, by record
	records   map[int64]struct{}
	unlisted  []logRead // refused, and nothing says so
	behind    []again   // of which a memory has no row, or one of an earlier entry
	odd       []int64   // rows that are another entry's, or nobody's
	bad       [][2]int64
}

// sort puts a row where it belongs.
func (t sorter) sort(f *looked, x logRead) {
	f.records[x.record] = struct{}{}
	o := t.origins[t.originName(x.origin)]
	e, err := t.decode(x.sealed)
	switch {
	case e == nil && (o == nil || !o.holds(uint64(x.seq)) || t.misplaced(x.sealed)):
		f.odd = append(f.odd, x.lsn)
		return
	case e == nil:
		f.bad = append(f.bad, [2]int64{x.origin, x.seq})
		return
	}
	x.entry = e
	switch unlisted := x.state == stateParked && o != nil && !o.isGap(uint64(x.seq)); {
	case unlisted:
		f.unlisted = append(f.unlisted, x)
	case err == nil:
		f.rows = append(f.rows, x)
	}
}

// admit takes those of the rows for applied that a register names: what was refused holds none.
// The others are listed again.
func (t sorter) admit(ctx context.Context, f *looked) error {
	var refused []sealed
	for _, x := range f.unlisted {
		var one int
		held, err := t.queryRow(ctx, `SELECT 1 FROM memories WHERE rid = ?1 AND (c_lsn = ?2 AND c_origin = ?3 AND c_seq = ?4 OR l_lsn = ?2 AND l_origin = ?3 AND l_seq = ?4)
			UNION ALL SELECT 1 FROM registers WHERE lsn = ?2 AND origin = ?3 AND seq = ?4 LIMIT 1`, []any{x.record, x.lsn, x.origin, x.seq}, &one)
		if err != nil {
			return err
		}
		if !held || x.entry.Op == nil {
			refused = append(refused, x.sealed)
			continue
		}
		x.state = stateApplied
		if !x.entry.Hollow.IsZero() {
			x.state = stateHollow
		}
		if err := t.exec(ctx, `UPDATE log SET state = ? WHERE lsn = ?`, x.state, x.lsn); err != nil {
			return err
		}
		f.rows = append(f.rows, x)
	}
	return t.relist(ctx, refused)
}

// follow sets right what whole rows say beside their bytes.
func (t sorter) follow(ctx context.Context, f *looked) error {
	for i := range f.rows {
		x := &f.rows[i]
		changed, err := t.column(ctx, &x.columns, &x.sealed, x.entry)
		if err != nil {
			return err
		}
		if o := t.origins[t.originName(x.origin)]; x.state == stateParked || o == nil || o.isGap(uint64(x.seq)) {
			continue // refused, or listed as such
		}
		f.good = append(f.good, again{x.lsn, x.entry})
		if x.behind {
			f.behind = append(f.behind, again{x.lsn, x.entry})
		}
		f.records[x.record] = struct{}{}
		if isRevision(x.entry) && (x.state == stateApplied || changed) {
			f.revisions[x.record] = append(f.revisions[x.record], again{x.lsn, x.entry})
		}
		if err := t.foresee(ctx, x.record, x.entry); err != nil {
			return err
		}
	}
	return nil
}

// sqlColumns selects what columns take of the log row l.
const sqlColumns = `l.lsn, l.kind, l.record, l.older, l.seen`

// stateOf is the state that the row of an entry has, as far as it follows from that.
func stateOf(x sealed, e *memory.Entry) int {
	switch {
	case x.state == stateParked:
		return stateParked // see relist
	case !e.Hollow.IsZero():
		return stateHollow
	}
	return stateApplied
}

// column sets right what a whole row says of its entry, and reports whether the history of
// its record has to be sorted out.
func (t sorter) column(ctx context.Context, c *columns, x *sealed, e *memory.Entry) (bool, error) {
	if e.Op == nil {
		return false, nil
	}
	state, kind, record := stateOf(*x, e), int64(e.Op.Kind()), c.record
	if x.state == stateParked { // its row says nothing else
		return false, nil
	}
	switch k := e.Op.Subjects()[0]; {
	case k.Family.OfMemory():
		var err error
		if c.behind, err = t.behind(ctx, k.A, e, &record); err != nil {
			return false, err
		}
	case k.Family != memory.FamTouch: // which may have come before its memory
		record = 0
	}
	if state == x.state && kind == c.kind && record == c.record {
		return false, nil
	}
	t.cfg.Log.WarnContext(ctx, "a row of the log is damaged on this disk, and is made anew of its bytes", "dot", e.Dot)
	x.state, c.kind, c.record = state, kind, record
	t.erased = true
	return true, t.exec(ctx, `UPDATE log SET state = ?, kind = ?, record = ? WHERE lsn = ?`, state, kind, record, c.lsn)
}

// behind finds the number of a memory, and reports whether an entry has a register of it that
// its row says is of none, or of an earlier one.
func (t sorter) behind(ctx context.Context, id string, e *memory.Entry, rid *int64) (bool, error) {
	var held [2]ref
	var life memory.Life
	found, err := t.queryRow(ctx, `SELECT rid, l_state, c_lsn, c_stamp, c_origin, c_seq, l_lsn, l_stamp, l_origin, l_seq FROM memories WHERE id = ?`, []any{id},
		rid, &life, &held[0].lsn, &held[0].stamp, &held[0].origin, &held[0].seq, &held[1].lsn, &held[1].stamp, &held[1].origin, &held[1].seq)
	if err != nil || !found {
		return !found, err
	}
	for i, k := range []memory.Key{memory.ContentKey(id), memory.LifeKey(id)} {
		if slices.Contains(e.Op.Subjects(), k) && e.Version().Beats(t.version(held[i], life == memory.Erased)) {
			return true, nil
		}
	}
	return false, nil
}

// foresee lists the revisions again that an entry names, and that have not come yet.
func (t sorter) foresee(ctx context.Context, record int64, e *memory.Entry) error {
	if !isRevision(e) {
		return nil
	}
	for _, p := range e.Prev {
		if p == e.Dot || t.held(p) {
			continue
		}
		n, err := t.affect(ctx, `INSERT INTO foreseen (record, dot) SELECT rid, ? FROM memories WHERE rid = ? AND l_state NOT IN (?, ?) ON CONFLICT DO NOTHING`,
			p.String(), record, memory.Deleted, memory.Erased)
		if err != nil {
			return err
		}
		t.rows += n
		t.steps += n
	}
	return nil
}

// isRevision reports whether an entry writes content, which it may have lost.
func isRevision(e *memory.Entry) bool {
	return e.Op != nil && (e.Op.Kind() == memory.KindPut || e.Op.Kind() == memory.KindConsolidate)
}

// history is the chain of the revisions of a record, as its rows have it.
type history struct {
	id      string
	members map[int64]bool
	broken  bool
	holed   bool // the row of a revision is missing
}

// link is a row of the log as a part of a history.
type link struct {
	lsn, record, older int64
	kind               memory.Kind
	state              int
	seen               bool
}

// fits reports whether it may be a revision of a record.
func (l *link) fits(rid int64) bool {
	return l.record == rid && (l.kind == memory.KindPut || l.kind == memory.KindConsolidate) && (l.state == stateApplied || l.state == stateDamaged) && l.older < l.lsn
}

// chain walks through the revisions of a record, and reports whether they are one.
func (t sorter) chain(ctx context.Context, rid int64) (*history, error) {
	h := &history{members: map[int64]bool{}}
	var newest, content int64
	var conflicts, unseen int
	damaged := false
	found, err := t.queryRow(ctx, `SELECT id, newest, c_lsn, conflicts FROM memories WHERE rid = ?`, []any{rid}, &h.id, &newest, &content, &conflicts)
	if err != nil || !found {
		return nil, err
	}
	for lsn := newest; lsn != 0; {
		l := link{lsn: lsn}
		found, err := t.queryRow(ctx, `SELECT record, kind, state, seen, older FROM log WHERE lsn = ?`, []any{lsn}, &l.record, &l.kind, &l.state, &l.seen, &l.older)
		if err != nil {
			return nil, err
		}
		if !found || !l.fits(rid) {
			h.broken, h.holed = true, !found
			return h, t.claim(ctx, lsn, rid)
		}
		h.members[lsn] = true
		if !l.seen && lsn != content && l.state == stateApplied {
			unseen++
		}
		damaged = damaged || l.state == stateDamaged
		lsn = l.older
	}
	h.broken = unseen != conflicts && !damaged
	return h, nil
}

// claim gives a row that cannot be read to the record whose history leads to it: an erase
// finds it by that.
func (t sorter) claim(ctx context.Context, lsn, rid int64) error {
	var x sealed
	found, err := t.queryRow(ctx, `SELECT `+sqlSealedL+` FROM log l WHERE l.lsn = ?`, []any{lsn}, x.dest()...)
	if err != nil || !found || t.whole(x) || t.misplaced(x) {
		return err
	}
	return t.exec(ctx, `UPDATE log SET record = ? WHERE lsn = ?`, rid, lsn)
}

// histories sorts out the histories of the records of which a revision of a slice is no part,
// or that are none.
func (t sorter) histories(ctx context.Context, f *looked) error {
	m := mender{merger(t.scrubber)}
	for rid := range f.records {
		h, err := t.chain(ctx, rid)
		if err != nil {
			return err
		}
		if h == nil {
			continue
		}
		for _, a := range f.revisions[rid] {
			h.broken = h.broken || h.members[a.lsn] != a.entry.Hollow.IsZero()
		}
		if h.holed {
			if err := t.missing(ctx, rid); err != nil {
				return err
			}
		}
		if h.broken {
			t.cfg.Log.WarnContext(ctx, "the history of a memory is damaged on this disk, and is made anew of the log", "row", rid)
			t.erased = true
			m.mended = append(m.mended, memory.ContentKey(h.id))
		}
	}
	return m.rebuild(ctx)
}

// missing lists the revisions of a record that others name, that were held, and of which there is
// no row.
func (t sorter) missing(ctx context.Context, rid int64) error {
	there, err := t.entriesWhere(ctx, `l.record = ? AND l.kind IN (?, ?)`, []any{rid, memory.KindPut, memory.KindConsolidate})
	if err != nil {
		return err
	}
	var dots [][2]int64
	for _, a := range there {
		for _, p := range a.entry.Prev {
			id, known := t.originID(p.Origin)
			if !known || !t.held(p) {
				continue
			}
			var one int
			found, err := t.queryRow(ctx, `SELECT 1 FROM log WHERE origin = ? AND seq = ?`, []any{id, int64(p.Seq)}, &one)
			if err != nil {
				return err
			}
			if !found {
				dots = append(dots, [2]int64{id, int64(p.Seq)})
			}
		}
	}
	return t.mark(ctx, dots)
}

// sound takes entries off the list of damaged ones that are not, or that were never here.
func (t sorter) sound(ctx context.Context) error {
	var off [][2]int64
	err := t.each(ctx, `SELECT origin, seq FROM damaged`, nil, func(r rowScanner) error {
		var d [2]int64
		err := r.Scan(&d[0], &d[1])
		if o := t.origins[t.originName(d[0])]; o == nil || !o.holds(uint64(d[1])) {
			off = append(off, d)
		}
		return err
	})
	if err != nil {
		return err
	}
	err = t.each(ctx, `SELECT `+sqlSealedL+` FROM damaged d JOIN log l ON l.origin = d.origin AND l.seq = d.seq`, nil, func(r rowScanner) error {
		var x sealed
		if err := r.Scan(x.dest()...); err != nil {
			return err
		}
		if t.whole(x) {
			off = append(off, [2]int64{x.origin, x.seq})
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, d := range off {
		if err := t.aside(ctx, `DELETE FROM damaged WHERE origin = ? AND seq = ?`, d[0], d[1]); err != nil {
			return err
		}
		t.listing = true
	}
	return nil
}
