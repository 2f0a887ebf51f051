package store_test

import (
	"testing"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
)

// However few changes of sums there is room for, and whenever the store is opened again,
// with as much room or with other room: the sums are those of the rows.
func TestSumsAreThoseOfTheRowsWhereverTheirChangesAre(t *testing.T) {
	s := suite()
	for seed := range uint64(2) {
		entries, ships, _ := s.History(t, seed, 2, 120)
		dir := t.TempDir()
		n := s.Open(t, "reader", dir)
		taken := memory.NewState()
		for i := 0; len(ships) > 0; i++ {
			k := min(1+i*i%97, len(ships))
			n.Take(ships[:k]...)
			for _, e := range entries[:k] {
				taken.Apply(e)
			}
			ships, entries = ships[k:], entries[k:]
			n.CheckState(taken)
			if i%3 == 0 {
				root := n.View().Root
				n.Stop()
				n = s.Open(t, "reader", dir, store.FewSumSlots([]int{1, 2, 64}[i/3%3]))
				if got := n.View().Root; got != root {
					t.Fatalf("seed %d, step %d: root %s, and it was %s", seed, i, got, root)
				}
			}
		}
		n.Stop()
	}
}
