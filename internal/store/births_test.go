package store_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store/storetest"
)

// What projections are told from memory is what the rows say: after each transaction,
// whatever it does, from any place on, as much as is asked for.
func TestChangesFromMemoryAreThoseOfTheRows(t *testing.T) {
	inMemory := 0
	for seed := range uint64(2) {
		s := suite()
		_, ships, _ := s.History(t, seed, 2, 24)
		n := s.Open(t, "reader", t.TempDir())
		for i := 0; len(ships) > 0; i++ {
			k := min(1+i%4, len(ships))
			n.Take(ships[:k]...)
			ships = ships[k:]
			if i%3 == 0 {
				n.Put(storetest.Create(fmt.Sprintf("new %d", i), "text"), storetest.Create(fmt.Sprintf("newer %d", i), "text"))
			}
			if i%4 == 1 { // what expires, with touches before it and after it
				d := storetest.Create(fmt.Sprintf("soon %d", i), "text")
				d.Memory.ID, d.Memory.Tier, d.Memory.ExpiresAt = fmt.Sprintf("soon-%d", i), memory.Mid, memory.InstantOf(time.Now())+memory.Instant(time.Hour)
				n.Put(&memory.Touch{ID: d.Memory.ID})
				n.Put(d)
				n.Put(&memory.Touch{ID: d.Memory.ID, Keep: i%8 == 1})
			}
			sameMark(t, n)
			first := uint64(0) // all of the past now and then, else what is new
			if last := n.View().LSN; i%6 != 0 && last > 12 {
				first = last - 12
			}
			for after := first; after < n.View().LSN+2; after++ {
				for _, limit := range []int{2, 1000} {
					if n.InMemory(after) {
						inMemory++
					}
					recs, last, err := n.Changed(t.Context(), after, limit)
					if err != nil {
						t.Fatal(err)
					}
					rows, end, err := n.ChangedRows(t.Context(), after, limit)
					if err != nil {
						t.Fatal(err)
					}
					if last == end && reflect.DeepEqual(rows, recs) { // to look for differences takes much longer
						continue
					}
					if d := cmp.Diff(rows, recs, cmpopts.EquateEmpty()); d != "" || last != end {
						t.Fatalf("seed %d, step %d, behind %d: up to %d, want %d (-rows +memory):\n%s", seed, i, after, last, end, d)
					}
				}
			}
		}
	}
	if inMemory < 50 {
		t.Errorf("%d answers came from memory: this proves little", inMemory)
	}
}

func sameMark(t *testing.T, n *storetest.Node) {
	t.Helper()
	rows, err := n.SubscriptionMarkOfRows(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if kept, err := n.SubscriptionMark(t.Context()); err != nil || kept != rows {
		t.Fatalf("the mark of the subscriptions is %q (%v), the rows say %q", kept, err, rows)
	}
}

// Cursors are saved all the time. Projections do not read the database because of that.
func TestACursorLeavesTheChangesInMemory(t *testing.T) {
	n := suite().Open(t, "a", t.TempDir())
	before := n.View().LSN
	n.Put(storetest.Create("one", "text"))
	if err := n.SaveCursor(t.Context(), "b", n.Origin(), 1); err != nil {
		t.Fatal(err)
	}
	n.Put(storetest.Create("two", "text"))
	if recs, _, err := n.Changed(t.Context(), before, 10); err != nil || len(recs) != 2 || !n.InMemory(before) {
		t.Errorf("%d changes (%v), from memory: %t; want 2 from memory", len(recs), err, n.InMemory(before))
	}
}
