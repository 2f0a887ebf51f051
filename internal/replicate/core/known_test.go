package core

import (
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// What a member was found to hold of a third node's ops stays known while that node writes
// on, and the member's next reading is not there yet; not when the two are in dispute.
func TestWhatAMemberHoldsOfOthersStaysKnown(t *testing.T) {
	now := time.Date(2026, time.January, 2, 3, 4, 5, 0, time.UTC)
	view := func(seq uint64, chain byte) memory.View {
		return memory.View{LSN: seq, Heads: memory.Heads{"c.1": {Seq: seq, Chain: memory.Chain{chain}}}}
	}
	c := New(Config{Self: "a", Origin: "a.1", View: view(100, 1), Members: Static("b", "c")}, now)
	knows := func(when string, seq uint64, want bool) {
		t.Helper()
		known, _ := Known(c, "b")
		dot := memory.Dot{Origin: "c.1", Seq: seq}
		if got := known.Holds(dot); got != want {
			t.Errorf("%s: b is known to hold %s: %v, want %v", when, dot, got, want)
		}
		if got := len(c.Held(dot, 1).HeldBy) == 2; got != want {
			t.Errorf("%s: b counts for %s: %v, want %v", when, dot, got, want)
		}
	}
	knows("before b was heard of", 100, false)
	c.Step(now, Heard{Member: "b", View: view(100, 1)})
	c.Step(now, Committed{View: view(101, 2)})
	knows("when c has written on", 100, true)
	knows("when c has written on", 101, false)
	c.Step(now, Heard{Member: "b", View: view(101, 3)})
	knows("in dispute", 100, false)
	c.Step(now, Heard{Member: "b", View: view(102, 2)})
	c.Step(now, Committed{View: view(102, 2)})
	knows("once it has ended", 102, true)
}
