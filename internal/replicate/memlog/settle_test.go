package memlog_test

import (
	"slices"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate/memlog"
)

// A repair brings an entry that was made before the one that has its number here, where
// heads show no dispute.
func TestARepairGivesTheNumberToWhatWasMadeFirst(t *testing.T) {
	lib := memlog.NewLibrary()
	at := time.Unix(1_700_000_000, 0)
	store := func(node memory.Node) *memlog.Store {
		return memlog.New(lib, node, 1, memory.NewClock(func() time.Time { return at }, time.Minute))
	}
	first := store("a").Submit(nil, &memory.Archive{ID: "m"})[0]
	at = at.Add(time.Second)
	later := store("a").Submit(nil, &memory.Erase{ID: "n"})[0]
	b := store("b")
	for _, take := range []struct {
		e     *memory.Entry
		route memory.Route
		has   *memory.Entry
	}{
		{later, memory.RoutePush, later},
		{first, memory.RoutePush, later},
		{first, memory.RouteRepair, first},
		{later, memory.RouteRepair, first},
	} {
		if _, err := b.Accept(t.Context(), memory.Source{Member: "a", Route: take.route}, []memory.Shipment{lib.Ship(take.e)}); err != nil {
			t.Fatal(err)
		}
		if !memlog.HasEntry(b, take.has) {
			t.Errorf("after %s by %s it is not %s that has the number", take.e.Op.Kind(), take.route, take.has.Op.Kind())
		}
	}
	if w := b.Winner(memory.ContentKey("n")); w == nil || w.Dot.Origin != b.Origin() {
		t.Errorf("%+v is what was erased, want it issued again by b", w)
	}
}

// So it is if the content of that entry is gone, once what replaced it is there.
func TestARepairGivesTheNumberToWhatIsHollow(t *testing.T) {
	lib := memlog.NewLibrary()
	at := time.Unix(1_700_000_000, 0)
	store := func(node memory.Node) *memlog.Store {
		return memlog.New(lib, node, 1, memory.NewClock(func() time.Time { return at }, time.Minute))
	}
	a, b := store("a"), store("b")
	first := a.Submit(nil, put("one"))[0]
	a.Submit(nil, put("one"))
	memlog.Thin(a, func(string) bool { return true })
	at = at.Add(time.Second)
	later := store("a").Submit(nil, put("two"))[0]
	ships := a.Entries("a.1", 2)
	for _, take := range []struct {
		op    memory.Shipment
		route memory.Route
		has   *memory.Entry
	}{
		{lib.Ship(later), memory.RoutePush, later},
		{ships[0], memory.RouteRepair, later},
		{ships[1], memory.RoutePush, later},
		{ships[0], memory.RouteRepair, first},
	} {
		if _, err := b.Accept(t.Context(), memory.Source{Member: "a", Route: take.route}, []memory.Shipment{take.op}); err != nil {
			t.Fatal(err)
		}
		if !memlog.HasEntry(b, take.has) {
			t.Errorf("after %q by %s it is not %s that has the number", take.op.Raw, take.route, take.has.Dot)
		}
	}
	if w := b.Winner(memory.ContentKey(put("two").Memory.ID)); w == nil || w.Dot.Origin != b.Origin() {
		t.Errorf("%+v is what had the number, want it issued again by b", w)
	}
}

// A snapshot has another entry than the store under a number. The head that comes with it
// is for the first of them: where it is another one that stays, its chain is not claimed.
func TestASnapshotBringsAnotherEntry(t *testing.T) {
	for _, earlier := range []bool{true, false} {
		lib := memlog.NewLibrary()
		at := time.Unix(1_700_000_000, 0)
		store := func(node memory.Node) *memlog.Store {
			return memlog.New(lib, node, 1, memory.NewClock(func() time.Time { return at }, time.Minute))
		}
		there := store("a")
		known := there.Submit(nil, put("known to all"))[0]
		theirs := there.Submit(nil, put("theirs"))[0]
		there.Submit(nil, put("and more"))
		if at = at.Add(time.Second); !earlier {
			at = at.Add(-2 * time.Second)
		}
		copied := store("a")
		copied.Submit(nil, put("lost since"))
		ours := copied.Submit(nil, put("ours"))[0]
		b := store("b")
		if _, err := b.Accept(t.Context(), memory.Source{}, []memory.Shipment{lib.Ship(ours)}); err != nil {
			t.Fatal(err)
		}
		err := b.AcceptWhole(t.Context(), memory.Source{}, func(yield func([]memory.Shipment) error) (memory.View, error) {
			return there.View(), yield(slices.DeleteFunc(there.Entries("a.1", 3), func(s memory.Shipment) bool { return string(s.Raw) == string(lib.Ship(known).Raw) }))
		})
		if err != nil {
			t.Fatal(err)
		}
		head, want := b.View().Heads["a.1"], there.View().Heads["a.1"]
		if head.Seq != 3 || (head.Chain == want.Chain) != earlier || memlog.HasEntry(b, theirs) != earlier || memlog.HasEntry(b, ours) == earlier {
			t.Errorf("theirs is the first: %v; %+v, they have %+v", earlier, head, want)
		}
		if w := b.Winner(memory.ContentKey(put("ours").Memory.ID)); w == nil {
			t.Errorf("theirs is the first: %v; what this store had is gone", earlier)
		}
	}
}

func put(title string) *memory.Put {
	return &memory.Put{Create: true, Memory: memory.Memory{ID: memory.DerivedID("global", title), Title: title}}
}
