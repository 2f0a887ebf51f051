package backup

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
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

// ending is a context that is done once it was asked a few times.
type ending struct {
	context.Context //nolint:containedctx // it is one

	left int
}

func (e *ending) Err() error {
	if e.left--; e.left < 0 {
		return context.Canceled
	}
	return nil
}

// A node that is told to stop does not read on to the end of a file.
func TestReadingStopsWithinAFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(name, []byte(strings.Repeat("x\n", 1<<20)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := wholeFile(&ending{t.Context(), 2}, name, &File{}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
