package core

import (
	"slices"
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

// A member that takes what it had refused says so by its heads, though nobody knows a
// chain of them any more.
func TestARefusalEndsWithTheWordOfWhoRefused(t *testing.T) {
	dot := memory.Dot{Origin: "a.1", Seq: 1}
	now := time.Date(2026, time.January, 2, 3, 4, 5, 0, time.UTC)
	refuses := memory.View{Heads: memory.Heads{"a.1": {Seq: 1, Gaps: []uint64{1}}}, LSN: 1}
	holds := memory.View{Heads: memory.Heads{"a.1": {Seq: 1}}, LSN: 2}
	c := New(Config{
		Self: "a", Origin: "a.1", View: holds, Members: Static("b"),
		Parked: []memory.Parked{{Refusal: memory.Refusal{Dot: dot, Code: memory.CodeUnknownKind}, Member: "b"}},
	}, now)
	for i, step := range []struct {
		view memory.View
		ends bool
	}{{refuses, false}, {holds, true}} {
		ends := false
		for _, e := range c.Step(now.Add(time.Duration(i+1)*time.Second), Heard{Member: "b", View: step.view}) {
			_, is := e.(Unpark)
			ends = ends || is
		}
		if ends != step.ends {
			t.Errorf("heard %+v: the refusal ends: %v, want %v", step.view, ends, step.ends)
		}
	}
	if got := c.Held(dot, 1).HeldBy; len(got) != 1 || got[0] != "a" {
		t.Errorf("held by %v, want a alone: a head without a chain is no vote", got)
	}
}

// A node gives way in what cannot be compared only to as many members as agree with it,
// and not to others than the node whose numbers they are.
func TestANodeGivesWayToAsManyAsAgreeWithIt(t *testing.T) {
	now := time.Date(2026, time.January, 2, 3, 4, 5, 0, time.UTC)
	head := func(chain byte, seq uint64) memory.View {
		return memory.View{Heads: memory.Heads{"c.1": {Seq: seq, Chain: memory.Chain{chain}}}, LSN: 1}
	}
	ours, other := byte(1), byte(2)
	for name, tc := range map[string]struct {
		heard map[memory.Node]memory.View // before; d disputes
		want  Settle                      // as far as it says who gives way
	}{
		"nobody else is known":              {nil, Settle{Concede: true}},
		"another goes by ours":              {map[memory.Node]memory.View{"b": head(ours, 4)}, Settle{}},
		"another goes by its, too":          {map[memory.Node]memory.View{"b": head(other, 4)}, Settle{Concede: true, Outvoted: true}},
		"another goes by ours, one by its":  {map[memory.Node]memory.View{"b": head(ours, 4), "e": head(other, 4)}, Settle{Concede: true}},
		"another has not got so far":        {map[memory.Node]memory.View{"b": head(ours, 3)}, Settle{Concede: true}},
		"its node goes by ours":             {map[memory.Node]memory.View{"c": head(ours, 4), "b": head(other, 4), "e": head(other, 4)}, Settle{}},
		"its node numbers on":               {map[memory.Node]memory.View{"c": head(3, 5), "b": head(other, 4)}, Settle{}},
		"its node goes by the other's, too": {map[memory.Node]memory.View{"c": head(other, 4), "b": head(ours, 4)}, Settle{Concede: true, Outvoted: true}},
	} {
		c := New(Config{Self: "a", Origin: "a.1", View: head(ours, 4), Members: Static("b", "c", "d", "e")}, now)
		for _, m := range []memory.Node{"b", "c", "e"} {
			if v, is := tc.heard[m]; is {
				c.Step(now, Heard{Member: m, View: v})
			}
		}
		var got []Settle
		for _, e := range c.Step(now, Heard{Member: "d", View: head(other, 4)}) {
			if s, is := e.(Settle); is {
				got = append(got, Settle{Concede: s.Concede, Outvoted: s.Outvoted})
			}
		}
		if len(got) != 1 || got[0] != tc.want {
			t.Errorf("%s: got %v, want %v", name, got, tc.want)
		}
	}
}

// A node that goes by the chain of another keeps entries that no other one may have had:
// that heads are the same then is no vote, and what was known before still is one.
func TestAChainThatWasConcededIsNoVote(t *testing.T) {
	now := time.Date(2026, time.January, 2, 3, 4, 5, 0, time.UTC)
	head := func(chain byte, lsn uint64) memory.View {
		return memory.View{Heads: memory.Heads{"a.1": {Seq: 9, Chain: memory.Chain{chain}}, "a.2": {}}, LSN: lsn}
	}
	dot := memory.Dot{Origin: "a.1", Seq: 5}
	c := New(Config{Self: "a", Origin: "a.2", View: head(1, 1), Members: Static("b", "c")}, now)
	c.Step(now, Heard{Member: "b", View: head(1, 1)})
	c.Step(now, Heard{Member: "c", View: head(2, 1)})
	c.Step(now, Committed{View: head(1, 2), Waits: []Wait{{ID: 1, Dot: dot, W: 3}}})
	c.Step(now, Heard{Member: "b", View: head(1, 2)})
	if got := c.Held(dot, 3).HeldBy; !slices.Equal(got, []memory.Node{"a", "b"}) {
		t.Fatalf("held by %v before, want a and b", got)
	}
	events := c.Step(now, Committed{View: head(2, 3), Conceded: []memory.Dot{{Origin: "a.1", Seq: 9}}})
	events = append(events, c.Step(now.Add(time.Second), Heard{Member: "c", View: head(2, 2)})...)
	for _, e := range events {
		if r, is := e.(Resolve); is {
			t.Errorf("it is acknowledged: %+v", r)
		}
	}
	if got := c.Held(dot, 3).HeldBy; !slices.Equal(got, []memory.Node{"a", "b"}) {
		t.Errorf("held by %v, want a and b", got)
	}
}
