package storetest

import (
	"slices"
	"testing"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
)

// hollowRoom checks that a hollow entry makes room, too, and that what it says of the
// lives of memories stays: a consolidation of which the result was erased.
func hollowRoom(s Suite, t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	base := s.Open(t, "a", dir)
	base.Put(Create("one", "x"), Create("two", "y"))
	base.Stop()
	fresh := copyOf(t, dir)
	first := s.Open(t, "a", dir)
	var moved []memory.Move
	later := s.Open(t, "a", fresh, func(c *store.Config) {
		c.OnCommit = func(c memory.Committed) { moved = append(moved, c.Moved...) }
	})
	first.Put(Create("first", "was acknowledged"))
	one, two, both := Memo("one", ""), Memo("two", ""), Memo("both", "x y")
	later.Put(&memory.Consolidate{Into: both, Sources: []memory.SourceVersion{{ID: one.ID}, {ID: two.ID}}})
	later.Put(&memory.Erase{ID: both.ID})
	old := first.Origin()
	r := memory.Range{Origin: old, From: 1, To: 3}
	if disputed, err := later.Settle(t.Context(), r, first.ships(old)[:3]); disputed != 1 || err != nil {
		t.Fatalf("%d disputed: %v", disputed, err)
	}
	if e, err := later.Entry(t.Context(), memory.Dot{Origin: old, Seq: 3}); err != nil || e.Op.Kind() != memory.KindPut {
		t.Errorf("the number still belongs to %+v (%v)", e, err)
	}
	for _, m := range []memory.Memory{one, two} {
		rec, err := later.Record(t.Context(), m.ID)
		if err != nil || rec.Life != memory.Archived || rec.Reason != memory.ReasonConsolidated || rec.LifeAt.Dot.Origin == old {
			t.Errorf("%s: %+v (%v)", m.Title, rec, err)
		}
	}
	// Nobody waits for what it still says: a part of it was erased.
	if len(moved) != 1 || !moved[0].To.IsZero() {
		t.Errorf("moved to %v, want nowhere", moved)
	}
	nodes := []*Node{first, later, s.Open(t, "b", t.TempDir())}
	for range 3 {
		s.exchange(nodes, old)
	}
	for _, n := range nodes {
		if !sameView(n.View(), later.View()) {
			t.Errorf("%+v, want %+v", n.View(), later.View())
		}
	}
}

// copies are a node that has written something under the next number, a copy of it
// from before, and a third node.
func copies(t *testing.T, s Suite) (first, later, third *Node) {
	t.Helper()
	dir := t.TempDir()
	base := s.Open(t, "a", dir)
	base.Put(Create("one", "x"))
	base.Stop()
	first, later = twice(t, s, dir)
	third = s.Open(t, "b", t.TempDir())
	first.Put(Create("first", "was acknowledged"))
	return first, later, third
}

// givesWay checks that later gives the second number of an origin to the entry of first,
// once and for all, and that all nodes come to one state.
func givesWay(t *testing.T, s Suite, old memory.Origin, first, later, third *Node) {
	t.Helper()
	r := memory.Range{Origin: old, From: 1, To: 2}
	for _, want := range []int{1, 0} {
		if disputed, err := later.Settle(t.Context(), r, first.ships(old)[:2]); disputed != want || err != nil {
			t.Errorf("%d disputed, want %d (%v)", disputed, want, err)
		}
	}
	if e, err := later.Entry(t.Context(), memory.Dot{Origin: old, Seq: 2}); err != nil || e.Op.About().Main() != Memo("first", "").ID {
		t.Errorf("the number still belongs to %+v (%v)", e, err)
	}
	nodes := []*Node{first, later, third}
	for range 3 {
		s.exchange(nodes, old)
	}
	for _, n := range nodes {
		if !sameView(n.View(), later.View()) {
			t.Errorf("%+v, want %+v", n.View(), later.View())
		}
	}
}

// deletedRoom checks that a hollow entry makes room that still holds the content of a
// memory: one that was deleted so long ago that its text is gone.
func deletedRoom(s Suite, t *testing.T) {
	t.Helper()
	first, later, third := copies(t, s)
	old, gone := first.Origin(), Memo("gone", "")
	later.Put(Create("gone", "a text"))
	later.Put(&memory.Delete{ID: gone.ID})
	later.compact(ahead(), 1, nil)
	if e, err := later.Entry(t.Context(), memory.Dot{Origin: old, Seq: 2}); err != nil || e.Hollow.IsZero() {
		t.Fatalf("the text is still there: %+v (%v)", e, err)
	}
	givesWay(t, s, old, first, later, third)
	for _, n := range []*Node{first, later, third} {
		rec, err := n.Record(t.Context(), gone.ID)
		if err != nil || rec.Life != memory.Deleted || rec.Title != "" || rec.Content.Dot.Origin == old {
			t.Errorf("%+v (%v), want a deleted one of which the content is written under another number", rec, err)
		}
	}
}

// proposedRoom checks the same of a closed proposal of a memory that was erased: that it
// was made stays.
func proposedRoom(s Suite, t *testing.T) {
	t.Helper()
	first, later, third := copies(t, s)
	old, m := first.Origin(), Memo("not yet", "a text")
	propose := &memory.Propose{
		ID: "pending", Namespace: m.Namespace, Requester: "ai:alice", RequestedAt: m.CreatedAt,
		Action: &memory.Put{Memory: m, Create: true},
	}
	later.Put(propose)
	later.Put(&memory.Resolve{ID: propose.ID, Verdict: memory.VerdictRejected})
	later.Put(&memory.Erase{ID: m.ID})
	givesWay(t, s, old, first, later, third)
	for _, n := range []*Node{first, later, third} {
		p, err := n.Pending(t.Context(), propose.ID)
		if err != nil || p.Requester != propose.Requester {
			t.Errorf("%+v (%v), want the proposal", p, err)
		}
	}
}

// nothingLeft checks that a request whose entry made room, and said nothing any more, does
// not find what somebody else wrote when it is repeated.
func nothingLeft(t *testing.T, s Suite) {
	t.Helper()
	first, later, third := copies(t, s)
	old := first.Origin()
	key := &memory.Idempotency{Key: "k", Hash: memory.Digest{1}}
	later.Write(&memory.Write{Ops: []memory.NewOp{{Op: Create("erased", "x")}}, Idempotency: key})
	later.Put(&memory.Erase{ID: Memo("erased", "").ID})
	givesWay(t, s, old, first, later, third)
	if got, err := later.Idempotent(t.Context(), memory.Anonymous, key); err == nil {
		t.Errorf("the repeated request finds %+v", got)
	}
}

// outvoted checks by which chain a node goes where nothing is left to compare, or to take
// out: by the lower one, unless more members go by the other.
func outvoted(t *testing.T, s Suite) {
	for what, c := range map[string]struct {
		theirs   memory.Chain
		outvoted bool
		want     bool // to go by theirs
	}{
		"theirs is lower":                 {memory.Chain{0, 1}, false, true},
		"ours is lower":                   {memory.Chain{0xff, 0xff}, false, false},
		"ours is lower, more have theirs": {memory.Chain{0xff, 0xff}, true, true},
	} {
		dir := t.TempDir()
		n := s.Open(t, "a", dir)
		n.Put(Create("one", "x"))
		old := n.Origin()
		n.Stop()
		var conceded []memory.Dot
		n = s.Open(t, "a", dir, func(x *store.Config) {
			x.OnCommit = func(c memory.Committed) { conceded = append(conceded, c.Conceded...) }
		})
		if _, err := n.NewIncarnation(t.Context(), memory.Dot{Origin: old, Seq: 99}); err != nil {
			t.Fatal(err)
		}
		n.Put(Create("two", "x"))
		before := n.View()
		theirs := memory.Head{Seq: 1, Chain: c.theirs}
		moved, err := n.Concede(t.Context(), memory.Concession{Origin: old, Ours: before.Heads[old], Theirs: theirs, Outvoted: c.outvoted})
		after := n.View()
		if goes := sameHead(after.Heads[old], theirs); err != nil || moved > 0 || goes != c.want || after.Root != before.Root {
			t.Errorf("%s: %+v, want theirs: %v (%d moved, %v)", what, after.Heads[old], c.want, moved, err)
		}
		if told := slices.Equal(conceded, []memory.Dot{{Origin: old, Seq: 1}}); told != c.want {
			t.Errorf("%s: told of %v", what, conceded)
		}
	}
}
