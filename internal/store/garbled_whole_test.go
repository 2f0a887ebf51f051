package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store/storetest"
)

// The kinds of damage to whole rows. A seed has the number of its kind as its thousands.
const (
	rowsDeleted = 1000 * (1 + iota)
	rowsDuplicated
	rowsSwapped
	rowsStale
	tablesEmptied
	rowsRenumbered
	severalKinds  // one after the other
	rowsUnindexed // a row of each table in turn is gone, and its indexes have it
)

// FuzzGarbledTables does to whole rows and tables what FuzzGarbledRows does to values.
func FuzzGarbledTables(f *testing.F) {
	for _, seed := range []uint64{
		rowsDeleted, rowsDeleted + 2, rowsDeleted + 12, rowsDeleted + 28, rowsDeleted + 73, rowsDeleted + 475, rowsDeleted + 495, rowsDeleted + 497, rowsDuplicated, rowsDuplicated + 1, rowsSwapped + 2,
		rowsStale, rowsStale + 1, rowsRenumbered, rowsRenumbered + 2, severalKinds, severalKinds + 1, severalKinds + 2, severalKinds + 3, severalKinds + 12, severalKinds + 42, severalKinds + 421,
		tablesEmptied + 3, tablesEmptied + 8, tablesEmptied + 10, tablesEmptied + 11, tablesEmptied + 12, rowsUnindexed + 3, rowsUnindexed + 12, rowsUnindexed + 13,
	} {
		f.Add(seed)
	}
	older := f.TempDir()
	made := &original{dir: f.TempDir(), fill: func(t *testing.T, dir string) {
		t.Helper()
		fill(t, older)
		copyDir(t, older, dir)
		goOn(t, dir)
	}}
	f.Fuzz(func(t *testing.T, seed uint64) {
		made.garbled(t, seed, func(g *garbled, b *garbler) {
			w := wholes{garbled: g, b: b, older: older}
			w.harm(seed / 1000 * 1000)
		})
	})
}

// goOn has a node that was filled change what there is, and add to it.
func goOn(t *testing.T, dir string) {
	t.Helper()
	n, other := suite().Open(t, "a", dir), suite().Open(t, "c", t.TempDir())
	id := func(name string) string { return storetest.Memo(name, "").ID }
	rec, err := n.Record(t.Context(), id("edited"))
	if err != nil {
		t.Fatal(err)
	}
	m := storetest.Memo("edited", "once more")
	m.Version = 9
	n.Write(&memory.Write{Ops: []memory.NewOp{{Op: &memory.Put{Memory: m}, Prev: []memory.Dot{rec.Content.Dot}}}})
	n.Put(&memory.Restore{ID: id("archived")}, &memory.Unlink{Source: id("edited"), Target: id("archived"), Relations: []string{"related_to"}},
		storetest.Create("new", "since then"), &memory.SetStandard{Namespace: "global", StandardID: id("archived")})
	other.Put(storetest.Create("of a third", "text"))
	n.Feed(other)
	if err := n.SaveCursor(t.Context(), "b", n.Origin(), n.View().Heads[n.Origin()].Seq); err != nil {
		t.Fatal(err)
	}
	n.Touch([]string{id("edited")}, memory.InstantOf(time.Now()))
	n.CheckState(nil)
	n.Stop()
	other.Stop()
}

// wholes does damage to whole rows.
type wholes struct {
	*garbled
	b     *garbler
	older string // a database that is an earlier state of the same
}

func (w wholes) harm(kind uint64) {
	switch kind {
	case rowsDeleted:
		w.times(2, w.deleted)
	case rowsDuplicated:
		w.times(2, w.duplicated)
	case rowsSwapped:
		w.times(2, w.swapped)
	case rowsStale:
		w.times(4, w.stale)
	case tablesEmptied:
		tables := w.b.tables()
		w.emptied(tables[int(w.seed%1000)%len(tables)])
	case rowsUnindexed:
		tables := w.b.tables()
		w.deleted(tables[int(w.seed%1000)%len(tables)], false)
	case rowsRenumbered:
		w.times(2, w.renumbered)
	default:
		for range 3 {
			pickOne(w.rng, []func(string, bool){w.deleted, w.duplicated, w.swapped, w.stale, w.renumbered})(w.table(), w.rng.IntN(2) == 0)
		}
	}
}

// times does something to rows of some tables, once as a rule.
func (w wholes) times(most int, do func(table string, reindex bool)) {
	for range 1 + w.rng.IntN(2*most)/(most+1) {
		do(w.table(), w.rng.IntN(2) == 0)
	}
}

func (w wholes) table() string {
	return pickOne(w.rng, append(w.b.tables(), "log", "log", "log", "log", "memories", "memories", "memories", "registers", "registers", "origins"))
}

// spot is where a row lies: its number, or its key.
type spot struct {
	where string
	args  []any
}

// row is one with its values, by the order of the columns.
type row struct {
	spot
	values []any
}

func (w wholes) columns(table string) (all, others, keys []string) {
	for _, c := range w.b.columns(table) {
		all = append(all, c.name)
		if c.key && (w.b.byKey(table) || w.b.isNumber(table, c.name)) {
			keys = append(keys, c.name)
		} else {
			others = append(others, c.name)
		}
	}
	return all, others, keys
}

// rows are all of a table, of this database or another one.
func (w wholes) rows(b *garbler, table string) []row {
	all, _, keys := w.columns(table)
	var out []row
	if b.byKey(table) {
		for _, v := range b.rows(fmt.Sprintf(`SELECT %s FROM %s`, strings.Join(all, ", "), table)) {
			r := row{values: v}
			var where []string
			for i, k := range keys {
				where = append(where, fmt.Sprintf("%s IS ?%d", k, i+1))
				r.args = append(r.args, v[slices.Index(all, k)])
			}
			r.where = strings.Join(where, " AND ")
			out = append(out, r)
		}
		return out
	}
	for _, v := range b.rows(fmt.Sprintf(`SELECT rowid, %s FROM %s NOT INDEXED`, strings.Join(all, ", "), table)) {
		out = append(out, row{spot{"rowid = ?1", v[:1]}, v[1:]})
	}
	return out
}

func (w wholes) note(what, table string, r row, reindex bool) {
	w.did = append(w.did, fmt.Sprintf("%s a row of %s: %s %.40q (indexes too: %v)", what, table, r.where, fmt.Sprint(r.args...), reindex))
}

func (w wholes) deleted(table string, reindex bool) {
	if rows := w.rows(w.b, table); len(rows) > 0 {
		r := pickOne(w.rng, rows)
		w.note("deleted", table, r, reindex)
		w.holed = w.holed || table == "log"
		// What lies beyond the head is not said to be held, and comes again by itself.
		w.lost = w.lost || table == "log" && len(w.b.rows(`SELECT 1 FROM log l JOIN origins o ON o.id = l.origin WHERE l.lsn = ? AND l.seq > o.head`, r.args...)) > 0
		w.b.change(table, reindex, fmt.Sprintf(`DELETE FROM %s WHERE %s`, table, r.where), r.args...)
	}
}

func (w wholes) emptied(table string) {
	w.did = append(w.did, "emptied "+table)
	w.lost = table == "log" // who has no log has never had anything
	w.b.exec(`DELETE FROM ` + table)
}

// duplicated writes a row a second time, under another key.
func (w wholes) duplicated(table string, reindex bool) {
	rows := w.rows(w.b, table)
	if len(rows) == 0 {
		return
	}
	r := pickOne(w.rng, rows)
	all, _, keys := w.columns(table)
	values := slices.Clone(r.values)
	for _, k := range keys {
		i := slices.Index(all, k)
		if n, is := values[i].(int64); is && !w.b.byKey(table) {
			values[i] = w.number(n, int64(len(rows)))
		} else if w.rng.IntN(len(keys)) == 0 || k == keys[len(keys)-1] {
			values[i] = w.other(values[i])
		}
	}
	if slices.Contains(values, nil) {
		return
	}
	w.note("duplicated as "+fmt.Sprint(values[0]), table, r, reindex)
	w.b.change(table, reindex, fmt.Sprintf(`INSERT INTO %s (%s) VALUES (%s)`, table, strings.Join(all, ", "), strings.TrimSuffix(strings.Repeat("?, ", len(all)), ", ")), values...)
}

// number is another one for a row.
func (w wholes) number(was, rows int64) int64 {
	return pickOne(w.rng, []int64{rows + 1 + w.rng.Int64N(3), was ^ 1<<w.rng.IntN(20), was + 1<<40, -was, 0, 1 << 62})
}

// swapped exchanges all that two rows have but their keys.
func (w wholes) swapped(table string, reindex bool) {
	rows := w.rows(w.b, table)
	all, others, _ := w.columns(table)
	if len(rows) < 2 || len(others) == 0 {
		return
	}
	at := w.rng.Perm(len(rows))[:2]
	if w.rng.IntN(2) == 0 && at[0]+1 < len(rows) {
		at[1] = at[0] + 1 // what lies beside it
	}
	for i, r := range []row{rows[at[0]], rows[at[1]]} {
		from := rows[at[1-i]]
		w.note("swapped", table, r, reindex)
		w.set(table, reindex, r.spot, all, others, from.values)
	}
}

// set gives a row the values of another one.
func (w wholes) set(table string, reindex bool, at spot, all, columns []string, values []any) {
	args := slices.Clone(at.args)
	var sets []string
	for _, c := range columns {
		args = append(args, values[slices.Index(all, c)])
		sets = append(sets, fmt.Sprintf("%s = ?%d", c, len(args)))
	}
	w.b.change(table, reindex, fmt.Sprintf(`UPDATE %s SET %s WHERE %s`, table, strings.Join(sets, ", "), at.where), args...)
}

// stale puts a row back as it was, or takes it out if it was not there then.
func (w wholes) stale(table string, reindex bool) {
	old := garbling(w.t, w.older)
	defer old.close()
	was := w.rows(old, table)
	all, others, _ := w.columns(table)
	is := w.rows(w.b, table)
	key := func(r row) string { return fmt.Sprintf("%q", r.args) }
	changed := func(r row) bool {
		i := slices.IndexFunc(is, func(o row) bool { return key(o) == key(r) })
		return i < 0 || !slices.EqualFunc(is[i].values, r.values, func(a, b any) bool { return fmt.Sprintf("%q", a) == fmt.Sprintf("%q", b) })
	}
	was = slices.DeleteFunc(was, func(r row) bool { return !changed(r) })
	if len(was) == 0 {
		return
	}
	r := pickOne(w.rng, was)
	w.note("put back", table, r, reindex)
	if !slices.ContainsFunc(is, func(o row) bool { return key(o) == key(r) }) {
		w.b.change(table, reindex, fmt.Sprintf(`INSERT INTO %s (%s) VALUES (%s)`, table, strings.Join(all, ", "), strings.TrimSuffix(strings.Repeat("?, ", len(all)), ", ")), r.values...)
	} else if len(others) > 0 {
		w.set(table, reindex, r.spot, all, others, r.values)
	}
}

// renumbered gives a row another key.
func (w wholes) renumbered(table string, reindex bool) {
	rows := w.rows(w.b, table)
	_, _, keys := w.columns(table)
	if len(rows) == 0 || w.b.byKey(table) || len(keys) == 0 {
		return
	}
	r := pickOne(w.rng, rows)
	to := w.number(r.args[0].(int64), int64(len(rows)))
	w.note(fmt.Sprint("renumbered as ", to), table, r, reindex)
	w.b.change(table, reindex, fmt.Sprintf(`UPDATE %s SET %s = ?2 WHERE rowid = ?1`, table, keys[0]), r.args[0], to)
}
