package core

import (
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// A member that has another op under the dot of ours never votes for ours, however
// far its heads reach, nor after a restart of this node.
func TestAMemberWithAnotherOpUnderADotIsNoVote(t *testing.T) {
	dot := memory.Dot{Origin: "a.1", Seq: 1}
	view := memory.View{Heads: memory.Heads{"a.1": {Seq: 1}}, LSN: 1}
	refusal := memory.Refusal{Dot: dot, Code: memory.CodeDotConflict}
	now := time.Date(2026, time.January, 2, 3, 4, 5, 0, time.UTC)
	cfg := Config{Self: "a", Origin: "a.1", View: view, Members: Static("b")}

	live := New(cfg, now)
	var push Push
	for _, e := range live.Step(now, Tick{}) {
		if p, ok := e.(Push); ok && p.From > 0 {
			push = p
		}
	}
	live.Step(now, Loaded{Member: "b", ID: push.ID, Last: 1})
	live.Step(now, Pushed{Member: "b", ID: push.ID, Reply: &memory.PushReply{From: "b", Refused: []memory.Refusal{refusal}, View: view}})
	cfg.Parked = []memory.Parked{{Refusal: refusal, Member: "b"}}
	for name, c := range map[string]*Core{"in the same run": live, "after a restart": New(cfg, now)} {
		for _, e := range c.Step(now.Add(time.Second), Heard{Member: "b", View: view}) {
			if _, ok := e.(Unpark); ok {
				t.Errorf("%s: the refusal is forgotten", name)
			}
		}
		if got := c.Held(dot, 1).HeldBy; len(got) != 1 || got[0] != "a" {
			t.Errorf("%s: held by %v, want a alone", name, got)
		}
	}
}
