package backup

import (
	"testing"

	"github.com/tallystick/tallystick/internal/dump"
	"github.com/tallystick/tallystick/internal/memory"
)

// A node reads the base of its backup while it runs: that must not take as much memory as
// its log has entries.
func TestOfABaseOnlyWhatLiesBeyondItsHeadsIsRemembered(t *testing.T) {
	heads := memory.Heads{"a.1": {Seq: 1000}}
	trail := newTrail(nil, &dump.Manifest{Heads: heads})
	for seq := uint64(1); seq <= 1000; seq++ {
		trail.add(memory.Dot{Origin: "a.1", Seq: seq}, memory.Digest{1})
	}
	trail.add(memory.Dot{Origin: "a.1", Seq: 1002}, memory.Digest{2})
	trail.add(memory.Dot{Origin: "b.1", Seq: 2}, memory.Digest{3})
	if n := len(trail.waiting["a.1"]) + len(trail.waiting["b.1"]); n != 2 {
		t.Errorf("%d entries are remembered, want 2", n)
	}
	ahead := trail.ahead(heads)
	if len(ahead) != 2 || ahead["a.1"][1002] != (memory.Digest{2}) || ahead["b.1"][2] != (memory.Digest{3}) {
		t.Errorf("ahead: %v", ahead)
	}
}
