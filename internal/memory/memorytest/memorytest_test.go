package memorytest_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/memory/memorytest"
)

func TestEveryKindHasAGeneratorOfValidOps(t *testing.T) {
	for _, k := range memory.Kinds() {
		t.Run(k.String(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				op := memorytest.Op(k).Draw(t, "op")
				if op.Kind() != k {
					t.Fatalf("got an op of kind %s", op.Kind())
				}
				if err := op.Validate(); err != nil {
					t.Fatal(err)
				}
			})
			if err := memorytest.RandomOp(rand.New(rand.NewPCG(1, 2)), k).Validate(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAnUnknownKindPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic for a kind that does not exist")
		}
	}()
	memorytest.RandomOp(rand.New(rand.NewPCG(1, 2)), 250)
}

func TestMemoriesAreValid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := memorytest.Memory().Draw(t, "memory")
		if err := m.Validate(); err != nil {
			t.Fatal(err)
		}
	})
	m := memorytest.RandomMemory(rand.New(rand.NewPCG(3, 4)))
	if err := m.Validate(); err != nil {
		t.Error(err)
	}
}

func TestEntriesAreValid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		if err := memorytest.Entry().Draw(t, "entry").Validate(); err != nil {
			t.Fatal(err)
		}
		if err := memorytest.AnyOp().Draw(t, "op").Validate(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestHistoriesOfRapidAreValid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, e := range memorytest.Entries().Draw(t, "history") {
			if err := e.Validate(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestAHistoryIsPlausible(t *testing.T) {
	history := memorytest.History(rand.New(rand.NewPCG(5, 6)), 3, 3000, nil)
	var (
		head  = map[memory.Origin]uint64{}
		last  = map[memory.Origin]memory.Stamp{}
		known = map[memory.Dot]memory.Stamp{}
		kinds = map[memory.Kind]int{}
	)
	for _, e := range history {
		if err := e.Validate(); err != nil {
			t.Fatal(err)
		}
		o := e.Dot.Origin
		if e.Dot.Seq != head[o]+1 {
			t.Fatalf("%s follows seq %d", e.Dot, head[o])
		}
		if e.Stamp <= last[o] {
			t.Fatalf("%s: the clock of %s went back", e.Dot, o)
		}
		for _, p := range e.Prev {
			if s, ok := known[p]; !ok || s >= e.Stamp {
				t.Fatalf("%s replaces %s, which it cannot have seen", e.Dot, p)
			}
		}
		if e.Digest != memorytest.Digest(e) {
			t.Fatalf("%s has another digest", e.Dot)
		}
		head[o], last[o], known[e.Dot] = e.Dot.Seq, e.Stamp, e.Stamp
		kinds[e.Op.Kind()]++
	}
	if len(head) != 3 {
		t.Errorf("%d origins wrote, want 3", len(head))
	}
	for _, k := range memory.Kinds() {
		if kinds[k] < 10 {
			t.Errorf("only %d of %s in %d entries", kinds[k], k, len(history))
		}
	}
}

// Without concurrency the histories would test nothing.
func TestHistoriesHaveConflicts(t *testing.T) {
	history := memorytest.History(rand.New(rand.NewPCG(7, 8)), 3, 500, nil)
	replaced := map[memory.Dot]int{}
	for _, e := range history {
		for _, p := range e.Prev {
			replaced[p]++
		}
	}
	var concurrent int
	for _, n := range replaced {
		if n > 1 {
			concurrent++
		}
	}
	if concurrent < 20 {
		t.Errorf("%d versions were edited concurrently in %d entries, want 20 or more", concurrent, len(history))
	}
}

func TestEqualSeedsGiveEqualHistories(t *testing.T) {
	mark := func(*memory.Entry) memory.Digest { return memory.Digest{1} }
	a := memorytest.History(rand.New(rand.NewPCG(9, 10)), 4, 200, mark)
	b := memorytest.History(rand.New(rand.NewPCG(9, 10)), 4, 200, mark)
	if diff := cmp.Diff(a, b); diff != "" {
		t.Error(diff)
	}
	if slices.ContainsFunc(a, func(e *memory.Entry) bool { return e.Digest != memory.Digest{1} }) {
		t.Error("the digest is not the one asked for")
	}
}
