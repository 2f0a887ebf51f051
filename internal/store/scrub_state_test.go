package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/store/storetest"
)

// leafOfIndex is the first byte of a page that has entries of an index.
const leafOfIndex = 0x0a

// spoilIndexes changes, in all pages of indexes of a stopped node, the byte that lies at
// beyond the end of a key, or within it if that is negative.
func spoilIndexes(t *testing.T, dir, key string, at int, to byte) {
	t.Helper()
	execute(t, dir, `PRAGMA wal_checkpoint(TRUNCATE)`)
	name := filepath.Join(dir, store.FileName)
	file, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for from := 4096; from < len(file); from += 4096 {
		page := file[from : from+4096]
		if page[0] != leafOfIndex {
			continue
		}
		if i := bytes.Index(page, []byte(key)); i >= 0 {
			page[i+len(key)+at] = to
			n++
		}
	}
	if n == 0 {
		t.Fatalf("no index has %q", key)
	}
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
}

// spoiledIndex is a node with memories and links, of whose indexes a byte was changed.
func spoiledIndex(t *testing.T, key string, at int, to byte) (n *storetest.Node, want memory.Digest) {
	t.Helper()
	dir := t.TempDir()
	n = suite().Open(t, "a", dir)
	for i := range 20 {
		op := storetest.Create(fmt.Sprint("title-of-", i), fmt.Sprint("text ", i))
		op.Memory.ID = fmt.Sprint("memory-with-number-", i)
		n.Put(op)
	}
	n.Put(&memory.Link{Source: "memory-with-number-4", Target: "memory-with-number-5", Relation: memory.Supersedes})
	want = n.View().Root
	n.Stop()
	spoilIndexes(t, dir, key, at, to)
	return suite().Open(t, "a", dir), want
}

// An index may be damaged where its table is not. Then a memory that is there is not
// found, or another one in its place, and who wants to change it meets a database that
// contradicts itself.
func TestADamagedIndexIsMadeAnew(t *testing.T) {
	const id = "memory-with-number-7"
	for what, spoil := range map[string]struct {
		key string
		at  int
		to  byte
	}{
		"the id of a memory":          {id, -1, '6'},
		"an id that there is not":     {id, -1, 'x'},
		"the row that an id leads to": {id, 0, 3},
		"a row that there is not":     {id, 0, 99},
		"the title of a memory":       {"title-of-7", -1, 'x'},
		"the row of a title":          {"title-of-7", 0, 99},
		"an end of a link":            {"memory-with-number-5", -1, 'x'},
	} {
		for _, write := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, written to %v", what, write), func(t *testing.T) {
				n, want := spoiledIndex(t, spoil.key, spoil.at, spoil.to)
				if write {
					rec, err := n.Record(t.Context(), id)
					if err == nil && rec.ID != id {
						t.Errorf("%s is %s", id, rec.ID)
					}
					m := storetest.Create("title-of-7", "another text").Memory
					m.ID = id
					n.Put(&memory.Put{Memory: m})
					want = memory.Digest{}
				}
				if out, err := n.Scrub(t.Context(), 0, time.Hour); err != nil || !out.Done || out.Damaged > 0 {
					t.Fatalf("%+v, %v", out, err)
				}
				rec, err := n.Record(t.Context(), id)
				if err != nil || rec.ID != id {
					t.Errorf("the memory: %+v, %v", rec, err)
				}
				if got := n.View().Root; want != (memory.Digest{}) && got != want {
					t.Errorf("the state is %s, want %s", got, want)
				}
				if links, err := n.Links(t.Context(), "memory-with-number-5"); err != nil || len(links) != 1 {
					t.Errorf("links: %v, %v", links, err)
				}
				n.CheckState(nil)
			})
		}
	}
}

// A read that meets a contradiction says that it is the disk, and has it looked after.
func TestAReadThatMeetsADamagedIndexHasItMended(t *testing.T) {
	n, _ := spoiledIndex(t, "memory-with-number-7", 0, 99)
	end := time.Now().Add(20 * time.Second)
	for {
		rec, err := n.Record(t.Context(), "memory-with-number-7")
		switch {
		case err == nil && rec.ID == "memory-with-number-7":
			return
		case err != nil && !errors.Is(err, memory.ErrBroken):
			t.Fatalf("it says %v, want %v", err, memory.ErrBroken)
		case time.Now().After(end):
			t.Fatalf("it is not mended: %v", err)
		}
	}
}

// A value of another type, as after a wrong bit in the head of a row, costs one memory
// for a moment, and not a list.
func TestARowThatCannotBeReadIsMadeAnewOfTheLog(t *testing.T) {
	for column, value := range map[string]string{
		"conflicts": `x''`, "l_state": `'x'`, "c_lsn": `x'00'`, "priority": `'five'`, "newest": `x'00'`, "reason": `x'ff'`, "title": `x'00'`, "expires": `1.5`,
	} {
		t.Run(column, func(t *testing.T) {
			dir := t.TempDir()
			n := suite().Open(t, "a", dir)
			ids := []string{}
			for i := range 5 {
				ids = append(ids, n.Put(storetest.Create(fmt.Sprint("title ", i), "text"))[0].Op.Subjects()[0].A)
			}
			n.Put(&memory.Archive{ID: ids[2]}, &memory.Restore{ID: ids[2]})
			want := n.View().Root
			n.Stop()
			execute(t, dir, fmt.Sprintf(`PRAGMA ignore_check_constraints = ON; UPDATE memories SET %s = %s WHERE id = '%s'`, column, value, ids[2]))
			n = suite().Open(t, "a", dir)
			ctx, left := memory.WithOmissions(t.Context())
			recs, _, err := n.List(ctx, memory.Filter{Now: memory.InstantOf(time.Now())}, memory.ByPriority, 9, 0, "")
			if names, _ := left.Names(); err != nil || len(recs)+len(names) < 4 {
				t.Errorf("a list has %d and names %v: %v", len(recs), names, err)
			}
			if _, err := n.Record(t.Context(), ids[2]); err != nil && !errors.Is(err, memory.ErrDamaged) {
				t.Errorf("the record alone: %v, want %v", err, memory.ErrDamaged)
			}
			if out, err := n.Scrub(t.Context(), 0, time.Hour); err != nil || !out.Done || out.Damaged > 0 {
				t.Fatalf("%+v, %v", out, err)
			}
			if rec, err := n.Record(t.Context(), ids[2]); err != nil || rec.ID != ids[2] {
				t.Errorf("the memory: %+v, %v", rec, err)
			}
			if got := n.View().Root; got != want {
				t.Errorf("the state is %s, want %s", got, want)
			}
			n.CheckState(nil)
		})
	}
}
