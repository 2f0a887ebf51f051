package replicate_test

import (
	"slices"
	"testing"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate"
)

// What an observer holds says nothing about what was acknowledged, and while a change is
// under way the voters before must be asked as well.
func TestWhatWasAcknowledgedIsAskedOfThoseThatCount(t *testing.T) {
	seats := func(names ...memory.Node) (out []replicate.Seat) {
		for _, n := range names {
			out = append(out, replicate.Seat{Node: n})
		}
		return out
	}
	tune := func(c *replicate.Config) {
		others := slices.DeleteFunc(seats("a", "b", "c", "d"), func(s replicate.Seat) bool { return s.Node == c.Self })
		c.Roster = &replicate.Roster{Epoch: 1, Others: others, Voters: seats("a", "b", "c")}
	}
	inFederation(t, 4, tune, func(f *federation) {
		t := f.t
		asked := func(of memory.Node) error {
			_, err := replicate.Acknowledged(t.Context(), f.nodes[of].fed)
			return err
		}
		f.net.Cut("d", "a")
		f.net.Cut("d", "b")
		if err := asked("d"); err == nil {
			t.Error("an observer and one of three voters are enough")
		}
		f.join("d")
		if err := asked("d"); err != nil {
			t.Errorf("of an observer: %v", err)
		}
		f.net.Cut("a", "b")
		f.net.Cut("a", "c")
		if err := asked("a"); err == nil {
			t.Error("a voter and an observer are enough")
		}
		f.net.Heal("a", "b")
		if err := asked("a"); err != nil {
			t.Errorf("of two voters of three: %v", err)
		}
		a, others := f.nodes["a"].fed, seats("b", "c", "d")
		a.SetMembers(replicate.Roster{Epoch: 2, Others: others, Voters: seats("a", "b"), Former: seats("a", "c", "d")})
		f.net.Cut("a", "d")
		if err := asked("a"); err == nil {
			t.Error("of the three voters before, one is enough")
		}
		f.net.Heal("a", "d")
		if err := asked("a"); err != nil {
			t.Errorf("of both: %v", err)
		}
	})
}

// Who asks for more than count asks for all of them, and hears at least one.
func TestAQuorumOfMoreThanCountIsAllOfThem(t *testing.T) {
	seats := []replicate.Seat{{Node: "a"}, {Node: "b"}}
	tune := func(c *replicate.Config) {
		others := slices.DeleteFunc([]replicate.Seat{{Node: "a"}, {Node: "b"}, {Node: "d"}}, func(s replicate.Seat) bool { return s.Node == c.Self })
		c.Roster, c.W = &replicate.Roster{Epoch: 1, Others: others, Voters: seats}, 5
	}
	inFederation(t, 4, tune, func(f *federation) {
		t := f.t
		d := f.nodes["d"].fed
		if w, n := d.Quorum(); w != 2 || n != 2 {
			t.Errorf("W %d of %d, want 2 of 2", w, n)
		}
		f.isolate("d")
		if _, err := replicate.Acknowledged(t.Context(), d); err == nil {
			t.Error("an observer alone knows what two have acknowledged")
		}
		f.join("d")
		if _, err := replicate.Acknowledged(t.Context(), d); err != nil {
			t.Errorf("of an observer that hears both: %v", err)
		}
	})
}
