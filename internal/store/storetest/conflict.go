package storetest

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// script is a set of entries about one memory, by name. Dots in it are made of
// the names, so that entries can name each other.
type script map[string]line

type line struct {
	at     int      // order of the stamps
	prev   []string // what it names
	op     func(id string) memory.Op
	hollow string // the entry that replaced it
	legacy bool   // a node outside the federation wrote it
}

func edit(id string) memory.Op {
	m := Memo("edited", "text of an edit")
	m.ID = id
	return &memory.Put{Memory: m}
}

func create(id string) memory.Op {
	p := edit(id).(*memory.Put)
	p.Create = true
	return p
}

func merged(id string) memory.Op {
	return &memory.Consolidate{
		Into:    create(id).(*memory.Put).Memory,
		Sources: []memory.SourceVersion{{ID: id + ".s1", Dot: memory.Dot{Origin: "s.1", Seq: 1}}, {ID: id + ".s2", Dot: memory.Dot{Origin: "s.1", Seq: 2}}},
	}
}

func erase(id string) memory.Op { return &memory.Erase{ID: id} }

// entries makes the entries of a script for the memory id. Each has an origin of its own.
func (sc script) entries(s Suite, t *testing.T, id string) map[string]memory.Shipment {
	t.Helper()
	dot := func(name string) memory.Dot {
		return memory.Dot{Origin: memory.MakeOrigin(memory.Node(name+"-"+id), 1), Seq: 1}
	}
	start := memory.MakeStamp(time.Now().Add(-time.Hour))
	out := map[string]memory.Shipment{}
	for name, l := range sc {
		e := &memory.Entry{Dot: dot(name), Stamp: start + memory.Stamp(l.at), Actor: "ai:x", Op: l.op(id)}
		if l.legacy {
			e.Actor = memory.LegacyPrefix + "x"
		}
		for _, p := range l.prev {
			e.Prev = append(e.Prev, dot(p))
		}
		ship := s.Ship(t, []*memory.Entry{e})[0]
		if l.hollow != "" {
			h, ok := e.Hollowed(dot(l.hollow))
			if !ok {
				t.Fatalf("%s has no hollow form", name)
			}
			raw, err := s.Codec.Encode(h)
			if err != nil {
				t.Fatal(err)
			}
			ship.Raw = raw
		}
		out[name] = ship
	}
	return out
}

// permutations calls yield for every order of names.
func permutations(names []string, yield func([]string)) {
	var rec func(k int)
	rec = func(k int) {
		if k == len(names) {
			yield(names)
			return
		}
		for i := k; i < len(names); i++ {
			names[k], names[i] = names[i], names[k]
			rec(k + 1)
			names[k], names[i] = names[i], names[k]
		}
	}
	rec(0)
}

// counts checks that the number of conflicts follows from the set of entries, in
// every order of arrival: those with content that lost, and that no other names.
func (s Suite) counts(t *testing.T) {
	other := func(id string) memory.Op { return create(id + ".other") }
	for name, tc := range map[string]struct {
		script    script
		conflicts int
		history   int
	}{
		"two edits of one version": {script{
			"c": {at: 1, op: create}, "x": {at: 2, op: edit, prev: []string{"c"}}, "y": {at: 3, op: edit, prev: []string{"c"}},
		}, 1, 3},
		"settled": {script{
			"c": {at: 1, op: create}, "x": {at: 2, op: edit, prev: []string{"c"}}, "y": {at: 3, op: edit, prev: []string{"c"}},
			"z": {at: 4, op: edit, prev: []string{"x", "y"}},
		}, 0, 4},
		"settled by a loser": {script{
			"c": {at: 1, op: create}, "x": {at: 2, op: edit, prev: []string{"c"}}, "y": {at: 3, op: edit, prev: []string{"c", "x"}},
			"w": {at: 9, op: edit, prev: []string{"c"}},
		}, 1, 4},
		"one after the other": {script{
			"c": {at: 1, op: create}, "x": {at: 2, op: edit, prev: []string{"c"}}, "y": {at: 3, op: edit, prev: []string{"x"}},
		}, 0, 3},
		"the winner is named by a loser": {script{
			"c": {at: 1, op: create}, "w": {at: 9, op: edit, prev: []string{"c"}}, "x": {at: 3, op: edit, prev: []string{"w", "c"}},
		}, 1, 3},
		"an entry that names itself": {script{
			"c": {at: 1, op: create}, "x": {at: 2, op: edit, prev: []string{"x"}}, "y": {at: 3, op: edit, prev: []string{"c"}},
		}, 1, 3},
		"two creations": {script{
			"c": {at: 1, op: create}, "d": {at: 2, op: create}, "x": {at: 3, op: edit, prev: []string{"d"}},
		}, 1, 3},
		"a consolidation over an edit": {script{
			"c": {at: 1, op: create}, "x": {at: 2, op: edit, prev: []string{"c"}}, "k": {at: 3, op: merged, prev: []string{"c"}},
			"y": {at: 4, op: edit, prev: []string{"k"}},
		}, 1, 4},
		"an entry of another memory sees nothing": {script{
			"c": {at: 1, op: create}, "x": {at: 2, op: edit}, "o": {at: 3, op: other, prev: []string{"c", "x"}},
		}, 1, 2},
		"a hollow entry has seen what it names": {script{
			"c": {at: 1, op: create}, "x": {at: 2, op: edit, prev: []string{"c"}, hollow: "y"}, "y": {at: 3, op: edit, prev: []string{"x"}},
		}, 0, 2},
		"a hollow chain": {script{
			"c": {at: 1, op: create, hollow: "y"}, "x": {at: 2, op: edit, prev: []string{"c"}, hollow: "y"}, "y": {at: 3, op: edit, prev: []string{"x"}},
			"z": {at: 4, op: edit, prev: []string{"c"}},
		}, 1, 2},
		"a hollow tombstone": {script{
			"c": {at: 1, op: create}, "x": {at: 3, op: edit, prev: []string{"c"}, hollow: "d"},
			"d": {at: 4, op: func(id string) memory.Op { return &memory.Delete{ID: id} }}, "y": {at: 2, op: edit},
		}, 1, 2},
		"what came from outside, logged twice": {script{
			"c": {at: 1, op: create, legacy: true}, "d": {at: 1, op: create, legacy: true}, "x": {at: 2, op: edit, legacy: true},
		}, 0, 3},
		"an edit from outside over one that it has not seen": {script{
			"c": {at: 1, op: create}, "x": {at: 2, op: edit, prev: []string{"c"}}, "y": {at: 3, op: edit, prev: []string{"c"}, legacy: true},
		}, 1, 3},
		"an edit from outside that comes too late": {script{
			"c": {at: 1, op: create}, "x": {at: 3, op: edit, prev: []string{"c"}}, "y": {at: 2, op: edit, legacy: true},
		}, 0, 3},
		"erased": {script{
			"c": {at: 1, op: create}, "x": {at: 2, op: edit}, "k": {at: 9, op: merged}, "e": {at: 3, op: erase},
		}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := s.Open(t, "reader", t.TempDir())
			i := 0
			permutations(slices.Sorted(maps.Keys(tc.script)), func(order []string) {
				i++
				id := fmt.Sprintf("memory-%d", i)
				n.takeInOrder(tc.script.entries(s, t, id), order)
				r, err := n.Record(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				revs, err := n.History(t.Context(), id)
				listed := 0
				for _, rev := range revs {
					if rev.Conflict {
						listed++
					}
				}
				found, _, err2 := n.List(t.Context(), memory.Filter{All: true, Now: now() + memory.Instant(time.Hour), Conflicting: true}, memory.ByID, 1000, 0, "")
				has := slices.ContainsFunc(found, func(r memory.Record) bool { return r.ID == id })
				if err2 != nil || has != (r.Conflicts > 0 && r.Life == memory.Live) {
					t.Errorf("in the order %v: among those in conflict: %t (%v)", order, has, err2)
				}
				if r.Conflicts != tc.conflicts || listed != tc.conflicts || len(revs) != tc.history || err != nil {
					t.Errorf("in the order %v: %d conflicts, %d of %d revisions listed as such (%v), want %d of %d",
						order, r.Conflicts, listed, len(revs), err, tc.conflicts, tc.history)
				}
			})
			n.CheckState(nil)
		})
	}
}

// takeInOrder accepts entries one by one; what is deferred comes again at the end.
func (n *Node) takeInOrder(ships map[string]memory.Shipment, order []string) {
	n.t.Helper()
	todo := slices.Clone(order)
	for range 4 {
		var again []string
		for _, name := range todo {
			acc := n.Take(ships[name])
			if len(acc.Refused) > 0 {
				n.t.Fatalf("%s refused: %v", name, acc.Refused)
			}
			if acc.Deferred > 0 {
				again = append(again, name)
			}
		}
		if todo = again; len(todo) == 0 {
			return
		}
	}
	n.t.Fatalf("%v are deferred for ever", todo)
}
