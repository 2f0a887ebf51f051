package receive

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/legacy/wire"
	"github.com/tallystick/tallystick/internal/memory"
)

// Times that this node tells order as its stamps do, to the last of them, also at a node
// that reads them as those of ai-memory; and a pull asks for what comes after one.
func TestNoTwoStampsAreToldAsOneTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ms := rapid.Uint64Range(1_700_000_000_000, 1_800_000_000_000).Draw(t, "ms")
		counter := rapid.Uint64Range(0, 1<<memory.CounterBits-2).Draw(t, "counter")
		s := memory.Stamp(ms<<memory.CounterBits | counter)
		if a, b := wire.At(s), wire.At(s+1); a >= b || stampOf(b) != stampOf(a)+1 || stampOf(a) != s+1<<memory.CounterBits {
			t.Fatalf("%d and the next are told as %v and %v, and read as %d and %d", s, a, b, stampOf(a), stampOf(b))
		}
		if d := wire.At(s).Time().Sub(s.Time()); d < 0 || d >= time.Millisecond {
			t.Fatalf("%d is told %s later than it is shown", s, d)
		}
		if got := lastAt(wire.At(s).Time()); got != s {
			t.Fatalf("after what is told of %d comes what is after %d", s, got)
		}
		if !tells(s, stampOf(wire.At(s))) || !tells(s, stampOf(s.Instant())) || tells(s, stampOf(wire.At(s+1))) {
			t.Fatalf("%d is not known again", s)
		}
	})
}
