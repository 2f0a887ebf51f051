package core

import (
	"slices"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// Entries wait for the company of a writer who is about to be answered. When that one is
// told that the members are away, they go at once: no tick is due for that.
func TestWhoGivesUpIsNoCompany(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	view := memory.View{Heads: memory.Heads{self: headOf(self, "2")}, LSN: 2}
	c := New(Config{Self: "a", Origin: self, View: view, Members: Static("b", "c", "d", "e", "f", "g"), Confirmed: true}, now)
	for _, m := range c.members {
		m.lane.exchangedAt = now
	}
	away := &c.members[5].lane
	away.faults, away.downAt, away.faultAt, away.retryAt = 2, now.Add(-time.Minute), now, now.Add(time.Minute)
	c.members[5].heardAt = now.Add(-time.Hour)
	c.company = company{released: 1, since: now, back: 1, took: 100 * time.Millisecond}
	c.waits = []Wait{{ID: 1, Dot: memory.Dot{Origin: self, Seq: 1}, W: 7, since: now.Add(-time.Second)}}
	out := c.Step(now.Add(time.Millisecond), Tick{})
	short := slices.ContainsFunc(out, func(e Effect) bool { _, is := e.(Short); return is })
	if !short || c.company.released != 2 {
		t.Errorf("short: %t, entries go up to %d, want 2", short, c.company.released)
	}
}
