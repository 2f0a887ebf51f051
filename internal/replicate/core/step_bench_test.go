package core_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate/core"
)

// BenchmarkStep measures a commit and a tick where so many origins are known, all of
// which are held, or of which a member claims more that nobody delivers.
func BenchmarkStep(b *testing.B) {
	for _, claimed := range []bool{false, true} {
		for _, n := range []int{4, 1000, 3500} {
			b.Run(fmt.Sprintf("origins=%d/claimed=%v", n, claimed), func(b *testing.B) {
				own, other := memory.Heads{"a.1": {Seq: 1}}, memory.Heads{"a.1": {Seq: 1}}
				for i := range n {
					o := memory.MakeOrigin(memory.Node(fmt.Sprintf("n%d", i%8)), uint64(i+1))
					own[o] = memory.Head{Seq: 5, Chain: memory.Chain{1}}
					h := own[o]
					if claimed {
						h.Seq = 9
					}
					other[o] = h
				}
				now := time.Unix(1_700_000_000, 0)
				c := core.New(core.Config{
					Self: "a", Origin: "a.1", View: memory.View{Heads: own}, Confirmed: true,
					Members: core.Static("b", "c"),
				}, now)
				c.Step(now, core.Heard{Member: "b", View: memory.View{Heads: other, LSN: 1}})
				b.ReportAllocs()
				lsn := uint64(1)
				for b.Loop() {
					now = now.Add(time.Millisecond)
					lsn++
					own["a.1"] = memory.Head{Seq: lsn}
					c.Step(now, core.Committed{View: memory.View{Heads: own, LSN: lsn}})
					c.Step(now, core.Tick{})
				}
			})
		}
	}
}
