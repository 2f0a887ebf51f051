package replicate_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate"
	"github.com/tallystick/tallystick/internal/replicate/fakenet"
)

func perWrite(c *replicate.Config) { c.PerWrite = true }

func TestPerWriteMakesOnePostPerEntryAndMember(t *testing.T) {
	inFederation(t, 3, perWrite, func(f *federation) {
		t := f.t
		for i := range 100 {
			tally, err := f.write(strconv.Itoa(i), 3)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff([]memory.Node{"a", "b", "c"}, tally.HeldBy); d != "" {
				t.Fatal(d)
			}
		}
		if b, c := f.net.Pushes("a", "b"), f.net.Pushes("a", "c"); b != 100 || c != 100 {
			t.Errorf("%d and %d posts, want 100 each", b, c)
		}
		f.settle(time.Second)
	})
}

func TestPerWriteVotesOnlyForWhatWasTaken(t *testing.T) {
	inFederation(t, 2, perWrite, func(f *federation) {
		t := f.t
		f.nodes["b"].Refuse(func(*memory.Entry) error { return memory.ErrInvalid })
		if tally, err := f.write("x", 2); err == nil {
			t.Errorf("held by %v", tally.HeldBy)
		}
	})
}

func TestPerWriteOwesNothingInTheEnd(t *testing.T) {
	inFederation(t, 3, perWrite, func(f *federation) {
		t := f.t
		f.isolate("c")
		for i := range 20 {
			if _, err := f.write(strconv.Itoa(i), 2); err != nil {
				t.Fatal(err)
			}
		}
		f.net.Set("a", "c", fakenet.Link{})
		f.settle(3 * time.Second)
	})
}
