package store_test

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/store/storetest"
)

// What is known of a memory from its making on gives way to what a later entry of the same
// transaction does with it.
func TestWhatIsMadeAndChangedAtOnceIsReadAsItIs(t *testing.T) {
	t.Parallel()
	put := storetest.Create("note", "text")
	other := put.Memory
	other.Content, other.Version = "other", 2
	rival := put.Memory
	rival.Content = "other"
	for what, op := range map[string]memory.Op{
		"deleted": &memory.Delete{ID: other.ID}, "archived": &memory.Archive{ID: other.ID, Reason: "done"},
		"edited": &memory.Put{Memory: other}, "in conflict": &memory.Put{Memory: rival}, "erased": &memory.Erase{ID: other.ID},
	} {
		a, b := suite().Open(t, "a", t.TempDir()), suite().Open(t, "b", t.TempDir())
		a.Put(put)
		a.Put(op)
		<-b.Learned()
		if r := b.Feed(a); len(r.Refused) > 0 {
			t.Fatalf("%s: %+v", what, r.Refused)
		}
		for name, n := range map[string]*storetest.Node{"there": a, "here": b} {
			want, _, err := n.ManyOfRows(t.Context(), []string{other.ID})
			if err != nil {
				t.Fatal(err)
			}
			got, err := n.Many(t.Context(), []string{other.ID})
			if err != nil || len(got) != 1 || len(want) != 1 || got[0].Life != want[0].Life || got[0].Memory.Content != want[0].Memory.Content || got[0].Conflicts != want[0].Conflicts {
				t.Errorf("%s, %s: %+v (%v), and the rows say %+v", what, name, got, err, want)
			}
		}
	}
}

// Sums that add up to the right root may be those of the wrong buckets.
func TestAPassComparesEachSum(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n := suite().Open(t, "a", dir)
	for i := range 3 {
		n.Put(storetest.Create(fmt.Sprint("note ", i), "text"))
	}
	n.Stop()
	g := garbling(t, dir)
	raw := g.rows(`SELECT changes FROM node`)[0][0].([]byte)
	raw[0] ^= 1
	g.exec(`UPDATE node SET changes = ?`, raw)
	g.close()
	n = suite().Open(t, "a", dir)
	// The pass that a node makes after its start may have found it before the first one.
	for i := range 2 {
		if s, err := n.Scrub(t.Context(), 0, time.Minute); err != nil || i > 0 && s.Wrong {
			t.Errorf("pass %d says %+v (%v)", i, s, err)
		}
	}
	_, want, err := n.BucketSums(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if kept, err := n.KeptSums(t.Context()); err != nil || !slices.Equal(kept, want) {
		t.Errorf("the sums that are kept (%v) are not those of the rows", err)
	}
}

// The last entry of its own stays with a node, though nothing needs it any more: without it
// the node could not tell up to where it has numbered.
func TestANodeNumbersOnBehindWhatWasDropped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n, b := suite().Open(t, "a", dir), suite().Open(t, "b", t.TempDir())
	first := n.Origin()
	op := storetest.Create("mine", "text")
	n.Put(op)
	b.Feed(n)
	b.Put(&memory.Erase{ID: op.Memory.ID})
	n.Feed(b)
	b.Put(storetest.Create("more", "text"))
	b.Put(storetest.Create("still more", "text"))
	n.Feed(b)
	stable := map[memory.Origin]uint64{n.Origin(): 1 << 60, b.Origin(): 1 << 60}
	if _, err := n.Compact(t.Context(), memory.InstantOf(time.Now().Add(time.Hour)), 1, stable); err != nil {
		t.Fatal(err)
	}
	n.Stop()
	n = suite().Open(t, "a", dir)
	if n.Origin() != first || n.View().Heads[first].Seq != 1 {
		t.Errorf("it numbers under %s, and did under %s; the heads are %v", n.Origin(), first, n.View().Heads)
	}
}

// A machine without a clock of its own begins days ago, until it has asked for the time.
func TestALateClockMakesNoTimeWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n := suite().Open(t, "a", dir)
	op := storetest.Create("mine", "text")
	w := func() *memory.Write {
		return &memory.Write{Actor: memory.Anonymous, Ops: []memory.NewOp{{Op: op}}, Idempotency: &memory.Idempotency{Key: "k", Hash: memory.Digest{1}}}
	}
	n.Write(w())
	n.Touch([]string{op.Memory.ID}, memory.InstantOf(time.Now()))
	n.Stop()
	times := func() string {
		g := garbling(t, dir)
		defer g.close()
		return fmt.Sprint(g.rows(`SELECT at FROM idempotency`), g.rows(`SELECT at, count FROM access`))
	}
	before := times()
	n = suite().Open(t, "a", dir, func(c *store.Config) {
		c.Clock = memory.NewClock(func() time.Time { return time.Now().Add(-4 * 24 * time.Hour) }, time.Minute)
	})
	if _, err := n.Scrub(t.Context(), 0, time.Minute); err != nil {
		t.Fatal(err)
	}
	n.Stop()
	if after := times(); after != before {
		t.Errorf("the times were %s, and are %s", before, after)
	}
	n = suite().Open(t, "a", dir)
	if _, err := n.Compact(t.Context(), 0, 50, nil); err != nil {
		t.Fatal(err)
	}
	if out, err := n.Submit(t.Context(), w()); err != nil || !out.Replayed {
		t.Errorf("what was written is written again: %+v (%v)", out, err)
	}
}

// A revision that cannot be read has its place in the history of its memory, and is missed
// there, also when older ones have been emptied.
func TestThinningLeavesWhatCannotBeReadInItsPlace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n := suite().Open(t, "a", dir)
	op := storetest.Create("edited", "revision 1")
	last := n.Write(&memory.Write{Ops: []memory.NewOp{{Op: op}}}).Entries[0]
	for i := range 5 {
		m := op.Memory
		m.Content, m.Version = fmt.Sprint("revision ", i+2), int64(i+2)
		last = n.Write(&memory.Write{Ops: []memory.NewOp{{Op: &memory.Put{Memory: m}, Prev: []memory.Dot{last.Dot}}}}).Entries[0]
	}
	n.Stop()
	execute(t, dir, `UPDATE log SET digest = zeroblob(32) WHERE seq = 5`)
	n = suite().Open(t, "a", dir)
	if _, err := n.Scrub(t.Context(), 0, time.Minute); err != nil {
		t.Fatal(err)
	}
	if emptied, err := n.Compact(t.Context(), memory.InstantOf(time.Now().Add(time.Hour)), 2, nil); err != nil || emptied == 0 {
		t.Fatalf("%d, %v", emptied, err)
	}
	ctx, left := memory.WithOmissions(t.Context())
	revs, err := n.History(ctx, op.Memory.ID)
	if names, _ := left.Names(); err != nil || len(names) != 1 {
		t.Errorf("%d revisions (%v), and left out are %v", len(revs), err, names)
	}
}

// Of an entry of which bytes and digest are damaged nobody can tell what it counted. That
// shows when all is added up beside the writer, and the sums are set right.
func TestSumsInDoubtAreSetRight(t *testing.T) {
	t.Parallel()
	for what, damage := range map[string]string{
		"bytes":            `UPDATE log SET raw = x'00' WHERE seq = 2`,
		"digest":           `UPDATE log SET digest = zeroblob(32) WHERE seq = 2`,
		"bytes and digest": `UPDATE log SET raw = x'00', digest = zeroblob(32) WHERE seq = 2`,
	} {
		dir := t.TempDir()
		n := suite().Open(t, "a", dir)
		whole := suite().Open(t, "b", t.TempDir())
		var ids []string
		for i := range 3 {
			op := storetest.Create(fmt.Sprint("note ", i), "text")
			ids = append(ids, op.Memory.ID)
			n.Put(op)
		}
		whole.Feed(n)
		g := garbling(t, dir)
		for len(g.rows(`SELECT done FROM scrub WHERE done > 0`)) == 0 { // the pass after the start, which looks at the sums, too
			runtime.Gosched()
		}
		g.close()
		execute(t, dir, damage)
		if _, err := n.History(t.Context(), ids[1]); err != nil { // it leaves out what is damaged
			t.Fatalf("%s: %v", what, err)
		}
		right := func() bool {
			view, _, err := n.BucketSums(t.Context())
			return err == nil && view.Root == n.View().Root
		}
		for end := time.Now().Add(20 * time.Second); (n.Damaged() == 0 || !right()) && time.Now().Before(end); {
			runtime.Gosched()
		}
		if n.Damaged() != 1 || !right() || n.View().Root == whole.View().Root {
			t.Errorf("%s: the sums of what is damaged are wrong", what)
		}
		ops, _, err := whole.Range(t.Context(), memory.Range{Origin: n.Origin(), From: 1, To: 9}, 9, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.Reapply(t.Context(), ops); err != nil || n.Damaged() != 0 || n.View().Root != whole.View().Root || !right() {
			t.Errorf("%s: healed (%v), the sums are wrong", what, err)
		}
	}
}
