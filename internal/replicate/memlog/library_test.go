package memlog_test

import (
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate/memlog"
)

// A node that is set back to a backup may log something else under a dot that it has
// used, in the same instant.
func TestEntriesOfOneDotAndStampAreTwo(t *testing.T) {
	lib := memlog.NewLibrary()
	log := func(op memory.Op) *memory.Entry {
		clock := memory.NewClock(func() time.Time { return time.Unix(1_700_000_000, 0) }, time.Minute)
		return memlog.New(lib, "a", 1, clock).Submit(nil, op)[0]
	}
	one, other := log(&memory.Archive{ID: "m"}), log(&memory.Erase{ID: "m"})
	if one.Dot != other.Dot || one.Stamp != other.Stamp {
		t.Fatalf("%s at %d, and %s at %d", one.Dot, one.Stamp, other.Dot, other.Stamp)
	}
	if one.Digest == other.Digest {
		t.Error("both have one digest")
	}
	for _, e := range []*memory.Entry{one, other} {
		if got, err := lib.Open(lib.Ship(e)); err != nil || got.Op.Kind() != e.Op.Kind() {
			t.Errorf("%s came as %v, %v", e.Op.Kind(), got, err)
		}
	}
}
