package core

import (
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// A difference that stays is found in a federation that never rests; what is not the
// same for long is on its way.
func TestADifferenceIsFoundWhileOthersWrite(t *testing.T) {
	start := time.Date(2026, time.January, 2, 3, 4, 5, 0, time.UTC)
	at := func(seq uint64, differs uint64) memory.View {
		root := memory.Sum{seq * 1000, seq}
		root.Add(memory.Sum{differs})
		return memory.View{Heads: memory.Heads{"a.1": {Seq: seq}}, LSN: seq, Root: root.Digest()}
	}
	for name, tc := range map[string]struct {
		differs func(seq uint64) uint64
		found   bool
	}{
		"always by the same": {func(uint64) uint64 { return 7 }, true},
		"by something else":  {func(seq uint64) uint64 { return 7 + seq }, false},
		"for four seconds":   {func(seq uint64) uint64 { return map[bool]uint64{true: 7}[seq < 6] }, false},
	} {
		c := New(Config{Self: "a", Origin: "a.1", View: at(1, 0), Members: Static("b")}, start)
		found := false
		for seq := uint64(2); seq < 12; seq++ {
			now := start.Add(time.Duration(seq) * time.Second)
			c.Step(now, Committed{View: at(seq, 0)})
			for _, e := range c.Step(now, Heard{Member: "b", View: at(seq, tc.differs(seq))}) {
				if _, is := e.(Compare); is {
					found = true
				}
			}
		}
		if found != tc.found {
			t.Errorf("%s: found: %v, want %v", name, found, tc.found)
		}
	}
}
