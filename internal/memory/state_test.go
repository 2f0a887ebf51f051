package memory_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/memory/memorytest"
)

// winners renders a state so that two can be compared.
func winners(s *memory.State) map[string]memory.Dot {
	out := map[string]memory.Dot{}
	for k, e := range s.Keys {
		out[k.String()] = e.Dot
	}
	return out
}

func applied(history []*memory.Entry) *memory.State {
	s := memory.NewState()
	for _, e := range history {
		s.Apply(e)
	}
	return s
}

func sameState(t interface {
	Helper()
	Fatalf(string, ...any)
}, got, want *memory.State,
) {
	t.Helper()
	if diff := cmp.Diff(winners(want), winners(got)); diff != "" {
		t.Fatalf("winners differ (-want +got):\n%s", diff)
	}
	if got.Root() != want.Root() {
		t.Fatalf("equal winners, unequal roots: %x and %x", got.Root(), want.Root())
	}
	if got.Len() != want.Len() {
		t.Fatalf("%d registers, want %d", got.Len(), want.Len())
	}
}

func TestStateDoesNotDependOnTheOrderOfArrival(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		history := memorytest.Entries().Draw(t, "history")
		sameState(t, applied(rapid.Permutation(history).Draw(t, "arrival")), applied(history))
	})
}

func TestStateDoesNotDependOnHowOftenAnEntryComes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		history := memorytest.Entries().Draw(t, "history")
		again := rapid.SliceOf(rapid.SampledFrom(history)).Draw(t, "again")
		sameState(t, applied(append(slices.Clone(history), again...)), applied(history))
	})
}

// Associativity: nodes that have merged parts of a history among themselves get
// the same result as one that takes entry by entry.
func TestStateDoesNotDependOnGrouping(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		history := memorytest.Entries().Draw(t, "history")
		groups := make([]*memory.State, 3)
		for i := range groups {
			groups[i] = memory.NewState()
		}
		for _, e := range history {
			groups[rapid.IntRange(0, 2).Draw(t, "group")].Apply(e)
		}
		all := memory.NewState()
		for _, g := range groups {
			for _, e := range slices.Collect(maps.Values(maps.Collect(g.Keys))) {
				all.Apply(e)
			}
		}
		sameState(t, all, applied(history))
	})
}

func TestLongHistoriesConverge(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 1))
		history := memorytest.History(rng, 2+int(seed%5), 1000, nil)
		want := applied(history)
		for range 3 {
			rng.Shuffle(len(history), func(i, j int) { history[i], history[j] = history[j], history[i] })
			sameState(t, applied(history), want)
		}
	}
}

func TestApplyNamesTheRegistersThatItWon(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := memory.NewState()
		for _, e := range memorytest.Entries().Draw(t, "history") {
			won := s.Apply(e)
			for _, k := range e.Op.Subjects() {
				if holds := s.Winner(k) == e; holds != slices.Contains(won, k) {
					t.Fatalf("%s won %v; that it holds %v is %v", e.Dot, won, k, holds)
				}
			}
			if again := s.Apply(e); len(again) != 0 {
				t.Fatalf("%s won %v a second time", e.Dot, again)
			}
		}
	})
}

func TestTheRootIsTheSumOfTheRegisters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := applied(memorytest.Entries().Draw(t, "history"))
		var sum memory.Sum
		for k, e := range s.Keys {
			sum.Add(memory.ItemSum(k, e.Version(), e.Digest))
		}
		if sum != s.Root() {
			t.Fatalf("root %x, sum of registers %x", s.Root(), sum)
		}
	})
}

func TestTheRootTellsStatesApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		history := memorytest.Entries().Draw(t, "history")
		all, fewer := applied(history), applied(history[1:])
		if same := cmp.Equal(winners(all), winners(fewer)); same != (all.Root() == fewer.Root()) {
			t.Fatalf("states equal: %v, roots equal: %v", same, !same)
		}
	})
}

func TestErasureIsFinal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		history := memorytest.Entries().Draw(t, "history")
		erased := map[string]bool{}
		for _, e := range history {
			if op, ok := e.Op.(*memory.Erase); ok {
				erased[op.ID] = true
			}
		}
		s := applied(rapid.Permutation(history).Draw(t, "arrival"))
		for id := range erased {
			for _, k := range []memory.Key{memory.ContentKey(id), memory.LifeKey(id)} {
				if got := s.Winner(k).Op.Kind(); got != memory.KindErase {
					t.Fatalf("%v is held by a %s", k, got)
				}
			}
		}
	})
}

// at makes an entry by hand.
func at(node memory.Node, seq uint64, stamp memory.Stamp, op memory.Op, prev ...memory.Dot) *memory.Entry {
	e := &memory.Entry{
		Dot: memory.Dot{Origin: memory.MakeOrigin(node, 1), Seq: seq}, Stamp: stamp, Actor: "ai:test", Op: op, Prev: prev,
	}
	e.Digest = memorytest.Digest(e)
	return e
}

func TestConcurrentWrites(t *testing.T) {
	const id = "m-1"
	text := func(s string) memory.Memory { return memory.Memory{ID: id, Title: s} }
	create := at("a", 1, 10, &memory.Put{Memory: text("first"), Create: true})
	edit := at("b", 1, 20, &memory.Put{Memory: text("second")}, create.Dot)

	tests := map[string]struct {
		others  []*memory.Entry
		life    memory.Life
		content string // title; "" if the content was erased
	}{
		"an edit and an earlier archive both survive":  {[]*memory.Entry{at("c", 1, 19, &memory.Archive{ID: id})}, memory.Archived, "second"},
		"an edit and a later archive both survive":     {[]*memory.Entry{at("c", 1, 21, &memory.Archive{ID: id})}, memory.Archived, "second"},
		"an edit does not revive what was deleted":     {[]*memory.Entry{at("c", 1, 19, &memory.Delete{ID: id})}, memory.Deleted, "second"},
		"a late creation does not revive":              {[]*memory.Entry{at("c", 1, 11, &memory.Delete{ID: id})}, memory.Deleted, "second"},
		"a restore after a deletion revives":           {[]*memory.Entry{at("c", 1, 11, &memory.Delete{ID: id}), at("c", 2, 12, &memory.Restore{ID: id})}, memory.Live, "second"},
		"a creation after a deletion revives":          {[]*memory.Entry{at("c", 1, 11, &memory.Delete{ID: id}), at("c", 2, 30, &memory.Put{Memory: text("third"), Create: true})}, memory.Live, "third"},
		"erasure beats later edits and creations":      {[]*memory.Entry{at("c", 1, 5, &memory.Erase{ID: id}), at("c", 2, 30, &memory.Put{Memory: text("third"), Create: true})}, memory.Erased, ""},
		"consolidation archives its sources":           {[]*memory.Entry{at("c", 1, 15, &memory.Consolidate{Into: memory.Memory{ID: "m-2"}, Sources: []memory.SourceVersion{{ID: id}}})}, memory.Archived, "second"},
		"equal stamps are decided by the origin":       {[]*memory.Entry{at("c", 1, 20, &memory.Put{Memory: text("third")})}, memory.Live, "third"},
		"an edit alone does not make a record live":    {[]*memory.Entry{at("c", 1, 25, &memory.Put{Memory: memory.Memory{ID: "other"}})}, memory.Live, "second"},
		"a restore of what was never archived is live": {[]*memory.Entry{at("c", 1, 30, &memory.Restore{ID: id})}, memory.Live, "second"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			history := append([]*memory.Entry{create, edit}, tt.others...)
			for range 10 {
				rand.Shuffle(len(history), func(i, j int) { history[i], history[j] = history[j], history[i] })
				s := applied(history)
				if life, _ := memory.LifeOf(s.Winner(memory.LifeKey(id)).Op, id); life != tt.life {
					t.Fatalf("the record is %s, want %s", life, tt.life)
				}
				m, ok := s.Winner(memory.ContentKey(id)).Content()
				if m.Title != tt.content || ok != (tt.content != "") {
					t.Fatalf("the content is %q, want %q", m.Title, tt.content)
				}
			}
		})
	}
}

func TestAHollowEntryTakesThePlaceOfTheFullOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		history := memorytest.Entries().Draw(t, "history")
		s := applied(history)
		mixed := slices.Clone(history)
		for i, e := range mixed {
			m, ok := e.Content()
			if !ok || s.Winner(memory.ContentKey(m.ID)) == e {
				continue
			}
			if h, ok := e.Hollowed(s.Winner(memory.ContentKey(m.ID)).Dot); ok {
				mixed[i] = h
			}
		}
		sameState(t, applied(mixed), s)
	})
}

func TestSumsAddAndSubtract(t *testing.T) {
	sum := rapid.Custom(func(t *rapid.T) memory.Sum {
		word := rapid.Uint64()
		return memory.Sum{word.Draw(t, ""), word.Draw(t, ""), word.Draw(t, ""), word.Draw(t, "")}
	})
	plus := func(a, b memory.Sum) memory.Sum { a.Add(b); return a }
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := sum.Draw(t, "a"), sum.Draw(t, "b"), sum.Draw(t, "c")
		if plus(a, b) != plus(b, a) {
			t.Fatal("addition does not commute")
		}
		if plus(plus(a, b), c) != plus(a, plus(b, c)) {
			t.Fatal("addition is not associative")
		}
		back := plus(a, b)
		back.Sub(b)
		if back != a {
			t.Fatal("subtraction is not the inverse of addition")
		}
		back.Sub(a)
		if !back.IsZero() {
			t.Fatal("nothing is not zero")
		}
		if memory.SumOf(a.Digest()) != a {
			t.Fatal("a sum does not come back from its digest")
		}
	})
}

func TestSumsCarryAcrossWords(t *testing.T) {
	s := memory.Sum{^uint64(0), ^uint64(0), ^uint64(0), 0}
	s.Add(memory.Sum{1})
	if want := (memory.Sum{0, 0, 0, 1}); s != want {
		t.Errorf("got %x, want %x", s, want)
	}
	s.Sub(memory.Sum{1})
	if want := (memory.Sum{^uint64(0), ^uint64(0), ^uint64(0), 0}); s != want {
		t.Errorf("got %x, want %x", s, want)
	}
}

func TestContentAndLifecycleShareABucket(t *testing.T) {
	used := map[int]bool{}
	for seed := range uint64(2000) {
		id := memory.DerivedID("global", string(rune('a'+seed)))
		b := memory.Bucket(memory.ContentKey(id))
		if b != memory.Bucket(memory.LifeKey(id)) {
			t.Fatalf("%s is in two buckets", id)
		}
		if b < 0 || b >= memory.Buckets {
			t.Fatalf("bucket %d does not exist", b)
		}
		used[b] = true
	}
	if len(used) < 1200 {
		t.Errorf("2000 ids fell into %d buckets only", len(used))
	}
}
