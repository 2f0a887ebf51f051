package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store/storetest"
)

// compacted is a node whose log has lost entries of another one that nobody needs: of eight
// that it holds and, beyond a hole, two more.
func compacted(t *testing.T) (p pair, head memory.Head, dropped []uint64) {
	t.Helper()
	other, n := suite().Open(t, "b", t.TempDir()), suite().Open(t, "a", t.TempDir())
	one := storetest.Create("one", "text")
	link := func(at int) *memory.Link {
		return &memory.Link{Source: one.Memory.ID, Target: one.Memory.ID + "x", Relation: "related_to", CreatedAt: memory.Instant(at)}
	}
	other.Put(one, link(1), storetest.Create("two", "text"), link(2), link(3), storetest.Create("three", "text"), link(4), storetest.Create("four", "text"))
	other.Put(storetest.Create("missing", "text"), storetest.Create("island", "text"), storetest.Create("another", "text"))
	ops, _, err := other.Range(t.Context(), memory.Range{Origin: other.Origin(), From: 1, To: 99}, 99, 1<<20)
	if err != nil || len(ops) != 11 {
		t.Fatalf("%d, %v", len(ops), err)
	}
	n.Take(append(ops[:8:8], ops[9:]...)...)
	n.Put(storetest.Create("ours", "text")) // the last entry of a log is not dropped
	if _, err := n.Compact(t.Context(), memory.InstantOf(time.Now().Add(time.Hour)), 1, map[memory.Origin]uint64{other.Origin(): 8}); err != nil {
		t.Fatal(err)
	}
	g := garbling(t, n.Dir())
	defer g.close()
	for seq := range uint64(8) {
		if len(g.rows(`SELECT 1 FROM log l JOIN origins o ON o.id = l.origin WHERE o.name = ? AND l.seq = ?`, string(other.Origin()), int64(seq+1))) == 0 {
			dropped = append(dropped, seq+1)
		}
	}
	if len(dropped) != 3 {
		t.Fatalf("dropped are %v of the links", dropped)
	}
	head = n.View().Heads[other.Origin()]
	if head.Seq != 8 {
		t.Fatalf("the head is %+v", head)
	}
	return stopped(n, other), head, dropped
}

// A head counts what was dropped since, too. Where it is damaged it neither claims what is
// missing nor forgets what was there.
func TestAHeadIsFoundAgainBehindWhatWasDropped(t *testing.T) {
	t.Parallel()
	made, head, dropped := compacted(t)
	for _, value := range []string{`NULL`, `'x'`, `x'00ff'`, `-1`, `0`, `3`, `7`, `9`, `4096`, `4611686018427387904`, `9223372036854775807`} {
		t.Run("head="+value, func(t *testing.T) {
			t.Parallel()
			other, n := made.damaged(t, false, func(dir string) { garble(t, dir, "origins", "head = "+value, "name LIKE 'b.%'") })
			for start := range 2 {
				if got := n.View().Heads[other.Origin()]; got.Seq != head.Seq || len(got.Gaps) > 0 {
					t.Errorf("start %d: the head is %+v, want %+v", start, got, head)
				}
				n.Stop()
				n = suite().Open(t, "a", n.Dir())
			}
			n.Feed(other)
			if got := n.View().Heads[other.Origin()].Seq; got != 11 || n.View().Heads.Holds(memory.Dot{Origin: other.Origin(), Seq: 12}) {
				t.Errorf("with what was missing it is %d", got)
			}
			if out, err := n.Scrub(t.Context(), 0, time.Hour); err != nil || out.Damaged > 0 {
				t.Errorf("%+v, %v; dropped were %v", out, err, dropped)
			}
			n.CheckState(nil)
		})
	}
}

// Damage in the part that was counted is damage, and nothing that was not held.
func TestAHeadIsFoundAgainWhereItsEntriesAreDamaged(t *testing.T) {
	t.Parallel()
	made, head, _ := compacted(t)
	for name, damage := range map[string]string{
		"bytes":     `raw = substr(raw, 1, length(raw) - 1) || x'ff'`,
		"no bytes":  `raw = NULL`,
		"a number":  `seq = 'x'`,
		"an origin": `origin = 'x'`,
	} {
		for _, seq := range []int{1, 6, 8} {
			t.Run(fmt.Sprintf("%s of %d", name, seq), func(t *testing.T) {
				t.Parallel()
				where := fmt.Sprintf(`seq = %d AND origin = (SELECT id FROM origins WHERE name LIKE 'b.%%')`, seq)
				other, n := made.damaged(t, false, func(dir string) {
					garble(t, dir, "log", damage, where)
					garble(t, dir, "origins", "head = 'x'", "name LIKE 'b.%'")
				})
				if got := n.View().Heads[other.Origin()]; got.Seq > head.Seq {
					t.Errorf("the head is %+v, and was %+v", got, head)
				}
				if _, err := n.Scrub(t.Context(), 0, time.Hour); err != nil {
					t.Fatal(err)
				}
				ops, _, err := other.Range(t.Context(), memory.Range{Origin: other.Origin(), From: 1, To: 99}, 99, 1<<20)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := n.Reapply(t.Context(), ops); err != nil {
					t.Fatal(err)
				}
				if got := n.View().Heads[other.Origin()]; got.Seq != 11 || n.Damaged() > 0 {
					t.Errorf("mended, the head is %+v, and %d are damaged", got, n.Damaged())
				}
				n.CheckState(nil)
				other.Feed(n)
				if n.View().Root != other.View().Root {
					t.Errorf("the state is %s, want %s", n.View().Root, other.View().Root)
				}
			})
		}
	}
}
