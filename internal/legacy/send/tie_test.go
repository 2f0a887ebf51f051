package send

import (
	"testing"

	"github.com/tallystick/tallystick/internal/memory"
)

// Two edits of one memory at one time: here the name of the node decides, at a peer it
// would be who came first.
func TestOfTwoEditsAtOneTimeAPeerKeepsOurs(t *testing.T) {
	low, high := told("a.1", 10, textOf("low")), told("b.1", 10, textOf("high"))
	for _, c := range []struct {
		name     string
		one, two []*memory.Entry
	}{
		{"the one that holds comes last", []*memory.Entry{low, high}, nil},
		{"the one that holds comes first", []*memory.Entry{high, low}, nil},
		{"each from another node", []*memory.Entry{low, high}, []*memory.Entry{high, low}},
		{"a node dies that has sent the other", []*memory.Entry{low}, []*memory.Entry{high, low}},
	} {
		t.Run(c.name, func(t *testing.T) {
			peer := newRealNode(t)
			one, two := newOurs(t, peer), newOurs(t, peer)
			for i := range 2 {
				for _, n := range []struct {
					o    *ours
					list []*memory.Entry
				}{{one, c.one}, {two, c.two}} {
					if i < len(n.list) {
						n.o.take(n.list[i])
						n.o.deliver(t)
					}
				}
			}
			if got := peer.rows["a"].Content; got != "high" {
				t.Errorf("there it is %q", got)
			}
		})
	}
}

// A peer keeps the highest numbers of two edits that did not see each other; here those
// of the later one hold.
func TestOfTwoEditsAPeerKeepsTheNumbersThatHold(t *testing.T) {
	high, low := told("a.1", 10, textOf("high")), told("b.1", 11, textOf("low"))
	high.Op.(*memory.Put).Memory.Priority = 9
	for _, list := range [][]*memory.Entry{{high, low}, {low, high}} {
		peer := newRealNode(t)
		one, two := newOurs(t, peer), newOurs(t, peer)
		two.take(high) // it tells the peer before it hears of the other
		two.deliver(t)
		for _, e := range list {
			one.take(e)
			one.deliver(t)
		}
		if got := peer.rows["a"]; got.Priority != 5 || got.Content != "low" {
			t.Errorf("there it is %q with priority %d", got.Content, got.Priority)
		}
	}
}
