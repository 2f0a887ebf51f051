package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store/storetest"
)

// disputed gives a node a memory with two revisions of its own that do not know of each other, and
// returns that which nothing but its row in the log tells of.
func disputed(t *testing.T, n *storetest.Node, name string) memory.Dot {
	t.Helper()
	first := n.Put(storetest.Create(name, "one"))[0]
	var lower memory.Dot
	for i := range 2 {
		m := storetest.Memo(name, fmt.Sprint("of two ", i))
		m.Version = 2
		e := n.Write(&memory.Write{Ops: []memory.NewOp{{Op: &memory.Put{Memory: m}, Prev: []memory.Dot{first.Dot}}}}).Entries[0]
		if i == 0 {
			lower = e.Dot
		}
	}
	n.Put(storetest.Create("behind "+name, "text"))
	return lower
}

// What nobody had in all the time for which a history is kept is missed no more.
func TestAMissingEntryThatNobodyHasIsGivenUp(t *testing.T) {
	t.Parallel()
	n := suite().Open(t, "a", t.TempDir())
	lost := disputed(t, n, "ours")
	n.Stop()
	execute(t, n.Dir(), fmt.Sprintf(`DELETE FROM log WHERE seq = %d`, lost.Seq))
	n = suite().Open(t, "a", n.Dir())
	missing := func() int {
		if _, err := n.Scrub(t.Context(), 0, time.Hour); err != nil {
			t.Fatal(err)
		}
		return n.Damaged()
	}
	if got := missing(); got != 1 {
		t.Fatalf("%d are missed, want 1", got)
	}
	for _, tc := range []struct {
		before time.Duration
		want   int
	}{{-time.Hour, 1}, {time.Hour, 0}} {
		if _, err := n.Compact(t.Context(), memory.InstantOf(time.Now().Add(tc.before)), 50, nil); err != nil || missing() != tc.want {
			t.Errorf("%v: %d are missed, want %d", err, n.Damaged(), tc.want)
		}
	}
}

// An entry that nothing names leaves no trace but a hole in the numbers of its origin.
func TestAnEntryThatNothingNamesIsMissed(t *testing.T) {
	t.Parallel()
	n, other := suite().Open(t, "a", t.TempDir()), suite().Open(t, "b", t.TempDir())
	theirs, ours := disputed(t, other, "theirs"), disputed(t, n, "ours")
	n.Feed(other)
	other.Feed(n)
	p := stopped(n, other)
	for name, lost := range map[string]memory.Dot{"of another node": theirs, "of its own": ours} {
		for _, indexed := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", and its index has it: ", indexed), func(t *testing.T) {
				t.Parallel()
				other, n := p.damaged(t, false, func(dir string) {
					g := garbling(t, dir)
					defer g.close()
					g.change("log", !indexed, fmt.Sprintf(`DELETE FROM log WHERE seq = %d AND origin = (SELECT id FROM origins WHERE name = '%s')`, lost.Seq, lost.Origin))
				})
				missed(t, other, n, lost)
			})
		}
	}
}

// missed checks that a node finds out that it has lost an entry, and gets it from another one.
func missed(t *testing.T, other, n *storetest.Node, lost memory.Dot) {
	t.Helper()
	for range 2 {
		if _, err := n.Scrub(t.Context(), 0, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	list, err := n.Damage(t.Context(), 9)
	if err != nil || len(list.Dots) != 1 || list.Dots[0] != lost {
		t.Fatalf("%v are missed (%v), want %s", list.Dots, err, lost)
	}
	ops, err := other.ByDot(t.Context(), list.Dots)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Reapply(t.Context(), ops); err != nil || n.Damaged() != 0 || n.View().Root != other.View().Root {
		t.Errorf("healed: %v; %d are missed", err, n.Damaged())
	}
	if e, err := n.Entry(t.Context(), lost); err != nil || e.Dot != lost {
		t.Errorf("%s is %v (%v)", lost, e, err)
	}
	n.CheckState(nil)
}

// A head whose entry is lost is right as long as a row says that the entry holds a register: else
// what it replaced would hold that again until a member sends it once more.
func TestAHeadIsBelievedOfWhichARowNamesTheEntry(t *testing.T) {
	t.Parallel()
	n, other := suite().Open(t, "a", t.TempDir()), suite().Open(t, "b", t.TempDir())
	for i := range 2 {
		other.Put(&memory.Propose{ID: "p", Namespace: "global", Requester: memory.AgentID(fmt.Sprint("ai:", i)), RequestedAt: 1, Action: storetest.Create("never", "x")})
	}
	n.Feed(other)
	last := memory.Dot{Origin: other.Origin(), Seq: 2}
	other, n = stopped(n, other).damaged(t, false, func(dir string) {
		execute(t, dir, fmt.Sprintf(`DELETE FROM log WHERE seq = 2 AND origin = (SELECT id FROM origins WHERE name = '%s')`, last.Origin))
	})
	if head := n.View().Heads[last.Origin]; head.Seq != 2 {
		t.Errorf("the head is %d, want 2", head.Seq)
	}
	ctx, left := memory.WithOmissions(t.Context())
	list, err := n.Pendings(ctx, false, "", 9)
	if names, _ := left.Names(); err != nil || len(list) != 0 || len(names) == 0 {
		t.Errorf("%+v (%v), and left out are %v", list, err, names)
	}
	missed(t, other, n, last)
}

// Two rows of one key, and an index that leads to a third, which is gone: a pass comes to an end,
// and one of the two stays.
func TestAnIndexThatLeadsToNoneOfTwoRowsIsMadeAnew(t *testing.T) {
	t.Parallel()
	for _, table := range []string{"memories", "registers"} {
		t.Run(table, func(t *testing.T) {
			t.Parallel()
			n := suite().Open(t, "a", t.TempDir())
			for i := range 3 {
				n.Put(storetest.Create(fmt.Sprint("m", i), "text"))
			}
			n.Put(&memory.Link{Source: "m0", Target: "m1", Relation: "related_to"})
			root := n.View().Root
			n.Stop()
			g := garbling(t, n.Dir())
			var columns []string
			for _, c := range g.columns(table) {
				if c.name != "rid" {
					columns = append(columns, c.name)
				}
			}
			list := strings.Join(columns, ", ")
			g.change(table, false, `UPDATE `+table+` SET rid = 1000 WHERE rid = 1`)
			g.change(table, false, `INSERT INTO `+table+` (rid, `+list+`) SELECT 1001, `+list+` FROM `+table+` WHERE rid = 1000`)
			g.close()
			n = suite().Open(t, "a", n.Dir())
			for range 3 {
				if _, err := n.Scrub(t.Context(), 0, time.Hour); err != nil {
					t.Error(err)
				}
			}
			if got := n.View().Root; got != root {
				t.Errorf("the state is %s, want %s", got, root)
			}
			n.CheckState(nil)
		})
	}
}

// What was dropped says nothing of what came behind it.
func TestAnEntryBehindThoseThatWereDroppedIsMissed(t *testing.T) {
	t.Parallel()
	n, other := suite().Open(t, "a", t.TempDir()), suite().Open(t, "b", t.TempDir())
	for i, x := range []*storetest.Node{n, other} {
		from, to := fmt.Sprintf("from-%d", i), fmt.Sprintf("to-%d", i)
		x.Put(storetest.Create(from, "text"))
		x.Put(storetest.Create(to, "text"))
		x.Put(&memory.Link{Source: from, Target: to, Relation: "related_to"})
		x.Put(&memory.Unlink{Source: from, Target: to, Relations: []string{"related_to"}})
	}
	theirs, ours := disputed(t, other, "theirs"), disputed(t, n, "ours")
	n.Feed(other)
	other.Feed(n)
	if n.View().Root != other.View().Root {
		t.Fatal("the nodes differ")
	}
	for _, x := range []*storetest.Node{n, other} {
		stable := map[memory.Origin]uint64{}
		for o, h := range x.View().Heads {
			stable[o] = min(h.Seq, 4)
		}
		if dropped, err := x.Compact(t.Context(), memory.InstantOf(time.Now().Add(time.Hour)), 50, stable); err != nil || dropped == 0 {
			t.Fatalf("%d dropped, %v", dropped, err)
		}
	}
	p := stopped(n, other)
	for name, lost := range map[string]memory.Dot{"of another node": theirs, "of its own": ours} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			other, n := p.damaged(t, false, func(dir string) {
				execute(t, dir, fmt.Sprintf(`DELETE FROM log WHERE seq = %d AND origin = (SELECT id FROM origins WHERE name = '%s')`, lost.Seq, lost.Origin))
			})
			missed(t, other, n, lost)
		})
	}
}
