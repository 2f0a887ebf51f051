package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/memory/memorytest"
	"github.com/tallystick/tallystick/internal/store"
)

// settles lets two copies of one directory number on, and checks that both, and a
// third node with entries of either, get to one log and one state.
func (s Suite) settles(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 11))
		dir := t.TempDir()
		n := s.Open(t, "a", dir)
		s.random(n, rng, 5)
		n.Stop()
		one, two := twice(t, s, dir)
		third := s.Open(t, "b", t.TempDir())
		nodes := []*Node{one, two, third}
		old := one.Origin()
		third.Feed(one)
		for range 6 {
			s.random(nodes[rng.IntN(2)], rng, 1+rng.IntN(3))
			if rng.IntN(2) == 0 {
				third.Feed(nodes[rng.IntN(2)])
			}
		}
		third.Feed(one)
		third.Feed(two)
		for round := 0; ; round++ {
			s.exchange(nodes, old)
			if sameView(one.View(), two.View()) && sameView(one.View(), third.View()) {
				break
			}
			if round == 5 {
				t.Fatalf("seed %d: after %d rounds\n%+v\n%+v\n%+v", seed, round, one.View(), two.View(), third.View())
			}
		}
		want := memory.NewState()
		var all []*memory.Entry
		for o := range one.View().Heads {
			for _, e := range one.entries(o) {
				want.Apply(e)
				all = append(all, e)
			}
		}
		for _, n := range nodes {
			n.CheckState(want)
			n.conflictCounts(all)
			if found, err := n.Scrub(t.Context(), 0, time.Hour); found.Wrong || found.Damaged > 0 || err != nil {
				t.Errorf("seed %d: the sums were wrong: %+v (%v)", seed, found, err)
			}
			for _, p := range must(n.Parked(t.Context())) {
				t.Errorf("seed %d: still listed: %+v", seed, p)
			}
		}
		before := two.View()
		two.Stop()
		if two = s.Open(t, "a", two.Dir()); !sameView(before, two.View()) {
			t.Errorf("seed %d: after a restart %+v, want %+v", seed, two.View(), before)
		}
	}
}

// sameView reports whether two nodes have the same log and state.
func sameView(a, b memory.View) bool {
	for _, v := range []memory.View{a, b} {
		for o := range v.Heads {
			x, y := a.Heads[o], b.Heads[o]
			if x.Seq != y.Seq || x.Chain != y.Chain || x.Chain.IsZero() != (x.Seq == 0) {
				return false
			}
		}
	}
	return a.Root == b.Root
}

// random writes n random ops.
func (s Suite) random(n *Node, rng *rand.Rand, ops int) {
	for range ops {
		kinds := memory.Kinds()
		n.Put(memorytest.RandomOp(rng, kinds[rng.IntN(len(kinds))]))
	}
}

// entries reads the log of an origin.
func (n *Node) entries(o memory.Origin) []*memory.Entry {
	n.t.Helper()
	var out []*memory.Entry
	for _, op := range n.ships(o) {
		e, err := n.cfg.Codec.Decode(op.Raw)
		if err != nil {
			n.t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

func (n *Node) ships(o memory.Origin) []memory.Shipment {
	n.t.Helper()
	ops, _, err := n.Range(n.t.Context(), memory.Range{Origin: o, From: 1, To: 1 << 62}, 1000, 1<<30)
	if err != nil {
		n.t.Fatal(err)
	}
	return ops
}

// exchange brings what each node has to each other one, and settles disputes.
func (s Suite) exchange(nodes []*Node, old memory.Origin) {
	for _, to := range nodes {
		for _, from := range nodes {
			if from == to {
				continue
			}
			for o, h := range from.View().Heads {
				ops := from.ships(o)
				if o == old {
					r := memory.Range{Origin: o, From: 1, To: h.Seq}
					if _, err := to.Settle(context.WithoutCancel(to.t.Context()), r, ops); err != nil {
						to.t.Fatalf("settle to %d: %v", h.Seq, err)
					}
				}
				if missing := to.View().Heads[o].Seq; missing < h.Seq {
					to.Take(ops[missing:]...)
				}
			}
		}
		// What came before the entry that replaced it is tried again by itself after a while.
		if _, err := to.RetryParked(context.WithoutCancel(to.t.Context()), nil, time.Now().Add(2*time.Minute)); err != nil {
			to.t.Fatal(err)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// makesRoom checks what becomes of an entry that was numbered after another one.
func (s Suite) makesRoom(t *testing.T) {
	dir := t.TempDir()
	base := s.Open(t, "a", dir)
	base.Put(Create("known to all", "x"))
	base.Stop()
	fresh := copyOf(t, dir)
	first := s.Open(t, "a", dir)
	first.Put(Create("first", "was acknowledged"))
	var moved []memory.Move
	later := s.Open(t, "a", fresh, func(c *store.Config) {
		c.OnCommit = func(c memory.Committed) { moved = append(moved, c.Moved...) }
	})
	key := &memory.Idempotency{Key: "k", Hash: memory.Digest{1}}
	w := later.Write(&memory.Write{Ops: []memory.NewOp{{Op: Create("later", "one")}, {Op: Create("later too", "two")}}, Idempotency: key})
	old := w.Entries[0].Dot

	r := memory.Range{Origin: old.Origin, From: 1, To: 2}
	if disputed, err := later.Settle(t.Context(), r, first.ships(old.Origin)); disputed != 1 || err != nil {
		t.Fatalf("%d disputed: %v", disputed, err)
	}
	now := memory.Dot{Origin: later.Origin(), Seq: 1}
	if !slices.Equal(moved, []memory.Move{{From: old, To: now}}) || now.Origin == old.Origin {
		t.Errorf("moved %v, want %s to %s", moved, old, now)
	}
	got, err := later.Entry(t.Context(), now)
	if err != nil || got.Stamp <= w.Entries[0].Stamp || time.Duration(got.Stamp.Instant()-w.Entries[0].Stamp.Instant()) > time.Millisecond {
		t.Errorf("%+v (%v), want it a moment after %d", got, err, w.Entries[0].Stamp)
	}
	for title, content := range map[string]string{"first": "was acknowledged", "later": "one", "later too": "two"} {
		rec, err := later.Record(t.Context(), Memo(title, "").ID)
		if err != nil || rec.Memory.Content != content || rec.Conflicts != 0 {
			t.Errorf("%s: %+v (%v)", title, rec, err)
		}
	}
	later.Put(Create("of another request", "x"))
	again, err := later.Idempotent(t.Context(), memory.Anonymous, &memory.Idempotency{Key: "k", Hash: memory.Digest{1}})
	if err != nil || len(again) != 2 || again[0].Dot != now || again[1].Op.Subjects()[0] != w.Entries[1].Op.Subjects()[0] {
		t.Errorf("the repeated request finds %+v (%v), want what it wrote, from %s on", again, err, now)
	}
	if h := later.View().Heads[old.Origin]; h.Seq != 3 {
		t.Errorf("head %+v, want 3", h)
	}
	// The first of two keeps its place, whoever asks.
	if disputed, err := first.Settle(t.Context(), r, s.Ship(t, w.Entries[:1])); disputed != 1 || err != nil || first.View().Heads[old.Origin].Seq != 2 {
		t.Errorf("%d disputed (%v), %+v", disputed, err, first.View())
	}
	if e, err := first.Entry(t.Context(), old); err != nil || errors.Is(err, memory.ErrNotFound) || e.Op.Subjects()[0] != memory.ContentKey(Memo("first", "").ID) {
		t.Errorf("%+v (%v)", e, err)
	}
	hollowRoom(s, t)
	deletedRoom(s, t)
	proposedRoom(s, t)
	nothingLeft(t, s)
}

// concedes checks that a dispute ends of which the entries cannot be compared, because
// one side has dropped some: the other takes them out, too, and issues them again.
func concedes(s Suite, t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	base := s.Open(t, "a", dir)
	last := base.edits("one", 1, "known to all")[0].Dot
	base.Stop()
	first, later := twice(t, s, dir)
	third := s.Open(t, "b", t.TempDir())
	old := first.Origin()
	for i := range int64(3) {
		m := Memo("one", fmt.Sprint("first ", i))
		m.Version = 2 + i
		last = first.Write(&memory.Write{Ops: []memory.NewOp{{Op: &memory.Put{Memory: m}, Prev: []memory.Dot{last}}}}).Entries[0].Dot
	}
	later.edits("two", 2, "later")
	third.Feed(first)
	for _, n := range []*Node{first, third} {
		n.compact(ahead(), 1, map[memory.Origin]uint64{old: 1 << 60})
	}
	if there := third.loggedOf(old); !slices.Equal(there, []uint64{1, 4}) {
		t.Fatalf("of the others %v are left: want 2 and 3 dropped", there)
	}
	// The copy hears of the last one, which still is there.
	ops, _, err := third.Range(t.Context(), memory.Range{Origin: old, From: 4, To: 4}, 9, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	later.Take(ops...)
	// What was compared when the heads were others decides nothing.
	ours, theirs := later.View().Heads[old], third.View().Heads[old]
	for _, stale := range []memory.Concession{
		{Origin: old, Ours: memory.Head{Seq: 4, Chain: memory.Chain{1}}, Theirs: theirs},
		{Origin: old, Ours: ours, Theirs: memory.Head{Seq: 3, Chain: memory.Chain{1}}},
		{Origin: old, Ours: ours, Theirs: memory.Head{Seq: 4}},
	} {
		stale.Gone = []memory.Range{{Origin: old, From: 2, To: 3}}
		if moved, err := later.Concede(t.Context(), stale); moved > 0 || err != nil || !sameHead(later.View().Heads[old], ours) {
			t.Errorf("%+v: %d were taken out (%v)", stale, moved, err)
		}
	}
	nodes := []*Node{later, first, third}
	for range 3 {
		for _, to := range nodes {
			for _, from := range nodes {
				to.concede(from, old)
			}
		}
		third.Feed(later)
		first.Feed(later)
	}
	want := third.View()
	for _, n := range nodes {
		v := n.View()
		if v.Root != want.Root || !sameHead(v.Heads[old], want.Heads[old]) {
			t.Errorf("%+v, want %+v", v, want)
		}
		if rec, err := n.Record(t.Context(), Memo("two", "").ID); err != nil || rec.Memory.Content != "later 2" {
			t.Errorf("%+v (%v), want what only the copy had", rec, err)
		}
		n.CheckState(nil)
	}
	if h := later.View().Heads[later.Origin()]; later.Origin() == old || h.Seq != 2 {
		t.Errorf("%s has %d entries, want the two that had to make room", later.Origin(), h.Seq)
	}
	before := later.View()
	later.Stop()
	if again := s.Open(t, "a", later.Dir()); !sameView(before, again.View()) {
		t.Errorf("after a restart %+v, want %+v", again.View(), before)
	}
}

// repairsDisputed checks that a repair brings what is under a number that belongs to
// another entry here: where chains are not known, nothing else would.
func repairsDisputed(s Suite, t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	base := s.Open(t, "a", dir)
	base.Put(Create("known to all", "x"))
	base.Stop()
	first, later := twice(t, s, dir)
	old := first.Origin()
	key := &memory.Idempotency{Key: "k", Hash: memory.Digest{1}}
	w := first.Write(&memory.Write{Ops: []memory.NewOp{{Op: Create("first", "one")}}, Idempotency: key})
	later.Put(Create("later", "two"))
	for _, way := range [][2]*Node{{first, later}, {later, first}} {
		to, from := way[0], way[1]
		ships := from.ships(old)
		for range 2 { // the second time there is nothing to do
			out, err := to.Reapply(t.Context(), ships)
			kept := len(out.Refused) == 1 && out.Refused[0].Code == memory.CodeDotConflict // the other one has its place
			if err != nil || kept != (to == first) || !kept && len(out.Refused) > 0 {
				t.Errorf("refused %+v (%v)", out.Refused, err)
			}
		}
		to.CheckState(nil)
	}
	for range 2 {
		first.Feed(later)
		later.Feed(first)
	}
	for _, n := range []*Node{first, later} {
		for title, content := range map[string]string{"first": "one", "later": "two"} {
			if rec, err := n.Record(t.Context(), Memo(title, "").ID); err != nil || rec.Memory.Content != content || rec.Conflicts != 0 {
				t.Errorf("%s: %+v (%v)", title, rec, err)
			}
		}
		if n.View().Root != first.View().Root {
			t.Errorf("%+v, want %+v", n.View(), first.View())
		}
		if again, err := first.Idempotent(t.Context(), memory.Anonymous, key); err != nil || again[0].Dot != w.Entries[0].Dot {
			t.Errorf("the repeated request finds %+v (%v)", again, err)
		}
		if e, err := n.Entry(t.Context(), memory.Dot{Origin: old, Seq: 2}); err != nil || e.Op.Subjects()[0] != memory.ContentKey(Memo("first", "").ID) {
			t.Errorf("the number belongs to %+v (%v)", e, err)
		}
	}
}

// repairsHollow checks the same of an entry that comes without its content, once what
// replaced that is here: it may have been emptied before anybody has noticed.
func repairsHollow(s Suite, t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	base := s.Open(t, "a", dir)
	base.Put(Create("known to all", "x"))
	base.Stop()
	first, later := twice(t, s, dir)
	old := first.Origin()
	first.edits("edited", 2, "text")
	later.Put(Create("later", "two"))
	first.compact(ahead(), 1, nil)
	ships := first.ships(old)
	hollow := ships[1:2]
	if e := first.entries(old)[1]; e.Hollow.IsZero() {
		t.Fatalf("the text is still there: %+v", e)
	}
	for _, replaced := range []bool{false, true} {
		if replaced {
			later.Take(ships[2])
		}
		out, err := later.Reapply(t.Context(), hollow)
		if kept := len(out.Refused) == 1 && out.Refused[0].Code == memory.CodeDotConflict; err != nil || kept == replaced {
			t.Errorf("what replaced it is here: %v; refused %+v (%v)", replaced, out.Refused, err)
		}
		later.CheckState(nil)
	}
	first.Feed(later)
	if here, there := later.View(), first.View(); here.Root != there.Root || here.Heads[old].Chain != there.Heads[old].Chain {
		t.Errorf("%+v, want %+v", here, there)
	}
	for title, content := range map[string]string{"edited": "text 2", "later": "two"} {
		if rec, err := later.Record(t.Context(), Memo(title, "").ID); err != nil || rec.Memory.Content != content {
			t.Errorf("%s: %+v (%v)", title, rec, err)
		}
	}
}

// movesRequests checks that who repeats a request finds what it wrote and nothing else,
// whichever of its entries had to move.
func movesRequests(s Suite, t *testing.T) {
	t.Helper()
	for _, gone := range [][]uint64{{2}, {3}, {4}, {2, 3, 4}, {4, 2}} {
		dir := t.TempDir()
		n := s.Open(t, "a", dir)
		n.Put(Create("known to all", "x"))
		n.Stop()
		n = s.Open(t, "a", dir) // whose origin is of an earlier run
		key := &memory.Idempotency{Key: "k", Hash: memory.Digest{1}}
		w := n.Write(&memory.Write{Actor: "ai:alice", Idempotency: key, Ops: []memory.NewOp{
			{Op: Create("one", "1")}, {Op: Create("two", "2")}, {Op: Create("three", "3")},
		}})
		old := w.Entries[0].Dot.Origin
		if _, err := n.NewIncarnation(t.Context(), memory.Dot{Origin: old, Seq: 99}); err != nil {
			t.Fatal(err)
		}
		n.Put(Create("under the next incarnation", "x"))
		for i, seq := range gone {
			ours := n.View().Heads[old]
			_, err := n.Concede(t.Context(), memory.Concession{
				Origin: old, Ours: ours, Theirs: memory.Head{Seq: ours.Seq, Chain: memory.Chain{byte(i + 1)}},
				Gone: []memory.Range{{Origin: old, From: seq, To: seq}},
			})
			if err != nil {
				t.Fatal(err)
			}
			n.Write(&memory.Write{Actor: "ai:bob", Ops: []memory.NewOp{{Op: Create(fmt.Sprint("diary ", i), "private")}}})
		}
		got, err := n.Idempotent(t.Context(), "ai:alice", key)
		if err != nil || len(got) != len(w.Entries) {
			t.Fatalf("%v: %+v (%v)", gone, got, err)
		}
		for i, e := range got {
			if e.Actor != "ai:alice" || e.Op.Subjects()[0] != w.Entries[i].Op.Subjects()[0] || e.Dot.Origin == old {
				t.Errorf("%v: entry %d is %+v, was %s", gone, i, e, w.Entries[i].Dot)
			}
		}
		n.CheckState(nil)
	}
}

func sameHead(a, b memory.Head) bool { return a.Seq == b.Seq && a.Chain == b.Chain }

// loggedOf lists which entries of an origin are in the log.
func (n *Node) loggedOf(o memory.Origin) []uint64 {
	n.t.Helper()
	var out []uint64
	for seq := uint64(1); seq <= n.View().Heads[o].Seq; seq++ {
		if _, err := n.Entry(n.t.Context(), memory.Dot{Origin: o, Seq: seq}); err == nil {
			out = append(out, seq)
		}
	}
	return out
}

// concede compares what two nodes still have of an origin, and then concedes the rest.
func (n *Node) concede(from *Node, o memory.Origin) {
	n.t.Helper()
	here, head := n.View().Heads[o], from.View().Heads[o]
	if n == from || here.Seq != head.Seq || here.Chain == head.Chain {
		return
	}
	var gone []memory.Range
	there := from.loggedOf(o)
	for seq := uint64(1); seq <= head.Seq; seq++ {
		one := memory.Range{Origin: o, From: seq, To: seq}
		if !slices.Contains(there, seq) {
			gone = append(gone, one)
			continue
		}
		ops, _, err := from.Range(n.t.Context(), one, 1, 1<<20)
		if err != nil {
			n.t.Fatal(err)
		}
		if disputed, err := n.Settle(n.t.Context(), one, ops); err != nil || disputed > 0 {
			return
		}
	}
	if _, err := n.Concede(n.t.Context(), memory.Concession{Origin: o, Ours: here, Theirs: head, Gone: gone}); err != nil {
		n.t.Fatal(err)
	}
}
