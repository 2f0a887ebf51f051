package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// flip changes one letter of every text that is stored, as a disk does.
func flip(word, wrong string) string {
	return fmt.Sprintf(`UPDATE log SET raw = unhex(replace(hex(raw), hex('%s'), hex('%s')))`, word, wrong)
}

// damaged waits until n knows of so many damaged entries, and returns them.
func (n *Node) damaged(want int) []memory.Dot {
	n.t.Helper()
	var d memory.Damage
	eventually(n.t, fmt.Sprintf("%d damaged entries are known", want), func() bool {
		var err error
		if d, err = n.Damage(n.t.Context(), 100); err != nil {
			n.t.Fatal(err)
		}
		return d.Entries == want
	})
	return d.Dots
}

// rots checks that a text that the disk has changed is served to nobody, that
// everything else is, and that members can help.
func (s Suite) rots(t *testing.T) {
	privateRot(t, s)
	a, b := s.Open(t, "a", t.TempDir()), s.Open(t, "b", t.TempDir())
	one, two, three := a.Put(Create("one", "a heron"))[0], a.Put(Create("two", "an otter"))[0], a.Put(Create("three", "an owl"))[0]
	b.Feed(a)
	spoil(t, s, b, flip("heron", "heroN"))
	id := Memo("one", "").ID

	ctx, left := memory.WithOmissions(t.Context())
	for name, read := range map[string]func() (int, error){
		"a list": func() (int, error) {
			recs, _, err := b.List(ctx, memory.Filter{Now: now()}, memory.ByPriority, 9, 0, "")
			return len(recs), err
		},
		"a list in pages": func() (int, error) {
			total, cursor := 0, ""
			for {
				recs, next, err := b.List(ctx, memory.Filter{Now: now()}, memory.ByPriority, 1, 0, cursor)
				if total += len(recs); err != nil || next == "" {
					return total, err
				}
				cursor = next
			}
		},
		"records by id": func() (int, error) {
			recs, err := b.Many(ctx, []string{Memo("one", "").ID, Memo("two", "").ID, Memo("three", "").ID})
			return len(recs), err
		},
		"the events": func() (int, error) {
			events, err := b.Events(ctx, 0, 9)
			return len(events), err
		},
		"a snapshot": func() (int, error) {
			n := 0
			_, err := b.Snapshot(ctx, func(ops []memory.Shipment) error { n += len(ops); return nil })
			return n, err
		},
		"a dump": func() (int, error) {
			var inv memory.Inventory
			n := 0
			err := b.Dump(ctx, 0, func(i memory.Inventory) error { inv = i; return nil }, func(ops []memory.Shipment) error { n += len(ops); return nil })
			if inv.Entries != n || inv.Damaged != 1 {
				t.Errorf("the dump promises %+v and has %d", inv, n)
			}
			return n, err
		},
		"entries by dot": func() (int, error) {
			ops, err := b.ByDot(ctx, []memory.Dot{one.Dot, two.Dot, three.Dot})
			return len(ops), err
		},
		"a range from behind it": func() (int, error) {
			ops, _, err := b.Range(ctx, memory.Range{Origin: a.Origin(), From: 2, To: 9}, 9, 1<<20)
			return len(ops), err
		},
	} {
		if n, err := read(); err != nil || n != 2 {
			t.Errorf("%s has %d (%v), want the two that are whole", name, n, err)
		}
	}
	if names, _ := left.Names(); !slices.Contains(names, id) {
		t.Errorf("what was left out: %v, want %s among it", names, id)
	}
	if _, err := b.Record(t.Context(), id); !errors.Is(err, memory.ErrDamaged) {
		t.Errorf("the record alone: %v, want ErrDamaged", err)
	}
	if _, err := b.Entry(t.Context(), one.Dot); !errors.Is(err, memory.ErrDamaged) {
		t.Errorf("the entry alone: %v, want ErrDamaged", err)
	}
	if ops, _, err := b.Range(t.Context(), memory.Range{Origin: a.Origin(), From: 1, To: 9}, 9, 1<<20); !errors.Is(err, memory.ErrTruncated) {
		t.Errorf("a range that begins with it: %d (%v), want ErrTruncated", len(ops), err)
	}
	if revs, err := b.History(t.Context(), id); err != nil || len(revs) != 0 {
		t.Errorf("its history: %v (%v), want none", revs, err)
	}
	s.healsAgain(t, a, b, one)
}

// healsAgain checks how the damage of one entry at b is known, and mended.
func (s Suite) healsAgain(t *testing.T, a, b *Node, one *memory.Entry) {
	t.Helper()
	if dots := b.damaged(1); dots[0] != one.Dot {
		t.Errorf("damaged are %v, want %s", dots, one.Dot)
	}
	if b.View().Root == a.View().Root {
		t.Error("the digests are equal, and the texts are not")
	}
	b.CheckState(nil)
	// Another entry under the number does not take its place, nor do bytes that nobody can read.
	other := foreign(one.Dot.Origin, one.Dot.Seq, Create("one", "a forgery"))
	for _, op := range s.Ship(t, []*memory.Entry{other}) {
		for _, take := range []func(context.Context, []memory.Shipment) (memory.Accepted, error){b.Accept, b.Reapply} {
			if _, err := take(t.Context(), []memory.Shipment{op}); err != nil {
				t.Error(err)
			}
		}
	}
	b.damaged(1)
	ops, err := a.ByDot(t.Context(), []memory.Dot{one.Dot})
	if err != nil {
		t.Fatal(err)
	}
	if acc := b.Take(ops...); acc.Applied != 1 {
		t.Errorf("the whole entry: %+v", acc)
	}
	b.damaged(0)
	b.CheckState(nil)
	if r, err := b.Record(t.Context(), Memo("one", "").ID); err != nil || r.Memory.Content != "a heron" || b.View().Root != a.View().Root {
		t.Errorf("afterwards: %+v (%v)", r, err)
	}
}

// rotsAnywhere damages each entry of a random history in turn, and mends it.
func (s Suite) rotsAnywhere(t *testing.T) {
	entries, ships, want := s.History(t, 11, 3, 60)
	a, b := s.Open(t, "a", t.TempDir()), s.Open(t, "b", t.TempDir())
	for _, n := range []*Node{a, b} {
		n.Take(ships...)
		n.CheckState(want)
	}
	for _, damage := range []string{
		`UPDATE log SET raw = substr(raw, 1, length(raw) - 1) || x'ff' WHERE lsn = %d`,
		`UPDATE log SET digest = zeroblob(32) WHERE lsn = %d`,
		`UPDATE log SET raw = substr(raw, 1, 5) WHERE lsn = %d`,
	} {
		for lsn := 1; lsn <= len(entries); lsn += 3 {
			spoil(t, s, b, fmt.Sprintf(damage, lsn))
			if _, err := b.Scrub(t.Context(), uint64(lsn-1), 0); err != nil {
				t.Fatal(err)
			}
			dots := b.damaged(1)
			ops, err := a.ByDot(t.Context(), dots)
			if err != nil || len(ops) != 1 {
				t.Fatalf("lsn %d: %v is not at the other node (%v)", lsn, dots, err)
			}
			if _, err := b.Reapply(t.Context(), ops); err != nil {
				t.Fatal(err)
			}
			b.damaged(0)
			if t.Failed() {
				t.Fatalf("after lsn %d, by %s", lsn, damage)
			}
		}
		b.CheckState(want)
	}
}

// rotsBesides checks that what the state says of the log is set right, whatever of it
// is damaged: it follows from the log.
func rotsBesides(t *testing.T, s Suite) {
	entries, ships, want := s.History(t, 11, 3, 60)
	b := s.Open(t, "b", t.TempDir())
	b.Take(ships...)
	b.CheckState(want)
	for _, damage := range []string{
		`UPDATE memories SET id = 'z' || substr(id, 2) WHERE rid = %d`,
		`UPDATE memories SET c_stamp = c_stamp + 1 WHERE c_lsn <> 0 AND rid = %d`,
		`UPDATE memories SET c_seq = c_seq + 1 WHERE c_lsn <> 0 AND rid = %d`,
		`UPDATE memories SET l_stamp = l_stamp + 1 WHERE l_lsn <> 0 AND rid = %d`,
		`UPDATE memories SET l_origin = l_origin + 1 WHERE l_lsn <> 0 AND rid = %d`,
		`UPDATE registers SET stamp = stamp + 1 WHERE rid = %d`,
		`UPDATE registers SET seq = seq + 1 WHERE rid = %d`,
		`UPDATE registers SET kind = kind + 1 WHERE rid = %d`,
		`UPDATE registers SET a = a || 'z' WHERE rid = %d`,
		`UPDATE registers SET c = c || 'z' WHERE rid = %d`,
	} {
		for rid := 1; rid <= len(entries); rid += 2 {
			spoil(t, s, b, fmt.Sprintf(damage, rid))
			if _, err := b.Scrub(t.Context(), 0, time.Hour); err != nil {
				t.Fatal(err)
			}
			// The root is of all registers. What is found by them is looked at once they
			// were all damaged: each is mended by itself.
			view, _, err := b.BucketSums(t.Context())
			if got := memory.SumOf(view.Root); err != nil || got != want.Root() || view.Root != b.View().Root {
				t.Fatalf("after row %d, by %s: the rows come to %s (%v), kept is %s, want %s", rid, damage, view.Root, err, b.View().Root, want.Root().Digest())
			}
		}
		if b.CheckState(want); t.Failed() {
			t.Fatalf("by %s", damage)
		}
	}
}

// rotsUnseen checks that damage is found though nobody reads it, wherever it is.
func (s Suite) rotsUnseen(t *testing.T) {
	dir := t.TempDir()
	b := s.Open(t, "b", dir)
	for i := range 20 {
		b.Put(Create(title(i), "a heron"))
	}
	b.Stop()
	spoil(t, s, b, `UPDATE log SET raw = substr(raw, 1, 40) || x'00' || substr(raw, 42) WHERE lsn IN (3, 7); DELETE FROM log WHERE lsn = 9`)
	spoil(t, s, b, `UPDATE memories SET namespace = 'elsewhere', private = 0, owner = 'x' WHERE c_lsn = 11`)
	b = s.Open(t, "b", dir)
	b.damaged(3)
	b.CheckState(nil)
	eventually(t, "the columns of a record follow from its content", func() bool {
		n, err := b.Count(t.Context(), memory.Filter{Namespace: "elsewhere", All: true, Now: now()})
		return err == nil && n == 0
	})
	// Of what is damaged an erase leaves nothing, and what is not goes on.
	erased := Memo(title(2), "").ID
	b.Put(&memory.Erase{ID: erased})
	if r, err := b.Record(t.Context(), erased); err != nil || r.Life != memory.Erased {
		t.Errorf("%+v (%v)", r, err)
	}
	b.Put(Create("another", "a heron"))
	// And nobody misses it, though a member may have what is left of it.
	if dots := b.damaged(2); len(dots) != 3 {
		t.Errorf("listed are %v, want all three", dots)
	}
	b.Stop()
	b = s.Open(t, "b", dir)
	if _, err := b.Scrub(t.Context(), 0, time.Hour); err != nil {
		t.Fatal(err)
	}
	b.damaged(2)
	b.CheckState(nil)
}

// refusesOne checks that one entry that nobody can read does not stop the rest,
// and gives way to the right one.
func (s Suite) refusesOne(t *testing.T) {
	b := s.Open(t, "b", t.TempDir())
	var entries []*memory.Entry
	for seq := range uint64(5) {
		entries = append(entries, foreign("a.1", seq+1, Create(title(int(seq)), "a heron")))
	}
	ships := s.Ship(t, entries)
	spoiled := slices.Clone(ships)
	spoiled[2].Raw = slices.Clone(ships[2].Raw)
	spoiled[2].Raw[len(spoiled[2].Raw)-1] ^= 0xff
	acc := b.Take(spoiled...)
	if acc.Applied != 4 || len(acc.Refused) != 1 || acc.Refused[0].Dot != entries[2].Dot || acc.Refused[0].Code != memory.CodeInvalid {
		t.Fatalf("%+v, want one of five refused", acc)
	}
	if h := b.View().Heads; h["a.1"].Seq != 5 || h.Holds(entries[2].Dot) {
		t.Errorf("heads %+v", h)
	}
	b.Take(ships[2])
	if !b.View().Heads.Holds(entries[2].Dot) {
		t.Error("the right one is not taken")
	}
	if p, err := b.Parked(t.Context()); err != nil || len(p) != 0 {
		t.Errorf("parked %+v (%v)", p, err)
	}
	want := memory.NewState()
	for _, e := range entries {
		want.Apply(e)
	}
	b.CheckState(want)
}

// privateRot checks that whoever may not see a memory learns nothing of it, not even
// that it is damaged: not a byte of it is read for somebody else.
func privateRot(t *testing.T, s Suite) {
	t.Helper()
	n := s.Open(t, "a", t.TempDir())
	m := Memo("diary", "a secret heron")
	var err error
	if m.Metadata, err = memory.Object(nil).With(memory.MetaAgent, "ai:alice"); err != nil {
		t.Fatal(err)
	}
	n.Put(&memory.Put{Memory: m, Create: true})
	if rec, err := n.RecordFor(t.Context(), "ai:alice", m.ID); err != nil || rec.Memory.Content != m.Content {
		t.Errorf("its owner reads %+v, %v", rec, err)
	}
	spoil(t, s, n, flip("heron", "heroN"))
	if _, err := n.RecordFor(t.Context(), "ai:alice", m.ID); !errors.Is(err, memory.ErrDamaged) {
		t.Errorf("its owner is told %v", err)
	}
	for _, viewer := range []memory.AgentID{"ai:bob", memory.Anonymous, ""} {
		_, err := n.RecordFor(t.Context(), viewer, m.ID)
		_, none := n.RecordFor(t.Context(), viewer, "nothing")
		if !errors.Is(err, memory.ErrNotFound) || !errors.Is(none, memory.ErrNotFound) {
			t.Errorf("%q is told %v, and of nothing %v", viewer, err, none)
		}
	}
}
