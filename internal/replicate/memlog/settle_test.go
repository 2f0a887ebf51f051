package memlog_test

import (
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
