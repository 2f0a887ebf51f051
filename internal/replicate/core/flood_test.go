package core

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// A member that tells of origins without end, which nobody has ops of, costs little,
// and keeps no true one from being fetched.
func TestMadeUpOriginsAreBounded(t *testing.T) {
	now := time.Date(2026, time.January, 2, 3, 4, 5, 0, time.UTC)
	c := New(Config{Self: "a", Origin: "a.1", Members: Static("b", "x"), Confirmed: true}, now)
	heads := memory.Heads{}
	for i := range uint64(maxHeads * 3 / 4) {
		heads[memory.MakeOrigin("x", i)] = memory.Head{Seq: 9}
		heads[memory.MakeOrigin(memory.Node(fmt.Sprint("nobody", i)), 1)] = memory.Head{Seq: 9}
	}
	step := func(ev Event) []Effect {
		effects := c.Step(now, ev)
		for _, e := range effects { // the liar has nothing of it
			if p, ok := e.(Pull); ok && p.Member == "x" {
				effects = append(effects, c.Step(now, Pulled{Origin: p.Range.Origin, ID: p.ID, View: memory.View{Heads: heads}})...)
			}
		}
		return effects
	}
	step(Heard{Member: "x", View: memory.View{Heads: heads, LSN: 1}})
	if got := len(c.member("x").heads); got > maxHeads {
		t.Errorf("it is believed to hold something of %d origins", got)
	}
	pulls := 0
	for range 6 {
		now = now.Add(time.Second)
		for _, e := range step(Tick{}) {
			if _, ok := e.(Pull); ok {
				pulls++
			}
		}
		step(Heard{Member: "x", View: memory.View{Heads: heads, LSN: 1}})
		if len(c.pulls) > 2*maxStrange {
			t.Fatalf("%d pulls", len(c.pulls))
		}
	}
	if pulls == 0 || pulls > 6*4*maxStrange {
		t.Errorf("%d pulls in 6 seconds", pulls)
	}
	step(Heard{Member: "b", View: memory.View{Heads: memory.Heads{"b.1": {Seq: 3}}, LSN: 3}})
	if !slices.Contains(slices.Collect(maps.Keys(c.pulls)), "b.1") {
		t.Error("a true origin is kept out")
	}
}
