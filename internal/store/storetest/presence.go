package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// heldOfMany lists what somebody holds who has refused something of each of many origins.
func heldOfMany(t *testing.T, s Suite) {
	t.Helper()
	n := s.Open(t, "a", t.TempDir())
	p := memory.Presence{Heads: memory.Heads{}}
	var ships []memory.Shipment
	for i := range 520 {
		o := memory.MakeOrigin(memory.Node(fmt.Sprint("n", i)), 1)
		e := &memory.Entry{Dot: memory.Dot{Origin: o, Seq: 1 + uint64(i%2)}, Stamp: memory.MakeStamp(time.Now()), Actor: "ai:x", Op: Create(fmt.Sprint("m", i), "x")}
		ships = append(ships, s.Ship(t, []*memory.Entry{e})...)
		p.Heads[o] = memory.Head{Seq: 3, Gaps: []uint64{2}}
	}
	n.Take(ships...)
	for _, p.Missing = range []bool{false, true} {
		got, err := n.Count(t.Context(), memory.Filter{All: true, Now: now(), Presence: []memory.Presence{p}})
		if err != nil || got != 260 {
			t.Errorf("missing %v: %d of 520 (%v), want half", p.Missing, got, err)
		}
	}
}
