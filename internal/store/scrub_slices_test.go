package store_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store/storetest"
)

// There are more registers than one transaction looks at: who writes need not wait for all
// of them, and all are set right.
func TestRegistersAreSetRightSliceBySlice(t *testing.T) {
	n := suite().Open(t, "a", t.TempDir())
	one, two := storetest.Create("one", "text"), storetest.Create("two", "text")
	n.Put(one, two)
	for i := range 13 {
		var links []memory.Op
		for j := range 100 {
			links = append(links, &memory.Link{Source: one.Memory.ID, Target: two.Memory.ID, Relation: "r" + strconv.Itoa(100*i+j)})
		}
		n.Put(links...)
	}
	want := n.View().Root
	for _, rid := range []string{"(SELECT min(rid) FROM registers)", "(SELECT min(rid) + 700 FROM registers)", "(SELECT max(rid) FROM registers)"} {
		execute(t, n.Dir(), `UPDATE registers SET stamp = stamp + 1 WHERE rid = `+rid)
	}
	if out, err := n.Scrub(t.Context(), 0, time.Hour); err != nil || !out.Done {
		t.Fatalf("%+v, %v", out, err)
	}
	if got := n.View().Root; got != want {
		t.Errorf("the state is %s, want %s", got, want)
	}
}
